"""Tables with one row per patient, which name no pictures: how they are known, and what is said about them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pandas as pd

from benchmark.data.readers.dicom import headers
from benchmark.data.readers.file_tree import composed
from benchmark.data.readers.picture_files import forms_of
from benchmark.data.readers.table_file import paths_of
from benchmark.entries.dicom_facts import PATIENT, text_of
from benchmark.entries.infer_roles import is_of_people
from benchmark.entries.inferred import evenly
from benchmark.entries.said import Said
from benchmark.entries.table_beside import table_beside, tables_beside
from benchmark.entries.table_place import Place, place_of_table
from benchmark.entries.table_rows import rows_of
from results.error import CatsError

JOIN = "as docs/tables.md shows under 'A table of patients'"
LOOKED_AT = 100  # DICOM files whose PatientID is compared with the table
FEWEST = 3  # rows
HALF, NEARLY_ALL = 0.5, 0.75


def row_per_patient(rows: pd.DataFrame, place: Place, besides: Sequence[str] = ()) -> str:
    """What the rows of a table that names no pictures are, as a part of a sentence; empty if they are not known as patients.

    A column must have another value in nearly every row, and its values must be names of folders around the pictures, the
    beginnings of the names of their files, or the PatientID of the DICOM files. besides: columns that have another role.
    """
    columns = [str(column) for column in rows if str(column) not in besides]
    cells = {column: _cells(rows, column) for column in columns}
    once = [column for column in columns if max(FEWEST, NEARLY_ALL * len(rows)) <= rows[column].nunique()]
    paths = [PurePosixPath(composed(name)) for name in place.names]
    seen: dict[str, Iterable[str]] = {
        "the folder": {folder for path in paths for folder in path.parts[:-1]},
        "the beginning of a file's name": {path.name.partition("_")[0] for path in paths if "_" in path.name},
    }
    for what, names in seen.items():
        for column in once:
            here = cells[column] & set(names)
            if len(here) >= HALF * rows[column].nunique():
                return f"a row per patient, not per picture: the column '{column}' holds {what}, such as {min(here)}"
    patients = _patients_of(place) if place.dicom else []
    for column in once:
        if patients and sum(patient in cells[column] for patient in patients) >= HALF * len(patients):
            return f"a row per patient, not per picture: the column '{column}' holds the {PATIENT} of the DICOM files"
    return ""


def _patients_of(place: Place) -> list[str]:
    """The PatientID of some of the DICOM files; no sentence names one of them."""
    found = [text_of(header, PATIENT) for header in headers(place.tree, evenly(sorted(place.dicom), LOOKED_AT))
             if not isinstance(header, CatsError)]  # fmt: skip
    return list(filter(None, found))


def labels_of_patients(path: Path) -> str:
    """Where the labels may come from if the folders of a tree or archive are patients, as the end of a sentence."""
    pictures = table_beside(path)
    if pictures is not None:
        return f"the table that names the pictures: --from {pictures}"
    patients = [table for table in tables_beside(path) if _is_of_patients(table)]
    table = f"{patients[0]}, which has a row per patient," if len(patients) == 1 else "one that has a row per patient"
    return f"a table of labels (--from LABELS.csv) with a row per picture: join {table} to the pictures {JOIN}"


def is_told_by_table(path: Path, folders: Sequence[str]) -> bool:
    """Whether the folders of a tree or archive are patients as a column of a table beside them says, which is called so."""
    return any(_tells(table, set(folders)) for table in tables_beside(path))


def _tells(table: Path, folders: set[str]) -> bool:
    with suppress(CatsError):
        rows = _rows_of(table)[0]
        people = [set(_cells(rows, str(column))) for column in rows if is_of_people(str(column))]
        return any(len(folders & cells) >= max(FEWEST, NEARLY_ALL * len(folders)) for cells in people)
    return False


def _is_of_patients(table: Path) -> bool:
    with suppress(CatsError):
        return bool(row_per_patient(*_rows_of(table)))
    return False


def _rows_of(table: Path) -> tuple[pd.DataFrame, Place]:
    place, said = place_of_table(table, Said())
    return rows_of(place, said)[0], place


def _cells(rows: pd.DataFrame, column: str) -> set[str]:
    """What the cells of a column may name, in all forms."""
    return {form for cell in paths_of(rows, column) for form in forms_of(cell.strip())}
