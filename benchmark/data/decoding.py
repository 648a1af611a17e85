"""Decodes the images of a data set piece by piece: here, or in other processes beside each other where there is much to do.

The squares are the same, byte by byte and in the same order, however many processes there are.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice

from benchmark.data.readers.encoded import Encoded, Piece
from benchmark.data.readers.samples import Samples
from benchmark.data.squares import Form, Squares, squares
from benchmark.machine.helpers import AHEAD, HelperDiedError, in_order, possible_helpers
from results.error import CatsError
from results.files.resumable import StoppedError

MOST, BYTES = 64, 2**24  # images of a piece, and bytes of their squares
PIECE = 0.25  # seconds that a piece should take, so that Ctrl-C does not have to wait long for its end
PAYS = 2.0  # seconds that decoding has taken, and must go on to take, before processes are started, which takes about one
MEMORY = 2**29  # bytes of a process and of the images in it

Task = tuple[Form, Sequence[str], Piece]


def decoded(form: Form, samples: Samples, first: int, *, alone: bool) -> Generator[Squares]:
    """The squares of all images from number `first` on; those with a wrong image are the last ones.

    alone: images are not decoded beside each other, because a process has died of that, but in one other process.
    Raises CatsError if there are more images than ids, StoppedError if a process that decodes has ended early.
    """
    images, most = samples.images, min(MOST, max(1, BYTES // form.bytes))
    if isinstance(images, Encoded) and len(images.names) == len(samples.ids):
        yield from _of_files(form, samples.ids[first:], images.since(first), 1 if alone else 0)
        return
    rest = islice(images, first, None)
    for start in range(first, len(samples.ids), most):
        ids = samples.ids[start : start + most]
        yield squares(form, ids, rest)
    if next(rest, None) is not None:
        raise CatsError(f"{form.name}: there are more images than the {len(samples.ids)} labels")


def _of_files(form: Form, ids: Sequence[str], images: Encoded, processes: int) -> Iterator[Squares]:
    """The squares of images in files; without `processes` the first ones are decoded here, which shows whether others pay."""
    step, done, begun = 1, 0, time.monotonic()
    most = min(MOST, max(1, BYTES // form.bytes))
    pieces = images.pieces(lambda: step)
    while not processes:
        start, piece = time.monotonic(), next(pieces, None)
        if piece is None:
            return
        yield squares(form, ids[done : done + len(piece)], piece)
        done, now = done + len(piece), time.monotonic()
        step = max(1, min(most, 2 * step, int(len(piece) * PIECE / max(now - start, 1e-6))))
        if now - begun >= PAYS and (now - begun) / done * (len(ids) - done) >= PAYS:
            possible = possible_helpers(MEMORY)
            processes = possible if possible > 1 else 0
    try:
        with closing(in_order(_worked, _tasks(form, ids, done, pieces), processes)) as results:
            for made in results:
                yield made
                done += made.count
    except HelperDiedError as error:
        last = min(done + (AHEAD * processes + 1) * step, len(ids)) - 1
        raise StoppedError(_why_stopped(form, ids[done], ids[last], processes)) from error


def _why_stopped(form: Form, first: str, last: str, processes: int) -> str:
    why = f"{form.name}: a process that decodes images has ended early, perhaps for want of memory"
    if processes == 1:  # it works on the first image that is not done
        return f"{why}, at image {first}; what was decoded before is kept: free memory, or replace the image if it is at fault"
    return (
        f"{why}, between image {first} and image {last}; what was decoded before is kept, and the next call goes on from there "
        "with one image at a time"
    )


def _tasks(form: Form, ids: Sequence[str], done: int, pieces: Iterator[Piece]) -> Iterator[Task]:
    for piece in pieces:
        yield form, ids[done : done + len(piece)], piece
        done += len(piece)


def _worked(task: Task) -> Squares:
    return squares(*task)
