"""Decoded images: one uint8 array on disk per data set and size, read memory-mapped."""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from benchmark.core.paths import decoded_folder
from benchmark.data.as_declared import check_samples
from benchmark.data.copies import NONE, Copies, stored_copies
from benchmark.data.dataset import Dataset
from benchmark.data.decoded_draft import Draft, State
from benchmark.data.decoded_files import IMAGES, SIDES, TABLE, Files, read_files
from benchmark.data.decoding import decoded
from benchmark.data.fingerprint import SIDE
from benchmark.data.listed import digest_of
from benchmark.data.private_names import note
from benchmark.data.readers.samples import Samples
from benchmark.data.squares import Form, resized_square
from benchmark.data.volumes import slices_of
from results.error import CatsError
from results.files.atomic import discard
from results.files.digest import digest
from results.files.kept import seal_draft
from results.files.resumable import resumable_write
from results.record import ATTRIBUTE
from results.text.counting import counted
from results.text.counts import how_many, share_of

log = logging.getLogger(__name__)
LAYOUT = 2  # version of the stored arrays; raised when old arrays must not be read
SIZED = 3  # the same where images have several sizes: their table did not hold these


@dataclass(frozen=True)
class Decoded:
    """All images of a data set at one size.

    Attributes:
        images: (N, size, size, 1 or 3) uint8, RGB, memory-mapped; volumes are strips (N, K·size, size, 1 or 3) of K slices,
            see benchmark.data.volumes.
        labels: (N,) int64; multi-label (N, C).
        ids: (N,) str. groups, parts: (N,) str, empty strings where there are none.
        digest: the digest of the data set (Dataset.digest).
        attributes: name → (N,) str, empty strings where it is unknown.
        sides: (N, 2) int64, height and width in the files; of a volume those of its first slice. None: unknown.
        copies: searches for images of one picture, or reads what an earlier search has found. Few splits need them.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    groups: np.ndarray
    parts: np.ndarray
    digest: str
    copies: Callable[[], Copies] = lambda: NONE
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)
    sides: np.ndarray | None = None


def load_images(dataset: Dataset, size: int) -> Decoded:
    """All images of a data set as squares of `size` pixels; decoded in the first call, then read from CATS_HOME.

    Raises CatsError if a file is missing or damaged, or if the images are not as the entry declares.
    """
    note(dataset)
    content = digest_of(dataset)
    one = dataset.shape if dataset.odd != "resize" else None
    layout = SIZED if one is None else LAYOUT
    folder = decoded_folder() / f"{dataset.name}-{size}-{digest([layout, content, dataset.images])[:16]}"
    images, table = read_files(folder) or _decoded(dataset, size, folder)
    return Decoded(
        images, table["labels"], table["ids"], table["groups"], table["parts"], content,
        cache(lambda: stored_copies(images if size == SIDE else load_images(dataset, SIDE).images)),
        {name.removeprefix(ATTRIBUTE): texts for name, texts in table.items() if name.startswith(ATTRIBUTE)},
        table[SIDES] if one is None else np.tile(one, (len(images), 1)),
    )  # fmt: skip


def _decoded(dataset: Dataset, size: int, folder: Path) -> Files:
    """Decode the images; their folder replaces a damaged one. Raises CatsError as load_images does."""
    damaged = folder.exists()
    try:
        _decode(dataset, size, folder, damaged=damaged)
    except CatsError as error:
        if damaged:
            raise CatsError(f"the decoded images in {folder} are damaged and cannot be made again: {error}") from error
        raise
    found = read_files(folder)
    if found is None:
        raise CatsError(f"the decoded images of {dataset.name} were just written to {folder} and cannot be read from there")
    return found


def _decode(dataset: Dataset, size: int, folder: Path, *, damaged: bool) -> None:
    files = dataset.folder()
    dataset.verify(fresh=True)
    log.info("decoding %s at %d pixels", dataset.name, size)
    samples = dataset.read(files)
    check_samples(dataset, samples)
    blank = np.full(len(samples.ids), "")

    def finished() -> bool:
        return read_files(folder) is not None

    def waiting() -> None:
        log.warning("another process decodes %s at %d pixels; this one waits for it", dataset.name, size)

    try:
        with resumable_write(folder, f"the decoded images of {dataset.name}", finished, waiting) as place:
            if place is None:
                return
            draft, rows, sides = _write(dataset, samples, size, place, folder.name)
            np.savez(
                place / TABLE,
                labels=samples.labels[rows],
                sides=sides,
                ids=np.array(samples.ids, dtype=str)[rows],
                groups=(blank if samples.groups is None else np.array(samples.groups, dtype=str))[rows],
                parts=(blank if samples.parts is None else np.array(samples.parts, dtype=str))[rows],
                **{f"{ATTRIBUTE}{name}": np.array(texts, dtype=str)[rows] for name, texts in samples.attributes.items()},
            )
            seal_draft(place, IMAGES, TABLE)
            draft.clear()
            if damaged:
                discard(folder)
    except CatsError:
        if damaged or not folder.exists():  # else another process decoded the same images in the meantime
            raise


def _write(dataset: Dataset, samples: Samples, size: int, place: Path, content: str) -> tuple[Draft, np.ndarray, np.ndarray]:
    """Write the images to one array; return the draft, the row numbers (int64) that were written, and sides as in Decoded.

    place: the folder of the draft. content: the name of the final one, which follows from all that decides the images. The
    array is written, not mapped: on a full disk a write raises an error, a mapped page kills the process.
    """
    form = Form(dataset.name, dataset.shape, dataset.odd, size, samples.slices)
    with Draft(place, form, len(samples.ids), content) as draft:
        begin, total = draft.state.done, len(samples.ids)
        if begin:
            log.info("%d of %d images were decoded by an earlier process", begin, total)
        making = decoded(form, samples, begin, alone=draft.state.alone)
        with closing(making), counted(f"decoding {dataset.name} at {size} pixels", begin, total) as count:
            for made in making:
                if made.wrong is not None:
                    raise made.wrong
                draft.add(made)
                count(draft.state.done)
        _require_enough(dataset, draft.state, total)
        return draft, *draft.finish()


def _require_enough(dataset: Dataset, state: State, total: int) -> None:
    """Raises CatsError if there are not as many images as labels, or if too many could not be read."""
    number, odd = state.done, state.done - state.kept - state.broken
    if number < total:
        there = "there is" if number == 1 else "there are"
        raise CatsError(f"{dataset.name}: {there} only {how_many(number, 'image')} for {how_many(total, 'label')}")
    if state.broken and state.broken / number > dataset.broken:  # 29 of 100 are 0.29, while 0.29 × 100 is less than 29
        allowed = f"{dataset.broken:.2%} may be" if dataset.broken else "none may be"
        count = f"{share_of(state.broken, number, f'images of {dataset.name}', 'is', 'are')} broken, {allowed}"
        first = CatsError(*state.first)
        raise CatsError(f"{first}; {count}: replace what is broken, or write a larger share as `broken` into the entry")
    if number and not state.kept:
        raise CatsError(f"{dataset.name}: every image is broken or has another shape than declared")
    if state.kept < number:
        log.warning("%s: %d broken images and %d of another shape are left out", dataset.name, state.broken, odd)


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Decoded images, also strips of volumes, at another size."""
    squares = [resized_square(each, size) for each in slices_of(images)]
    return np.reshape(squares, (len(images), -1, size, images.shape[3]))


@lru_cache(maxsize=2)
def load_images_cached(dataset: Dataset, size: int) -> Decoded:
    """The same as `load_images`, kept open between cells."""
    return load_images(dataset, size)
