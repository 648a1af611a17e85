"""Ways in which cells name pictures without holding their paths: another beginning or spelling, or two columns together.

A way is taken only if each row then names one picture and no two rows the same one; it is written into the entry and said.
"""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path, PurePosixPath

import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.picture_files import Alike, slashed
from benchmark.entries.picture_fit import Fit, Hit, fit_of, is_index, pictures_by_cell, stripped
from benchmark.entries.said import Said
from results.error import CatsError

LOOSEST: tuple[Alike, ...] = ("case", "ending", "zeros")
ALIKE: tuple[tuple[Alike, ...], ...] = (
    ("case",), ("ending",), ("zeros",), ("case", "ending"), ("case", "zeros"), ("ending", "zeros"), LOOSEST,
)  # fmt: skip
IN_WORDS = {"case": "in case", "ending": "in their ending", "zeros": "in zeros before a number"}
JOINS = ("/", "_", "-")  # between two columns
SAMPLE = 30  # rows with which pairs of columns are tried first
COLUMNS = 40  # of a table; pairs of more are not tried


def near_fits(rows: pd.DataFrame, columns: Sequence[str], names: Sequence[str], said: Said, where: str) -> list[Fit]:
    """The columns, or pairs of columns, that name the pictures in a way that differs as little as possible from a path.

    columns: that may name pictures alone. Empty if no way is clear. Raises CatsError if a cell may be two pictures whose names
    differ from it in other ways.
    """
    index = pictures_by_cell(names, LOOSEST)
    single = [fit_of(rows, name, index, said, LOOSEST) for name in columns if not is_index(name)]
    pairs = [] if said.path else [fit_of(rows, path, index, said, LOOSEST) for path in _pairs(rows, index, said)]
    may = {fit.column: fit for fit in (*single, *pairs) if all(fit.hits)}
    for alike in ((), *ALIKE) if may else ():
        index = pictures_by_cell(names, alike)
        found = [fit for column in may if (fit := fit_of(rows, column, index, said, alike)).clear]
        if found and alike:
            _refuse_two(may[found[0].column], where)
        if found:
            return found
    for fit in single:
        if fit.column in may and (fit.speaking or fit.explicit):
            _refuse_two(fit, where)
    return []


def _refuse_two(fit: Fit, where: str) -> None:
    """Raises CatsError if a cell may be two pictures where names may differ in case, ending and zeros."""
    cell, hits = next(((cell, hits) for cell, hits in zip(fit.cells, fit.hits, strict=True) if len(hits) > 1), ("", []))
    if hits:
        raise CatsError(
            f"{where}: '{cell}' in the column '{fit.column}' is no name of a picture, and may be "
            f"{quoted(dict.fromkeys(hit.name for hit in hits))}: rename the files, or say which are meant with --images FOLDER "
            "or --ending ENDING"
        )


def _pairs(rows: pd.DataFrame, index: dict[str, list[Hit]], said: Said) -> list[str]:
    """Pairs of columns of which each of the first rows names a picture, as `{folder}/{file}`."""
    columns = [str(column) for column in rows if not is_index(str(column)) and not {"{", "}"} & set(str(column))]
    if len(columns) > COLUMNS:
        return []
    some = rows.iloc[:SAMPLE]
    written = [f"{{{one}}}{sign}{{{other}}}" for one, other in permutations(columns, 2) for sign in JOINS]
    return [path for path in written if all(fit_of(some, path, index, said, LOOSEST).hits)]


def stripped_fit(fits: Sequence[Fit], index: dict[str, list[Hit]], said: Said) -> Fit | None:
    """A column that names the pictures if the folders with which all of its cells begin are left out; None if none does."""
    for fit in fits:
        first = slashed(fit.cells[0])
        for end in (at + 1 for at, sign in enumerate(first) if sign == "/"):
            if not all(slashed(cell).startswith(first[:end]) for cell in fit.cells):
                break
            found = stripped(fit, first[:end], index, said)
            if found.clear:
                return found
    return None


def leads_to(strip: str, folder: Path) -> bool:
    """True if the beginning of cells is the name or the path of the folder in which the pictures lie."""
    parts = PurePosixPath(strip).parts
    return bool(parts) and folder.absolute().parts[-len(parts) :] == parts


def way_in_words(fit: Fit) -> str:
    """How the cells were read, as a part of a sentence; empty if they are paths."""
    said = [f"without '{fit.strip}' at their beginning"] if fit.strip else []
    if fit.alike:
        ways = [IN_WORDS[way] for way in fit.alike]
        said.append(f"which differ {' and '.join(ways)} from the names of the files")
    return f", {', '.join(said)}" if said else ""
