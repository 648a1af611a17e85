"""Inference from a table with one row per picture."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.table_file import texts_of
from benchmark.entries.infer_columns import label_columns
from benchmark.entries.infer_dicom import dicom_of_table
from benchmark.entries.infer_labels import Labels, labels_of_cells, refuse_doubtful
from benchmark.entries.infer_marks import labels_of_columns
from benchmark.entries.infer_parts import parts_of_column
from benchmark.entries.infer_pictures import picture_column, place_of
from benchmark.entries.infer_roles import (
    group_column,
    kind_of_group,
    part_column,
    refuse_folders_of_groups,
    refuse_folders_of_parts,
    require_groups,
)
from benchmark.entries.inferred import Inferred, picture_shapes, require_two_classes, several_pages
from benchmark.entries.picture_fit import Fit, fit_of, pictures_by_cell
from benchmark.entries.picture_ways import way_in_words
from benchmark.entries.said import OF_DICOM, Said, refuse_options
from benchmark.entries.shared_beginnings import shared_beginnings
from benchmark.entries.table_place import Place, place_of_table, require_pictures
from benchmark.entries.table_rows import refuse_first_row, rows_of
from results.error import CatsError
from results.text.counts import how_many


def infer_table(path: Path, said: Said) -> Inferred:
    """Infer the columns and classes of a table whose pictures lie in or below its folder, in an archive or in another folder.

    Raises CatsError if a column cannot be inferred, if cells can be read in two ways, or if pictures that the table names are
    missing.
    """
    place, said = place_of_table(path, said)
    where = place.where
    rows, how = rows_of(place, said)
    part = part_column(rows, said, where)
    group = group_column(rows, said, [part] if part else [], where)
    columns = label_columns(rows, said, [column for column in (group, part) if column], where)
    labels = _labels(rows, columns, said, where)
    require_two_classes(path, labels.counts)
    require_pictures(place, path)
    every, rows = rows, rows[labels.kept]
    fit = picture_column(rows, said, place, [column for column in (*columns, part) if column])
    refuse_first_row(every, fit, place, said)
    files = [hits[0].name for hits in fit.hits]
    if part is None and said.part is None:
        refuse_folders_of_parts(files, where)
    parts, part_options, notes = parts_of_column(rows, part, said, where) if part else ({}, {}, ())
    if group:
        require_groups(rows, group, where)
    unnamed = len(set(place.names) - _named(every, fit, place.names, said))
    verb = "is" if unnamed == 1 else "are"
    pictures = f"{how_many(unnamed, 'picture')} in {place.tree.path} {verb} not in the table, and {verb} left out"
    notes += (pictures,) if unnamed else ()
    options = _options(place, fit, columns) | {key: value for key, value in (("group", group), ("part", part)) if value} | how
    inferred = Inferred(
        place.tree.path, {"table": options | labels.options | part_options}, labels.counts, parts=parts,
        groups=kind_of_group(group), multilabel=labels.multilabel, total=len(files), broken=said.broken or 0.0,
        spellings=labels.spellings, notes=(_taken(fit, columns, group, part), *labels.notes, *notes),
    )  # fmt: skip
    of_dicom = [name for name in files if name in place.dicom]
    if of_dicom:
        if len(of_dicom) < len(files):
            raise CatsError(f"{where} names {len(of_dicom):,} DICOM files and {len(files) - len(of_dicom):,} other pictures")
        return dicom_of_table(inferred, place.tree, files, said)
    refuse_options(said, OF_DICOM, "pictures, only with DICOM files")
    if group is None and said.group is None:
        refuse_folders_of_groups(files, where)
        told = shared_beginnings(files, len(labels.counts))
        inferred = replace(inferred, notes=(*inferred.notes, told)) if told else inferred
    shapes, grey = picture_shapes(place.tree, files, said.broken or 0.0)
    return replace(inferred, shapes=shapes, grey=grey, notes=(*inferred.notes, *several_pages(place.tree, files)))


def _options(place: Place, fit: Fit, columns: Sequence[str]) -> dict[str, Any]:
    """The options of the reader that say where the pictures are, and which columns name pictures and labels."""
    images, ending = place_of(fit)
    options = {"file": place.file, "path": fit.column, "label": list(columns) if len(columns) > 1 else columns[0]}
    ways = {"images": images, "ending": ending, "strip": fit.strip, "alike": list(fit.alike), "archives": list(place.archives)}
    return options | {key: value for key, value in ways.items() if value}


def _named(rows: pd.DataFrame, fit: Fit, names: Sequence[str], said: Said) -> set[str]:
    """The pictures that all rows name, also those without a label."""
    said = replace(said, strip=fit.strip)
    index = pictures_by_cell(names, fit.alike) if len(fit.hits) < len(rows) else {}
    whole = fit_of(rows, fit.column, index, said, fit.alike) if index else fit
    return {hit.name for hits in whole.hits for hit in hits}


def _taken(fit: Fit, labels: Sequence[str], group: str | None, part: str | None) -> str:
    """Which column was taken for what."""
    others = "".join(f", {role} by '{column}'" for role, column in (("groups", group), ("parts", part)) if column)
    return (
        f"pictures by the column '{fit.column}' ('{fit.cells[0]}' is {fit.hits[0][0].name}{way_in_words(fit)}), labels by "
        f"{quoted(labels)}{others}"
    )


def _labels(rows: pd.DataFrame, columns: Sequence[str], said: Said, where: str) -> Labels:
    if len(columns) > 1:
        return labels_of_columns(rows, columns, said, where)
    found = labels_of_cells(texts_of(rows, columns[0]), said, f"{where}: the column '{columns[0]}'")
    refuse_doubtful(found, said, f"{where}: the column '{columns[0]}'")
    return found
