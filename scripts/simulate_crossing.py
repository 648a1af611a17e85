"""How often the interval of a crossing (`cats curve`) holds the truth, beside other intervals: simulated, the truth is known.

python scripts/simulate_crossing.py            prints both tables of docs/data_size.md; three minutes on one core
python scripts/simulate_crossing.py --write    puts them there
python scripts/simulate_crossing.py 100        fewer repetitions, for a first look
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from documentation.place import put
from scipy import stats

from results.statistics.crossing import Crossing, Differences, crossing

PAGE = Path(__file__).parents[1] / "docs" / "data_size.md"
IMAGES_AT = (25, 50, 100, 250, 500)  # numbers of training images
PLACES = np.log(IMAGES_AT)
START = np.log(25)
TIMES, RESAMPLES, IMAGES = 1000, 200, 150
FAR = np.inf


class Kind(NamedTuple):
    """A true difference at each place, in words, and where it becomes nil: infinite beyond the places, on either side.

    places: logarithms of the numbers of training images.
    """

    name: str
    truth: np.ndarray
    nil: float
    places: np.ndarray = PLACES


def straight(nil_at: float, slope: float = 0.03) -> np.ndarray:
    return -slope * (PLACES - np.log(nil_at))


def bent(nil_at: float) -> np.ndarray:
    """A difference that shrinks as one over the images, and is nil on the straight line between its places."""
    values = 2.5 * (np.exp(-PLACES) - 1 / nil_at)
    return values - np.interp(np.log(nil_at), PLACES, values)


def power(nil_at: int, exponent: float, first: float, numbers: tuple[int, ...] = IMAGES_AT) -> Kind:
    """A difference n^-exponent minus its value at `nil_at`, `first` at the first number: bent between the numbers as well."""
    values = np.array(numbers, float) ** -exponent - nil_at**-exponent
    name = f"n^-{exponent:g}, {first:g} at {numbers[0]} images, nil at {nil_at}"
    return Kind(name, first * values / values[0], np.log(nil_at), np.log(numbers))


CURVED = (
    power(160, 0.5, 0.08),
    power(160, 1, 0.08),
    power(160, 1, 0.25),
    power(80, 1, 0.08),
    power(35, 1, 0.08),
    power(50, 1, 0.08, (25, 100, 500)),
    power(200, 0.5, 0.08, (25, 100, 500)),
    power(80, 0.5, 0.08, (25, 500)),
    power(80, 1, 0.08, (25, 500)),
)
KINDS = (
    Kind("straight, nil at 110", straight(110), np.log(110)),
    Kind("straight and steep, nil at 340", straight(340, 0.08), np.log(340)),
    Kind("shrinks as 1/n, nil at 80", bent(80), np.log(80)),
    Kind("straight, nil at 30", straight(30), np.log(30)),
    Kind("above nil everywhere", straight(800), FAR),
    Kind("below nil everywhere", straight(15), -FAR),
)


class Drawn(NamedTuple):
    """Logarithms of the numbers of images, (K,); differences by seed, (n, K); the share of each test image, (G, K)."""

    places: np.ndarray
    values: np.ndarray
    shares: np.ndarray


def drawn(rng: np.random.Generator, kind: Kind, seeds: int, *, equal: bool) -> Drawn:
    """What is seen of a kind: all places have the noise of the test images in common for the most part.

    The noise of seeds is the same at each place if `equal`, else it falls from 0.03 at 25 images to 0.007 at 500.
    """
    count = len(kind.places)
    scale = np.full(count, 0.015) if equal else 0.03 * np.exp(-(kind.places - START) / 2)
    images = rng.normal(scale=0.12, size=(IMAGES, 1)) + rng.normal(scale=0.08, size=(IMAGES, count))
    shares = (images - images.mean(axis=0)) / IMAGES
    return Drawn(kind.places, kind.truth + images.mean(axis=0) + rng.normal(size=(seeds, count)) * scale, shares)


def of_curve(seen: Drawn, _: np.random.Generator) -> Crossing:
    return crossing(Differences(seen.places, seen.values, seen.shares.T @ seen.shares, IMAGES - 1.0))


def of_line(seen: Drawn, _: np.random.Generator) -> Crossing:
    """The same test on the straight line in log n that is fitted to each seed; of a ratio this is Fieller's interval."""
    design = np.stack([np.ones(len(seen.places)), seen.places], axis=1)
    fit = design @ np.linalg.pinv(design)
    shared = fit @ (seen.shares.T @ seen.shares) @ fit.T
    return crossing(Differences(seen.places, seen.values @ fit.T, shared, IMAGES - 1.0))


