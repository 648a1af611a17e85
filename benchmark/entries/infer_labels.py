"""Inference of classes from the cells of a label column. What can be read in two ways is said, and refused."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmark.data.readers.cells import (
    LIST,
    SEPARATORS,
    absent_labels,
    alike_labels,
    counted,
    in_class_order,
    joined_labels,
    number_of,
    quoted,
    spelling,
)  # fmt: skip
from benchmark.data.readers.table_labels import left_out, pieces_of
from benchmark.entries.said import DROP, NONE, Said
from results.error import CatsError
from results.text.brief import briefly
from results.text.counts import how_many

LONGEST_LABEL = 2000  # characters of a cell

NOTHING = frozenset({"no finding", "no findings", "none", "nothing", "no label", "no labels"})  # in multi-label cells
JOINING = "/,+& "  # separators that also occur inside the name of one class


@dataclass(frozen=True)
class Labels:
    """The labels of a data set as its entry declares them.

    Attributes:
        counts: images of each class, in the order of the classes. kept: (N,) bool, False for rows that are left out.
        options: of the reader. spellings: label → class, where they differ. notes: sentences about what was decided.
        multilabel: True if an image may have several labels.
    """

    counts: dict[str, int]
    kept: np.ndarray
    options: dict[str, Any] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    multilabel: bool = False


def labels_of_cells(cells: Sequence[str], said: Said, where: str) -> Labels:
    """The classes of a label column. Raises CatsError that begins with `where` for what cannot be decided from the cells."""
    dropped = dropped_labels(cells, said, where)
    kept = np.array([cell not in dropped for cell in cells], dtype=bool)
    rest = [cell for cell in cells if cell not in dropped]
    if not rest:
        raise CatsError(f"{where} holds no label in any row")
    options: dict[str, Any] = {"missing": list(dropped)} if dropped else {}
    notes = left_out(Counter(cell for cell in cells if cell in dropped))
    longest = max(rest, key=len)
    if len(longest) > LONGEST_LABEL:
        what = f"a text of {len(longest):,} characters, {briefly(longest)}"
        raise CatsError(f"{where} holds {what}, which is no label; name the column of labels with --label")
    written = next((cell for cell in rest if LIST.fullmatch(cell.strip())), None)
    if written is not None:
        raise CatsError(
            f"{where} holds lists as a program writes them, {quoted([' '.join(written.split())])}; write several labels of one "
            "image as Mass|Nodule, or as a column of 0 and 1 for each, or name another column with --label"
        )
    separator = _separator(Counter(rest), said, where)
    if separator:
        nothing = _nothing(Counter(rest), separator, said)
        pieces = [
            piece for cell in rest if cell != nothing for piece in dict.fromkeys(map(str.strip, pieces_of(cell, separator)))
        ]
        options |= {"labels_separator": separator} | ({"nothing": nothing} if nothing is not None else {})
        empty = f", '{nothing}' is none of them ({rest.count(nothing):,})" if nothing is not None else ""
        notes = (*notes, f"cells hold several labels, separated by '{separator}'{empty}")
    else:
        pieces = rest
    refuse_absent(pieces, said, where)
    spellings = _spellings(Counter(pieces), said, where)
    numbers = named_numbers(spellings.values(), said)
    spellings = {label: numbers.get(name, name) for label, name in spellings.items()}
    notes = (*notes, *names_in_words(numbers))
    counts = Counter(spellings[piece] for piece in pieces)
    ordered = {name: counts[name] for name in in_class_order(counts)}
    changed = spellings if any(label != name for label, name in spellings.items()) else {}
    return Labels(ordered, kept, options, changed, notes, bool(separator))


def named_numbers(names: Iterable[str], said: Said) -> dict[str, str]:
    """Number → class, where all labels are whole numbers and `--classes` names as many other classes, in their order."""
    listed = in_class_order(set(names))
    whole = all((number := number_of(name)) is not None and number.is_integer() for name in listed)
    fit = whole and len(listed) == len(said.classes) and not set(listed) & set(said.classes)
    return dict(zip(listed, said.classes, strict=True)) if fit else {}


def names_in_words(numbers: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence that says how numbers are called; empty if they have no names."""
    if not numbers:
        return ()
    return (f"labels are called as --classes says: {', '.join(f'{number} is {name}' for number, name in numbers.items())}",)


def dropped_labels(cells: Sequence[str], said: Said, where: str) -> dict[str, None]:
    """The contents of cells whose rows are left out, as --missing says."""
    if said.missing is None:
        return {}
    if said.missing == DROP:
        named = {spelling(name) for name in said.classes}
        return dict.fromkeys(value for value in absent_labels(cells) if spelling(value) not in named)
    declared = [item.strip() for item in said.missing.split(",")]
    found = {value: spelling(value) for value in dict.fromkeys(cells)}
    strange = [item for item in declared if spelling(item) not in found.values()]
    if strange:
        raise CatsError(f"{where} holds no '{strange[0]}', which --missing names; it holds {quoted(found)}")
    return dict.fromkeys(value for value, form in found.items() if form in {spelling(item) for item in declared})


def refuse_absent(cells: Sequence[str], said: Said, where: str, *, numbered: bool = False, marks: bool = False) -> None:
    """Raises CatsError if cells look like missing labels that nobody has declared.

    numbered: numbers name no class. marks: the cells are those of columns of 0 and 1.
    """
    counts = Counter(cells)
    named = set() if numbered else {spelling(name) for name in said.classes}
    absent = {value: counts[value] for value in absent_labels(counts) if spelling(value) not in named}
    if absent:
        other = "" if numbered else ", or name every class, these too, with --classes"
        if marks:
            meaning = ",".join(f"{value.strip()}=..." for value in absent)
            other = f", or say what they mean, 0 or 1, with --marks '{meaning}'"
        raise CatsError(
            f"{where} seems to hold no label in {sum(absent.values()):,} of {len(cells):,} rows: {counted(absent)}; leave "
            f"these rows out with --missing drop{other}"
        )


