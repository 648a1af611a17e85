"""What a board can tell apart on each target: the power of its test of ties, from runs of the experiment or typical figures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.board.ranking import Standing
from results.metrics import width_of
from results.statistics.power import (
    MOST_SEEDS,
    WANTED,
    Noise,
    hanley_mcneil,
    images_needed,
    power,
    seeds_needed,
    smallest_difference,
)
from results.text.counts import how_many

# Typical figures, for an experiment without runs; docs/statistics.md says where they come from.
AUC = 0.9
SEEDS = 0.015  # standard deviation of the AUC over seeds
SOURCES_ALIKE = 0.5  # correlation of the AUCs of two sources over samples of test images
CLASSES_ALIKE = 0.1  # correlation of the AUCs of two classes
MORE_SEEDS = (5, 10, 20, 50, 100, 200, 500, MOST_SEEDS)  # tried where the plan's seeds need too many test images
TOO_MANY = 2.0  # times as many test images as with MOST_SEEDS


@dataclass(frozen=True)
class Spread:
    """One part of the randomness of a target: its standard deviation, and where it comes from in words; None if unknown."""

    deviation: float | None
    origin: str


@dataclass(frozen=True)
class Detection:
    """Which differences a board tells apart on one target.

    Attributes:
        difference: the difference in the metric that is asked about.
        seeds: the number of seeds of the plan. unit: "test images", or what they are grouped by.
        origins: where the variances come from.
    """

    target: str
    metric: str
    difference: float
    noise: Noise
    seeds: int
    unit: str
    origins: tuple[str, ...]

    def sentences(self) -> list[str]:
        """What to print: what the plan tells apart, what the difference needs, and where the figures come from."""
        return [f"{self.target}: {clause}" for clause in (self._now(), self._needed(), "; ".join(self.origins))]

    def _now(self) -> str:
        sizes = f"{self.seeds} seeds and {self.noise.units} {self.unit}"
        if self.seeds < 2:
            return "one seed tells no sources apart"
        if self._still:
            return f"nothing varies, so that {sizes} tell no sources apart unless a noise is stated (`cats board --noise`)"
        least = smallest_difference(self.noise, self.seeds, WANTED)
        if least is None or least >= width_of(self.metric):
            return f"{sizes} tell no difference of {self.metric} apart (80 % power)"
        return f"{sizes} tell {least:.3f} {self.metric} apart (80 % power, 95 % for all pairs of {self.noise.sources} sources)"

    def _needed(self) -> str:
        noise, asked = self.noise, f"{self.difference:g} {self.metric}"
        if self._still:
            return f"more seeds give the same values again: no number of them tells {asked} apart"
        count, here = seeds_needed(self.difference, noise, WANTED), f"{noise.units} {self.unit}"
        if count is not None and count <= self.seeds:
            return f"{asked} needs {count} seeds; the plan has {self.seeds}"
        images = self._images(count)
        if count is not None:
            other = "" if images is None else f"; {images} would do, too"
            return f"{asked} needs {count} seeds, where the plan has {self.seeds}{other}"
        if power(self.difference, noise, 10**9) >= WANTED:
            return f"{asked} needs more than {MOST_SEEDS} seeds"
        remedy = f"{images} would" if images else f"nor do {MOST_SEEDS} seeds with any number of {self.unit}"
        return f"no number of seeds tells {asked} apart with {here}: the test set is too small; {remedy}"

    @property
    def _still(self) -> bool:
        """Whether neither seeds nor test images vary: the test of ties then tells nothing apart."""
        return not self.noise.seeds and not self.noise.images

    def _images(self, enough: int | None) -> str | None:
        """How many test images suffice, with the seeds of the plan or with more, if that needs far fewer images.

        enough: the number of seeds that suffice with the test images that there are; with as many seeds, no others are needed.
        """
        least = images_needed(self.difference, self.noise, MOST_SEEDS, WANTED)
        if least is None:
            return None
        for seeds in (self.seeds, *(more for more in MORE_SEEDS if more > self.seeds)):
            count = images_needed(self.difference, self.noise, seeds, WANTED)
            if enough is not None and seeds >= enough:
                return None
            if count is not None and count <= TOO_MANY * least:
                return f"about {_rounded(count)} {self.unit} with {seeds} seeds"
        return None


def _rounded(count: int) -> int:
    """A count rounded up to two digits."""
    grain = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // grain) * grain


def seeds_of(standing: Standing | None) -> Spread:
    """How much the seeds of a source vary, from the sources with several seeds."""
    values = [] if standing is None else [v for v in standing.measured.values if len(v) > 1]
    if not values:
        return Spread(None, "")
    each = np.array([0.0 if np.ptp(v) == 0 else v.std(ddof=1) for v in values])  # of equal values there are rounding errors
    deviation = float(np.sqrt(np.mean(each**2)))
    sources = f"{how_many(len(values), 'source')} of this experiment"
    if not deviation:
        return Spread(0.0, f"all seeds of a source give the same value ({sources})")
    return Spread(
        deviation, f"the seeds of a source vary by {deviation:.3f} ({sources}, from {each.min():.3f} to {each.max():.3f})"
    )


def images_of(standing: Standing | None) -> Spread:
    """How much the test images move the difference of two sources, from predictions."""
    if standing is None or standing.measured.images is None or len(standing.sources) < 2:
        return Spread(None, "")
    shared = standing.measured.shared
    one, other = np.triu_indices(len(shared), 1)
    deviation = float(np.sqrt(np.mean(shared[one, one] + shared[other, other] - 2 * shared[one, other])))
    return Spread(deviation, f"test images move a difference by {deviation:.3f} (predictions of this experiment)")


def uncounted_images(metric: str) -> Spread:
    """The test images under a metric of which nobody knows how much each image moves it."""
    why = f"the influence of each image on {metric} is not known"
    return Spread(0.0, f"the sampling error of the test images is not counted: {why}")


def typical_seeds() -> Spread:
    """How much the AUC of a source typically varies over seeds."""
    return Spread(SEEDS, f"the seeds of a source are taken to vary by {SEEDS:g} (a typical figure)")


def typical_images(counts: Sequence[tuple[int, int]], *, multilabel: bool = False, few: str = "") -> Spread:
    """How much test images typically move the difference of two AUCs.

    counts: of each class, the number of test images (or patients) of the class and of all others; none of them 0. multilabel:
    whether an image may have several labels: two labels are then two areas, and two classes are one. few: the images whose
    predictions are known and say too little, in words.
    """
    each = float(np.mean([hanley_mcneil(AUC, *pair) for pair in counts]))
    alike = 1.0 if len(counts) == 2 and not multilabel else CLASSES_ALIKE  # of two classes, both areas are the same
    mean = each * (1 + (len(counts) - 1) * alike) / len(counts)
    deviation = float(np.sqrt(2 * mean * (1 - SOURCES_ALIKE)))
    why = f"; predictions of {few} say too little" if few else ""
    return Spread(
        deviation, f"test images are taken to move a difference by {deviation:.3f} (typical of an AUC of {AUC:g}{why})"
    )
