"""Finding, Note."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from results.error import CatsError

STEP_IMAGES, STEP_PIXELS, STEP_BACKBONE = 16, 32, "test_resnet"


class Note(str):
    """A sentence about something that is no broken promise, but should be known."""

    __slots__ = ()


@dataclass(frozen=True)
class Finding:
    """What came of one promise."""

    promise: str
    state: Literal["ok", "note", "broken"]
    sentence: str


def run_promise(name: str, look: Callable[[], str]) -> Finding:
    """What one promise says."""
    try:
        said = look()
    except CatsError as error:
        return Finding(name, "broken", str(error))
    return Finding(name, "note" if isinstance(said, Note) else "ok", str(said))


def require_facts(name: str, facts: dict[str, str]) -> str:
    """The facts as one text. Raises CatsError if one of them is empty or says that nobody knows."""
    empty = [key for key, value in facts.items() if value.strip().lower() in {"", "?", "todo", "unknown", "none"}]
    if empty:
        raise CatsError(f"{name}: {', '.join(empty)} must be given")
    return "; ".join(facts.values())
