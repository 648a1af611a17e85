"""Advice below a board with two seeds, whose intervals are so wide that they say little: how many seeds would tell."""

from collections.abc import Mapping, Sequence

from results.board.detection import images_of, seeds_of
from results.board.ranking import Row, Standing
from results.metrics import width_of
from results.statistics.power import Noise, power, seeds_needed, smallest_difference
from results.text.units import significant

FEW = 2  # seeds
MORE = (3, 5, 10, 20)
ONE_LOOK = "look again only after all of them"  # a look after each finds differences that are none
NEARLY = 0.9  # of a difference: less gain is none


def seed_advice(standings: Mapping[str, Standing], targets: Mapping[str, Sequence[Row]], metric: str) -> list[str]:
    """One sentence about the targets on which two seeds leave no winner, from the randomness that their own runs show."""
    noises = {target: noise for target, rows in targets.items() if (noise := _noise(standings[target], rows)) is not None}
    if not noises:
        return []
    said = f"{listed(noises, metric)} (80 % power"
    if len(noises) > 1:
        low, high = _ends(noises, FEW)
        where = "" if low == high else f"; the least noise is on {low}, the most on {high}"
        return [f"{len(noises)} targets without a winner: {said}{where})"]
    ((target, noise),) = noises.items()
    gap = abs(targets[target][0].mean - targets[target][1].mean)
    return [f"{target}: {said}, {noise.sources} sources); the first two differ by {gap:.3f}{_needed(gap, noise)}"]


def needed(standing: Standing, tied: Sequence[Row]) -> str:
    """How many seeds would tell the first two of tied sources apart, as the end of a sentence; empty if nothing is known."""
    noise = _randomness(standing)
    return "" if noise is None else _needed(abs(tied[0].mean - tied[1].mean), noise)


def _noise(standing: Standing, rows: Sequence[Row]) -> Noise | None:
    """The randomness of a target on which two seeds leave no winner; None of every other target."""
    if sum(row.tie == 1 for row in rows) < 2 or max(row.seeds for row in rows) != FEW:
        return None
    return _randomness(standing)


def _randomness(standing: Standing) -> Noise | None:
    """The randomness of a target; None if nothing varies over seeds, or there is one seed."""
    seeds, images = seeds_of(standing), images_of(standing)
    if not seeds.deviation:
        return None
    units = FEW if standing.measured.images is None else len(standing.measured.images)
    return Noise(seeds.deviation**2, (images.deviation or 0.0) ** 2, units, len(standing.sources))


def listed(noises: Mapping[str, Noise], metric: str) -> str:
    """What two seeds tell apart, and what more seeds do, up to the number from which on the test images alone limit it."""
    counts = (FEW, *MORE)
    least = [_least(noises, count, metric) for count in counts]
    enough = next(place for place in range(len(counts)) if _as_small(least[place], least[-1]))
    none_better = f"do not help ({counts[-1]} seeds tell {_words(least[-1])} apart), more test images would"
    if enough == 0:
        return f"{FEW} seeds tell {_words(least[0])} of {metric} apart; more seeds {none_better}"
    each = ", ".join(f"{counts[place]} seeds {_words(least[place])}" for place in range(1, enough + 1))
    rest = f"; more seeds than {counts[enough]} {none_better}" if enough < len(counts) - 1 else ""
    return f"{FEW} seeds are few: of {metric} they tell {_words(least[0])} apart; {each}{rest}"


def detectable(noises: Mapping[str, Noise], seeds: int, metric: str) -> str:
    """What so many seeds tell apart on the targets with the least and the most noise, the smaller difference first."""
    return _words(_least(noises, seeds, metric))


def _least(noises: Mapping[str, Noise], seeds: int, metric: str) -> list[float | None]:
    """The smallest differences behind `detectable`, sorted; those that can be detected on no target are None, and come last."""
    least = [smallest_difference(noises[target], seeds) for target in dict.fromkeys(_ends(noises, seeds))]
    known = sorted(difference for difference in least if difference is not None and difference < width_of(metric))
    return [*known, *[None] * (len(least) - len(known))]


def _words(least: Sequence[float | None]) -> str:
    known = [difference for difference in least if difference is not None]
    if not known:
        return "no difference"
    words = list(dict.fromkeys(significant(difference, 2) for difference in (known[0], known[-1])))
    return " to ".join(words) if len(known) == len(least) else f"{words[0]} at best"


def _as_small(least: Sequence[float | None], most: Sequence[float | None]) -> bool:
    """Whether differences are nearly as small as those of the most seeds; a difference that cannot be detected never is."""
    if least is most:
        return True
    if len(least) != len(most):  # one target has both the least and the most noise with some numbers of seeds
        return False
    return all(few is not None and many is not None and many > NEARLY * few for few, many in zip(least, most, strict=True))


def _ends(noises: Mapping[str, Noise], seeds: int) -> tuple[str, str]:
    """The targets with the least and the most noise in the difference of two means of so many seeds."""

    def spread(target: str) -> float:
        return 2 * noises[target].seeds / seeds + noises[target].images

    return min(noises, key=spread), max(noises, key=spread)


def _needed(gap: float, noise: Noise) -> str:
    count = seeds_needed(gap, noise) if gap else None
    if count is not None:
        return f", and about {count} seeds would tell that, if it is true; {ONE_LOOK}"
    if gap and power(gap, noise, 10**9) >= 0.8:
        return ", and thousands of seeds would be needed to tell that"
    return ", which no number of seeds tells on these test images" if gap else ""
