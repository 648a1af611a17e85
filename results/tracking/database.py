"""Creates a sqlite database for MLflow, whole or not at all, also if several processes create it at once or one dies."""

import glob
from collections.abc import Callable
from pathlib import Path

from results.atomic import DRAFT, draft_path, move_into_place, remove
from results.lock import locked
from results.tracking.change_counter import SQLITE, absolute


def make_database(uri: str, make: Callable[[str], object]) -> None:
    """Let `make` fill the sqlite database of an address if the database does not exist. Other servers need nothing.

    MLflow creates the tables step by step. Two processes that do so at once, or one that dies in between, leave a database that
    cannot be used any more. So one process at a time creates the database under another name and renames it.
    """
    path = Path(absolute(uri).removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or "?" in uri or _filled(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)  # as MLflow would
    draft = draft_path(path)
    with locked(path.with_name(f".{path.name}.lock"), lambda: None, keep=False):
        if _filled(path):
            return
        for left in path.parent.glob(f"{DRAFT}*-{glob.escape(path.name)}*"):  # of a process that died; also its journal
            remove(left)
        make(f"{SQLITE}{draft}")
        move_into_place(draft, path, durable=True)


def _filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
