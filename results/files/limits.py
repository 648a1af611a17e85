"""Limits of what a file may hold or promise. They are looked at before anything is read, unpacked or allocated.

A small file can promise more than any machine has: packed zeros, a header with a shape of terabytes, a sparse file. What goes
beyond these limits is refused by name; `docs/limits.md` says what to do with data that really are that large.
"""

import io
from pathlib import Path
from typing import BinaryIO

from results.error import CatsError

FILE = 2**30  # bytes of one picture, one DICOM file or one table, unpacked
UNPACKED = 2**26  # bytes that may come out of a packed file, however small it is
RATIO = 200  # of more bytes, how many may come out of one packed byte; pictures and their arrays reach 20
CLASSES = 100_000  # of one data set; ImageNet-21k has 21,841
LABELS = 2**28  # labels of a data set whose images have several each, images times classes
FILES = 2_000_000  # in one folder or archive


def amount(size: int) -> str:
    """A number of bytes as a person reads it: `1.5 GB`."""
    for unit, bytes_in in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_in:
            return f"{size / bytes_in:,.4g} {unit}"
    return f"{size} bytes"


def require_regular(path: Path) -> None:
    """Raises CatsError for a pipe or a device: it may never end, and opening it may wait for its other end.

    A folder and a path that leads nowhere pass: who opens them says what is wrong.
    """
    if not (path.is_file() or path.is_dir()) and path.exists():  # a file, by far the most frequent, is looked at once
        raise CatsError(f"{path} is no regular file, but a pipe or a device; write a file")


def require_file_size(size: int, what: str) -> None:
    """Raises CatsError if a file that is read whole has more than FILE bytes."""
    if size > FILE:
        raise CatsError(f"{what} has {amount(size)}; at most {amount(FILE)} are read of one file")


def require_ratio(unpacked: int, packed: int, what: str) -> None:
    """Raises CatsError if far more bytes would come out of a packed file than pictures can be packed into."""
    if unpacked > UNPACKED and unpacked > RATIO * packed:
        raise CatsError(
            f"{what} would become {amount(unpacked)} of {amount(packed)}; at most {RATIO} times as many bytes are unpacked: "
            "unpack it yourself if it is what you expect"
        )


def whole_file(path: Path) -> bytes:
    """The content of a file.

    Raises CatsError if it is too large to be read at once, a pipe or a device, and OSError if it cannot be read.
    """
    require_regular(path)
    with path.open("rb") as file:
        return whole(file, str(path))


def whole(file: BinaryIO, what: str) -> bytes:
    """The content of an open file from its beginning. Raises CatsError as `whole_file`."""
    size = file.seek(0, io.SEEK_END)
    require_file_size(size, what)
    file.seek(0)
    return file.read(FILE)
