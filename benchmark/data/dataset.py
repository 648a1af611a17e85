"""A data set: what its entry declares, where its files are, and its identity."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from benchmark.core import json_cache
from benchmark.core.digest import file_digest
from benchmark.core.numeric import Numeric
from benchmark.core.paths import data_folders, digests_folder
from benchmark.data.copies import Handling
from benchmark.data.readers.cells import in_class_order, number_of
from benchmark.data.readers.file_tree import Tree, find_tree
from benchmark.data.readers.named import identifying_options, named_reader
from benchmark.data.readers.samples import Reader, TreeReader, reading_of
from benchmark.data.unlabelled import Unlabelled
from results.error import CatsError
from results.files.digest import digest
from results.files.limits import CLASSES
from results.record import Frozen, Task
from results.text.brief import briefly
from results.text.plain import fault_of_name

Side = Annotated[int, Field(ge=1, le=10**6)]  # of a picture, in pixels
GroupKind = Literal["patient", "slide", "lesion", "block"]
GROUP_KINDS: tuple[GroupKind, ...] = get_args(GroupKind)
READING = 1  # raised when readers read other images, labels or parts than before; what was found about archives is then lost


class File(Numeric):
    """A file of a data set: its path below the data folder, its checksum, and where it can be downloaded."""

    path: str
    sha256: str | None = None
    md5: str | None = None
    url: str | None = None
    size: int | None = Field(None, ge=0)

    @property
    def declared(self) -> tuple[str, str] | None:
        """(algorithm, checksum), or None if no checksum is declared."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else None

    def difference(self, path: Path, *, fresh: bool = False) -> str:
        """The actual and the expected checksum of `path`; empty if they agree or none is declared."""
        algorithm, expected = self.declared or ("", "")
        actual = file_digest(path, algorithm, fresh=fresh) if algorithm else ""
        return "" if actual == expected else f"{algorithm} {actual}, expected {expected}"

    def verify(self, path: Path, owner: str, *, fresh: bool = False) -> None:
        """Raises CatsError, naming the data set `owner`, if the checksum of `path` is not the declared one."""
        difference = self.difference(path, fresh=fresh)
        if difference:
            raise CatsError(f"{owner}: {path} has {difference}; it is damaged or another version: remove it and fetch it again")


