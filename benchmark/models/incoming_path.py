"""What a path of a user means: a folder, an archive, a table, or a single picture."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.data.readers.dicom import dicom_names
from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS, Tree
from benchmark.data.readers.nifti import nifti_names
from benchmark.data.readers.picture_format import picture_names
from benchmark.data.readers.strangers import is_stranger
from benchmark.entries.table_place import archived_table, is_table
from benchmark.models.class_folders import labels_by_folder
from benchmark.models.incoming import Incoming
from benchmark.models.incoming_table import incoming_of_table
from results.error import CatsError
from results.files.limits import require_regular


def incoming_of(path: Path, classes: Sequence[str], column: str = "", *, volumes: bool = False) -> Incoming:
    """The pictures that a path means: a folder, a zip or tar archive, a table of file names, a picture or a DICOM file.

    classes: of the classifier; folders of these names are labels. column: of the table, that names the files. volumes: whether
    NIfTI files are meant, of which a table names none.

    Raises CatsError if there is nothing at the path, or no picture.
    """
    if archived_table(path) or (is_table(path.name) and path.is_file()):
        if volumes:
            raise CatsError(f"{path} is a table; a classifier of volumes is used on NIfTI files, folders or archives of them")
        return incoming_of_table(path, classes, column)
    if column:
        raise CatsError(f"--path can be used with a table only; {path} is none")
    if path.is_dir() or (path.is_file() and path.name.lower().endswith(ARCHIVE_ENDINGS)):
        return _of_tree(path, classes, volumes=volumes)
    require_regular(path)
    if not path.is_file():
        raise CatsError(f"{path} does not exist; name a folder, an archive, a table, a picture or a target")
    return Incoming([path.name], Tree(path.parent), [path.name])


def _of_tree(path: Path, classes: Sequence[str], *, volumes: bool) -> Incoming:
    tree = Tree(path)
    if not tree.names:
        raise CatsError(f"{path} is empty; name a folder or an archive that holds pictures")
    names = nifti_names(tree) if volumes else sorted({*picture_names(tree), *dicom_names(tree)})
    others = sum(not is_stranger(name) for name in tree.names) - len(names)
    if not names:
        held = f"its {others:,} files are" if others > 1 else "its only file is" if others else "its files are"
        kind = "NIfTI file (.nii, .nii.gz)" if volumes else "picture that can be read"
        raise CatsError(f"{path} holds no {kind}: {held} of other kinds")
    folders = labels_by_folder(names, classes, str(path))
    notes: tuple[str, ...] = ()
    if others:
        one, many = ("NIfTI file", "NIfTI files") if volumes else ("picture", "pictures")
        what = f"1 file that is no {one} is" if others == 1 else f"{others:,} files that are no {many} are"
        notes = (f"{path}: {what} left out",)
    return Incoming(names, tree, names, labels=folders.labels, notes=notes, unscored=folders.notes)


def joined(parts: Sequence[Incoming]) -> Incoming:
    """One part as it is; of several, single files of one folder together. Raises CatsError for other mixtures."""
    if len(parts) == 1:
        return parts[0]
    trees = {part.tree.path for part in parts if part.tree is not None}
    if len(trees) != 1 or any(len(part) != 1 for part in parts):
        raise CatsError("several inputs must be single pictures of one folder; call the command once for each folder or table")
    names = [name for part in parts for name in part.names]
    return Incoming(names, parts[0].tree, names)
