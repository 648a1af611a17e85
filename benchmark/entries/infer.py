"""Inference of an entry from undescribed data: which reader fits, which classes, parts and shapes there are."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS, Tree
from benchmark.entries.infer_dicom import chosen_dicom, infer_dicom_folders
from benchmark.entries.infer_folders import infer_folders
from benchmark.entries.infer_npz import infer_npz
from benchmark.entries.infer_table import infer_table
from benchmark.entries.inferred import Inferred
from benchmark.entries.known_sets import known_file
from benchmark.entries.said import OF_BOTH, OF_DICOM, OF_FOLDERS, OF_LABELS, OF_TABLES, Said, refuse_options
from benchmark.entries.table_place import TABLE_ENDINGS, archived_table, is_table
from benchmark.entries.value_range import with_range
from results.error import CatsError, damage_of
from results.files.limits import require_regular

LONGEST = 65536  # bytes of a first line
SHEETS = {".xlsx", ".xls", ".ods", ".numbers"}


def infer_entry(path: Path, said: Said) -> Inferred:
    """Examine a folder, an archive, a table or an npz file; `said` decides what the data leave open.

    Raises CatsError if the path does not exist, if no reader fits its content, or if its content can be read in two ways.
    """
    if not path.exists() and archived_table(path) is None:
        raise CatsError(f"there is no folder or file {path}")
    require_regular(path)
    try:
        return with_range(_inferred(path, said), said)
    except CatsError:
        raise
    except Exception as error:  # a library may raise nearly anything for the bytes that a person's file holds
        raise CatsError(
            f"{path} cannot be examined: a file in it is damaged or of an unexpected form: "
            f"{damage_of(error)}; write the entry by hand, as docs/entries.md shows"
        ) from error


def _inferred(path: Path, said: Said) -> Inferred:
    """What fits the kind of data at a path."""
    if path.is_dir() or path.name.endswith(ARCHIVE_ENDINGS):
        refuse_options(said, [name for name in (*OF_TABLES, *OF_LABELS) if name not in OF_BOTH], "folders of pictures")
        tree = Tree(path)
        names = chosen_dicom(tree, said)
        if names:
            return infer_dicom_folders(tree, names, said)
        refuse_options(said, OF_DICOM, "pictures, only with DICOM files")
        return infer_folders(path, said)
    refuse_options(said, OF_FOLDERS, "a file")
    if is_table(path.name) and not _is_prose(path):
        return infer_table(path, said)
    if path.suffix.lower() == ".npz":
        refuse_options(said, [*(name for name in OF_TABLES if name != "group"), *OF_DICOM, "broken"], "an npz file")
        return _named(path, lambda: infer_npz(path, said))
    allowed = f"a folder, an archive ({', '.join(ARCHIVE_ENDINGS)}), a table ({', '.join(TABLE_ENDINGS)}) or an .npz file"
    sheet = "; save the sheet as .csv" if path.suffix.lower() in SHEETS else ""
    known = known_file(path)
    raise CatsError(f"{path} has no layout that can be read; allowed are {allowed}{sheet}{f'; {known}' if known else ''}")


def _is_prose(path: Path) -> bool:
    """True for a .txt whose first line holds one word: no table."""
    if path.suffix.lower() != ".txt" or not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(LONGEST).decode("utf-8", "replace")
    return len(re.split(r"[\s,;|]+", first.strip())) < 2


def _named(path: Path, found: Callable[[], Inferred]) -> Inferred:
    """What was inferred from a file, or the reason why nothing was, with the shipped entry that has a file of this name."""
    known = known_file(path)
    try:
        inferred = found()
    except CatsError as error:
        raise CatsError(f"{error}; {known}" if known else str(error)) from error
    return replace(inferred, notes=(*inferred.notes, known)) if known else inferred
