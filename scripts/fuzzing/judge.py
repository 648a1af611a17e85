"""Judges what a command did with a damaged input: a list of complaints, empty if the command held."""

import json
import re
import signal
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fuzzing.attempt import CONTENT, Attempt
from fuzzing.child import MEMORY, SECONDS, Outcome
from fuzzing.values import SECRET

PYTHON = re.compile(
    r"Traceback \(most recent call last\)|Fatal Python error|Exception ignored in|^\s*File \"[^\"]+\", line \d+", re.MULTILINE
)
PYTHONS_WORDS = re.compile(
    r"\b(?:Attribute|Index|Key|Name|Recursion|Type|Unicode\w*|Value|ZeroDivision|Overflow|Assertion|NotImplemented|Runtime)Error\b"
    r"|has no attribute '|object is not |unsupported operand|'NoneType'|<class '|index out of range"
    r"|not supported between|unhashable type|argument must be|list indices|\[Errno \d+\]|cannot unpack"
    r"|positional argument|unexpected keyword"
    r"|[Ii]nput should|validation errors? for|Field required|Extra inputs are|pydantic"
    r"|^cats: (?:invalid literal|could not convert|cannot convert|'\w+'$|'[\w-]+' codec|Python int|int too)",
    re.MULTILINE,
)
EXCEPTION = re.compile(r"[\w.]+(?:Error|Exception|Interrupt|Warning|Iteration|Exit)\b")
NO_MEMORY = re.compile(
    r"MemoryError|[Uu]nable to allocate|[Cc]annot allocate memory|bad_alloc|out of memory|realloc of size|malloc of size"
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|[\ud800-\udfff]")
STYLE = re.compile(r"\x1b\[[012]m")  # bold, faint and their end, which a person asks for by FORCE_COLOR
COSTS = re.compile(r"kwh|co2e|seconds|energy|hours|cost|watts|kg", re.IGNORECASE)
WORDS = re.compile(r"[A-Za-z`']{2,}")
DIGITS = re.compile(r"\d[\d,.]*")
EXITS = (0, 1, 2, 3)  # 3: records wait, or were set aside


def complaints(attempt: Attempt, outcomes: list[Outcome], undamaged: list[Outcome]) -> list[str]:
    """What is wrong with the outcomes of the commands of an attempt. `undamaged`: of the same commands without the damage."""
    found = []
    for command, outcome in zip(attempt.commands, outcomes, strict=True):
        found += [
            f"cats {command[0]}: {complaint}"
            for complaint in alone(
                plain_style(outcome, attempt.environment), silent=attempt.encoding is None, guarded=attempt.guarded
            )
        ]
    if not found and attempt.compared != "nothing":
        if attempt.compared == "figures":
            found += figures_changed(attempt.commands, outcomes, undamaged)
        else:
            found += content_changed(attempt, outcomes, undamaged)
    return found


def plain_style(outcome: Outcome, environment: Mapping[str, str | None]) -> Outcome:
    """The outcome without bold and faint text where the environment asks for it; other control characters stay."""
    if environment.get("FORCE_COLOR") is None:
        return outcome
    return replace(outcome, out=STYLE.sub("", outcome.out), err=STYLE.sub("", outcome.err))


def alone(outcome: Outcome, *, silent: bool = False, guarded: bool = True) -> list[str]:
    """What is wrong with one outcome, whatever the input was.

    Args:
        outcome: the outcome.
        silent: nothing could be printed.
        guarded: passwords are in addresses of servers; no command may print them.
    """
    text = outcome.out + outcome.err
    if outcome.signal == signal.SIGALRM:
        return [f"hangs: more than {SECONDS} s in {_innermost(outcome.err)}"]
    if NO_MEMORY.search(text) or outcome.peak > MEMORY:
        return [f"more than 2 GB: {_last(text)}"]
    if PYTHON.search(text):
        return [f"a traceback: {_raised(outcome.err)}"]
    if outcome.signal:
        return [f"ended by {signal.Signals(outcome.signal).name}: {_last(outcome.err)}"]
    if outcome.code not in EXITS:
        return [f"exit code {outcome.code}: {_last(outcome.err)}"]
    found = []
    if outcome.code and not text.strip() and not silent:
        found.append(f"exit code {outcome.code} without a word")
    if match := PYTHONS_WORDS.search(text):
        found.append(f"speaks Python: {_line(text, match.start())}")
    if match := CONTROL.search(text):
        found.append(f"the character {match[0]!r} reaches the output: {_line(text, match.start())!a}")
    if guarded and SECRET in text:
        found.append(f"a password is printed: {_line(text, text.index(SECRET))}")
    return found


def figures_changed(commands: tuple[tuple[str, ...], ...], outcomes: list[Outcome], undamaged: list[Outcome]) -> list[str]:
    """The complaint that a command prints other figures without a new sentence."""
    said = any(new_sentences(*pair) for pair in zip(outcomes, undamaged, strict=True))
    for command, outcome, before in zip(commands, outcomes, undamaged, strict=True):
        if outcome.code == 2 or (outcome.code and not before.code):
            continue  # refused, in a sentence
        if command[0] == "run":
            continue  # its table shows the energy that was measured; the board that follows is compared
        if figures(outcome.out) != figures(before.out) and not said:
            return [f"cats {command[0]}: other figures without a word: {_difference(before.out, outcome.out)}"]
    return []


def content_changed(attempt: Attempt, outcomes: list[Outcome], undamaged: list[Outcome]) -> list[str]:
    """The complaints about other images under one digest, and another number of images without a new sentence."""
    found = []
    for command, outcome, before in zip(attempt.commands, outcomes, undamaged, strict=True):
        if command[0] != CONTENT or outcome.code:
            continue
        now, then = json.loads(outcome.out), json.loads(before.out)
        if attempt.compared == "same content" and now["content"] != then["content"]:
            found.append("the same table in another writing is read as other images, labels, groups or parts")
        if now["digest"] == then["digest"] and now["content"] != then["content"]:
            found.append("other images or labels under the same digest of the data")
        said = any(new_sentences(*pair) for pair in zip(outcomes, undamaged, strict=True))
        if now["images"] != then["images"] and not said:
            found.append(f"{now['images']} images instead of {then['images']} without a word")
    return found


def figures(text: str) -> Any:
    """What is compared of an output: JSON without costs, which differ between two trainings, else all words."""
    try:
        return _without_costs(json.loads(text))
    except ValueError:
        return text.split()


def _without_costs(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_costs(value) for key, value in tree.items() if not COSTS.search(key)}
    if isinstance(tree, list):
        return [_without_costs(value) for value in tree if not (isinstance(value, str) and COSTS.search(value))]
    return tree


def new_sentences(outcome: Outcome, before: Outcome) -> list[str]:
    """Lines of at least four words that the undamaged command did not print, whatever the numbers in them."""
    known = {DIGITS.sub("0", line) for line in _lines(before)}
    return [line for line in _lines(outcome) if DIGITS.sub("0", line) not in known and len(WORDS.findall(line)) >= 4]


def _lines(outcome: Outcome) -> list[str]:
    return [" ".join(line.split()) for line in (outcome.out + "\n" + outcome.err).splitlines()]


def _difference(before: str, after: str) -> str:
    one, other = (json.dumps(made, indent=0) if isinstance(made := figures(text), dict) else text for text in (before, after))
    pairs = zip(one.splitlines() + [""] * 999, other.splitlines(), strict=False)
    return next((f"{one.strip()!a} → {other.strip()!a}" for one, other in pairs if one != other), "lines are missing")[:300]


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _raised(text: str) -> str:
    """The line of a traceback that names the exception, with the place in cats where it was raised."""
    named = [line for line in text.splitlines() if EXCEPTION.match(line)]
    frames = [line.strip() for line in text.splitlines() if line.strip().startswith("File ") and "/fuzzing/" not in line]
    ours = [frame for frame in frames if "/benchmark/" in frame or "/results/" in frame]
    return f"{named[-1][:250] if named else _last(text)} ({(ours or frames or ['?'])[-1]})"


def _line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[max(start, at - 150) : min(end if end >= 0 else len(text), at + 150)]


def _innermost(text: str) -> str:
    """The innermost function of cats in a traceback of faulthandler, which prints the innermost first."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("File ")]
    return next((line for line in lines if "/benchmark/" in line or "/results/" in line), lines[0] if lines else "?")
