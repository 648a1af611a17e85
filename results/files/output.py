"""Files that a user has asked for, at a place that the user has named: written whole, or left as they were."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from results.error import CatsError
from results.files.atomic import draft_path, flush, make_folders, move_into_place, reason_of, remove, sweep

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}  # what file systems without hard links answer


@contextmanager
def output(path: Path, what: str, *, new: bool = False) -> Iterator[Path]:
    """Give the path of a draft; what the block writes there becomes `path` when the block ends, and is on the disk.

    A link is followed. What is no file, such as a terminal or a pipe, is written to directly. A file keeps its permissions.

    Args:
        path: the file. Its folders are made.
        what: names the file in the error message, for example "the report".
        new: whether a file that exists already is an error.

    Raises:
        CatsError: if the disk refuses, or if a new file exists already.
    """
    direct = path.exists() and not path.is_file() and not path.is_dir()  # /dev/stdout leads to a pipe that has no path
    place = path.resolve() if path.is_symlink() and not direct else path
    draft = place if direct else draft_path(place)
    try:
        above = make_folders(place.parent)
        sweep(place.parent)
        yield draft
        if direct:
            return
        if new:
            _link(draft, place)
        else:
            if place.is_file():
                shutil.copymode(place, draft)
            move_into_place(draft, place, durable=True)
        for folder in above:
            flush(folder)
    except OSError as error:
        raise CatsError(f"cannot write {what} to {path}: {reason_of(error)}") from error
    finally:
        if not direct:
            remove(draft)


def require_place(path: Path, what: str) -> None:
    """Raises CatsError if `output` could not write a file there; call it before anything that takes long. Makes nothing."""
    place = path.resolve()
    code = 0
    if place.is_dir():
        code = errno.EISDIR
    elif place.is_file() or not place.exists():
        above = next(each for each in place.parents if each.exists())
        if not above.is_dir():
            code = errno.ENOTDIR
        elif not os.access(above, os.W_OK | os.X_OK):
            code = errno.EACCES
    if code:
        raise CatsError(f"cannot write {what} to {path}: {reason_of(OSError(code, os.strerror(code)))}")


def _link(draft: Path, place: Path) -> None:
    """Give a draft its final name, which must be free. Raises OSError."""
    flush(draft)
    try:
        os.link(draft, place)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if place.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from None
        draft.replace(place)
    flush(place.parent)
