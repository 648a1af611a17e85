"""Cases of new images and their reference, drawn again and again, and how often an alarm is raised."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from watching.images import CHANGES, Images, measured, pixels_of, training_rows

from benchmark.models.change import find_change
from benchmark.models.distance import NEIGHBOUR, ORDINARY, Distance, upper_quantile
from benchmark.models.sample import Sample
from benchmark.networks.network import Network

PERMUTATIONS = 499
REFERENCE = 500  # images, at the most


@dataclass(frozen=True)
class Judge:
    """What a kept classifier knows: a head, and the distance from its training images."""

    head: LogisticRegression
    distance: Distance

    @staticmethod
    def of(training: Images) -> "Judge":
        head = LogisticRegression(C=0.01, max_iter=500).fit(training.features, training.labels)
        unit = training.features / np.linalg.norm(training.features, axis=1, keepdims=True)
        return Judge(head, Distance(unit, NEIGHBOUR, np.inf))

    def judged(self, images: Images) -> Images:
        predicted = self.head.predict(images.features)[:, None] == (0, 1)
        return replace(images, predicted=predicted, distance=self.distance.score(images.features))


def alarm(new: Images, reference: Images, *, grouped: bool) -> tuple[bool, tuple[str, ...]]:
    validation = reference.distance[: len(reference.distance) // 2]  # the others are test images
    threshold = upper_quantile(validation, ORDINARY)
    samples = [
        Sample(side.features, side.predicted, side.distance > threshold, side.statistics, side.groups if grouped else None)
        for side in (new, reference)
    ]
    change = find_change(*samples, permutations=PERMUTATIONS)
    return change.changed, tuple(finding.test for finding in change.alarms)


@dataclass(frozen=True)
class Case:
    """Held-out images, and what is drawn from them.

    Attributes:
        new: the same rows as `held`, in the form in which they are new images.
        weights: how likely a row is drawn as new. take: how new and reference rows are chosen, by default at random.
    """

    held: Images
    new: Images | None = None
    weights: np.ndarray | None = None
    patients: bool = False
    grouped: bool = False

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Images, Images]:
        rows = len(self.held.labels)
        if self.patients:
            return self._by_patient(rng, count)
        if self.weights is None:
            order = rng.permutation(rows)
            ours, theirs = order[:count], order[count:]
        else:
            ours = rng.choice(rows, count, replace=False, p=self.weights / self.weights.sum())
            theirs = rng.permutation(np.setdiff1d(np.arange(rows), ours))
        return (self.new or self.held).rows(ours), self.held.rows(theirs[:REFERENCE])

    def _by_patient(self, rng: np.random.Generator, count: int, most: int = 25) -> tuple[Images, Images]:
        """New patients with `most` images each; the reference is of other patients."""
        names, counts = np.unique(self.held.groups, return_counts=True)
        order = rng.permutation(names[counts >= most])
        chosen = [rng.choice(np.flatnonzero(self.held.groups == name), most, replace=False) for name in order]
        first = count // most
        ours, theirs = np.concatenate(chosen[:first]), np.concatenate(chosen[first : first + REFERENCE // most])
        return self.held.rows(ours), self.held.rows(theirs)

    def alarms(self, count: int, draws: int) -> tuple[float, str]:
        """Share of draws with an alarm, and the tests that raise most of them."""
        rng = np.random.default_rng(0)
        found = [alarm(*self.draw(rng, count), grouped=self.grouped) for _ in range(draws)]
        tests = [test for _, alarms in found for test in alarms]
        often = sorted(set(tests), key=lambda test: (-tests.count(test), test))[:3]
        shares = ", ".join(f"{test} {100 * tests.count(test) / draws:.0f}" for test in often)
        return float(np.mean([alarm for alarm, _ in found])), shares


@dataclass(frozen=True)
class SeenCase(Case):
    """The reference holds the images that the head and the distance were fitted to."""

    seen: Images | None = None

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Images, Images]:
        assert self.seen is not None
        seen = rng.permutation(len(self.seen.labels))[:REFERENCE]
        return self.held.rows(rng.permutation(len(self.held.labels))[:count]), self.seen.rows(seen)


@dataclass(frozen=True)
class OtherCase(Case):
    """New images are of another data set; the reference is whole."""

    other: Images | None = None

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Images, Images]:
        assert self.other is not None
        return self.other.rows(rng.permutation(len(self.other.labels))[:count]), self.held


def case_of(network: Network, name: str, training: int, changes: list[str]) -> tuple[Case, Images, dict[str, Case]]:
    """A data set split at random into training and held-out images; and the held-out images after each change."""
    pixels, labels, parts, groups = pixels_of(name)
    train = training_rows(len(labels), training)
    held = np.random.default_rng(2).permutation(np.setdiff1d(np.arange(len(labels)), train))
    images = measured(network, pixels, labels, parts, groups)
    judge = Judge.of(images.rows(train))
    case = Case(judge.judged(images.rows(held)))
    few = held[:2500]
    changed = {}
    for change in changes:
        new = np.stack([CHANGES[change](each) for each in pixels[few]])
        changed[change] = Case(
            judge.judged(images.rows(few)), judge.judged(measured(network, new, labels[few], parts[few], groups[few]))
        )
    return case, judge.judged(images.rows(train)), changed


def other_set(network: Network) -> Case:
    """Eye fundus photographs where ultrasound of the breast is expected."""
    breast = measured(network, *pixels_of("breastmnist"))
    eyes = measured(network, *pixels_of("retinamnist", grey=True))
    known = breast.parts == "train"
    judge = Judge.of(breast.rows(known))
    return OtherCase(judge.judged(breast.rows(~known)), other=judge.judged(eyes))
