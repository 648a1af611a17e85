"""The entry that a person writes for volumes, which no inference writes: nothing in a file says what is black and white."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from results.error import CatsError
from results.text.brief import short


def require_no_volumes(path: Path, names: Sequence[str]) -> None:
    """Raises CatsError that says which entry to write if there are NIfTI files. `names`: of these files below `path`."""
    if not names:
        return
    folders = sorted({PurePosixPath(name).parent.name for name in names})
    by_class = f"nifti_folders: {{classes: [{short(', '.join(folders))}]"
    by_table = "nifti: {file: LABELS.csv, path: COLUMN, label: COLUMN, classes: [...]"
    raise CatsError(
        f"{path} holds {len(names):,} NIfTI files, and `cats new` writes no entries of volumes, because no file says which "
        f"values are black and white; write the entry by hand with read: {{{by_class if len(folders) > 1 else by_table}, "
        "percentiles: [0.5, 99.5]}}, as docs/volumes.md shows"
    )
