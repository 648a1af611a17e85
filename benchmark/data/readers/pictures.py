"""Decoding of the pictures of a tree, and patterns in their names."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.core.patterns import Groups, require_expression, searched
from benchmark.data.readers.encoded import Encoded
from benchmark.data.readers.file_tree import Tree, composed
from benchmark.data.readers.image_file import decode_picture, stored_picture
from benchmark.data.readers.scale import Scale
from results.error import CatsError
from results.text.brief import short


def found_in(pattern: str, names: Sequence[str]) -> list[Groups | None]:
    """What a regular expression finds in each name, also where only another spelling of its accents fits."""
    found = searched(pattern, names)
    others = {name: composed(name) for name, groups in zip(names, found, strict=True) if groups is None}
    others = {name: other for name, other in others.items() if other != name}
    again = dict(zip(others, searched(pattern, list(others.values())), strict=True))
    return [again.get(name) if groups is None else groups for name, groups in zip(names, found, strict=True)]


def groups_of_names(pattern: str, names: Sequence[str], path: Path) -> list[str]:
    """The text that the first group of a regular expression matches in each name. Raises CatsError where there is none."""
    require_expression(pattern, 1)
    groups = []
    for name, found in zip(names, found_in(pattern, names), strict=True):
        if found is None or found[1] is None:
            raise CatsError(f"{path}: {name} has no group, because it does not match {short(pattern)}")
        groups.append(found[1])
    return groups


def pictures(tree: Tree, names: list[str], white: float | Scale | None = None) -> Encoded:
    """The pictures of a tree, decoded one by one; a picture that cannot be read is replaced by its CatsError.

    white: the value that becomes white in pictures of more than 8 bits, or a Scale; None: the largest that the file can hold.
    """
    return Encoded(tree, names, partial(decode_picture, white=white))


def stored_values(tree: Tree, names: list[str]) -> Callable[[Sequence[int]], Iterator[tuple[int, np.ndarray]]]:
    """For Samples: the numbers in the files of the named pictures; pictures that cannot be read are left out."""

    def look(rows: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        for row, content in zip(rows, tree.read([names[row] for row in rows]), strict=True):
            with suppress(CatsError):
                yield row, stored_picture(content, f"{tree.path}/{names[row]}").values

    return look
