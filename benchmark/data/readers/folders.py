"""Reader of one folder per class."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from benchmark.data.readers.file_tree import Tree, composed
from benchmark.data.readers.part_words import ALLOWED, part_of
from benchmark.data.readers.picture_format import PICTURE_ENDINGS, ending_of, picture_names
from benchmark.data.readers.pictures import group_of, pictures, require_pattern
from benchmark.data.readers.samples import Samples, TreeReader
from results.error import CatsError

OUT = "-"  # what `parts` says of a folder that is left out
NO_PART = "extra"  # what `parts` says of a folder whose images are in no part


def folders(  # noqa: PLR0913 - the options that an entry may give
    classes: list[str] | dict[str, str],
    root: str = "",
    parts: dict[str, str] | None = None,
    group: str = "",
    include: str = "",
    *,
    level: int = 0,
    white: int = 65535,
) -> TreeReader:
    """One folder per class in a folder, zip or tar: the last folder of a picture's path is its class, folders of parts apart.

    classes: names of the folders, or folder → class; several folders may make one class, in the order of the first ones.
    root: folder that holds the classes, at any depth. parts: a folder below it → the part of its pictures, `{valid: val}`;
    `-` leaves a folder out. level: 1 if the first folder below root is the class, 2 for the second, parts not counted.
    group: regular expression on the path, whose first bracket is the patient, slide or lesion. include: regular
    expression that the paths of pictures must contain. white: the value of white in 16-bit pictures.
    """
    named = {composed(str(key)): str(value) for key, value in _named(classes).items()}
    order = list(dict.fromkeys(named.values()))
    for pattern, brackets in ((group, 1), (include, 0)):
        require_pattern(pattern, brackets)
    words = {composed(str(folder)): _part_named(folder, word) for folder, word in (parts or {}).items()}
    levels = Levels(composed(root.strip("/")), words, level)

    def files(tree: Tree) -> list[str]:
        return [name for name in picture_names(tree) if expects(name) and re.search(include, _spelt(name, include))]

    def expects(name: str) -> bool:
        return levels.below(name) is not None and levels.part(name) != OUT

    def read(path: Path) -> Samples:
        tree = Tree(path)
        names = files(tree)
        found = {name: levels.class_folder(name) for name in names}
        strange = next((name for name in names if found[name] not in named), "")
        if strange or not names:
            problem = "holds no picture" if not names else f"holds the class '{found[strange]}'"
            problem = problem if not strange or found[strange] else f"holds {strange}, which lies in no class folder"
            raise CatsError(f"{path} {problem}; declared classes are {', '.join(named)}")
        labels = np.array([order.index(named[found[name]]) for name in names], dtype=np.int64)
        part_of_each = [_known_part(levels, name, path) for name in names] if parts else None
        groups = [group_of(group, _spelt(name, group), path) for name in names] if group else None
        return Samples(pictures(tree, names, white), labels, names, groups, part_of_each)

    def revision(names: list[str], _: Tree) -> str:
        other = any(ending_of(name) not in PICTURE_ENDINGS or levels.differs_from_before(name) for name in names)
        return "2" if other or (parts and any(_part_before(parts, name) != levels.part(name) for name in names)) else ""

    return TreeReader(read, files, revision, lambda name: expects(name) and not include)


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
        return PurePosixPath(rest).parts[:-1] if found else None

    def part(self, name: str) -> str | None:
        """The part of a picture: that of the first folder below root that has one."""
        return next((self.parts[folder] for folder in self.below(name) or () if folder in self.parts), None)

    def class_folder(self, name: str) -> str:
        """The folder that is the class of a picture; empty if there is none."""
        others = [folder for folder in self.below(name) or () if folder not in self.parts]
        if self.level:
            return others[self.level - 1] if len(others) >= self.level else ""
        last = PurePosixPath(composed(name)).parent.name
        return others[-1] if others else "" if last in self.parts else last

    def differs_from_before(self, name: str) -> bool:
        """True if earlier versions, for which the last folder of any kind was the class, read another class."""
        return not self.level and self.class_folder(name) != PurePosixPath(composed(name)).parent.name


def _spelt(name: str, pattern: str) -> str:
    """The name, or the name with its accents in one spelling where only that matches a pattern."""
    return name if re.search(pattern, name) else composed(name)


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
