"""A data set: what is declared about it, and its images as they are read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from benchmark.digest import digest, file_digest
from benchmark.home import data_folders
from benchmark.tree import Tree, find_tree
from results.error import CatsError, nearest
from results.record import Frozen

Task = Literal["binary", "multiclass", "multilabel", "ordinal"]
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Samples:
    """The images of a data set and what is known of each, in one order.

    Attributes:
        images: N arrays, each (H, W) or (H, W, 3) uint8, RGB; may be a generator, it is gone through once. A picture that
            cannot be read stands there as the CatsError that names it.
        labels: (N,) int64, the index of the class; multi-label: (N, C) of 0 and 1.
        ids: N names, unique inside the data set.
        groups: N names of the patient, slide, lesion or block an image comes from; None if nobody knows.
        parts: N of 'train', 'val', 'test' where an official split exists, anything else where an image is in none of them
            (idc: 'extra'); else None.
    """

    images: Iterable[np.ndarray | CatsError]
    labels: np.ndarray
    ids: list[str]
    groups: list[str] | None = None
    parts: list[str] | None = None


Reader = Callable[[Path], Samples]


class File(Frozen):
    """One file of a data set: `path` below the data folder, checksum, where it can be fetched."""

    path: str
    sha256: str | None = None
    md5: str | None = None
    url: str | None = None
    size: int | None = None

    @property
    def declared(self) -> tuple[str, str] | None:
        """(algorithm, checksum), if one is declared."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else None


def _named_reader(value: Any) -> Any:
    """In YAML a reader is named: `folders`, or a mapping with its options, `{folders: {file: x.zip}}`."""
    if isinstance(value, str | dict):
        from benchmark.readers import READERS

        name, options = (value, {}) if isinstance(value, str) else next(iter(value.items()))
        if name not in READERS:
            raise ValueError(f"there is no reader '{name}'{nearest(name, READERS)}")
        return READERS[name](**options)
    return value


class Dataset(Frozen):
    """What is declared about a data set. Promises, not wishes: reading checks them.

    Attributes:
        name: as in the papers, lower case.
        task: what its labels are.
        classes: names of the classes, in the order of the labels.
        files: what must lie in the data folder; empty for a data set that is made or ships inside a package.
        revision: changes whenever the images or labels change without a file changing (a generator, a package).
        family: data sets of one family share images; a source never meets a target of its own family.
        groups: what an image belongs to (patient, lesion ...); None: nobody knows, and boards say so.
        shape: (height, width) that every image must have; None: any.
        images: how many there are in all, if fixed.
        known_duplicates: at most so many images of val and test lie, exactly or nearly, in an earlier part of the official
            split too. A fact about published data, checked: with more of them the target is refused (benchmark.leakage).
        tree: name of the folder or archive (zip, tar) in the data folder that holds the pictures; `read` gets its path.
        obtain: where the files can be had and what layout is expected, one sentence.
        odd: what happens to an image of another shape than declared. broken: the share of images that may be unreadable.
        read: makes the Samples from the data folder.
    """

    name: str
    title: str
    modality: str
    task: Task
    classes: tuple[str, ...] = Field(min_length=2)
    licence: str
    citation: str
    files: tuple[File, ...] = ()
    revision: str = "1"
    family: str = ""
    groups: Literal["patient", "slide", "lesion", "block"] | None = None
    shape: tuple[int, int] | None = None
    images: int | None = None
    known_duplicates: int = Field(0, ge=0)
    tree: str = ""
    obtain: str = ""
    odd: Literal["refuse", "resize", "drop"] = "refuse"
    broken: float = Field(0.0, ge=0, lt=1)
    read: Annotated[Reader, BeforeValidator(_named_reader)] = Field(exclude=True, repr=False)

    @model_validator(mode="after")
    def _check_classes(self) -> "Dataset":
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"a class of {self.name} is named twice: {', '.join(self.classes)}")
        if self.task == "binary" and len(self.classes) != 2:
            raise ValueError(f"{self.name} is binary and has {len(self.classes)} classes; it must have 2")
        return self

    @property
    def relatives(self) -> str:
        """The family, or the name where none is declared."""
        return self.family or self.name

    def folder(self) -> Path:
        """The data folder that holds all files of this data set, or the path of its tree. Raises CatsError naming what is missing."""
        if self.tree:
            return self._tree()
        if not self.files:
            return data_folders()[0]
        for folder in data_folders():
            if all((folder / file.path).is_file() for file in self.files):
                return folder
        absent = ", ".join(f.path for f in self.files if not any((d / f.path).is_file() for d in data_folders()))
        places = " or ".join(str(d) for d in data_folders())
        how = f"get it with `cats fetch {self.name}`" if any(f.url for f in self.files) else f"see `cats show {self.name}`"
        raise CatsError(f"{self.name}: {absent or 'its files'} not found in {places}; {how}, or set CATS_DATA")

    def _tree(self) -> Path:
        found = find_tree(self.tree, data_folders())
        if found is None:
            places = " or ".join(str(d) for d in data_folders())
            raise CatsError(f"{self.name}: no folder or archive '{self.tree}' in {places}; {self.obtain or 'set CATS_DATA'}")
        return found

    def verify(self, folder: Path) -> None:
        """Compare every file with its declared checksum. Raises CatsError saying what was expected and what came."""
        for file in self.files:
            if file.declared is None:
                continue
            algorithm, expected = file.declared
            actual = file_digest(folder / file.path, algorithm)
            if actual != expected:
                raise CatsError(
                    f"{self.name}: {folder / file.path} has {algorithm} {actual}, expected {expected}; "
                    f"it is damaged or another version: remove it and fetch it again"
                )

    def digest(self) -> str:
        """Identity of images and labels: declared checksums where there are some, else those of the files on disk."""
        files = {"tree": ("sha256", Tree(self._tree()).digest())} if self.tree else {}
        for file in self.files:
            files[file.path] = file.declared or ("sha256", file_digest(self.folder() / file.path))
        return digest({"name": self.name, "revision": self.revision, "files": files, "classes": self.classes})
