"""The version of MLflow's tables in a database, compared with the one that the installed MLflow needs.

MLflow itself says "out-of-date" of a newer database too, and upgrades some older ones without being asked, after which the
programs that had used them cannot open them.
"""

import re
from functools import cache
from pathlib import Path

import mlflow

from results.error import CatsError

REVISION = re.compile(r"^revision\s*(?::\s*str\s*)?=\s*[\"'](\w+)", re.MULTILINE)
BEFORE = re.compile(r"^down_revision\s*(?::[^=\n]*)?=\s*[\"'](\w+)", re.MULTILINE)


@cache
def revisions() -> tuple[frozenset[str], str | None]:
    """All versions of the tables that the installed MLflow knows, and the newest; nothing if its files lie elsewhere."""
    folder = Path(str(mlflow.__file__)).parent / "store" / "db_migrations" / "versions"
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]
    known = {found[1] for text in texts if (found := REVISION.search(text))}
    newest = known - {found[1] for text in texts if (found := BEFORE.search(text))}
    return frozenset(known), newest.pop() if len(newest) == 1 else None


def check_revision(found: str | None, place: str) -> None:
    """Raises CatsError if the tables of the database at `place` are of an older or a newer MLflow than the installed one."""
    known, newest = revisions()
    if found is None or newest is None or found == newest:
        return
    if found not in known:
        raise CatsError(
            f"the database {place} cannot be used: it was made by a newer MLflow than {mlflow.__version__}, "
            f"the installed one, which does not know the version {found} of its tables; install a newer MLflow"
        )
    raise CatsError(
        f"the database {place} cannot be used: it was made by an older MLflow, its tables have the version {found}, and MLflow "
        f"{mlflow.__version__} needs {newest}; make a copy of it, then run `mlflow db upgrade ADDRESS`"
    )
