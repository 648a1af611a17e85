"""Files and folders that are written whole or not at all.

A writer fills a draft in the folder of the final file; the draft then takes the final name in one step. A process that dies
in between leaves the old content, and a draft that no reader looks for. The name of a draft says which process writes it, so
that the drafts of a process that died are removed by the next one that writes into the folder; drafts of other machines, and of
earlier starts of this one, are removed after a day.
"""

import errno
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

from results.error import DiskError
from results.files.boot_id import boot_id

DRAFT = ".cats-draft-"  # begins the name of every draft
WRITER = re.compile(rf"{re.escape(DRAFT)}([0-9a-f]{{8}})p([0-9]+)u")  # of which machine and which process follows it
LONGEST = 143  # bytes of a name, which every usual file system takes, also an encrypted one (eCryptfs)
STALE = 24 * 3600  # seconds without a change after which a draft belongs to a process that died
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # what a disk, a quota or a limit without space answers
NO_FLUSH = {errno.EINVAL, errno.ENOTSUP}  # what file systems answer that flush the names in a folder by themselves
SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")  # numpy's whole message about a disk without space

_swept: set[Path] = set()  # folders in which this process has looked for stale drafts


@contextmanager
def atomic_write(path: Path, what: str, *, durable: bool) -> Iterator[Path]:
    """Give the path of a draft; what the block writes there, a file or a folder, becomes `path` when the block ends.

    Args:
        path: the final file or folder. Its parents are made. A file is replaced, a folder that has content is not.
        what: names the content in the error message, for example "the record of 4f0c1ad2".
        durable: flush content and names to the disk, so that a power cut after the block loses nothing and one before it
            leaves no empty file under the final name. False for notes that hold their checksum and cost little to refill.

    Raises:
        CatsError: if the disk refuses; the draft is removed then, as after every other error of the block.
    """
    draft = draft_path(path)
    try:
        above = make_folders(path.parent)
        sweep(path.parent)
        yield draft
        move_into_place(draft, path, durable=durable)
        for folder in above if durable else ():
            flush(folder)
    except OSError as error:
        raise disk_error(what, path.parent, error) from error
    finally:
        remove(draft)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder on the disk of `parent`, removed after the block, for libraries that choose the names of their files."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{_of_this_process()}-", dir=parent) as folder:
        yield Path(folder)


def draft_path(path: Path) -> Path:
    """A path beside `path` that no other process and no other thread uses. It keeps the ending of the name."""
    begin = f"{_of_this_process()}{uuid.uuid4().hex[:12]}-"
    return path.with_name(f"{begin}{_end_of(path.name, LONGEST - len(begin))}")


def _end_of(name: str, most: int) -> str:
    """The last letters of a name, in at most so many bytes: a longer name is cut at its front."""
    coded = os.fsencode(name)
    if len(coded) <= most:
        return name
    cut = coded[len(coded) - most :]
    while cut and 0x80 <= cut[0] < 0xC0:  # the rest of a letter of several bytes
        cut = cut[1:]
    return os.fsdecode(cut)


def _of_this_process() -> str:
    return f"{DRAFT}{_machine()}p{os.getpid()}u"


@cache
def _machine() -> str:
    """Eight letters for this machine since its start, and for the container whose process numbers this process sees."""
    numbers = 0
    with suppress(OSError):
        numbers = Path("/proc/self/ns/pid").stat().st_ino
    return sha256(f"{boot_id()} {numbers}".encode()).hexdigest()[:8]


def partial_path(path: Path, stamp: str) -> Path:
    """Where a download of `path` is collected until it is whole; kept between attempts. Another `stamp`, another file."""
    return path.with_name(f".{path.name}.{stamp}.part")


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the folders whose names have become more, which a flush has to reach."""
    new = list(takewhile(lambda each: not each.is_dir(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    return [each.parent for each in new]


def move_into_place(draft: Path, path: Path, *, durable: bool) -> None:
    """Give a finished draft its final name. Raises OSError if the disk refuses or `path` is a folder that has content."""
    if durable:
        for part in [*(draft.rglob("*") if draft.is_dir() else ()), draft]:
            flush(part)
    draft.replace(path)
    if durable:
        flush(path.parent)


def disk_error(what: str, folder: Path, error: OSError) -> DiskError:
    """The sentence about a disk that refuses to keep something in a folder."""
    return DiskError(f"cannot keep {what} in {folder}: {reason_of(error)}; {remedy(error)}")


def reason_of(error: OSError) -> str:
    """Why a disk refuses, in words."""
    reason = error.strerror or str(error)
    return f"the disk took only a part ({reason})" if SHORT_WRITE.fullmatch(reason) else reason


def remedy(error: OSError) -> str:
    """What the user can do about a disk that refuses to keep something: the end of a sentence."""
    if error.errno in NO_SPACE or SHORT_WRITE.fullmatch(str(error)):
        return "make room there, or set CATS_HOME to a folder with space"
    return "set CATS_HOME to a folder that can be written"


def flush(path: Path) -> None:
    """Force a file or the names in a folder to the disk."""
    windows, folder = os.name == "nt", path.is_dir()  # Windows flushes no folders, and files only through a handle to write
    if windows and folder:
        return
    handle = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not folder or error.errno not in NO_FLUSH:
            raise
    finally:
        os.close(handle)


def remove(draft: Path) -> None:
    """Remove a draft, file or folder, if it is there and the disk lets it go."""
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove a file or a folder that cannot be used; its name is free at once. An error of the disk is ignored."""
    with suppress(OSError):
        remove(path.rename(draft_path(path)))


def sweep(folder: Path) -> None:
    """Remove the drafts in a folder whose writers died, once per process: the folder may have many files."""
    if folder in _swept:
        return
    _swept.add(folder)
    for draft in folder.glob(f"{DRAFT}*"):
        with suppress(OSError):  # another process removes the draft at the same time
            if _is_orphan(draft):
                remove(draft)


def _is_orphan(draft: Path) -> bool:
    """Whether nobody writes a draft any more: its process has ended, or has changed nothing for a day."""
    writer = WRITER.match(draft.name)
    if os.name == "posix" and writer is not None and writer[1] == _machine():
        try:
            os.kill(int(writer[2]), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            pass  # the process lives and belongs to another user
    changed = max(part.lstat().st_mtime for part in (draft, *draft.rglob("*")))
    return time.time() - changed > STALE
