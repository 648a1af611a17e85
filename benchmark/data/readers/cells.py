"""Cells of tables as text: what a cell says, whether it says nothing, and which spellings mean the same."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

NUMBER = re.compile(r"[+-]?(\d{1,15}\.?\d*|\.\d+)")  # longer ones are names: floating-point numbers would confuse them
SEPARATORS = "|;,/+&"  # between several labels in one cell
JOINING_WORDS = frozenset({"and", "with", "plus", "und", "et", "y"})  # between two labels in one cell
LIST = re.compile(r"[\[{].*[\]}]|\(.*[,'\"].*\)", re.DOTALL)  # as Python and JSON write one
ABSENT = frozenset(
    {"", "nan", "na", "n/a", "<na>", "#n/a", "nat", "null", "-1", "?", "-", "--", ".", "unlabelled", "unlabeled", "no label",
     "unknown", "unk", "missing", "not available", "not known", "not applicable", "n.a.", "n.a", "not labelled", "not labeled"}
)  # fmt: skip
ABSENT_AMONG_NUMBERS = frozenset({"none"})  # elsewhere it may be a class
FILLERS = frozenset({99.0, 999.0, 9999.0})  # numbers written for "unknown" where the classes are small numbers


def cell_text(value: Any) -> str:
    """A cell as CSV would write it: Parquet may hold 1.0 for 1, or nothing."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(value, list | tuple | np.ndarray):  # Parquet may hold several labels in one cell
        return "|".join(map(cell_text, value))
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else str(int(value)) if float(value).is_integer() else str(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number_of(text: str) -> float | None:
    """The number that a cell holds; None if it holds another text."""
    return float(text) if NUMBER.fullmatch(text.strip()) else None


def whole_number(text: str) -> str:
    """A number without its zeros, 1 for 1.0 and 01; another text as it is."""
    number = number_of(text)
    return text if number is None else cell_text(number)


def spelling(text: str) -> str:
    """The form in which all spellings of one label agree: without case, repeated white space, and 1.0 for 1."""
    visible = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return whole_number(" ".join(visible.casefold().split()))


def absent_labels(values: Iterable[str]) -> list[str]:
    """Those of the values that look like a missing label: blank, NaN, -1, a filler such as 999 among small numbers."""
    forms = {value: spelling(value) for value in dict.fromkeys(values)}
    absent = {value for value, form in forms.items() if form in ABSENT and not (form == "-" and "+" in forms.values())}
    among = {value for value, form in forms.items() if form in ABSENT_AMONG_NUMBERS}
    numbers = {value: number_of(forms[value]) for value in forms if value not in absent | among}
    if numbers and all(number is not None for number in numbers.values()):
        small = max((abs(n) for n in numbers.values() if n is not None and n not in FILLERS), default=99)
        absent |= among | {value for value, n in numbers.items() if n is not None and (n < 0 or (n in FILLERS and small < 20))}
    return [value for value in forms if value in absent]


def absent_groups(values: Iterable[str]) -> list[str]:
    """Those of the values that name no group: what looks like a missing label, and `none`."""
    listed = list(dict.fromkeys(values))
    absent = {*absent_labels(listed), *(value for value in listed if spelling(value) in ABSENT_AMONG_NUMBERS)}
    return [value for value in listed if value in absent]


def without_group(column: str, values: Sequence[str]) -> str | None:
    """What a sentence says of a column in which rows name no group, with how many of each kind; None if all rows name one."""
    absent = set(absent_groups(values))
    if not absent:
        return None
    counts = {value: number for value, number in Counter(values).items() if value in absent}
    return f"the column '{column}' names no group in {sum(counts.values()):,} of {len(values):,} rows: {counted(counts)}"


def same_groups(values: Sequence[str]) -> list[str]:
    """The values, with the first spelling of a number for all of them: 1.0 and 01 are the group 1 if 1 is the first one."""
    first: dict[str, str] = {}
    return [first.setdefault(whole_number(value), value) for value in values]


def alike_groups(values: Sequence[str]) -> list[list[str]]:
    """Groups that differ in case or white space only, together."""
    return alike_labels(same_groups(values))


def alike_labels(values: Iterable[str]) -> list[list[str]]:
    """The values that differ in case, white space or the form of a number only, together."""
    together: dict[str, list[str]] = {}
    for value in dict.fromkeys(values):
        together.setdefault(spelling(value), []).append(value)
    return [alike for alike in together.values() if len(alike) > 1]


def joined_labels(values: Sequence[str]) -> list[str]:
    """Values such as `Mass|Nodule`, `Mass Nodule` or `Mass and Nodule` that join two or more of the other values."""
    known = {words for value in values if (words := _words(value))}
    texts = [value for value in values if number_of(value) is None]
    return [value for value in texts if _are_joined(_words(value), known - {_words(value)})]


def _words(text: str) -> tuple[str, ...]:
    """The words of a label, without the signs and words that join labels."""
    return tuple(word for word in re.split(r"[\W_]+", text.casefold()) if word and word not in JOINING_WORDS)


def _are_joined(words: tuple[str, ...], known: set[tuple[str, ...]]) -> bool:
    """True if some of the known labels, one after the other, have just these words."""
    ends = {0}
    for end in range(1, len(words) + 1):
        if any(words[start:end] in known for start in ends):
            ends.add(end)
    return bool(words) and len(words) in ends


def in_class_order(names: Iterable[str]) -> list[str]:
    """Names in the order of their numbers if all are numbers, else of the alphabet."""
    listed = sorted(names)
    numbers = [number for number in map(number_of, listed) if number is not None]
    return [name for _, name in sorted(zip(numbers, listed, strict=True))] if len(numbers) == len(listed) else listed


def label_doubts(classes: Sequence[str]) -> list[str]:
    """What looks wrong in the names of classes, as parts of a sentence; empty if nothing does."""
    doubts = [f"the class '{name}' looks like a missing label" for name in absent_labels(classes)]
    doubts += [f"the classes {quoted(alike)} differ in case or white space only" for alike in alike_labels(classes)]
    doubts += [f"the class '{name}' looks like several labels in one cell" for name in joined_labels(classes)]
    return doubts


def quoted(values: Iterable[str], limit: int = 8) -> str:
    """Values in quotation marks, separated by commas; the ones after the limit are counted."""
    listed = [f"'{value}'" for value in values]
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")


def counted(counts: Mapping[str, int], limit: int = 8) -> str:
    """Values with their numbers of rows, the most frequent first: blank (3), 'nan' (2)."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    listed = [f"'{value}' ({n:,})" if value.strip() else f"blank ({n:,})" for value, n in ordered]
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")
