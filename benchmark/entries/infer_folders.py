"""Inference from a folder per class, in a folder or an archive."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.picture_format import PICTURE_ENDINGS
from benchmark.entries.inferred import (
    PART_WORDS,
    Inferred,
    in_part_order,
    picture_names,
    picture_shapes,
    require_two_classes,
)  # fmt: skip
from results.error import CatsError


def infer_folders(path: Path) -> Inferred:
    """Infer classes from folders, which may lie below folders of parts, and these below common outer folders.

    Raises CatsError if there is no picture, or if pictures do not lie in class folders.
    """
    tree = Tree(path)
    names = [name for name in picture_names(tree) if not _is_hidden(name)]
    if not names:
        raise CatsError(f"{path} holds no picture; pictures end in {', '.join(sorted(PICTURE_ENDINGS))}")
    paths = [PurePosixPath(name).parts[:-1] for name in names]
    root = _common_folders(paths)
    paths = [folders[len(root) :] for folders in paths]
    if any(not folders for folders in paths):
        what = "pictures outside of any class folder" if any(paths) else "one folder of pictures only"
        raise CatsError(
            f"{path} holds {what}; what is needed is a folder per class, at least two, "
            f"or a table of labels beside the pictures: --from LABELS.csv"
        )
    options: dict[str, Any] = {"root": "/".join(root)} if root else {}
    parts: Counter[str] = Counter()
    tops = sorted({folders[0] for folders in paths})
    if all(top.lower() in PART_WORDS for top in tops) and all(len(folders) > 1 for folders in paths):
        options["parts"] = {top: PART_WORDS[top.lower()] for top in tops}
        parts = Counter(PART_WORDS[folders[0].lower()] for folders in paths)
        paths = [folders[1:] for folders in paths]
    counts = dict(sorted(Counter(folders[0] for folders in paths).items()))
    require_two_classes(path, counts)
    shapes, grey = picture_shapes(tree, names)
    return Inferred(path, {"folders": options}, counts, parts=in_part_order(parts), shapes=shapes, grey=grey)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _common_folders(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The folders that all pictures lie in."""
    first, last = min(paths), max(paths)
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return first[:depth]
