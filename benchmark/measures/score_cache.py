"""Computed scores, stored under CATS_HOME by the digest of everything that decides them."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from benchmark.core.paths import scores_folder
from benchmark.specs.measure import Score
from results.atomic import atomic_write
from results.error import CatsError

log = logging.getLogger(__name__)


def load_score(key: str) -> tuple[Score, float] | None:
    """A stored score and the seconds that computing it took; None if there is none that can be read."""
    try:
        score, seconds = json.loads(_path(key).read_text(encoding="utf-8"))
        return Score(**score), float(seconds)
    except (OSError, ValueError, TypeError):
        return None


def save_score(key: str, score: Score, seconds: float) -> None:
    """Store a score. A full disk is logged: the score is then computed again the next time."""
    try:
        with atomic_write(_path(key), "a score", durable=False) as draft:
            draft.write_text(json.dumps([asdict(score), seconds]), encoding="utf-8")
    except CatsError as error:
        log.warning("%s", error)


def _path(key: str) -> Path:
    return scores_folder() / f"{key}.json"
