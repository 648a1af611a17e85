"""Earlier spellings of options, which commands still understand: scripts and pages that use one go on working.

An option has one name in all commands, and a name has one meaning. No help shows the earlier spellings.
"""

from collections.abc import Mapping, Sequence

VARIANCE = {"--images": "--test-variance", "--no-images": "--no-test-variance"}
TO = {"--to": "--output"}
EARLIER: Mapping[str, Mapping[str, str]] = {
    "agree": VARIANCE,
    "board": {**VARIANCE, "--report": "--output"},
    "card": TO,
    "choose": {"--keep": "--output"},
    "cost": {**VARIANCE, "--picture": "--output"},
    "curve": {**VARIANCE, "--picture": "--output"},
    "explain": TO,
    "export": TO,
    "keep": TO,
    "new": TO,
    "plan": {"--cells": "--list-cells"},
    "predict": {**TO, "--part": "--target-part"},
    "replay": {"--picture": "--output"},
    "report": VARIANCE,
    "score": {"--images": "--sample"},
    "submit": TO,
    "watch": {"--level": "--false-alarms", "--part": "--target-part"},
}


def today(command: str, words: Sequence[str]) -> list[str]:
    """The words of a call with each earlier spelling of an option replaced; words behind `--` are no options."""
    earlier = EARLIER.get(command, {})
    end = words.index("--") if "--" in words else len(words)
    found = [_replaced(word, earlier) for word in words[:end]]
    return [*(_json_file(found) if command == "watch" else found), *words[end:]]


def renamings(command: str, words: Sequence[str]) -> list[str]:
    """What the earlier spellings in a call are called today, as ends of a sentence."""
    earlier = EARLIER.get(command, {})
    used = dict.fromkeys(word.partition("=")[0] for word in words[: words.index("--") if "--" in words else None])
    return [f"{name} of `cats {command}` is called {earlier[name]} today" for name in used if name in earlier]


def _replaced(word: str, earlier: Mapping[str, str]) -> str:
    name, sign, value = word.partition("=")
    return f"{earlier[name]}{sign}{value}" if name in earlier else word


def _json_file(words: list[str]) -> list[str]:
    """`--json FILE` of `cats watch` as `--output FILE`, and `--json -` as `--json`; no input of the command ends in .json."""
    found: list[str] = []
    for word in words:
        before = found[-1] if found else ""
        if before == "--json" and (word == "-" or word.endswith(".json")):
            found[-1:] = ["--json"] if word == "-" else ["--output", word]
        elif word.startswith("--json="):
            value = word.removeprefix("--json=")
            found.append("--json" if value == "-" else f"--output={value}")
        else:
            found.append(word)
    return found
