"""Scores that were computed before, kept under CATS_HOME by the digest of what decides them."""

import inspect
import json
import logging
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from benchmark.core.digest import digest
from benchmark.core.paths import home
from benchmark.specs.measure import Measure, Score
from results.atomic import atomic_write
from results.error import CatsError

log = logging.getLogger(__name__)


def code(measure: Measure) -> str:
    """Digest of a measure's code and of the modules of ours that it uses: other code, other score."""
    seen: dict[str, str] = {}

    def add(module: ModuleType | None) -> None:
        if module is None or module.__name__ in seen:
            return
        seen[module.__name__] = inspect.getsource(module)
        for value in list(vars(module).values()):
            name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            used = value.function if isinstance(value, Measure) else value
            inner = inspect.getmodule(used) if isinstance(name, str) else None
            if inner is not None and inner.__name__.startswith(("similarity.", "benchmark.measures.")):
                add(inner)

    add(inspect.getmodule(measure.function))
    return digest(seen)


def kept(key: str) -> tuple[Score, float] | None:
    """A score that was computed before, and the seconds it took then; None if there is none that can be read."""
    try:
        score, seconds = json.loads(_path(key).read_text(encoding="utf-8"))
        return Score(**score), float(seconds)
    except (OSError, ValueError, TypeError):
        return None


def keep(key: str, score: Score, seconds: float) -> None:
    """Keep a score; a full disk only costs the work of doing it again."""
    try:
        with atomic_write(_path(key), "a score", durable=False) as draft:
            draft.write_text(json.dumps([asdict(score), seconds]), encoding="utf-8")
    except CatsError as error:
        log.warning("%s", error)


def _path(key: str) -> Path:
    return home() / "scores" / f"{key}.json"