def _separator(counts: Counter[str], said: Said, where: str) -> str:
    """The separator of several labels in one cell; empty if each cell is one label."""
    if said.labels_separator is not None:
        return "" if said.labels_separator == NONE else said.labels_separator
    known = {spelling(name) for name in (*said.classes, *absent_labels(counts))}
    open_cells = [cell for cell in counts if spelling(cell) not in known]
    found = {sign: [cell for cell in open_cells if len(_pieces(cell, sign)) > 1] for sign in SEPARATORS}
    found[" "] = [cell for cell in open_cells if len(cell.split()) > 1 and all(number_of(p) is not None for p in cell.split())]
    found = {sign: joined for sign, joined in found.items() if joined}
    signed = {cell for joined in found.values() for cell in joined}
    unsigned = [cell for cell in joined_labels(open_cells) if cell not in signed]
    if unsigned:
        raise CatsError(
            f"{where} holds {unsigned[0]!r}, which consists of other labels of the column: say --labels-separator "
            f"{_joining(unsigned[0], counts)} if these are several labels of one image, or --labels-separator none if they are "
            "the names of classes"
        )
    if not found:
        return ""
    sign, joined = max(found.items(), key=lambda item: len(item[1]))
    single = said.task not in {None, "multilabel"}
    if len(found) == 1 and not single and _is_clear(sign, joined, counts):
        return sign
    raise CatsError(
        f"{where} holds {quoted(joined, 3)}: say --labels-separator '{sign}' if these are several labels of one image, or "
        "--labels-separator none if they are the names of classes"
    )


def _joining(cell: str, counts: Counter[str]) -> str:
    """The separator of the labels in a cell as a shell takes it; SIGN if no single one separates them."""
    known = {spelling(other) for other in counts}
    signs = dict.fromkeys(re.findall(r"[\W_]+(?:(?:and|with|plus|und|et|y)[\W_]+)?", cell, re.IGNORECASE))
    sign = next((sign for sign in signs if known.issuperset(_pieces(cell, sign))), None)
    return "SIGN" if sign is None else "$'\\n'" if sign.strip(" ") == "\n" else f"'{sign}'"


def _is_clear(sign: str, joined: Sequence[str], counts: Counter[str]) -> bool:
    """True if every label of a joined cell also occurs in another cell, and most of these labels also alone."""
    cells_with = Counter(piece for cell in counts for piece in set(_pieces(cell, sign)))
    pieces = {piece for cell in joined for piece in _pieces(cell, sign)}
    alone = pieces & {spelling(cell) for cell in counts}
    again = all(cells_with[piece] > 1 for piece in pieces) and 2 * len(alone) > len(pieces)
    return again and (sign not in JOINING or len(joined) > 1)


def _pieces(cell: str, sign: str) -> list[str]:
    """The spellings of the labels in a cell."""
    return [spelling(piece) for piece in cell.split(sign) if piece.strip()]


def _nothing(counts: Counter[str], separator: str, said: Said) -> str | None:
    """The content of cells that have none of the labels; None if there are no such cells."""
    if said.nothing is not None:
        found = next((cell for cell in counts if spelling(cell) == spelling(said.nothing)), None)
        if found is None:
            raise CatsError(
                f"--nothing is '{said.nothing}', which no cell of the label column holds; it holds {quoted(counts)}"
            )
        return found
    blank = sum(n for cell, n in counts.items() if not cell.strip())
    if blank:
        cells_are = how_many(blank, "cell of the label column is", "cells of the label column are")
        raise CatsError(
            f"{cells_are} blank: say --nothing '' if such an image has none of the labels, or "
            "--missing drop to leave these rows out"
        )
    alone = [cell for cell in counts if spelling(cell) in NOTHING]
    joined = {piece for cell in counts if separator in cell for piece in _pieces(cell, separator)}
    return next((cell for cell in alone if spelling(cell) not in joined), None)


def _spellings(counts: Counter[str], said: Said, where: str) -> dict[str, str]:
    """Label → class: the label without white space around it, as a whole number if all labels are whole numbers."""
    alike = [names for names in alike_labels(counts) if not set(names) <= set(said.classes)]
    if alike and not said.merge_labels:
        found = ", ".join(counted({name: counts[name] for name in names}) for names in alike[:3])
        raise CatsError(
            f"{where} holds labels that differ only in case, white space or the form of a number: {found}; say --merge-labels "
            "if they are one class, or name each of them with --classes if they are not"
        )
    numbers = [number_of(name) for name in counts]
    whole = all(number is not None and number.is_integer() for number in numbers) and (alike or "." in "".join(counts))
    chosen = {spelling(name): max(names, key=lambda name: counts[name]) for names in alike for name in names}
    plain = {name: " ".join(chosen.get(spelling(name), name).split()) for name in counts}
    return {name: spelling(name) for name in counts} if whole else plain


def refuse_doubtful(labels: Labels, said: Said, where: str) -> None:
    """Raises CatsError for a column that holds too many labels to be one of classes, more so if nobody has named it."""
    rows, found = int(labels.kept.sum()), len(labels.counts)
    if not labels.multilabel and rows > 4 and (found == rows or (said.label is None and 2 * found > rows)):
        raise CatsError(
            f"{where} holds {found:,} different labels in {rows:,} rows, too many for classes; name the column of labels with "
            "--label"
        )
