"""Pictures are decoded by a few threads, ahead of the network that uses them; only so many are in memory at a time."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.data.readers.samples import Image
from benchmark.data.volumes import slices_of
from benchmark.models.incoming import Content
from benchmark.models.manifest import Reading
from benchmark.models.pictures import as_input, read_picture, sides_of
from results.error import CatsError
from results.files.limits import whole_file

THREADS = 8  # at most; further ones wait for the network
VOLUME_THREADS = 2  # for whole volumes, of which each thread holds one several times, as the file and as float32


@dataclass(frozen=True)
class Picture:
    """A picture on its way to the network.

    Attributes:
        image: (size, size, 1 or 3) uint8, or a strip; None if it cannot be used. reason: why, as a sentence; else empty.
        shape: height and width in the file. grey: whether the file holds grey values only.
    """

    image: np.ndarray | None
    reason: str = ""
    shape: tuple[int, int] = (0, 0)
    grey: bool = False


def decoded(contents: Iterable[tuple[str, Content]], reading: Reading, threads: int, ahead: int) -> Iterator[Picture]:
    """Each (name, content) as a Picture, in their order.

    threads: that decode, THREADS at most, of volumes VOLUME_THREADS. ahead: pictures that may wait, decoded, until they are
    used.
    """
    most = THREADS if reading.volume is None else VOLUME_THREADS
    with ThreadPoolExecutor(max(1, min(threads, most)), thread_name_prefix="decode") as pool:
        waiting: deque[Future[Picture]] = deque()
        try:
            for name, content in contents:
                waiting.append(pool.submit(partial(_picture, name, content, reading)))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _picture(name: str, content: Content, reading: Reading) -> Picture:
    try:
        image = _image(name, content, reading)
        # A copy of its own: one that shares memory with the picture would keep all of the picture.
        return Picture(
            np.ascontiguousarray(as_input(image, name, reading)),
            "",
            sides_of(image),
            isinstance(image, tuple) or image.ndim == 2,
        )
    except CatsError as error:
        return Picture(None, str(error))


def _image(name: str, content: Content, reading: Reading) -> Image:
    if isinstance(content, CatsError):
        raise content
    if isinstance(content, np.ndarray):
        slices = slices_of(content[None])
        flat = slices[..., 0] if content.shape[-1] == 1 else slices
        return flat[0] if len(flat) == 1 else tuple(flat)
    if isinstance(content, Path):
        try:
            content = whole_file(content)
        except OSError as error:
            raise CatsError(f"{name} cannot be read: {error.strerror or error}") from error
    return read_picture(content, name, reading)
