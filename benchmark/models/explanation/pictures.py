"""The images that are explained: test images of a target, or pictures that a person names, with masks where there are some."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmark.data.decoded import load_images_cached
from benchmark.data.private_names import written_names
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.image_file import decode_picture
from benchmark.data.readers.picture_files import ENDINGS
from benchmark.data.readers.picture_format import ending_of
from benchmark.data.readers.strangers import is_stranger
from benchmark.data.split import split
from benchmark.data.squares import resized_square
from benchmark.entries.masks import masks_of
from benchmark.models.manifest import Manifest
from benchmark.models.pictures import read_input
from benchmark.specs.catalogue import target as find_target
from results.error import CatsError
from results.files.limits import whole_file

MOST = 100  # pictures of one call; a sheet of more cannot be looked at
BRIGHT = 127  # masks of 0 and 255 are cut in the middle; masks of small numbers are wherever they are not 0


@dataclass(frozen=True)
class Pictures:
    """Images as the network sees them.

    Attributes:
        title: what they are, in words.
        pixels: (N, S, S, 1 or 3) uint8.
        labels: (N,) int64; multi-label (N, C); None if unknown.
        names: of the files, or the ids of the data set; digests of private ones.
        files: the row of an image → the names of its masks.
        read: the contents of named masks.
    """

    title: str
    pixels: np.ndarray
    labels: np.ndarray | None
    names: Sequence[str]
    files: dict[int, list[str]] = field(default_factory=dict)
    read: Callable[[Sequence[str]], Iterator[bytes]] = iter  # type: ignore[assignment]

    def masks(self, rows: Iterable[int]) -> dict[int, np.ndarray]:
        """Row → (S, S) bool, true inside the mask; rows without a mask, or with an empty one, are left out."""
        wanted = [(row, name) for row in map(int, rows) for name in self.files.get(row, ())]
        size = self.pixels.shape[1]
        found: dict[int, np.ndarray] = {}
        contents = self.read([name for _, name in wanted])
        for (row, name), content in zip(wanted, contents, strict=True):
            mask = decode_picture(content, name)
            inside = (mask > (BRIGHT if mask.max() > BRIGHT else 0)).reshape(*mask.shape[:2], -1).any(axis=2)
            square = resized_square(np.where(inside, 255, 0).astype(np.uint8), size)[..., 0] > BRIGHT
            found[row] = square | found[row] if row in found else square
        return {row: mask for row, mask in found.items() if mask.any()}


def target_pictures(manifest: Manifest, name: str | None) -> Pictures:
    """The test images of a target, by default of the one that the classifier was made for, in the split of its cell.

    Raises CatsError if the target is unknown, has other classes, or if its files are not on this machine.
    """
    _require_pictures(manifest)
    called = name or manifest.names["target"]
    given = "name pictures instead, as in `cats explain MODEL FOLDER`"
    try:
        dataset = find_target(called).dataset
    except CatsError as error:
        raise CatsError(f"{error}; or {given}") from error
    if dataset.classes != manifest.classes or dataset.task != manifest.task:
        has, knows = (", ".join(classes) for classes in (dataset.classes, manifest.classes))
        raise CatsError(f"{called} has the classes {has}; the classifier knows {knows}")
    try:
        dataset.folder()
    except CatsError as error:
        raise CatsError(f"the test images of {called} are not on this machine: {error}; or {given}") from error
    images = load_images_cached(dataset, manifest.reading.size)
    if images.images.shape[-1] == 3 and not manifest.reading.colour:
        raise CatsError(f"the images of {called} have colours; the classifier was trained with grey images only")
    rows = split(dataset, images)["test"]
    names = [str(each) for each in images.ids[rows]]
    pixels, labels = np.asarray(images.images[rows]), np.asarray(images.labels[rows])
    tree = Tree(dataset.folder()) if dataset.tree else None
    known = masks_of(tree.names) if tree else {}
    files = {row: known[each] for row, each in enumerate(names) if each in known}
    shown = written_names(names, dataset)
    return Pictures(f"test images of {called}", pixels, labels, shown, files, tree.read if tree else iter)  # type: ignore[arg-type]


def _require_pictures(manifest: Manifest) -> None:
    """Raises CatsError for a classifier of volumes, of which no map is drawn."""
    if manifest.reading.of_volumes:
        raise CatsError(f"{manifest.name} is a classifier of volumes, and cats explain draws maps of single pictures only")


def given_pictures(manifest: Manifest, paths: Sequence[Path]) -> Pictures:
    """Picture and DICOM files, and those in folders, masks of others apart.

    Raises CatsError if there is no picture, if there are more than MOST, or if a file cannot be read.
    """
    _require_pictures(manifest)
    files: dict[Path, list[str]] = {}
    for path in paths:
        if path.is_dir():
            names = [name for name in Tree(path).names if ending_of(name) in ENDINGS and not is_stranger(name)]
            masks = masks_of(names)
            apart = {mask for some in masks.values() for mask in some}
            files |= {path / name: [str(path / each) for each in masks.get(name, ())] for name in names if name not in apart}
        else:
            files[path] = _masks_beside(path)
    apart_paths = {Path(mask) for some in files.values() for mask in some}
    chosen = [path for path in files if path not in apart_paths]
    if not chosen:
        endings = ", ".join(sorted(ENDINGS))
        raise CatsError(f"{', '.join(map(str, paths))}: no file has the ending of a picture; allowed are {endings}")
    if len(chosen) > MOST:
        raise CatsError(f"{len(chosen):,} pictures are too many to look at; name at most {MOST}")
    pixels = np.stack([read_input(path, manifest.reading)[0] for path in chosen])
    beside = {row: files[path] for row, path in enumerate(chosen) if files[path]}
    return Pictures(
        "the given pictures", pixels, None, [str(path) for path in chosen], beside,
        lambda names: (whole_file(Path(name)) for name in names),
    )  # fmt: skip


def _masks_beside(path: Path) -> list[str]:
    """The masks of a picture among the files of its folder."""
    around = path.parent.iterdir() if path.parent.is_dir() else ()
    names = [file.name for file in around if ending_of(file.name) in ENDINGS]
    return [str(path.parent / name) for name in masks_of(names).get(path.name, ())]
