"""Inference of an entry from undescribed data: which reader fits, which classes, parts and shapes there are."""

from pathlib import Path

from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS
from benchmark.entries.infer_folders import infer_folders
from benchmark.entries.infer_npz import infer_npz
from benchmark.entries.infer_table import infer_table
from benchmark.entries.inferred import Inferred
from results.error import CatsError


def infer_entry(path: Path, columns: dict[str, str | None]) -> Inferred:
    """Examine a folder, an archive, a table or an npz file; `columns` names columns of a table that cannot be inferred.

    Raises CatsError if the path does not exist, or if no reader fits its content.
    """
    if not path.exists():
        raise CatsError(f"there is no folder or file {path}")
    if path.is_dir() or path.name.endswith(ARCHIVE_ENDINGS):
        return infer_folders(path)
    if path.suffix in {".csv", ".tsv"}:
        return infer_table(path, columns)
    if path.suffix == ".npz":
        return infer_npz(path)
    allowed = f"a folder, an archive ({', '.join(ARCHIVE_ENDINGS)}), a table (.csv, .tsv) or an .npz file"
    raise CatsError(f"{path} has no layout that can be read; allowed are {allowed}")
