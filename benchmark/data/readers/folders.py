"""Reader of one folder per class."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from benchmark.core.patterns import require_expression
from benchmark.data.readers.file_tree import Tree, composed
from benchmark.data.readers.part_words import ALLOWED, part_of
from benchmark.data.readers.picture_format import PICTURE_ENDINGS, ending_of, picture_names
from benchmark.data.readers.pictures import found_in, groups_of_names, pictures, stored_values
from benchmark.data.readers.revision import of_pictures
from benchmark.data.readers.samples import Reader, Samples, StoredNumbers, TreeReader, noted
from benchmark.data.readers.scale import scale_of
from benchmark.data.readers.walk import DEPTH
from results.error import CatsError
from results.text.brief import briefly

OUT = "-"  # what `parts` says of a folder that is left out
NO_PART = "extra"  # what `parts` says of a folder whose images are in no part


def folders(classes: list[str] | dict[str, str], root: str = "", **options: Any) -> TreeReader:
    """One folder per class in a folder, zip or tar: the last folder of a picture's path is its class, folders of parts apart.

    The options are those of Layout and of Scale.
    """
    scale, others = scale_of(options)
    layout = Layout(classes, root, **others)

    def files(tree: Tree) -> list[str]:
        return layout.of(picture_names(tree))

    def read(path: Path) -> Samples:
        tree = Tree(path)
        names = files(tree)
        labels, groups, parts = layout.arranged(path, names)
        images = pictures(tree, names, scale)
        return Samples(images, labels, names, groups, parts, stored=StoredNumbers(stored_values(tree, names), scale))

    return noted(reader_of_folders(read, files, layout), of_pictures(scale))


@dataclass(frozen=True)
class Layout:
    """The options of readers of one folder per class.

    Attributes:
        classes: names of the folders, or folder → class; several folders may make one class, in the order of the first ones.
        root: folder that holds the classes, at any depth.
        parts: a folder below root → the part of its pictures, `{valid: val}`; `-` leaves a folder out.
        group: regular expression on the path, whose first bracket is the patient, slide or lesion.
        include: regular expression that the paths of pictures must contain.
        level: 1 if the first folder below root is the class, 2 for the second, parts not counted; 0 for the last.
    """

    classes: list[str] | dict[str, str]
    root: str = ""
    parts: dict[str, str] | None = None
    group: str = ""
    include: str = ""
    level: int = 0

    def __post_init__(self) -> None:
        for pattern, brackets in ((self.group, 1), (self.include, 0)):
            require_expression(pattern, brackets)
        if not 0 <= self.level <= DEPTH:
            raise CatsError(f"level is {briefly(self.level)}; allowed are 0, for the last folder, to {DEPTH}")
        _ = self.levels

    @cached_property
    def levels(self) -> "Levels":
        """What the folders of a path say. Raises CatsError for a part that nobody knows."""
        words = {composed(str(folder)): _part_named(folder, word) for folder, word in (self.parts or {}).items()}
        return Levels(composed(self.root.strip("/")), words, self.level)

    @property
    def class_folders(self) -> frozenset[str]:
        """The folders that are declared classes, their accents in one spelling."""
        return frozenset(composed(str(folder)) for folder in _named(self.classes))

    def expects(self, name: str) -> bool:
        """True for a file below root that no part leaves out."""
        return self.levels.below(name) is not None and self.levels.part(name) != OUT

    def of(self, names: Iterable[str]) -> list[str]:
        """Those of the files that are read."""
        expected = [name for name in names if self.expects(name)]
        return [name for name, found in zip(expected, found_in(self.include, expected), strict=True) if found is not None]

    def arranged(self, path: Path, names: list[str]) -> tuple[np.ndarray, list[str] | None, list[str] | None]:
        """Labels, groups and parts of pictures by their names. Raises CatsError for a class that is not declared."""
        named = {composed(str(key)): str(value) for key, value in _named(self.classes).items()}
        order = {name: index for index, name in enumerate(dict.fromkeys(named.values()))}
        found = {name: self.levels.class_folder(name) for name in names}
        strange = next((name for name in names if found[name] not in named), "")
        if strange or not names:
            problem = "holds no picture" if not names else f"holds the class '{found[strange]}'"
            problem = problem if not strange or found[strange] else f"holds {strange}, which lies in no class folder"
            raise CatsError(f"{path} {problem}; declared classes are {', '.join(named)}")
        labels = np.array([order[named[found[name]]] for name in names], dtype=np.int64)
        part_of_each = [_known_part(self.levels, name, path) for name in names] if self.parts else None
        groups = groups_of_names(self.group, names, path) if self.group else None
        return labels, groups, part_of_each

    def revision(self, names: list[str], _: Tree) -> str:
        """A word for the identity of the data where earlier versions read other files, classes or parts; empty if not."""
        levels, parts = self.levels, self.parts
        other = any(ending_of(name) not in PICTURE_ENDINGS or levels.differs_from_before(name) for name in names)
        return "2" if other or (parts and any(_part_before(parts, name) != levels.part(name) for name in names)) else ""


def reader_of_folders(read: Reader, files: Callable[[Tree], list[str]], layout: Layout) -> TreeReader:
    """The reader with the files that it reads, and whether it expects another one. `files`: those of a tree."""
    return TreeReader(
        read, files, layout.revision, lambda name: layout.expects(name) and not layout.include, layout.class_folders
    )


@dataclass(frozen=True)
class Levels:
    """What the folders of a path say: root, folder → part, and which folder below root is the class (0: the last)."""

    root: str
    parts: dict[str, str]
    level: int

    def below(self, name: str) -> tuple[str, ...] | None:
        """The folders of a picture below root; None if the picture is not there."""
        path = f"/{composed(name)}"
        _, found, rest = path.partition(f"/{self.root}/" if self.root else "/")
        return _parts(rest)[:-1] if found else None

    def part(self, name: str) -> str | None:
        """The part of a picture: that of the first folder below root that has one."""
        return next((self.parts[folder] for folder in self.below(name) or () if folder in self.parts), None)

    def class_folder(self, name: str) -> str:
        """The folder that is the class of a picture; empty if there is none."""
        others = [folder for folder in self.below(name) or () if folder not in self.parts]
        if self.level:
            return others[self.level - 1] if len(others) >= self.level else ""
        if others:
            return others[-1]
        last = PurePosixPath(composed(name)).parent.name
        return "" if last in self.parts else last

    def differs_from_before(self, name: str) -> bool:
        """True if earlier versions, for which the last folder of any kind was the class, read another class."""
        return not self.level and self.class_folder(name) != PurePosixPath(composed(name)).parent.name


def _parts(path: str) -> tuple[str, ...]:
    """As `PurePosixPath(path).parts`, which takes ten times as long: a data set has up to a million names."""
    if path.startswith("/"):
        return PurePosixPath(path).parts
    return tuple(part for part in path.split("/") if part not in {"", "."})


def _named(classes: list[str] | dict[str, str]) -> dict[str, str]:
    """Folder → class."""
    return classes if isinstance(classes, dict) else {name: name for name in classes}


def _part_named(folder: str, word: str) -> str:
    """The part that a word names. Raises CatsError for an unknown word: its images would be used nowhere."""
    if word in {OUT, NO_PART}:
        return word
    part = part_of(str(word))
    if part is None:
        raise CatsError(
            f"parts says that the folder {folder} is '{word}'; allowed are {ALLOWED}, '{OUT}' for a folder that is left out "
            f"and {NO_PART} for one whose images are in no part"
        )
    return part


def _known_part(levels: Levels, name: str, path: Path) -> str:
    part = levels.part(name)
    if part is None:
        raise CatsError(f"{path}: {name} is in none of the folders {', '.join(levels.parts)}")
    return part


def _part_before(parts: dict[str, str], name: str) -> str | None:
    """The part of a picture as earlier versions read it: folders above root counted too, and words were not recognised."""
    above: Sequence[str] = PurePosixPath(name).parts[:-1]
    return next((part for folder, part in parts.items() if folder in above), None)
