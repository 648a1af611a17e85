"""How often the 95 % interval of the expected calibration error holds: simulated, where the truth is known.

python scripts/simulate_calibration.py            prints the table of docs/evaluation.md; about two minutes on one core
python scripts/simulate_calibration.py --write    puts it there
python scripts/simulate_calibration.py 200        fewer data sets of each kind, for a first look
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from documentation.place import put
from scipy import stats
from scipy.special import softmax

from results.statistics.calibration_error import Decisions, Gaps, contributions, gaps_of, interval_of, quantile_error

PAGE = Path(__file__).parents[1] / "docs" / "evaluation.md"
SETS, RESAMPLES, MANY = 2000, 200, 400_000
SPREAD = 1.5  # standard deviation of logits


@dataclass(frozen=True)
class World:
    """How labels and confidences come about: labels follow the softmax of logits, the network reports another one.

    Attributes:
        temperature: by which the reported logits are divided; below 1 the network is too certain.
        power: of the size of the reported logits; above 1 the network is too modest in doubt and else too certain.
        alike: correlation of what decides whether images of one patient are decided right; patients have five images.
    """

    classes: int
    temperature: float = 1.0
    power: float = 1.0
    alike: float = 0.0

    @property
    def name(self) -> str:
        if self.power != 1:
            return f"{self.classes} classes, too modest in doubt, else too certain"
        size = "well calibrated" if self.temperature == 1 else f"temperature {self.temperature:g}"
        return f"{self.classes} classes, {size}{', 5 images of each patient' if self.alike else ''}"

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(count,) confidence in the decision, and the probability that it is right."""
        logits = rng.normal(scale=SPREAD, size=(count, self.classes))
        reported = softmax(np.sign(logits) * np.abs(logits) ** self.power / self.temperature, axis=1)
        guess = reported.argmax(axis=1)
        return reported[np.arange(count), guess], softmax(logits, axis=1)[np.arange(count), guess]

    def truth(self) -> float:
        """The calibration error: the mean distance of the confidence from the probability of being right, given it.

        Of two classes and a temperature the confidence says which that probability is; else fine bins of many images say it.
        """
        confidence, right = self.draw(np.random.default_rng(0), MANY)
        fine = (confidence - right)[np.argsort(confidence)].reshape(-1, 400).mean(axis=1)
        return float(np.abs(fine).mean())

    def decide(self, rng: np.random.Generator, count: int) -> Decisions:
        """The decisions about `count` images."""
        confidence, chance = self.draw(rng, count)
        if not self.alike:
            return Decisions(confidence, rng.random(count) < chance, None, count)
        patients = np.arange(count) // 5
        noise = np.sqrt(self.alike) * rng.normal(size=count // 5)[patients] + np.sqrt(1 - self.alike) * rng.normal(size=count)
        return Decisions(confidence, stats.norm.cdf(noise) < chance, patients, count)


def by_bootstrap(rng: np.random.Generator, made: Decisions, gaps: Gaps, places: np.ndarray) -> tuple[float, float]:
    """The percentiles of the plain error over resampled images, which many papers report."""
    weights = rng.multinomial(made.images, np.full(made.images, 1 / made.images), size=RESAMPLES)
    signed = (made.confidence - made.right)[:, None] * (places[:, None] == np.arange(len(gaps.counts)))
    low, high = np.quantile(np.abs(weights @ signed).sum(axis=1) / made.images, [0.025, 0.975])
    return float(low), float(high)


def by_normal(made: Decisions, gaps: Gaps) -> tuple[float, float]:
    """The plain error with 1.96 standard errors on both sides."""
    error = contributions(made).std(ddof=1) / np.sqrt(made.images)
    return float(gaps.plain - 1.96 * error), float(gaps.plain + 1.96 * error)


def share_inside(truth: float, low: np.ndarray, high: np.ndarray) -> float:
    return float(np.mean((low <= truth + 1e-9) & (truth - 1e-9 <= high)))


def line(world: World, count: int, sets: int) -> tuple[str, ...]:
    """One row of the table."""
    truth, rng = world.truth() if world.temperature != 1 or world.power != 1 else 0.0, np.random.default_rng(count)
    made = [world.decide(rng, count) for _ in range(sets)]
    gaps = [gaps_of(each) for each in made]
    if world.alike:
        ends = np.array([interval_of(each) for each in made]).T
    else:  # all data sets at once
        together = Gaps(*(np.array([getattr(each, name) for each, _ in gaps]) for name in ("counts", "confidence", "right")))
        ends = np.array([quantile_error(together, z) for z in (1.96, -1.96)])
    value = np.mean([quantile_error(each, 0) for each, _ in gaps[:400]])
    plain = np.mean([each.plain for each, _ in gaps])
    resampled = np.array([by_bootstrap(rng, each, *found) for each, found in zip(made[:400], gaps, strict=False)]).T
    normal = np.array([by_normal(each, found) for each, (found, _) in zip(made, gaps, strict=True)]).T
    shares = [share_inside(truth, *each) for each in (ends, resampled, normal)]
    width = float(np.mean(ends[1] - ends[0]))
    return (
        world.name, f"{count:,}", f"{truth:.3f}", f"{plain:.3f}", f"{value:.3f}", f"{width:.3f}",
        *(f"{100 * share:.1f} %" for share in shares),
    )  # fmt: skip


def worlds() -> Iterator[World]:
    for classes in (2, 7):
        for temperature in (1.0, 0.9, 0.7, 0.5, 2.0):
            yield World(classes, temperature)
        yield World(classes, power=1.8)
    for temperature in (1.0, 0.5):
        yield World(2, temperature, alike=0.5)


def table(sets: int) -> str:
    head = ("network", "images", "true error", "plain", "value", "width", "interval holds", "bootstrap", "plain ± 1.96 errors")
    rows = [line(world, count, sets) for world in worlds() for count in (150, 1000)]
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def main(arguments: list[str]) -> None:
    made = table(next((int(a) for a in arguments if a.isdigit()), SETS))
    print(made)
    if "--write" in arguments:
        put(PAGE, "calibration", f"\n{made}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
