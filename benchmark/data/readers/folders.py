"""Reader of one folder per class."""

import re
from pathlib import Path, PurePosixPath

import numpy as np

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.image_file import PICTURE_ENDINGS
from benchmark.data.readers.pictures import group_of, pictures, require_pattern
from benchmark.data.readers.samples import Reader, Samples
from results.error import CatsError


def folders(
    classes: list[str] | dict[str, str],
    root: str = "",
    parts: dict[str, str] | None = None,
    group: str = "",
    include: str = "",
    white: int = 65535,
) -> Reader:
    """One folder per class in a folder, zip or tar: the last folder of a picture's path is its class.

    classes: names of the folders, or folder → class; several folders may make one class, in the order of the first ones.
    root: folder that holds the classes, at any depth. parts: a folder on the path → the part of the picture, `{valid: val}`.
    group: regular expression on the path, whose first bracket is the patient, slide or lesion. include: regular
    expression that the paths of pictures must contain. white: the value of white in 16-bit pictures.
    """
    named = classes if isinstance(classes, dict) else {name: name for name in classes}
    order = list(dict.fromkeys(named.values()))
    for pattern, brackets in ((group, 1), (include, 0)):
        require_pattern(pattern, brackets)

    def read(path: Path) -> Samples:
        tree = Tree(path)
        names = [name for name in tree.names if _is_selected(name, root, include)]
        strange = sorted({PurePosixPath(name).parent.name for name in names} - set(named))
        if strange or not names:
            problem = f"holds the class '{strange[0]}'" if strange else "holds no picture"
            raise CatsError(f"{path} {problem}; declared classes are {', '.join(named)}")
        labels = np.array([order.index(named[PurePosixPath(name).parent.name]) for name in names], dtype=np.int64)
        part_of_each = [_part(name, parts, path) for name in names] if parts else None
        groups = [group_of(group, name, path) for name in names] if group else None
        return Samples(pictures(tree, names, white), labels, names, groups, part_of_each)

    return read


def _is_selected(name: str, root: str, include: str) -> bool:
    inside = not root or f"/{root.strip('/')}/" in f"/{name}"
    hidden = any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
    return inside and not hidden and PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS and bool(re.search(include, name))


def _part(name: str, parts: dict[str, str], path: Path) -> str:
    above = PurePosixPath(name).parts[:-1]
    matching = next((part for folder, part in parts.items() if folder in above), None)
    if matching is None:
        raise CatsError(f"{path}: {name} is in none of the folders {', '.join(parts)}")
    return matching
