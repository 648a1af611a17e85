"""The patients of new pictures: from a column of the table that names the pictures, or from DICOM files themselves."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.data.readers.dicom import dicom_among, tag_of
from benchmark.data.readers.dicom_pixels import opened
from benchmark.data.readers.table_file import lines_of, separator_of, table_of
from benchmark.entries.said import Said
from benchmark.entries.table_place import archived_table, is_table, place_of_table
from benchmark.models.incoming import Incoming
from results.error import CatsError, nearest
from results.text.counts import share_of

PATIENT = "PatientID"
ALONE = "every image counts as independent; a table with a column of patients (--group) tells them"


def with_groups(incoming: Incoming, path: Path, column: str) -> Incoming:
    """The pictures of a table with the group that a column states for each.

    Raises CatsError if the path is no table, or if the table does not have the column or leaves a cell of it empty.
    """
    if not (archived_table(path) or (is_table(path.name) and path.is_file())):
        raise CatsError(f"--group names a column of a table; {path} is none: name a CSV or Parquet table of the pictures")
    place, _ = place_of_table(path, Said())
    content = place.content()
    separator = "," if place.file.lower().endswith(".parquet") else separator_of(content)
    rows = table_of(content, place.file, separator, place.where)
    columns = [str(name) for name in rows]
    if column not in columns:
        raise CatsError(f"{place.where} has no column '{column}', which --group names{nearest(column, columns)}")
    cells = [str(cell).strip() for cell in rows[column]]
    for cell, line in zip(cells, lines_of(rows), strict=True):
        if not cell:
            raise CatsError(f"{place.where}, line {line} has no {column}; --group needs the patient of every picture")
    return replace(incoming, groups=np.array(cells))


def patients_in_files(incoming: Incoming) -> np.ndarray | None:
    """The PatientID in the header of each DICOM file, empty for other pictures; None if no picture is a DICOM file.

    The names stay in memory: callers count them, and write none.
    """
    if incoming.tree is None:
        return None
    files = set(dicom_among(incoming.tree, [member for member in incoming.members if member is not None]))
    if not files:
        return None
    found = [""] * len(incoming)
    for number, (member, content) in enumerate(zip(incoming.members, incoming.contents(), strict=True)):
        if member in files and isinstance(content, bytes | Path):
            with suppress(CatsError):  # a file that cannot be read is no part of the comparison, and one may have no patient
                found[number] = tag_of(opened(content, incoming.names[number], header_only=True), PATIENT, "")
    return np.array(found)


def usable_patients(patients: np.ndarray | None, rows: Sequence[int] | np.ndarray) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The patients, if those of the pictures that count (`rows`) are all known and differ; else None, and why, naming none."""
    if patients is None or not len(rows):
        return None, ()
    here = patients[np.asarray(rows, dtype=np.int64)]
    missing = int((here == "").sum())
    if missing:
        names = share_of(missing, len(here), "images", "has", "have")
        return None, (f"{names} no {PATIENT}: {ALONE}",)
    if len(here) > 1 and len(np.unique(here)) == 1:
        return None, (f"all {len(here):,} DICOM files have one {PATIENT}, which does not tell patients apart: {ALONE}",)
    return patients, ()
