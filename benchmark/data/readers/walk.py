"""The files below a folder. Links are followed as long as they stay inside it."""

import os
from collections.abc import Iterator
from pathlib import Path

from benchmark.data.readers.strangers import is_strange_folder, is_stranger
from results.error import CatsError

DEPTH = 100  # of folders


def files_below(root: Path) -> Iterator[str]:
    """Names of the files of a folder, with `/`; empty folders end with `/`. Environments, caches and the like are not searched.

    Raises CatsError for a link that leads out, to nothing, or to a folder that holds it, and for a folder that cannot be read:
    images would be missing silently.
    """
    inside = root.resolve()
    yield from _below(root, "", inside, (inside,))


def _below(root: Path, prefix: str, inside: Path, above: tuple[Path, ...]) -> Iterator[str]:
    """The files of one folder of the tree; `above` are the real paths of the folders on the way to it."""
    if prefix.count("/") > DEPTH:
        raise CatsError(f"{root} holds folders that lie more than {DEPTH} deep in each other; name a folder below it")
    try:
        with os.scandir(root / prefix) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError as error:
        raise CatsError(f"{root / prefix} cannot be read: {error.strerror}") from error
    if prefix and not entries:
        yield prefix
    for entry in entries:
        name = prefix + entry.name
        if not entry.is_symlink():  # the kind of an entry is known without another look at the disk, that of a link is not
            folder, file = entry.is_dir(), entry.is_file()
        else:
            folder, file = os.path.isdir(entry.path), os.path.isfile(entry.path)  # noqa: PTH112, PTH113 - see above
        if folder and is_strange_folder(Path(entry.path)):
            continue
        if entry.is_symlink() and is_stranger(name):
            continue
        real = _followed(root, name, inside, above) if entry.is_symlink() else None
        if folder:
            yield from _below(root, f"{name}/", inside, (*above, real or above[-1] / entry.name))
        elif file:
            yield name


def _followed(root: Path, name: str, inside: Path, above: tuple[Path, ...]) -> Path:
    """Where a link leads. Raises CatsError if that is not a file or another folder of the tree."""
    real = Path(os.path.realpath(root / name))
    if inside not in real.parents:
        raise CatsError(f"{root} holds '{name}', which leads out of it; it is not read: put the file or folder itself there")
    if not real.exists():
        raise CatsError(f"{root} holds '{name}', a link to a file that is not there")
    if real in above:
        raise CatsError(f"{root} holds '{name}', a link to a folder that holds the link itself; remove the link")
    return real
