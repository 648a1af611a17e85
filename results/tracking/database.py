"""A new sqlite database: there as a whole or not at all, whoever else makes it at the same time and whoever dies meanwhile."""

import glob
from collections.abc import Callable
from pathlib import Path

from results.atomic import DRAFT, draft_path, move_into_place, remove
from results.lock import locked
from results.tracking.change_counter import SQLITE, absolute


def make_database(uri: str, make: Callable[[str], object]) -> None:
    """Have `make` fill the sqlite database of an address, if there is none yet; other servers look after themselves.

    MLflow makes the tables step by step. Two processes that do so at once, or one that dies in between, leave a database that
    nobody can use any more: so it is made under another name, by one process at a time.
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