def of_one_variance(seen: Drawn, _: np.random.Generator) -> Crossing:
    """The same test with one variance of the seeds for all places, which has more degrees of freedom."""
    places, values, shares = seen
    seeds, count = values.shape
    free = count * (seeds - 1)
    variance = ((values - values.mean(axis=0)) ** 2).sum() / free / seeds
    grid = np.linspace(places[0], places[-1], 401)
    weights = np.stack([np.interp(grid, places, one) for one in np.eye(count)], axis=1)
    whole = np.einsum("pk,kl,pl->p", weights, shares.T @ shares + variance * np.eye(count), weights)
    half, middle = stats.t.ppf(0.975, free) * np.sqrt(whole), weights @ values.mean(axis=0)
    not_above, not_below = np.flatnonzero(middle <= half), np.flatnonzero(middle >= -half)
    low = grid[-1] if not len(not_above) else -FAR if not_above[0] == 0 else grid[not_above[0]]
    high = grid[0] if not len(not_below) else FAR if not_below[-1] == len(grid) - 1 else grid[not_below[-1]]
    return Crossing(np.nan, low, high)


def of_bootstrap(seen: Drawn, rng: np.random.Generator) -> Crossing:
    """Percentiles of the crossing where seeds and test images are drawn again; a curve that rises through nil has none."""
    (at, values, shares), nothing = seen, np.zeros((len(seen.places), len(seen.places)))
    seeds = rng.integers(len(values), size=(RESAMPLES, len(values)))
    weights = rng.multinomial(IMAGES, np.full(IMAGES, 1 / IMAGES), size=RESAMPLES)
    places = np.array([
        crossing(Differences(at, mean[None], nothing)).place
        for mean in values[seeds].mean(axis=1) + (weights - 1) @ shares
    ])  # fmt: skip
    known = places[~np.isnan(places)]
    low, high = np.quantile(known, [0.025, 0.975], method="inverted_cdf") if len(known) else (-FAR, FAR)
    return Crossing(np.nan, low, high)


Interval = Callable[[Drawn, np.random.Generator], Crossing]
WAYS: dict[str, Interval] = {
    "test at each number (`cats curve`)": of_curve, "one variance for all numbers": of_one_variance,
    "a line in log n": of_line, "bootstrap": of_bootstrap,
}  # fmt: skip


def row(kind: Kind, seeds: int, times: int, *, equal: bool) -> list[str]:
    rng = np.random.default_rng(seeds)
    held, closed = dict.fromkeys(WAYS, 0), 0
    for _ in range(times):
        seen = drawn(rng, kind, seeds, equal=equal)
        for name, way in WAYS.items():
            found = way(seen, rng)
            held[name] += found.low <= kind.nil <= found.high
            closed += way is of_curve and bool(np.isfinite([found.low, found.high]).any())
    shown = [f"{held[name] / times:.1%}".replace("%", " %") for name in WAYS]
    return [kind.name, str(seeds), "equal" if equal else "falls", *shown, f"{closed / times:.0%}".replace("%", " %")]


def curved_rows(times: int) -> Iterator[list[str]]:
    """Rows of truths that are bent between the numbers of images as well, which no interval knows."""
    for kind in CURVED:
        for seeds in (3, 5):
            name, count, _, *shares = row(kind, seeds, times, equal=False)
            yield [name, ", ".join(f"{n:.0f}" for n in np.exp(kind.places)), count, *shares]


def rows(times: int) -> Iterator[list[str]]:
    for kind in KINDS:
        for seeds in (3, 5):
            yield row(kind, seeds, times, equal=False)
    for seeds in (3, 5):
        yield row(KINDS[0], seeds, times, equal=True)


def table(times: int) -> str:
    head = ["true difference", "seeds", "noise of seeds", *WAYS, "an end is known"]
    return _table([head, ["---", "---:", "---", *["---:"] * (len(WAYS) + 1)], *rows(times)])


def curved_table(times: int) -> str:
    head = ["true difference", "numbers of images", "seeds", *WAYS, "an end is known"]
    return _table([head, ["---", "---", "---:", *["---:"] * (len(WAYS) + 1)], *curved_rows(times)])


def _table(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--write"]
    if len(words) > 1 or not all(word.isdigit() and int(word) > 0 for word in words):
        sys.exit("give one number of repetitions from 1 on, such as 100, and --write or nothing beside it")
    times = int(words[0]) if words else TIMES
    for name, made in {"simulated": table, "curved": curved_table}.items():
        text = made(times)
        if "--write" in sys.argv:
            put(PAGE, name, text + "\n")
        print(text, end="\n\n")


if __name__ == "__main__":
    main()
