"""Decoding of the pictures of a tree, and patterns in their names."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.image_file import decode_picture, stored_picture
from benchmark.data.readers.scale import Scale
from results.error import CatsError


def require_pattern(pattern: str, brackets: int) -> None:
    """Raises CatsError if a pattern is not a regular expression, or has too few groups."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise CatsError(f"'{pattern}' is not a regular expression: {error}") from error
    if pattern and groups < brackets:
        raise CatsError(f"'{pattern}' has no bracket; the first bracket must match the group")


def group_of(pattern: str, name: str, path: Path) -> str:
    """The text that the first group of a regular expression matches in a name. Raises CatsError without a match."""
    match = re.search(pattern, name)
    if match is None:
        raise CatsError(f"{path}: {name} has no group, because it does not match {pattern}")
    return match[1]


def pictures(tree: Tree, names: list[str], white: float | Scale | None = None) -> Iterator[np.ndarray | CatsError]:
    """The pictures of a tree, decoded one by one; a picture that cannot be read is replaced by its CatsError.

    white: the value that becomes white in pictures of more than 8 bits, or a Scale; None: the largest that the file can hold.
    """
    for name, content in zip(names, tree.read(names), strict=True):
        try:
            yield decode_picture(content, f"{tree.path}/{name}", white)
        except CatsError as error:
            yield error


def stored_values(tree: Tree, names: list[str]) -> Callable[[Sequence[int]], Iterator[np.ndarray]]:
    """For Samples: the numbers in the files of the named pictures; pictures that cannot be read are left out."""

    def look(rows: Sequence[int]) -> Iterator[np.ndarray]:
        chosen = [names[row] for row in rows]
        for name, content in zip(chosen, tree.read(chosen), strict=True):
            with suppress(CatsError):
                yield stored_picture(content, f"{tree.path}/{name}").values

    return look
