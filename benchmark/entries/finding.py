"""Findings: the results of examining the promises of an entry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from results.error import CatsError

STEP_IMAGES, STEP_PIXELS, STEP_BACKBONE = 16, 32, "test_resnet"


class Note(str):
    """A sentence about something that breaks no promise but needs attention."""

    __slots__ = ()


@dataclass(frozen=True)
class Finding:
    """The result of one promise."""

    promise: str
    state: Literal["ok", "note", "broken"]
    sentence: str


def run_promise(name: str, check: Callable[[], str]) -> Finding:
    """Run the check of one promise; a CatsError becomes a broken Finding."""
    try:
        sentence = check()
    except CatsError as error:
        return Finding(name, "broken", str(error))
    return Finding(name, "note" if isinstance(sentence, Note) else "ok", str(sentence))


def require_facts(name: str, facts: dict[str, str]) -> str:
    """The facts as one text. Raises CatsError if a fact is empty, or a placeholder such as `unknown`."""
    empty = [key for key, value in facts.items() if says_nothing(value)]
    if empty:
        raise CatsError(f"{name}: {', '.join(empty)} must be given")
    return "; ".join(facts.values())


def says_nothing(fact: str) -> bool:
    """True for an empty fact, or a placeholder such as `unknown`."""
    return fact.strip().lower() in {"", "?", "todo", "unknown", "none"}
