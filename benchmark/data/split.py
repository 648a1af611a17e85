"""Splits into train, val and test: official parts, or whole groups drawn by name; then the sub-sample."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from pydantic import Field

from benchmark.core.cost_fields import OtherCost, SameCost
from benchmark.core.numeric import Numeric
from benchmark.core.seed import generator
from benchmark.data.copies import Rows, components, left_out
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.division import Units
from benchmark.data.draw import deviations, draw, units_of
from benchmark.data.identity import drawn_part
from benchmark.data.readers.samples import PARTS
from results.error import CatsError
from results.files.digest import digest


class Subsample(Numeric):
    """Number of images of a part that are used; None for all. Test images are always complete.

    Attributes:
        train, val: number of images in total, or of each class if `per_class`.
        stratified: keep the proportions of the classes. Otherwise images are drawn regardless of class, as in CATS 2024.
        seed: draws the same images in every cell; None draws other images for every seed of the plan, so that the interval
            over seeds includes the sampling error of the draw.
    """

    train: OtherCost[int | None] = Field(None, ge=1)
    val: OtherCost[int | None] = Field(None, ge=1)
    per_class: OtherCost[bool] = False
    stratified: SameCost[bool] = True
    seed: SameCost[int | None] = None

    def drawn_by(self, seed: int) -> int | None:
        """The seed that decides, beside the target, which images a cell uses; None if all seeds use the same images."""
        return None if self.seed is not None or (self.train is None and self.val is None) else seed


FARTHEST = 1.1  # units; a class of three units, of which one is in each part, is as far away from 2.1 in train
SHARES = {"all": {"train": 14, "val": 3, "test": 3}, "val": {"train": 17, "val": 3}}  # in twentieths


def split(dataset: Dataset, images: Decoded) -> dict[str, np.ndarray]:
    """Row numbers (int64, ascending) of train, val and test: the official split, else 70/15/15, class by class.

    If the official split has no val, 15 % of train become val. What is drawn keeps groups and copies whole. Official parts lose
    the copies that the entry leaves out (`duplicates`). Images whose part has another name are in no part. Raises CatsError if
    a group is in two parts, or a class is missing in one.
    """
    drawn = drawn_part(set(images.parts.tolist()))
    if drawn == "all":
        parts = _drawn(dataset, images, np.arange(len(images.ids)), SHARES["all"])
    else:
        parts = official_rows(images)
        _require_train_and_test(dataset, parts)
        require_whole_groups(dataset.name, dataset.groups, images.groups, parts)
        out = copies_left_out(dataset, images, parts)
        parts = {part: np.setdiff1d(rows, out[part]) for part, rows in parts.items()}
        if drawn == "val":
            parts |= _drawn(dataset, images, parts["train"], SHARES["val"])
    return {part: require_classes(dataset, images, chosen, part) for part, chosen in parts.items()}


@lru_cache(maxsize=64)
def split_digest(dataset: Dataset, size: int) -> str:
    """The digest of the images in each part, where decoded pixels decide it; empty where the reader alone does.

    Near-copies are recognised by their pixels, and another version of a library may decode them otherwise. Two machines with
    equal data are compared by this digest, which no key of a cell holds.
    """
    images = load_images_cached(dataset, size)
    by_reader = not drawn_part(set(images.parts.tolist())) and dataset.duplicates not in {"keep-first", "drop"}
    return "" if by_reader else digest([images.ids[rows].tolist() for rows in split(dataset, images).values()])


def official_rows(images: Decoded) -> dict[str, np.ndarray]:
    """Row numbers of train, val and test as the reader returns them."""
    return {part: np.flatnonzero(images.parts == part) for part in PARTS}


def copies_left_out(dataset: Dataset, images: Decoded, parts: Rows) -> dict[str, np.ndarray]:
    """Row numbers of the images that the entry leaves out of its official parts."""
    if dataset.duplicates not in {"keep-first", "drop"}:
        return {part: rows[:0] for part, rows in parts.items()}
    return left_out(images.copies(), parts, dataset.duplicates, len(images.ids))


def _require_train_and_test(dataset: Dataset, parts: Rows) -> None:
    """Raises CatsError if a part that cannot be drawn beside official ones has no image."""
    absent = [part for part in ("train", "test") if not len(parts[part])]
    if absent:
        named = " and ".join(part for part in PARTS if len(parts[part])) or "empty"
        raise CatsError(
            f"{dataset.name}: the official parts are {named}, and none is {' or '.join(absent)}: say which part is "
            "meant, as in part_values: {valid: test} or parts: {valid: test} (val is then drawn from train), or leave the "
            "parts out of the entry, so that all are drawn"
        )


def require_whole_groups(name: str, kind: str | None, groups: np.ndarray, parts: Rows) -> None:
    """Raises CatsError if a group is in two official parts. `kind`: what groups are. `groups`: (N,) of all images."""
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        shared = set(groups[parts[one]]) & set(groups[parts[other]]) - {""}
        if shared:
            more = f", as are {len(shared) - 1:,} more" if len(shared) > 1 else ""
            raise CatsError(
                f"{name}: {kind or 'group'} '{min(shared)}' is in {one} and in {other}{more}; it must be in one part only: put "
                "its images into one part, or leave the parts out of the entry (`cats new` with --part '' for a table, or "
                f"--layout for folders), so that parts are drawn in which each {kind or 'group'} is whole"
            )


def units_in(dataset: Dataset, images: Decoded, rows: np.ndarray) -> np.ndarray:
    """The unit of each of `rows` that a drawn split keeps whole, (K,) int64, numbered from 0.

    A unit is all images of a group and all copies of one picture; an image without group and copies is a unit of its own.
    """
    names, own = images.groups[rows], np.arange(len(rows))
    links = [np.zeros((0, 2), dtype=np.int64)]
    if (names != "").any():
        _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
        links.append(np.stack([first[inverse], own], axis=1)[names != ""])
    if dataset.duplicates != "allow":
        links.append(images.copies().among(rows, len(images.ids)))
    return components(len(rows), np.concatenate(links))


def _drawn(dataset: Dataset, images: Decoded, rows: np.ndarray, shares: Mapping[str, int]) -> dict[str, np.ndarray]:
    """`rows` divided into parts of the given shares, drawn by the name of the data set."""
    members = units_in(dataset, images, rows)
    if not len(rows):
        return dict.fromkeys(shares, rows)
    units = units_of(images.labels[rows], members)
    part = draw(units, tuple(shares.values()), generator("split", dataset.name))[members]
    chosen = {name: rows[part == number] for number, name in enumerate(shares)}
    for name, own in chosen.items():
        absent = absent_classes(dataset, images, own) if dataset.task != "multilabel" else set()
        if absent:
            label = min(absent)
            raise CatsError(_why_absent(dataset, images.groups[rows], label, name, units, len(shares)))
    return chosen


def _why_absent(dataset: Dataset, groups: np.ndarray, label: int, part: str, units: Units, parts: int) -> str:
    count = int((units.label == label).sum())
    what = f"{(dataset.groups or 'group') if (groups != '').any() else 'different image'}{'' if count == 1 else 's'}"
    why = f"it has {count} {what}, and a drawn split needs at least {parts} of each class"
    if count >= parts:
        why = f"its {count} {what} hold other classes too, so that no division was found that has every class in every part"
    return f"{dataset.name}: the class '{dataset.classes[label]}' has no image in {part}: {why}; use more images"


def uneven_class(dataset: Dataset, images: Decoded, parts: Rows) -> str:
    """Which class of a drawn split is farthest from its share, in words; empty if no class is far away."""
    shares = SHARES.get(drawn_part(set(images.parts.tolist())), {})
    if not shares:
        return ""
    rows = np.concatenate([parts[part] for part in shares])
    members = units_in(dataset, images, rows)
    part = np.empty(int(members.max()) + 1, dtype=np.int64)
    part[members] = np.repeat(np.arange(len(shares)), [len(parts[name]) for name in shares])
    in_units, _ = deviations(units_of(images.labels[rows], members), part, tuple(shares.values()))
    away = np.abs(in_units[: len(dataset.classes)])
    label, number = np.unravel_index(int(away.argmax()), away.shape)
    if away[label, number] <= FARTHEST:
        return ""
    return (
        f"the class '{dataset.classes[label]}' is {away[label, number]:.1f} groups away from its share of "
        f"{list(shares)[number]}, because groups hold several classes and no nearer division was found"
    )


def split_and_subsample(dataset: Dataset, images: Decoded, subsample: Subsample, seed: int) -> dict[str, np.ndarray]:
    """Row numbers of the images that a cell with this seed uses. Test is always complete.

    Raises CatsError if a class has no image left in a part.
    """
    return subsampled(dataset, images, split(dataset, images), subsample, seed)


def subsampled(dataset: Dataset, images: Decoded, parts: Rows, subsample: Subsample, seed: int) -> dict[str, np.ndarray]:
    """The row numbers of `parts` that a cell with this seed uses, see split_and_subsample."""
    drawn = dict(parts)
    for part, number in (("train", subsample.train), ("val", subsample.val)):
        if number is not None:
            rng = generator("subsample", dataset.name, part, seed if subsample.seed is None else subsample.seed)
            drawn[part] = draw_rows(images.labels, drawn[part], number, subsample, rng)
            require_classes(dataset, images, drawn[part], part)
    return drawn


def draw_rows(
    labels: np.ndarray, chosen: np.ndarray, number: int, subsample: Subsample, rng: np.random.Generator
) -> np.ndarray:
    """`number` of the rows `chosen`, in total or of each class as the sub-sample says; fewer if there are fewer. Int64,
    ascending.
    """
    shuffled = rng.permutation(chosen)
    if labels.ndim > 1 or not (subsample.stratified or subsample.per_class):
        total = number * (labels.shape[1] if labels.ndim > 1 else len(np.unique(labels))) if subsample.per_class else number
        regardless_of_class: np.ndarray = np.sort(shuffled[:total])
        return regardless_of_class
    classes, counts = np.unique(labels[chosen], return_counts=True)
    quota = np.full(len(classes), number) if subsample.per_class else proportional_quota(counts, min(number, len(chosen)))
    picked = [shuffled[labels[shuffled] == c][:n] for c, n in zip(classes, quota, strict=True)]
    drawn: np.ndarray = np.sort(np.concatenate(picked))
    return drawn


def proportional_quota(counts: np.ndarray, total: int) -> np.ndarray:
    """`total` divided in proportion to `counts`, (C,) int64; each class gets at least 1 as long as total ≥ C."""
    exact = counts * total / counts.sum()
    quota: np.ndarray = np.minimum(np.maximum(np.floor(exact).astype(np.int64), 1), counts)
    while quota.sum() != total:
        step = 1 if quota.sum() < total else -1
        room = np.where((quota < counts) if step > 0 else (quota > 1), step * (exact - quota), -np.inf)
        if np.isneginf(room).all():
            return quota
        quota[room.argmax()] += step
    return quota


def require_classes(dataset: Dataset, images: Decoded, chosen: np.ndarray, part: str) -> np.ndarray:
    """Return `chosen`. Raises CatsError if it has no image, or none of a class: the AUC needs every class."""
    absent = absent_classes(dataset, images, chosen)
    if absent and (dataset.task != "multilabel" or not chosen.size):
        raise CatsError(f"{dataset.name}: the class '{dataset.classes[min(absent)]}' has no image in {part}; use more images")
    return chosen


def absent_classes(dataset: Dataset, images: Decoded, chosen: np.ndarray) -> set[int]:
    """The numbers of the classes of which no image is among the rows `chosen`."""
    if dataset.task == "multilabel":
        present = set(np.flatnonzero(images.labels[chosen].any(axis=0)).tolist())
    else:
        present = set(images.labels[chosen].tolist())
    return set(range(len(dataset.classes))) - present