class Dataset(Numeric):
    """What an entry declares about a data set. The reader's result is checked against it.

    Attributes:
        name: as in the papers, lower case.
        task: what its labels are.
        classes: names of the classes, in the order of the labels.
        files: the files that must be in the data folder; empty for a data set that is generated or ships inside a package.
        revision: must change whenever images or labels change without a change of a file (a generator, a package).
        family: data sets of one family share images; a source never meets a target of its own family.
        groups: what several images can belong to (patient, lesion ...); "image" if there are no patients or the like, so that
            each image counts alone; None if unknown, which is noted under boards.
        shape: (height, width) that every image must have; None: any.
        images: their total number, if it is fixed.
        official: the official parts; empty if there are none. None: those that the reader returns, which reads the files once.
        duplicates: what becomes of images that have a copy in an earlier official part (benchmark.data.copies): the target is
            refused, the later ones are left out, all of them are left out, or they are kept, which boards note. A drawn split
            keeps copies in one part, unless they are allowed in several.
        known_duplicates: number of images of val and test that are known to be duplicates or near-duplicates of an image in
            an earlier part of the official split. With more of them the target is refused (execution.leakage).
        tree: name of the folder or archive (zip, tar) in the data folder that holds the pictures; `read` receives its path.
        place: absolute path of the folder to look in first, in users' own entries. It is no part of the identity.
        obtain: one sentence: where the files are available, and the expected layout.
        odd: what to do with an image of another shape than declared. broken: share of images that may be unreadable.
        identifiers: how records name images and groups: as keyed digests, or plainly. No part of the identity. Entries of
            this project are plain unless they say otherwise, because their names are public (specs.catalogue).
        unlabelled: pictures of the tree for which `cats submit` writes a competition's table. No part of the identity.
        read: the reader, data folder → Samples.
        options: of a reader named in YAML, as JSON; part of the identity, since another column gives other labels.
    """

    name: str
    title: str
    modality: str
    task: Task
    classes: tuple[str, ...] = Field(min_length=2, max_length=CLASSES)
    licence: str
    citation: str
    files: tuple[File, ...] = ()
    revision: str = "1"
    family: str = ""
    groups: GroupKind | Literal["image"] | None = None
    shape: tuple[Side, Side] | None = None
    images: int | None = Field(None, ge=1)
    official: tuple[Literal["train", "val", "test"], ...] | None = None
    duplicates: Handling = "refuse"
    known_duplicates: int = Field(0, ge=0)
    tree: str = ""
    place: str = ""
    obtain: str = ""
    odd: Literal["refuse", "resize", "drop"] = "refuse"
    broken: float = Field(0.0, ge=0, lt=1)
    identifiers: Literal["digest", "plain"] = "digest"
    unlabelled: Unlabelled | None = None
    read: Annotated[Reader, BeforeValidator(named_reader)] = Field(exclude=True, repr=False)
    options: str = ""
    _asked: str = PrivateAttr("")  # the name with options, as a command takes it, where a person asked for some

    @model_validator(mode="before")
    @classmethod
    def _keep_options(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("read"), dict):
            if not (content.get("tree") or content.get("files") or "hub" in content["read"]):
                raise ValueError("neither tree nor files is given; without them a change of the images would not be noticed")
            return {**content, "options": json.dumps(identifying_options(content["read"]), sort_keys=True)}
        return content

    @model_validator(mode="after")
    def _check_classes(self) -> "Dataset":
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"a class of {self.name} is named twice: {', '.join(self.classes)}")
        if self.task == "binary" and len(self.classes) != 2:
            raise ValueError(f"{self.name} is binary and has {len(self.classes)} classes; it must have 2")
        order = in_class_order(self.classes)
        numbers = all(number_of(name) is not None for name in self.classes)
        if self.task == "ordinal" and numbers and list(self.classes) not in (order, order[::-1]):
            raise ValueError(
                f"{self.name} is ordinal and has the classes {', '.join(self.classes)}, in another order than the numbers"
            )
        return self

    @model_validator(mode="after")
    def _check_unlabelled(self) -> "Dataset":
        if self.unlabelled is not None:
            self.unlabelled.require_task(self.name, self.task)
            if not self.tree:
                raise ValueError(f"unlabelled of {self.name} names files of a tree, and no tree is declared")
        return self

    @model_validator(mode="after")
    def _check_paths(self) -> "Dataset":
        fault = fault_of_name(self.name)
        if fault or self.name.startswith(".") or set(self.name) & set("/\\"):
            why = f"it {fault}" if fault else "it must not begin with . or contain / or \\"
            raise ValueError(f"the name {briefly(self.name)} becomes a part of file names; {why}")
        for path in (self.tree, *(file.path for file in self.files)):
            if Path(path).is_absolute() or ".." in Path(path).parts:
                raise ValueError(f"'{path}' must be below the data folder; declare a folder elsewhere as place")
        if self.place and not Path(self.place).expanduser().is_absolute():
            raise ValueError(f"place is '{self.place}'; it must be an absolute path; relative paths are below CATS_DATA")
        return self

    @property
    def private(self) -> bool:
        """Whether no name of an image or of a group may leave this machine."""
        return self.identifiers == "digest"

    @property
    def relatives(self) -> str:
        """The family, or the name if no family is declared."""
        return self.family or self.name

    def places(self) -> list[Path]:
        """Folders in which files are looked for, in order: `place`, then the data folders of this machine."""
        return [*([Path(self.place).expanduser()] if self.place else []), *data_folders()]

    def folder(self) -> Path:
        """The data folder that holds all files, or the path of the tree. Raises CatsError that names what is missing."""
        if self.tree:
            return self._tree()
        folders = self.places()
        if not self.files:
            return folders[0]
        for folder in folders:
            if all((folder / file.path).is_file() for file in self.files):
                return folder
        absent = ", ".join(f.path for f in self.files if not any((d / f.path).is_file() for d in folders))
        places = " or ".join(str(d) for d in folders)
        asked = self._asked or self.name
        how = f"get it with `cats fetch {asked}`" if any(f.url for f in self.files) else f"see `cats show {self.name}`"
        raise CatsError(f"{self.name}: {absent or 'its files'} not found in {places}; {how}, or set CATS_DATA")

    def _tree(self) -> Path:
        path = find_tree(self.tree, self.places())
        if path is None:
            places = " or ".join(str(d) for d in self.places())
            asked = self._asked or self.name
            how = f"get it with `cats fetch {asked}`" if any(f.url for f in self.files) else self.obtain or "set CATS_DATA"
            raise CatsError(f"{self.name}: no folder or archive '{self.tree}' in {places}; {how}")
        return path

    def file(self, file: File) -> Path:
        """Path of a file of this data set. Raises CatsError if it is in no data folder."""
        for folder in [self.folder()] if not self.tree else self.places():
            if (folder / file.path).is_file():
                return folder / file.path
        raise CatsError(f"{self.name}: {file.path} not found in {' or '.join(map(str, self.places()))}")

    def verify(self, *, fresh: bool = False) -> None:
        """Compare every file with its declared checksum. Raises CatsError with both. `fresh`: believe no noted checksum."""
        for file in self.files:
            file.verify(self.file(file), self.name, fresh=fresh)

    def digest(self) -> str:
        """Identity of images and labels: declared checksums, and checksums of the files on disk where none are declared."""
        tree = Tree(self._tree()) if self.tree else None
        files = {"tree": ("sha256", tree.digest(self._names(tree)))} if tree else {}
        for file in self.files:
            files[file.path] = file.declared or ("sha256", file_digest(self.file(file)))
        content: dict[str, Any] = {"name": self.name, "task": self.task, "revision": self.revision, "files": files}
        content |= {"classes": self.classes, "shape": self.shape, "odd": self.odd, "broken": self.broken}
        reading = self._reading(tree)
        return digest(content | reading | ({"options": self.options} if self.options else {}))

    def _names(self, tree: Tree) -> list[str] | None:
        """The files of a folder that are read, None for all; an archive is one file, whatever is read of it."""
        return self.read.files(tree) if isinstance(self.read, TreeReader) and tree.path.is_dir() else None

    def _reading(self, tree: Tree | None) -> dict[str, str]:
        """What makes the identity another one where earlier versions read other images, labels or parts from the same files.

        For an archive it is cached by the state of the file, because a packed one must be unpacked to be listed.
        """
        if tree is None or tree.path.is_dir():
            return reading_of(self.read, tree, tolerant=self.broken > 0)
        state = tree.path.stat()
        facts = [self.name, self.revision, self.options, READING, self.broken > 0]
        stamp = [str(tree.path.resolve()), state.st_size, state.st_mtime_ns, *facts]
        path = digests_folder() / f"reading-{digest(stamp)}.json"
        known = json_cache.read(_Reading, path)
        if known is None:
            known = _Reading(words=reading_of(self.read, tree, tolerant=self.broken > 0))
            json_cache.keep(known, path)
        return known.words


class _Reading(Frozen):
    """What `reading_of` has found about an archive."""

    words: dict[str, str]
