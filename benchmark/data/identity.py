"""The identity of a data set with its split: equal identity means equal images, labels and parts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from benchmark.core import json_cache
from benchmark.core.paths import digests_folder
from benchmark.data.dataset import Dataset
from benchmark.data.fingerprint import VERSION
from benchmark.data.listed import digest_of
from results.error import CatsError
from results.files.digest import digest
from results.record import Frozen

SPLIT = 2  # the revision of drawn splits; raised when benchmark.data.draw draws other parts, or other copies stay together


class _Official(Frozen):
    """The official parts that the reader of a data set returns."""

    parts: tuple[str, ...]


def drawn_part(official: Iterable[str]) -> Literal["all", "val", ""]:
    """What is drawn by benchmark.data.split: all parts, val from train alone, or nothing, since the parts are official."""
    named = set(official) - {""}
    if not named:
        return "all"
    return "val" if "train" in named and "val" not in named else ""


def official_parts(dataset: Dataset) -> tuple[str, ...]:
    """The official parts of a data set, as declared, else as its reader returns them; its files are then read once.

    Raises CatsError if the reader is needed and the files are missing or damaged.
    """
    known = _known_parts(dataset)
    if known is None:
        found = set(dataset.read(dataset.folder()).parts or ()) - {""}
        known = tuple(sorted(found))
        json_cache.keep(_Official(parts=known), _note(dataset))
    return known


def _known_parts(dataset: Dataset) -> tuple[str, ...] | None:
    if dataset.official is not None:
        return dataset.official
    found = json_cache.read(_Official, _note(dataset))
    return None if found is None else found.parts


def _note(dataset: Dataset) -> Path:
    return digests_folder() / f"parts-{digest(digest_of(dataset))}.json"


def known_digest(dataset: Dataset) -> str | None:
    """The same as `data_digest`; None if that is not known without a reading of the images' table, or files are missing."""
    try:
        known = _known_parts(dataset)
        return None if known is None else _with_split(dataset, known)
    except CatsError:
        return None


def data_digest(dataset: Dataset) -> str:
    """The digest of images, labels and split. It is Dataset.digest where all parts are official and no image is left out.

    Raises CatsError as Dataset.digest and official_parts do.
    """
    return _with_split(dataset, official_parts(dataset))


def _with_split(dataset: Dataset, official: tuple[str, ...]) -> str:
    drawn, changes = drawn_part(official), dict[str, object]()
    if drawn:
        changes["split"] = [SPLIT, drawn]
    if drawn and dataset.duplicates == "allow":  # copies are then drawn like any other images
        changes["duplicates"] = dataset.duplicates
    elif drawn:
        changes["copies"] = VERSION
    if drawn != "all" and dataset.duplicates in {"keep-first", "drop"}:
        changes |= {"duplicates": dataset.duplicates, "copies": VERSION}
    own = digest_of(dataset)
    return digest([own, changes]) if changes else own
