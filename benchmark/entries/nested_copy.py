"""A folder that holds a copy of itself, as some archives unpack: `no`, `yes`, and `all/no`, `all/yes` beside them."""

import re
from collections.abc import Sequence
from pathlib import Path

from results.error import CatsError


def require_no_copy(path: Path, paths: Sequence[tuple[str, ...]]) -> None:
    """Raises CatsError if a folder holds at least two of the folders that lie beside it, with pictures in both.

    paths: the folders of each picture.
    """
    every = set(paths)
    twice: dict[tuple[str, ...], list[str]] = {}
    for each in sorted(every):
        for depth in range(1, len(each)):
            if (*each[: depth - 1], *each[depth:]) in every:
                twice.setdefault(each[:depth], []).append("/".join(each[depth:]))
    copy = next((inner for inner, names in twice.items() if len(names) > 1), None)
    if copy is not None:
        folder, names = "/".join(copy), ", ".join(twice[copy][:3])
        pattern = f"{re.escape(folder)}/"
        way = f"--from '{path / folder}'" if path.is_dir() else f"--include '^{pattern}'"
        raise CatsError(
            f"{path}: {names} lie in the folder {folder} and beside it as well, so that the folder looks like a copy; take it "
            f"alone with {way}, or leave it out with --include '^(?!{pattern})'"
        )
