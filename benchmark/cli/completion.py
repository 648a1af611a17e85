"""Names with which a shell completes a command: of entries, plans, recipes and experiments. Nothing here imports torch.

A shell asks while a user types: whatever is wrong gives no names, and prints nothing. Names that a shell would take for several
words are left out.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from shlex import quote as quoted
from typing import Any
from urllib.parse import quote

from results.error import CatsError

Completion = Callable[[Any, list[str], str], list[str]]
PATIENCE_SECONDS = 0.5  # for a database that is being written


def _completion(names: Callable[[Any, str], Iterable[str]]) -> Completion:
    """A function of the kind that typer calls, with what the user has typed of a word, for its names."""

    def complete(ctx: Any, _: list[str], incomplete: str) -> list[str]:
        try:
            return sorted({name for name in names(ctx, incomplete) if name.startswith(incomplete) and quoted(name) == name})
        except (CatsError, OSError, ValueError):
            return []

    return complete


def _entries(*kinds: Any) -> Completion:
    def names(*_: object) -> Iterable[str]:
        from benchmark.specs.catalogue import names as entries

        return [name for kind in kinds for name in entries(kind)]

    return _completion(names)


def _plans(_: Any, incomplete: str) -> list[str]:
    from benchmark.specs.elsewhere import shipped_names

    folder = incomplete.rpartition("/")[0]
    files = Path(folder or ".").glob("*.y*ml")
    return [*shipped_names("plans"), *(f"{folder}/{file.name}" if folder else file.name for file in files)]


def _recipes(*_: object) -> list[str]:
    from benchmark.specs.elsewhere import shipped_names

    return shipped_names("recipes")


def _experiments(ctx: Any, _: str) -> list[str]:
    """The experiments of a sqlite file; of other servers none, because their answer takes too long."""
    from results.tracking.change_counter import sqlite_file
    from results.tracking.uri import DATABASE

    file = sqlite_file(str(ctx.params.get("tracking_uri") or DATABASE))
    if file is None or not Path(file).is_file():
        return []
    try:
        with closing(sqlite3.connect(f"file:{quote(file)}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)) as database:
            found = database.execute("SELECT name FROM experiments WHERE lifecycle_stage = 'active' AND experiment_id != 0")
            return [str(name) for (name,) in found]
    except sqlite3.Error:
        return []


plans = _completion(_plans)
recipes = _completion(_recipes)
experiments = _completion(_experiments)
plans_and_experiments = _completion(lambda ctx, incomplete: [*_plans(ctx, incomplete), *_experiments(ctx, incomplete)])
targets = _entries("targets")
sources = _entries("sources", "targets")
entries = _entries("sources", "targets")
everything = _completion(
    lambda ctx, incomplete: [
        *_entries("sources", "targets", "similarity")(ctx, [], incomplete), *_plans(ctx, incomplete), *_recipes()
    ]
)  # fmt: skip
