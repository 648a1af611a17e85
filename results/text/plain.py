r"""Text of other people, made harmless before it is shown: titles, classes, file names, answers of servers, errors.

Control characters move the cursor of a terminal, hide what was printed before, or open links; others reverse the order of
letters or cannot be seen. Such a character is written as its code, as in JSON: `\u001b`. Nothing is removed, so that two texts
that differ still differ, and a text without such characters stays as it is.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

MOST_MARKS = 8  # accents on one letter; no language needs more, and a flood of them covers the lines above
LONGEST_NAME = 200  # characters; MLflow keeps names of 250 bytes, and longer ones fit no table
BEYOND_ASCII = re.compile(r"[^ -~]+")
JOINERS = "\u200c\u200d"  # join letters of some languages, and parts of an emoji
BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that show nothing
TWINS = re.compile("[\ufb00-\ufb06\u00b5]")  # ligatures such as ﬁ, and the micro sign, look like other letters
NO_UTF8 = re.compile(r"[\ud800-\udfff]")  # bytes of file names that are no UTF-8, and halves of characters


def plain(text: str, keep: str = "") -> str:
    """The text on one line, with characters that must not be shown as codes; those in `keep` stay, for example line ends."""
    return BEYOND_ASCII.sub(lambda found: _plain_run(found[0], keep), text)


def plain_lines(text: str) -> str:
    """The same of a text of several lines."""
    return plain(text, keep="\n")


def _plain_run(run: str, keep: str) -> str:
    made, marks = [], 0
    for place, sign in enumerate(run):
        marks = marks + 1 if unicodedata.category(sign).startswith("M") else 0
        shown = (_visible(sign) and marks <= MOST_MARKS) or sign in keep or _joins(run, place)
        made.append(sign if shown else coded(sign))
    return "".join(made)


def _visible(sign: str) -> bool:
    return (sign.isprintable() or unicodedata.category(sign) == "Zs") and sign not in BLANK


def _joins(run: str, place: int) -> bool:
    """Whether the sign at this place joins two others, which both are beyond ASCII and can be seen."""
    around = run[place - 1 : place] + run[place + 1 : place + 2] if place else ""
    return run[place] in JOINERS and len(around) == 2 and all(map(_visible, around))


def coded(text: str) -> str:
    """Every character of a text as its code in JSON."""
    import json  # most texts need no codes

    return "".join("\\u007f" if sign == "\x7f" else json.dumps(sign)[1:-1] for sign in text)


def storable(text: str) -> str:
    """The text with codes for what is no UTF-8, because no file in UTF-8, no database and no table takes that."""
    return NO_UTF8.sub(lambda found: coded(found[0]), text)


def json_text(value: object, indent: int | None = 2) -> str:
    """Plain data as JSON that can be printed: characters that must not be shown are codes, which JSON reads back.

    NaN and infinity, which JSON does not have, become null.
    """
    import json

    return plain_lines(json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> Any:
    """Plain data with None for NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def fault_of_name(name: str) -> str | None:
    """Why a text cannot be the name of an experiment, a source and the like, as the end of a sentence; None if it can."""
    if not name.strip():
        return "is empty"
    shown = plain(name)
    if shown != name:
        hidden = next(sign for sign, other in zip(name, shown, strict=False) if sign != other)
        return f"holds a character that cannot be shown ({coded(hidden)})"
    if name != name.strip():
        return "begins or ends with white space"
    if len(name) > LONGEST_NAME:
        return f"has {len(name)} characters; {LONGEST_NAME} are allowed"
    return None


def look(text: str) -> str:
    """The same text for all texts that look the same: accents coded in two ways, letters of full width, spaces, ligatures."""
    return unicodedata.normalize("NFC", "".join(map(_look_of_sign, unicodedata.normalize("NFC", text))))


def _look_of_sign(sign: str) -> str:
    wide = unicodedata.decomposition(sign).startswith(("<wide>", "<narrow>", "<noBreak>"))
    if wide or TWINS.match(sign) or unicodedata.category(sign) == "Zs":
        return unicodedata.normalize("NFKC", sign)
    return sign


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters, the rest marked with …."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
