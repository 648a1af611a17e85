"""Decode many images of a tree; pattern helpers."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.image_file import decode_picture
from results.error import CatsError


def require_pattern(pattern: str, brackets: int) -> None:
    """Raises CatsError if a pattern is no regular expression or has too few brackets."""
    try:
        found = re.compile(pattern).groups
    except re.error as error:
        raise CatsError(f"'{pattern}' is no regular expression: {error}") from error
    if pattern and found < brackets:
        raise CatsError(f"'{pattern}' has no bracket; the first one says what belongs to the group")


def group_of(pattern: str, name: str, path: Path) -> str:
    """What the first bracket of a regular expression finds in a name. Raises CatsError if it finds nothing."""
    found = re.search(pattern, name)
    if found is None:
        raise CatsError(f"{path}: the group of {name} cannot be told, it does not match {pattern}")
    return found[1]


def pictures(tree: Tree, names: list[str], white: int = 65535) -> Iterator[np.ndarray | CatsError]:
    """The pictures of a tree, decoded one by one; one that cannot be read stands there as its error."""
    for name, content in zip(names, tree.read(names), strict=True):
        try:
            yield decode_picture(content, f"{tree.path}/{name}", white)
        except CatsError as error:
            yield error
