"""Creates a sqlite database for MLflow, whole or not at all, also if several processes create it at once or one dies."""

import glob
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from results.error import CatsError
from results.files.atomic import DRAFT, draft_path, flush, move_into_place, remove, sweep
from results.files.lock import locked
from results.tracking.change_counter import SQLITE, absolute, sqlite_file
from results.tracking.connection import engine_address


def make_database(uri: str, make: Callable[[str], object]) -> None:
    """Let `make` fill the sqlite database of an address if the database does not exist. Other servers need nothing.

    MLflow creates the tables step by step. Two processes that do so at once, or one that dies in between, leave a database that
    cannot be used any more. So one process at a time creates the database under another name and renames it.
    """
    file = sqlite_file(absolute(uri))
    if file is not None and Path(file).parent.is_dir():
        sweep(Path(file).parent)
    if file is None or _filled(Path(file)):
        return
    path = Path(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # as MLflow would
        with locked(path.with_name(f".{path.name}.lock"), lambda: None, keep=False):
            _make(path, make)
    except OSError as error:
        raise CatsError(
            f"the database {path} cannot be used: it cannot be made there ({error.strerror or error}); name another file"
        ) from error


def _make(path: Path, make: Callable[[str], object]) -> None:
    if _filled(path):
        return
    draft = draft_path(path)
    for left in path.parent.glob(f"{DRAFT}*-{glob.escape(path.name)}*"):  # of a process that died; also its journal
        remove(left)
    make(engine_address(f"{SQLITE}{draft}"))
    move_into_place(draft, path, durable=True)


def settle(uri: str) -> None:
    """Make sure that what a sqlite database has taken survives a power cut. Other servers see to that themselves.

    sqlite flushes the database, then removes its journal without flushing the folder: the journal would come back with the
    power and undo the last change. Raises OSError if the disk refuses.
    """
    file = sqlite_file(absolute(uri))
    if file is not None:
        with suppress(PermissionError):  # the user may write the file and not read its folder
            flush(Path(file).parent)


def _filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
