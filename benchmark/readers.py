"""Readers: from files on disk to Samples. Each maker takes a reader's options and returns the reader."""

import importlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from benchmark.dataset import PARTS, Reader, Samples
from benchmark.picture import ENDINGS, picture
from benchmark.tree import Tree
from results.error import CatsError


def npz(file: str) -> Reader:
    """MedMNIST's layout: `{train,val,test}_{images,labels}` and, where known, `{part}_groups`. Pickles are refused."""

    def read(folder: Path) -> Samples:
        path = folder / file
        with _npz(path) as content:
            absent = {f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")} - set(content.files)
            if absent:
                raise CatsError(f"{path} lacks {', '.join(sorted(absent))}")
            labels = [_columns(content[f"{part}_labels"]) for part in PARTS]
            grouped = all(f"{part}_groups" in content.files for part in PARTS)
            named = [content[f"{part}_groups"].astype(str) for part in PARTS] if grouped else []
        counts = [len(part) for part in labels]
        if any(part.dtype.kind not in "iubf" or not np.isfinite(part).all() for part in labels):
            raise CatsError(f"{path}: labels must be whole numbers, not {labels[0].dtype}")
        widths = {part.shape[1] for part in labels if len(part)}
        if len(widths) > 1 or not all(np.array_equal(part, part.astype(np.int64)) for part in labels):
            raise CatsError(f"{path}: labels must be whole numbers, as many for each image of every part")
        if named and [len(part) for part in named] != counts:
            raise CatsError(f"{path} has {[len(part) for part in named]} groups for {counts} labels")
        stacked = np.concatenate([part for part in labels if len(part)] or labels[:1]).astype(np.int64)
        groups = np.concatenate(named) if named else None
        return Samples(
            images=_npz_images(path, counts),
            labels=stacked[:, 0] if stacked.shape[1] == 1 else stacked,
            ids=[f"{part}/{i}" for part, n in zip(PARTS, counts, strict=True) for i in range(n)],
            groups=None if groups is None else groups.tolist(),
            parts=[part for part, n in zip(PARTS, counts, strict=True) for _ in range(n)],
        )

    return read


def _columns(labels: np.ndarray) -> np.ndarray:
    """Labels as (N, columns), also where N is 0."""
    return labels.reshape(len(labels), int(np.prod(labels.shape[1:])))


@contextmanager
def _npz(path: Path) -> Iterator[Any]:
    """The arrays in an npz file; whatever is wrong with it becomes a CatsError."""
    try:
        with path.open("rb") as handle:
            content = np.load(handle, allow_pickle=False)
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise ValueError("it holds one array without a name")  # noqa: TRY004 - a fault of the file
            with content:
                yield content
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CatsError(f"{path} is not a whole npz file without pickles: {error}") from error


def _npz_images(path: Path, counts: list[int]) -> Iterator[np.ndarray]:
    """Image after image, with one part in memory at a time: PathMNIST at 224 px has 13.5 GB of training images."""
    for part, count in zip(PARTS, counts, strict=True):
        with _npz(path) as content:
            images = content[f"{part}_images"]
        if len(images) != count:
            raise CatsError(f"{path} has {len(images)} images and {count} labels in {part}")
        yield from images


def folders(
    classes: list[str] | dict[str, str],
    root: str = "",
    parts: dict[str, str] | None = None,
    group: str = "",
    include: str = "",
) -> Reader:
    """One folder per class in a folder, zip or tar: the last folder of a picture's path is its class.

    classes: names of the folders, or folder → class; several folders may make one class, in the order of the first ones.
    root: folder that holds the classes, at any depth. parts: the folder on the path that says it → part, `{valid: val}`.
    group: regular expression on the path, whose first bracket is the patient, slide or lesion. include: regular
    expression that the paths of pictures must contain.
    """
    named = classes if isinstance(classes, dict) else {name: name for name in classes}
    order = list(dict.fromkeys(named.values()))
    for pattern, brackets in ((group, 1), (include, 0)):
        require_pattern(pattern, brackets)

    def read(path: Path) -> Samples:
        tree = Tree(path)
        names = [name for name in tree.names if _is_asked_for(name, root, include)]
        strange = sorted({PurePosixPath(name).parent.name for name in names} - set(named))
        if strange or not names:
            found = f"holds the class '{strange[0]}'" if strange else "holds no picture"
            raise CatsError(f"{path} {found}; declared classes are {', '.join(named)}")
        labels = np.array([order.index(named[PurePosixPath(name).parent.name]) for name in names], dtype=np.int64)
        given = [_part(name, parts, path) for name in names] if parts else None
        groups = [matched(group, name, path) for name in names] if group else None
        return Samples(pictures(tree, names), labels, names, groups, given)

    return read


def _is_asked_for(name: str, root: str, include: str) -> bool:
    inside = not root or f"/{root.strip('/')}/" in f"/{name}"
    hidden = any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
    return inside and not hidden and PurePosixPath(name).suffix.lower() in ENDINGS and bool(re.search(include, name))


def _part(name: str, parts: dict[str, str], path: Path) -> str:
    way = PurePosixPath(name).parts[:-1]
    found = next((part for folder, part in parts.items() if folder in way), None)
    if found is None:
        raise CatsError(f"{path}: {name} lies in none of the folders {', '.join(parts)}")
    return found


def require_pattern(pattern: str, brackets: int) -> None:
    """Raises CatsError if a pattern is no regular expression or has too few brackets."""
    try:
        found = re.compile(pattern).groups
    except re.error as error:
        raise CatsError(f"'{pattern}' is no regular expression: {error}") from error
    if pattern and found < brackets:
        raise CatsError(f"'{pattern}' has no bracket; the first one says what belongs to the group")


def matched(pattern: str, name: str, path: Path) -> str:
    """What the first bracket of a regular expression finds in a name. Raises CatsError if it finds nothing."""
    found = re.search(pattern, name)
    if found is None:
        raise CatsError(f"{path}: the group of {name} cannot be told, it does not match {pattern}")
    return found[1]


def pictures(tree: Tree, names: list[str]) -> Iterator[np.ndarray | CatsError]:
    """The pictures of a tree, decoded one by one; one that cannot be read stands there as its error."""
    for name, content in zip(names, tree.read(names), strict=True):
        try:
            yield picture(content, f"{tree.path}/{name}")
        except CatsError as error:
            yield error


def _later(module: str, name: str) -> Callable[..., Reader]:
    """A reader's maker whose module is imported when an entry names it."""

    def make(*arguments: Any, **options: Any) -> Reader:
        maker: Callable[..., Reader] = getattr(importlib.import_module(f"benchmark.{module}"), name)
        return maker(*arguments, **options)

    return make


READERS: dict[str, Callable[..., Reader]] = {
    "npz": npz,
    "folders": folders,
    "table": _later("read_table", "table"),
    "hdf5": _later("read_hdf5", "hdf5"),
    "dicom": _later("read_dicom", "dicom"),
    "hub": _later("read_hub", "hub"),
}
