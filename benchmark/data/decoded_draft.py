"""Decoded images while they are written: what is on the disk for certain, so that an interrupted decoding can go on from there.

The draft has the array of images, their row numbers and sizes, and from time to time a note that says how much of both was
flushed to the disk, with a checksum of it. What was written after the last note is cut off by the process that goes on.
"""

import logging
import os
import time
import zlib
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from benchmark.data.decoded_files import IMAGES
from benchmark.data.squares import Form, Squares
from results.files.atomic import remove
from results.files.resumable import STATE, StoppedError
from results.files.sealed import read_note, write_note
from results.record import Frozen

ROWS, COLOUR = "rows", "colour.npy"
ROW = 24  # bytes of an image in ROWS: its row number, height and width
SYNC, SHARE = 5.0, 0.05  # seconds between two notes at least, and the share of the time that they may take
BLOCK = 2**24  # bytes that are read at a time
LIBRARIES = ("pillow", "numpy", "tifffile", "pydicom", "nibabel", "h5py")  # other versions may decode other pixels

log = logging.getLogger(__name__)


class State(Frozen):
    """What of a draft is on the disk.

    Attributes:
        made_by: the versions that decoded it. content: follows from all that decides the images.
        done, kept: how many images were looked at, and how many of them are in the array. channels: of the array, 1 or 3.
        images_crc32, rows_crc32: of the images, and of their row numbers and sizes.
        broken: how many images could not be read. first: the sentences about the first of them.
        alone: a process has died that decoded images beside another one.
    """

    made_by: str
    content: str
    done: int = 0
    kept: int = 0
    channels: int = 1
    images_crc32: int = 0
    rows_crc32: int = 0
    broken: int = 0
    first: tuple[str, ...] = ()
    alone: bool = False


