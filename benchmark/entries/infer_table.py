"""Inference from a table with one row per picture."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.samples import PARTS
from benchmark.entries.inferred import (
    PART_WORDS,
    Inferred,
    in_part_order,
    picture_names,
    picture_shapes,
    require_two_classes,
)  # fmt: skip
from results.error import CatsError, nearest

Rows = list[dict[str, str]]
COLUMN_WORDS = {
    "label": ("label", "class", "target", "diagnosis", "dx", "category", "y"),
    "group": ("patient", "patient_id", "subject", "subject_id", "slide", "slide_id", "lesion", "lesion_id", "group"),
    "part": ("part", "split", "set", "subset", "partition"),
}


def infer_table(path: Path, columns: dict[str, str | None]) -> Inferred:
    """Infer the columns and classes of a table whose pictures lie in or below its folder.

    columns: role (path, label, group, part) → the column's name, or None to infer it. Raises CatsError if a column cannot be
    inferred, or if pictures that the table names are missing.
    """
    rows, separator = _rows(path)
    named = {role: _column(path, rows, role, name) for role, name in columns.items()}
    if not named["label"]:
        raise CatsError(f"{path} has no column that looks like a label; name it with --label, {_listed(rows)}")
    tree = Tree(path.parent)
    names = picture_names(tree)
    column, images, ending = _picture_column(path, rows, named["path"], names)
    options: dict[str, Any] = {"file": path.name, "path": column, "label": named["label"]}
    options |= {key: named[key] for key in ("group", "part") if named[key]}
    options |= {key: value for key, value in (("images", images), ("ending", ending)) if value}
    options |= {"separator": separator} if separator != "," else {}
    parts: Counter[str] = Counter()
    if named["part"]:
        values = [row[named["part"]] for row in rows]
        unknown_values = sorted({value for value in values if value.lower() not in PART_WORDS})
        if unknown_values:
            allowed = ", ".join(PART_WORDS)
            raise CatsError(f"{path}: the column '{named['part']}' holds '{unknown_values[0]}'; allowed are {allowed}")
        parts = Counter(PART_WORDS[value.lower()] for value in values)
        if set(values) - set(PARTS):
            options["part_values"] = {value: PART_WORDS[value.lower()] for value in sorted(set(values))}
    counts = dict(sorted(Counter(row[str(named["label"])] for row in rows).items()))
    require_two_classes(path, counts)
    files = [f"{images}/{row[column]}{ending}" if images else f"{row[column]}{ending}" for row in rows]
    absent = sorted(set(files) - set(names))
    if absent:
        raise CatsError(f"{path} names {absent[0]}, which is not in {path.parent} ({len(absent)} of {len(files)} are not)")
    shapes, grey = picture_shapes(tree, files)
    return Inferred(
        path.parent, {"table": options}, counts, parts=in_part_order(parts), groups=_kind_of_group(named["group"]),
        shapes=shapes, grey=grey,
    )  # fmt: skip


def _rows(path: Path) -> tuple[Rows, str]:
    """The rows of a table, and the separator of its columns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatsError(f"{path} cannot be read as a table: {error}") from error
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    if not rows or len(rows[0]) < 2:
        raise CatsError(f"{path} needs a line of column names, at least two columns, and a row per picture")
    short = next((number for number, row in enumerate(rows, 2) if None in row or None in row.values()), None)
    if short:
        raise CatsError(f"{path}, line {short} does not have as many values as there are columns")
    return rows, separator


def _column(path: Path, rows: Rows, role: str, name: str | None) -> str | None:
    """The column of a role: the column that the user names, else the first column whose name is usual for the role."""
    if name is not None:
        if name not in rows[0]:
            raise CatsError(f"{path} has no column '{name}'{nearest(name, rows[0])}")
        return name
    words = COLUMN_WORDS.get(role, ())
    return next((column for word in words for column in rows[0] if column.strip().lower() == word), None)


def _picture_column(path: Path, rows: Rows, column: str | None, names: Sequence[str]) -> tuple[str, str, str]:
    """The column that names pictures, the folder that precedes its values, and the ending that follows them."""
    for candidate in [column] if column else list(rows[0]):
        around = _around([row[candidate] for row in rows], names)
        if around:
            return candidate, *around
    what = f"the column '{column}' of {path}" if column else f"no column of {path}"
    raise CatsError(f"{what} names pictures in {path.parent}; name it with --path, {_listed(rows)}")


def _around(values: Iterable[str], names: Sequence[str]) -> tuple[str, str] | None:
    """(folder, ending) such that folder/value + ending is a picture, from the first value that fits."""
    for value in [value for value in values if value][:20]:
        for name in names:
            if name == value or name.endswith(f"/{value}"):
                return name[: -len(value)].rstrip("/"), ""
            stem, ending = name[: -len(suffix := PurePosixPath(name).suffix)], PurePosixPath(name).suffix
            if suffix and (stem == value or stem.endswith(f"/{value}")):
                return stem[: -len(value)].rstrip("/"), ending
    return None


def _listed(rows: Rows) -> str:
    return f"one of {', '.join(rows[0])}"


def _kind_of_group(column: str | None) -> str | None:
    """What `groups:` of an entry says about a column: slide, lesion, or else patient."""
    word = (column or "").removesuffix("_id").lower()
    return None if not word else word if word in {"slide", "lesion"} else "patient"
