"""Have the images changed? New images against the reference images of a kept classifier: several tests, one alarm."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.core.seed import generator
from benchmark.models.sample import Sample
from results.error import CatsError
from results.statistics.multiple_testing import holm_by_permutation, permutation_p
from results.statistics.two_sample import (
    Labels,
    classifier_auc,
    detectable,
    labels_of,
    mmd,
    rank_shift,
    share_above,
    shares_apart,
)
from results.text.counts import how_many

LEAST = 20  # images of a side; fewer show no shift below one standard deviation
LEAST_GROUPS = 5  # groups of a side; fewer can be dealt out in too few ways for a small p-value
MOST = 2000  # images of a side that are compared; more cost time and find shifts that matter to nobody
PERMUTATIONS = 1999
# What is said of new images whose values are smaller, and larger.
DIRECTIONS = {
    "brightness": ("darker", "brighter"),
    "contrast": ("lower in contrast", "higher in contrast"),
    "sharpness": ("blurrier", "sharper"),
    "saturation": ("less colourful", "more colourful"),
    "size": ("smaller", "larger"),
    "shape": ("narrower for their height", "wider for their height"),
}


@dataclass(frozen=True)
class Finding:
    """One test.

    Attributes:
        test: features, classifier, classes, unlike, or one of NAMED.
        p: by permutation. adjusted: over all tests, stepwise by the same permutations (Westfall & Young).
        effect: the squared MMD, the AUC of the classifier, the difference of two shares, or the chance that a new image has a
            larger value than one of the reference.
        new, reference: the share or the median of each side; None for tests of features.
        index: the class whose share differs most; None for other tests.
    """

    test: str
    p: float
    adjusted: float
    effect: float
    new: float | None = None
    reference: float | None = None
    index: int | None = None


@dataclass(frozen=True)
class Change:
    """The answer.

    Attributes:
        level: the probability of an alarm if nothing has changed.
        new, reference: how many images there are; where more than MOST are given, so many of a side are compared.
        groups: number of groups of the new images and of the reference; None if every image is its own.
        unlike: how many of all new images are unlike any training image.
        findings: of the tests that were possible. unknown: statistics that are not known of every image.
        unsized: how many of the new and of the reference images lack them.
        shift: what a test of one statistic finds in 4 of 5 cases, in standard deviations.
    """

    level: float
    new: int
    reference: int
    groups: tuple[int, int] | None
    unlike: int
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]
    shift: float
    unsized: tuple[int, int] = (0, 0)

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The tests that found a change."""
        return tuple(finding for finding in self.findings if finding.adjusted <= self.level)

    @property
    def changed(self) -> bool:
        """Whether any test found a change; if there is none, this happens with the probability `level`."""
        return bool(self.alarms)


def find_change(new: Sample, reference: Sample, level: float = 0.05, permutations: int = PERMUTATIONS) -> Change:
    """Compare new images with the reference. The same images give the same answer.

    Groups count if both sides have them. Raises CatsError if there are too few images or groups to say anything.
    """
    require_enough(len(new), len(reference))
    grouped = new.groups is not None and reference.groups is not None
    one, other = (_at_most(side, name) for side, name in ((new, "new"), (reference, "reference")))
    labels, groups = _labels(one, other, grouped, permutations)
    findings = _judged([*_tests(one, other, labels), *_shifts(one, other, labels)])
    smallest = detectable(*(groups or (len(one), len(other))), level / max(1, len(findings)))
    known = [{name: np.isfinite(values) for name, values in side.named()} for side in (one, other)]
    unknown = tuple(name for name in known[0] if not all(side[name].all() for side in known))
    lacking = (int((~np.all(list(side.values()), axis=0)).sum()) for side in known)
    unlike = int(new.unlike.sum())
    return Change(level, len(new), len(reference), groups, unlike, findings, unknown, smallest, (next(lacking), next(lacking)))


