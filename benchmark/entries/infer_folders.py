"""Inference from a folder per class, in a folder or an archive."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.image_file import PICTURE_ENDINGS
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
    """Infer classes from folders, which may lie below folders of parts, which may lie below folders around everything.

    Raises CatsError if there is no picture, or if pictures do not lie in class folders.
    """
    tree = Tree(path)
    names = [name for name in picture_names(tree) if not _is_hidden(name)]
    if not names:
        raise CatsError(f"{path} holds no picture; pictures end in {', '.join(sorted(PICTURE_ENDINGS))}")
    ways = [PurePosixPath(name).parts[:-1] for name in names]
    root = _common_folders(ways)
    ways = [way[len(root) :] for way in ways]
    if any(not way for way in ways):
        what = "pictures outside of any class folder" if any(ways) else "one folder of pictures only"
        raise CatsError(
            f"{path} holds {what}; what is needed is a folder per class, at least two, "
            f"or a table of labels beside the pictures: --from LABELS.csv"
        )
    options: dict[str, Any] = {"root": "/".join(root)} if root else {}
    parts: Counter[str] = Counter()
    tops = sorted({way[0] for way in ways})
    if all(top.lower() in PART_WORDS for top in tops) and all(len(way) > 1 for way in ways):
        options["parts"] = {top: PART_WORDS[top.lower()] for top in tops}
        parts = Counter(PART_WORDS[way[0].lower()] for way in ways)
        ways = [way[1:] for way in ways]
    counts = dict(sorted(Counter(way[0] for way in ways).items()))
    require_two_classes(path, counts)
    shapes, grey = picture_shapes(tree, names)
    return Inferred(path, {"folders": options}, counts, parts=in_part_order(parts), shapes=shapes, grey=grey)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _common_folders(ways: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The folders that all pictures lie in."""
    first, last = min(ways), max(ways)
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return first[:depth]
