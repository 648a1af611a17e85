"""A folder that takes long to make: what an interrupted process has made of it is kept, and the next one goes on with that.

The draft lies beside the final folder, under a name that follows from the final one. One process at a time writes it, which
holds a lock; where the file system has no locks, each process has a draft of its own, and begins at the beginning. A draft with
which no process has gone on for a day is removed with other drafts (results.files.atomic).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from results.error import CatsError
from results.files.atomic import DRAFT, disk_error, draft_path, flush, make_folders, move_into_place, remove, sweep
from results.files.lock import locked

STATE = "state"  # the note in a draft that says how far it is; without it the work begins again


class StoppedError(CatsError):
    """The work has stopped for a reason that does not lie in its content: what was made is kept."""


@contextmanager
def resumable_write(path: Path, what: str, finished: Callable[[], bool], waiting: Callable[[], None]) -> Iterator[Path | None]:
    """Give the draft of a folder, which may hold what an interrupted process has made; it becomes `path` when the block ends.

    After Ctrl-C, a StoppedError, or the end of the process the draft is kept if it has a STATE, which the block writes there
    and removes when the draft is whole. After another error it is removed.

    Args:
        path: the final folder, which is not there or has no content. Its parents are made.
        what: names the content in the error message.
        finished: whether the folder is there, asked when this process may write: another one may have made it meanwhile. The
            block then gets None, and nothing else happens.
        waiting: called if another process is making the same folder, and again while that takes long, see lock.

    Raises:
        CatsError: if the disk refuses.
    """
    draft = path.with_name(f"{DRAFT}kept-{path.name[-48:]}")
    try:
        above = make_folders(path.parent)
        sweep(path.parent)
        with locked(draft.with_name(f".{draft.name.removeprefix(DRAFT)}.lock"), waiting, keep=False) as lock:
            if finished():
                yield None
                return
            draft = draft if lock else draft_path(path)
            draft.mkdir(exist_ok=True)
            os.utime(draft)  # a process that sweeps sees that it is at work again
            try:
                yield draft
                move_into_place(draft, path, durable=True)
            except BaseException as error:
                refused = isinstance(error, CatsError | OSError) and not isinstance(error, StoppedError)
                if refused or lock is None or not (draft / STATE).exists():
                    remove(draft)
                raise
            for folder in above:
                flush(folder)
    except OSError as error:
        raise disk_error(what, path.parent, error) from error
