"""Inference from a table with one row per picture."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.data.readers.cells import counted, quoted, spelling
from benchmark.data.readers.dicom import dicom_names
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.folders import NO_PART
from benchmark.data.readers.part_words import ALLOWED, part_of
from benchmark.data.readers.picture_format import picture_names
from benchmark.data.readers.samples import PARTS
from benchmark.data.readers.table_file import read_whole, separator_of, table_of, texts_of
from benchmark.entries.infer_columns import label_columns
from benchmark.entries.infer_dicom import dicom_of_table
from benchmark.entries.infer_labels import Labels, labels_of_cells, refuse_doubtful
from benchmark.entries.infer_marks import labels_of_columns
from benchmark.entries.infer_pictures import picture_column, place_of
from benchmark.entries.infer_roles import (
    group_column,
    kind_of_group,
    part_column,
    refuse_folders_of_parts,
    require_groups,
)
from benchmark.entries.inferred import Inferred, in_part_order, picture_shapes, require_two_classes, several_pages
from benchmark.entries.picture_fit import Fit, fit_of, pictures_by_cell
from benchmark.entries.said import OF_DICOM, Said, refuse_options
from results.error import CatsError

TABLE_ENDINGS = (".csv", ".tsv", ".parquet")


def infer_table(path: Path, said: Said) -> Inferred:
    """Infer the columns and classes of a table whose pictures lie in or below its folder.

    Raises CatsError if a column cannot be inferred, if cells can be read in two ways, or if pictures that the table names are
    missing.
    """
    rows, separator = _rows(path)
    part = part_column(rows, said, str(path))
    group = group_column(rows, said, [part] if part else [], str(path))
    besides = [column for column in (group, part) if column]
    columns = label_columns(rows, said, besides, str(path))
    labels = _labels(rows, columns, said, str(path))
    require_two_classes(path, labels.counts)
    every, rows = rows, rows[labels.kept]
    tree = Tree(path.parent)
    dicom = set(dicom_names(tree))
    names = [*picture_names(tree), *sorted(dicom)]
    fit = picture_column(rows, said, names, [column for column in (*columns, part) if column], path)
    if part is None and said.part is None:
        refuse_folders_of_parts([hits[0].name for hits in fit.hits], str(path))
    images, ending = place_of(fit)
    options: dict[str, Any] = {"file": path.name, "path": fit.column, "label": columns if len(columns) > 1 else columns[0]}
    options |= {
        key: value for key, value in (("group", group), ("part", part), ("images", images), ("ending", ending)) if value
    }
    options |= {"separator": separator} if separator != "," else {}
    parts, part_options, notes = _parts(rows, part, said, str(path)) if part else ({}, {}, ())
    if group:
        require_groups(rows, group, str(path))
    files = [hits[0].name for hits in fit.hits]
    unnamed = len(set(names) - _named(every, fit, names, said))
    notes += (f"{unnamed:,} pictures in {path.parent} are not in the table, and are left out",) if unnamed else ()
    inferred = Inferred(
        path.parent, {"table": options | labels.options | part_options}, labels.counts, parts=parts,
        groups=kind_of_group(group), multilabel=labels.multilabel, total=len(files), broken=said.broken or 0.0,
        spellings=labels.spellings, notes=(_taken(fit, columns, group, part), *labels.notes, *notes),
    )  # fmt: skip
    of_dicom = [name for name in files if name in dicom]
    if of_dicom:
        if len(of_dicom) < len(files):
            raise CatsError(f"{path} names {len(of_dicom):,} DICOM files and {len(files) - len(of_dicom):,} other pictures")
        return dicom_of_table(inferred, files, said)
    refuse_options(said, OF_DICOM, "pictures, only with DICOM files")
    shapes, grey = picture_shapes(tree, files, said.broken or 0.0)
    return replace(inferred, shapes=shapes, grey=grey, notes=(*inferred.notes, *several_pages(tree, files)))


def _named(rows: pd.DataFrame, fit: Fit, names: Sequence[str], said: Said) -> set[str]:
    """The pictures that all rows name, also those without a label."""
    whole = fit if len(fit.hits) == len(rows) else fit_of(rows, fit.column, pictures_by_cell(names), said)
    return {hit.name for hits in whole.hits for hit in hits}


def _taken(fit: Fit, labels: Sequence[str], group: str | None, part: str | None) -> str:
    """Which column was taken for what."""
    others = "".join(f", {role} by '{column}'" for role, column in (("groups", group), ("parts", part)) if column)
    return (
        f"pictures by the column '{fit.column}' ('{fit.cells[0]}' is {fit.hits[0][0].name}), labels by {quoted(labels)}{others}"
    )


def _rows(path: Path) -> tuple[pd.DataFrame, str]:
    """The rows of a table, and the separator of its columns."""
    content = read_whole(path)
    separator = "," if path.suffix.lower() == ".parquet" else separator_of(content)
    rows = table_of(content, path.name, separator, str(path))
    if rows.empty or len(rows.columns) < 2:
        raise CatsError(f"{path} needs a line of column names, at least two columns, and a row per picture")
    inside = next((column for column in rows if isinstance(rows[column].iloc[0], bytes | dict)), None)
    if inside is not None:
        raise CatsError(f"{path} holds the pictures themselves, in the column '{inside}'; write an entry with the reader hub")
    if path.suffix.lower() != ".parquet":
        widths = _widths(content, separator, path)
        short = next((number for number, width in widths if width != widths[0][1]), None)
        if short:
            raise CatsError(f"{path}, line {short} does not have as many values as there are columns")
    return rows, separator


def _widths(content: bytes, separator: str, path: Path) -> list[tuple[int, int]]:
    """(line, number of values) of each line of a CSV that is not empty."""
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator)
    try:
        return [(lines.line_num, len(line)) for line in lines if line]
    except csv.Error as error:
        raise CatsError(f"{path}, line {lines.line_num} cannot be read as a table: {error}") from error


def _labels(rows: pd.DataFrame, columns: Sequence[str], said: Said, where: str) -> Labels:
    if len(columns) > 1:
        return labels_of_columns(rows, columns, said, where)
    found = labels_of_cells(texts_of(rows, columns[0]), said, f"{where}: the column '{columns[0]}'")
    refuse_doubtful(found, said, f"{where}: the column '{columns[0]}'")
    return found


def _parts(rows: pd.DataFrame, column: str, said: Said, where: str) -> tuple[dict[str, int], dict[str, Any], tuple[str, ...]]:
    """(images of each part, options of the reader, sentences). Raises CatsError for words that nobody has explained."""
    counts = Counter(texts_of(rows, column))
    meant = {spelling(word): part for word, part in said.part_values().items()}
    words = {word: meant.get(spelling(word)) or part_of(word) for word in counts}
    unknown = {word: counts[word] for word, part in words.items() if part is None}
    if unknown:
        word = min(unknown)
        seen = f"holds '{word}'" if word.strip() else "is blank in some rows"
        raise CatsError(
            f"{where}: the column '{column}' {seen}; allowed are {ALLOWED}; unknown are {counted(unknown)}: say what "
            f"each means, as in --parts {word.strip()}=train, or ={NO_PART} for rows that are in no part, or --part '' "
            "if the column holds no parts"
        )
    parts = Counter(dict.fromkeys(PARTS, 0))
    for word, part in words.items():
        parts[str(part)] += counts[word]
    unused = {word: counts[word] for word, part in words.items() if part == NO_PART}
    notes = (f"{sum(unused.values()):,} images are in no part, as declared: {counted(unused)}",) if unused else ()
    return in_part_order(parts), {"part_values": dict(sorted(words.items()))} if set(words) - set(PARTS) else {}, notes