class Draft:
    """The images of a data set that are decoded so far. Use it as a context manager, which closes its files.

    state: of all that was added; `sync` brings it to the disk.
    """

    def __init__(self, folder: Path, form: Form, total: int, content: str) -> None:
        self.folder, self.form, self.total = folder, form, total
        fresh = State(made_by=_versions(), content=content)
        self.state = self._found(fresh) or fresh
        self.noted = self.state is not fresh
        known = {STATE, ROWS, IMAGES} if self.noted else set()
        for path in folder.iterdir():
            if path.name not in known:
                remove(path)
        self.images, self.rows = self._opened(IMAGES, self._size()), self._opened(ROWS, ROW * self.state.kept)
        self.images.write(b"" if self.noted else self._header(total, 1))
        self.due = time.monotonic() + SYNC

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, StoppedError):
            self.state = self.state.model_copy(update={"alone": True})
        if isinstance(error, StoppedError) or (isinstance(error, KeyboardInterrupt) and self.noted):
            self.sync()
        self.images.close()
        self.rows.close()

    def add(self, made: Squares) -> None:
        """Append the squares of the next images."""
        pixels, state = made.pixels, self.state
        if len(pixels) and pixels.shape[3] > state.channels:
            self._colour()
            state = self.state
        content = np.broadcast_to(pixels, (*pixels.shape[:3], state.channels)).tobytes()
        numbers = np.column_stack([made.kept + state.done, made.sides]).astype("<i8").tobytes()
        self.images.write(content)
        self.rows.write(numbers)
        self.state = state.model_copy(
            update={
                "done": state.done + made.count,
                "kept": state.kept + len(made.kept),
                "images_crc32": zlib.crc32(content, state.images_crc32),
                "rows_crc32": zlib.crc32(numbers, state.rows_crc32),
                "broken": state.broken + made.broken,
                "first": state.first or (made.first.args if made.first else ()),
            }
        )
        if time.monotonic() >= self.due:
            self.sync()

    def sync(self) -> None:
        """Flush what was added to the disk, and note it. Raises OSError or CatsError if the disk refuses."""
        begun = time.monotonic()
        _flush(self.images)
        _flush(self.rows)
        self._note()
        self.due = time.monotonic() + max(SYNC, (time.monotonic() - begun) / SHARE)

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Complete the array of images; the row numbers, (n,) int64, of those in it, and their heights and widths, (n, 2)."""
        self.images.seek(0)
        self.images.write(self._header(self.state.kept, self.state.channels))
        if self.noted:  # what comes now reads all of it once more
            self.sync()
        self.images.close()
        self.rows.close()
        noted = np.fromfile(self.folder / ROWS, dtype="<i8").astype(np.int64).reshape(-1, 3)
        return noted[:, 0], noted[:, 1:]

    def clear(self) -> None:
        """Remove what belongs to a draft alone."""
        for name in (STATE, ROWS):
            remove(self.folder / name)

    def _found(self, fresh: State) -> State | None:
        """The state that an interrupted process has left, if it is of the same images and versions and nothing is damaged."""
        state = read_note(self.folder / STATE, State.model_validate_json)
        if state is None or (state.made_by, state.content) != (fresh.made_by, fresh.content):
            return None
        if state.channels > 1 and (self.folder / COLOUR).exists():  # the process died before the file got its name
            (self.folder / COLOUR).replace(self.folder / IMAGES)
        header, size = len(self._header(self.total, state.channels)), state.kept * self._row(state.channels)
        sums = (state.images_crc32, state.rows_crc32)
        if (_crc32(self.folder / IMAGES, header, size), _crc32(self.folder / ROWS, 0, ROW * state.kept)) == sums:
            return state
        log.warning("%s is damaged; the images are decoded from the beginning", self.folder)
        return None

    def _opened(self, name: str, size: int) -> BinaryIO:
        """A file of the draft, cut off at a size, to be read and appended to."""
        file = (self.folder / name).open("r+b" if self.noted else "w+b")
        file.truncate(size)
        file.seek(size)
        return file

    def _colour(self) -> None:
        """Give the array three channels, all of whose images were grey so far."""
        self.images.seek(len(self._header(self.total, 1)))
        crc32 = 0
        with (self.folder / COLOUR).open("wb") as file:
            file.write(self._header(self.total, 3))
            while block := self.images.read(BLOCK):
                content = np.repeat(np.frombuffer(block, dtype=np.uint8), 3).tobytes()
                file.write(content)
                crc32 = zlib.crc32(content, crc32)
            _flush(file)
        self.state = self.state.model_copy(update={"channels": 3, "images_crc32": crc32})
        if self.noted:
            _flush(self.rows)
            self._note()
        self.images.close()
        (self.folder / COLOUR).replace(self.folder / IMAGES)
        self.images = (self.folder / IMAGES).open("r+b")
        self.images.seek(0, os.SEEK_END)

    def _note(self) -> None:
        content = self.state.model_dump_json().encode()
        write_note(self.folder / STATE, content, f"the decoded images of {self.form.name}", durable=True)
        self.noted = True

    def _size(self) -> int:
        """The bytes of the file of images."""
        if not self.noted:
            return 0
        return len(self._header(self.total, self.state.channels)) + self.state.kept * self._row(self.state.channels)

    def _row(self, channels: int) -> int:
        return self.form.slices * self.form.size**2 * channels

    def _header(self, rows: int, channels: int) -> bytes:
        """What the array's file begins with; numpy leaves room for the number of rows, so that it always has one length."""
        header, size = BytesIO(), self.form.size
        about = {"descr": "|u1", "fortran_order": False, "shape": (rows, self.form.slices * size, size, channels)}
        np.lib.format.write_array_header_1_0(header, about)
        return header.getvalue()


@cache
def _versions() -> str:
    """The libraries that decode, with their versions."""
    found = []
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def _crc32(path: Path, start: int, size: int) -> int | None:
    """The CRC-32 of a part of a file; None if it is shorter or cannot be read."""
    value = 0
    try:
        with path.open("rb") as file:
            file.seek(start)
            while size and (block := file.read(min(size, BLOCK))):
                value, size = zlib.crc32(block, value), size - len(block)
    except OSError:
        return None
    return None if size else value


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
