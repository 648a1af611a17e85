"""Files that a user has asked for, at a place that the user has named: written whole, or left as they were."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from results.error import CatsError
from results.files.atomic import draft_path, flush, make_folders, move_into_place, reason_of, remove, sweep
from results.text.plain import plain

LONGEST = 255  # bytes of a name, of every usual file system
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}  # what file systems without hard links answer


@contextmanager
def output(path: Path, what: str, *, new: bool = False) -> Iterator[Path]:
    """Give the path of a draft; what the block writes there becomes `path` when the block ends, and is on the disk.

    A link is followed. What is no file, such as a terminal or a pipe, is written to directly. A file keeps its permissions.

    Args:
        path: the file. Its folders are made, and removed again if nothing is written.
        what: names the file in the error message, for example "the report".
        new: whether a file that exists already is an error.

    Raises:
        CatsError: if the disk refuses, or if a new file exists already.
    """
    direct = path.exists() and not path.is_file() and not path.is_dir()  # /dev/stdout leads to a pipe that has no path
    place = path.resolve() if path.is_symlink() and not direct else path
    draft = place if direct else draft_path(place)
    try:
        with folders_for(place) as above:
            try:
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
            finally:
                if not direct:
                    remove(draft)
        for folder in above:
            flush(folder)
    except OSError as error:
        raise CatsError(f"cannot write {what} to {path}: {reason_of(error)}") from error


@contextmanager
def folders_for(path: Path) -> Iterator[list[Path]]:
    """Make the folders above a file; those that are new are removed again if the block fails and they are empty.

    Gives the folders whose names have become more, as make_folders does. Raises OSError if the disk refuses.
    """
    missing = list(takewhile(lambda each: not each.is_dir(), path.parents))
    try:
        yield make_folders(path.parent)
    except BaseException:
        with suppress(OSError):  # something else has come into one of them
            for each in missing:
                each.rmdir()
        raise


def require_place(path: Path, what: str, *, folder: bool = False) -> None:
    """Raises CatsError if a file, or a folder of files, could not be written there. Makes nothing.

    Call it before anything that takes long. Missing folders above are no fault: they are made when the file is written.

    Args:
        path: the file or the folder, as a person names it; a folder may be there already.
        what: names it in the error message, for example "the report".
        folder: whether it is a folder.
    """
    fault = _fault_of(path, folder=folder)
    if fault:
        raise CatsError(f"cannot write {what} to {plain(str(path))}: {fault}")


def _fault_of(path: Path, *, folder: bool) -> str | None:
    """Why nothing can be written to a path, as the end of a sentence; None if nothing is known of that."""
    if any(len(os.fsencode(part)) > LONGEST for part in path.parts):
        return f"a name in it is longer than the {LONGEST} bytes that a disk takes"
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a terminal or a pipe, which may have no path
            return "it is no folder" if folder else None
        place = path.resolve()
        above = next(each for each in ((place,) if folder else ()) + tuple(place.parents) if each.exists())
        faults = (
            (place.is_dir() and not folder, "it is a folder; name a file in it"),
            (place.is_file() and folder, "it is a file; name a folder"),
            (not above.is_dir(), f"{plain(str(above))} is a file, not a folder"),
            (not os.access(above, os.W_OK | os.X_OK), reason_of(OSError(errno.EACCES, os.strerror(errno.EACCES)))),
        )
        return next((fault for met, fault in faults if met), None)
    except OSError as error:
        return reason_of(error)
    except RuntimeError as error:  # links in a circle
        return str(error)


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
