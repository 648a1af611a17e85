"""Computed scores, stored under CATS_HOME by the digest of everything that decides them."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from benchmark.core.paths import scores_folder
from benchmark.specs.measure import Score
from results.error import CatsError
from results.files.sealed import read_note, write_note

log = logging.getLogger(__name__)


def load_score(key: str) -> tuple[Score, float] | None:
    """A stored score and the seconds that computing it took; None if there is none that can be read."""
    return read_note(_path(key), _parsed)


def _parsed(content: bytes) -> tuple[Score, float]:
    score, seconds = json.loads(content)
    return Score(**score), float(seconds)


def save_score(key: str, score: Score, seconds: float) -> None:
    """Store a score. A full disk is logged: the score is then computed again the next time."""
    try:
        write_note(_path(key), json.dumps([asdict(score), seconds]).encode(), "a score", durable=False)
    except CatsError as error:
        log.warning("%s", error)


def _path(key: str) -> Path:
    return scores_folder() / f"{key}.json"
