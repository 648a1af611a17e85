"""Advice below a board with two seeds, whose intervals are so wide that they say little: how many seeds would tell."""

from collections.abc import Mapping, Sequence

from results.board.detection import images_of, seeds_of
from results.board.ranking import Row, Standing
from results.metrics import width_of
from results.statistics.power import Noise, power, seeds_needed, smallest_difference

FEW = 2  # seeds
MORE = (3, 5, 10, 20)


def seed_advice(standings: Mapping[str, Standing], targets: Mapping[str, Sequence[Row]], metric: str) -> list[str]:
    """One sentence for each target on which two seeds leave no winner, from the randomness that its own runs show."""
    sentences = (_sentence(target, standings[target], rows, metric) for target, rows in targets.items())
    return [sentence for sentence in sentences if sentence is not None]


def _sentence(target: str, standing: Standing, rows: Sequence[Row], metric: str) -> str | None:
    tied, seeds, images = sum(row.tie == 1 for row in rows), seeds_of(standing), images_of(standing)
    if tied < 2 or max(row.seeds for row in rows) != FEW or not seeds.deviation:
        return None
    units = FEW if standing.measured.images is None else len(standing.measured.images)
    noise = Noise(seeds.deviation**2, (images.deviation or 0.0) ** 2, units, len(rows))
    told = [_smallest(noise, count, metric) for count in (FEW, *MORE)]
    listed = ", ".join(f"{count} seeds {least}" for count, least in zip(MORE, told[1:], strict=True))
    gap = abs(rows[0].mean - rows[1].mean)
    return (
        f"{target}: {FEW} seeds are few: of {metric} they tell {told[0]} apart; {listed} (80 % power, {len(rows)} sources); "
        f"the first two differ by {gap:.3f}{_needed(gap, noise)}"
    )


def _smallest(noise: Noise, seeds: int, metric: str) -> str:
    least = smallest_difference(noise, seeds)
    return "no difference" if least is None or least >= width_of(metric) else f"{least:.2g}"


def _needed(gap: float, noise: Noise) -> str:
    count = seeds_needed(gap, noise) if gap else None
    if count is not None:
        return f", and about {count} seeds would tell that, if it is true"
    if gap and power(gap, noise, 10**9) >= 0.8:
        return ", and thousands of seeds would be needed to tell that"
    return ", which no number of seeds tells on these test images" if gap else ""
