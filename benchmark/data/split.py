"""Splits into train, val and test: official parts, or whole groups drawn by name; then the sub-sample."""

import warnings

import numpy as np
from pydantic import Field

from benchmark.core.cost_fields import OtherCost, SameCost
from benchmark.core.numeric import Numeric
from benchmark.core.seed import generator, seed_of
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.readers.samples import PARTS
from results.error import CatsError


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


FOLDS = 20  # 70/15/15 are 14, 3 and 3 of them


def split(dataset: Dataset, images: Decoded) -> dict[str, np.ndarray]:
    """Row numbers (int64, ascending) of train, val and test: the official split, else 70/15/15, stratified, groups kept whole.

    If the official split has no val, 15 % of train become val. Images whose part has another name are in no part. Raises
    CatsError if a group is in two parts, or a class is missing in one.
    """
    parts = {part: np.flatnonzero(images.parts == part) for part in PARTS}
    if not images.parts.astype(bool).any():
        fold = _folds(dataset, images, np.arange(len(images.ids)))
        parts = {
            "train": np.flatnonzero(fold >= 6),
            "val": np.flatnonzero(fold < 3),
            "test": np.flatnonzero((fold >= 3) & (fold < 6)),
        }
    elif len(parts["train"]) and not len(parts["val"]):
        fold = _folds(dataset, images, parts["train"])
        parts |= {"train": parts["train"][fold >= 3], "val": parts["train"][fold < 3]}
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        shared = set(images.groups[parts[one]]) & set(images.groups[parts[other]]) - {""}
        if shared:
            raise CatsError(
                f"{dataset.name}: {dataset.groups} '{min(shared)}' is in {one} and in {other}; it must be in one part only"
            )
    return {part: require_classes(dataset, images, chosen, part) for part, chosen in parts.items()}


def _folds(dataset: Dataset, images: Decoded, rows: np.ndarray) -> np.ndarray:
    """Fold, 0 to 19, of each of `rows`: stratified, groups kept whole, drawn by the name of the data set."""
    labels = (images.labels if images.labels.ndim == 1 else images.labels.sum(axis=1))[rows]
    has_group = images.groups[rows] != ""
    grouped = bool(has_group.any())
    # Each image without a known patient is a separate group.
    groups = np.where(has_group, images.groups[rows], np.strings.add("image ", rows.astype(str))) if grouped else None
    count = len(rows) if groups is None else len(set(groups))
    if count < FOLDS:
        raise CatsError(f"{dataset.name} has {count} groups; a 70/15/15 split needs at least {FOLDS}")
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # takes a second to import

    # Without groups the plain splitter guarantees the same and is fast for 100,000 images.
    splitter = StratifiedGroupKFold if grouped else StratifiedKFold
    folds = splitter(FOLDS, shuffle=True, random_state=seed_of("split", dataset.name) % 2**32)
    fold = np.empty(len(labels), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # split() refuses a class that is then missing in a part
        try:
            for number, (_, held_out) in enumerate(folds.split(np.zeros(len(labels)), labels, groups)):
                fold[held_out] = number
        except ValueError as error:  # scikit-learn requires a class with at least as many images as there are folds
            raise CatsError(f"{dataset.name}: no class has the {FOLDS} images that a 70/15/15 split needs") from error
    return fold


def split_and_subsample(dataset: Dataset, images: Decoded, subsample: Subsample, seed: int) -> dict[str, np.ndarray]:
    """Row numbers of the images that a cell with this seed uses. Test is always complete.

    Raises CatsError if a class has no image left in a part.
    """
    parts = split(dataset, images)
    for part, number in (("train", subsample.train), ("val", subsample.val)):
        if number is not None:
            rng = generator("subsample", dataset.name, part, seed if subsample.seed is None else subsample.seed)
            parts[part] = draw_rows(images.labels, parts[part], number, subsample, rng)
            require_classes(dataset, images, parts[part], part)
    return parts


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
    if dataset.task == "multilabel":
        present = set(np.flatnonzero(images.labels[chosen].any(axis=0)).tolist())
    else:
        present = set(images.labels[chosen].tolist())
    absent = set(range(len(dataset.classes))) - present
    if absent and (dataset.task != "multilabel" or not chosen.size):
        raise CatsError(f"{dataset.name}: the class '{dataset.classes[min(absent)]}' has no image in {part}; use more images")
    return chosen
