"""Where a table lies, and among which files it names pictures: beside it, in an archive, or in a folder beside its own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from benchmark.data.readers.dicom import dicom_names
from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS, Tree
from benchmark.data.readers.packed import Packed
from benchmark.data.readers.picture_format import named_as_picture, picture_names
from benchmark.data.readers.strangers import is_stranger
from benchmark.entries.picture_fit import Hit, pictures_by_cell
from benchmark.entries.said import Said
from results.error import CatsError

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
LOOKED_AT = 500  # files of a folder in which pictures are looked for


@dataclass(frozen=True)
class Place:
    """A table, and the files among which it names pictures.

    Attributes:
        tree: of these files and the table. file: name of the table in the tree. where: the table as the user named it.
        names: of the pictures. dicom: those of them that are DICOM files. archives: those of the tree that are read in place.
    """

    tree: Tree
    file: str
    where: str
    names: tuple[str, ...]
    dicom: frozenset[str]
    archives: tuple[str, ...] = ()

    @cached_property
    def index(self) -> dict[str, list[Hit]]:
        """What a cell may hold → the pictures that it then names."""
        return pictures_by_cell(self.names)

    def content(self) -> bytes:
        """The table. Raises CatsError if it cannot be read."""
        return next(iter(self.tree.read([self.file])))


def is_table(name: str) -> bool:
    """True if a file is by its ending a table."""
    return name.lower().endswith(TABLE_ENDINGS)


def archived_table(path: Path) -> tuple[Path, str] | None:
    """The archive in which a path such as `set.zip/labels.csv` leads, and the name there; None if it leads in no archive."""
    archive = next((above for above in path.parents if above.is_file() and above.name.lower().endswith(ARCHIVE_ENDINGS)), None)
    return (archive, path.relative_to(archive).as_posix()) if archive and is_table(path.name) else None


def place_of_table(path: Path, said: Said) -> tuple[Place, Said]:
    """The place of a table, and what is said with the folders of pictures as they are called there.

    Raises CatsError if there is no such table in an archive, or no such folder.
    """
    archived = archived_table(path)
    if archived:
        tree = Tree(archived[0])
        if archived[1] not in tree.names:
            raise CatsError(f"{archived[0]} holds no {archived[1]}{_tables_in(tree)}")
        return _place(tree, archived[1], path), said
    if said.images is not None and any(_leads_out(folder) for folder in said.images.split(",")):
        return _beside(path, said)
    tree = Tree(path.parent)
    archives = tuple(name for name in tree.names if name.lower().endswith(ARCHIVE_ENDINGS) and not is_stranger(name))
    place = _place(tree, path.name, path)
    if archives and not place.names:
        place = replace(_place(Packed(path.parent, archives), path.name, path), archives=archives)
    return place, said


def _place(tree: Tree, file: str, path: Path) -> Place:
    dicom = dicom_names(tree)
    return Place(tree, file, str(path), (*picture_names(tree), *sorted(dicom)), frozenset(dicom))


def require_pictures(place: Place, path: Path) -> None:
    """Raises CatsError that says where pictures may lie, if there are none among the files of a place."""
    if not place.names:
        beside = next(_folders_with_pictures(path.parent), None) if place.tree.unpacked else None
        way = f", or say --images ../{beside.name}" if beside else ""
        raise CatsError(f"{place.tree.path} holds no picture; put {path.name} into the folder that holds the pictures{way}")


def _folders_with_pictures(folder: Path) -> Iterator[Path]:
    """Folders beside a folder that hold pictures, in them or one folder below."""
    for other in sorted(folder.absolute().parent.iterdir()):
        if other.is_dir() and other.name != folder.absolute().name and not is_stranger(other.name):
            files = islice((name for pattern in ("*", "*/*") for name in other.glob(pattern)), LOOKED_AT)
            if any(named_as_picture(file.name) and file.is_file() for file in files):
                yield other


def _tables_in(tree: Tree) -> str:
    """The end of a sentence that names the tables of an archive."""
    tables = [name for name in tree.names if is_table(name) and not is_stranger(name)]
    return f"; it holds {', '.join(tables[:6])}" if tables else ""


def _leads_out(folder: str) -> bool:
    return Path(folder.strip()).is_absolute() or ".." in Path(folder.strip()).parts


def _beside(path: Path, said: Said) -> tuple[Place, Said]:
    """The place of a table whose pictures lie in folders outside of its own: the folder that holds all of them is the tree."""
    assert said.images is not None
    table = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    folders = [Path(os.path.normpath(table.parent / folder.strip())) for folder in said.images.split(",")]
    absent = next((folder for folder in folders if not folder.is_dir()), None)
    if absent is not None:
        raise CatsError(f"--images names {absent}, which is no folder; relative ones are below {table.parent}")
    root = Path(os.path.commonpath([table.parent, *folders]))
    if root in {Path(root.anchor), Path.home()}:
        raise CatsError(
            f"{path} and the pictures in {folders[0]} have no folder in common but {root}, which is not searched; put the "
            "table beside the folder of the pictures"
        )
    inside = ",".join(folder.relative_to(root).as_posix() for folder in folders)
    return _place(Tree(root), table.relative_to(root).as_posix(), path), replace(said, images=inside)