def require_enough(new: int, reference: int, way: str = "") -> None:
    """Raises CatsError if a side has fewer images than LEAST. way: to more new images, the end of that sentence."""
    if new < LEAST:
        images = how_many(new, "image is", "images are")
        raise CatsError(f"{images} too few to say anything about a change: at least {LEAST} are needed{way}")
    if reference < LEAST:
        raise CatsError(
            f"the classifier keeps {how_many(reference, 'validation and test image')} as reference, too few to compare with: "
            f"at least {LEAST} are needed; keep a classifier of a larger data set"
        )


def _at_most(side: Sample, name: str) -> Sample:
    if len(side) <= MOST:
        return side
    return side.rows(np.sort(generator("watch", name).permutation(len(side))[:MOST]))


def _labels(new: Sample, reference: Sample, grouped: bool, permutations: int) -> tuple[Labels, tuple[int, int] | None]:
    """The labels and their permutations, and how many groups there are on both sides. Raises CatsError if too few."""
    is_new = np.arange(len(new) + len(reference)) < len(new)
    rng = generator("watch", "permutations")
    if not grouped or new.groups is None or reference.groups is None:
        return labels_of(is_new, None, permutations, rng), None
    ours, theirs = (np.unique(side, return_inverse=True)[1].ravel() for side in (new.groups, reference.groups))
    counts = int(ours.max()) + 1, int(theirs.max()) + 1
    for count, side in zip(counts, ("the new images", "the reference images"), strict=True):
        if count < LEAST_GROUPS:
            raise CatsError(
                f"{side} come from {how_many(count, 'group')}, too few to say anything about a change: "
                f"at least {LEAST_GROUPS} are needed"
            )
    return labels_of(is_new, np.concatenate([ours, theirs + counts[0]]), permutations, rng), counts


def _judged(tests: list[tuple[np.ndarray, dict[str, Any]]]) -> tuple[Finding, ...]:
    """Findings with p-values, without tests that cannot say anything: their statistic is NaN."""
    able = [(statistics, facts) for statistics, facts in tests if np.isfinite(statistics[0])]
    p = permutation_p(np.stack([statistics for statistics, _ in able]))
    both = zip(able, p[:, 0], holm_by_permutation(p), strict=True)
    return tuple(Finding(p=float(alone), adjusted=float(adjusted), **facts) for (_, facts), alone, adjusted in both)


def _tests(new: Sample, reference: Sample, labels: Labels) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """The tests of what the network makes of the images: the statistic for each labelling, and what a Finding says of it."""
    features = np.concatenate([new.features, reference.features])
    for test, statistics in (
        ("features", mmd(features, labels)),
        ("classifier", classifier_auc(features, labels, generator("watch", "folds"))),
    ):
        yield statistics, {"test": test, "effect": float(statistics[0])}
    index = int(np.argmax(np.abs(new.predicted.mean(axis=0) - reference.predicted.mean(axis=0))))
    marks = np.concatenate([new.predicted, reference.predicted])
    yield (
        shares_apart(marks, labels) if (marks != marks[0]).any() else _nothing(labels),
        {"test": "classes", "index": index, **_sides(new.predicted[:, index], reference.predicted[:, index])},
    )
    flags = np.concatenate([new.unlike, reference.unlike])
    yield (
        share_above(flags, labels) if flags.any() else _nothing(labels),
        {"test": "unlike", **_sides(new.unlike, reference.unlike)},
    )


def _nothing(labels: Labels) -> np.ndarray:
    """The statistic of a test that cannot say anything, because all images are alike."""
    return np.full(len(labels.new), np.nan)


def _sides(new: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    one, other = float(new.mean()), float(reference.mean())
    return {"effect": one - other, "new": one, "reference": other}


def _shifts(new: Sample, reference: Sample, labels: Labels) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """The tests of the statistics that are known of every image and differ among them."""
    for (name, ours), (_, theirs) in zip(new.named(), reference.named(), strict=True):
        both = np.concatenate([ours, theirs])
        if np.isfinite(both).all() and np.ptp(both) > 0:
            chances = rank_shift(both, labels)
            sides = {"new": float(np.median(ours)), "reference": float(np.median(theirs))}
            yield np.abs(chances - 0.5), {"test": name, "effect": float(chances[0]), **sides}
