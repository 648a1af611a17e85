"""How often the 95 % intervals of boards hold: simulated, where the truth is known.

python scripts/simulate_coverage.py            prints the table of docs/statistics.md; about a minute on one core
python scripts/simulate_coverage.py --write    puts it there
python scripts/simulate_coverage.py 200        fewer boards of each kind, for a first look
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from documentation.place import put
from scipy import stats

from results.metrics import METRICS
from results.statistics.bounded import mean_interval
from results.statistics.influence import Predictions, patient_shares
from results.statistics.intervals import TargetResults, draw_means, intervals, rank_draws, tie_groups
from results.statistics.mean_ranks import mean_ranks, mean_values, rank_ties
from results.statistics.plackett_luce import strengths

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
BOARDS = 1000
UNBOUNDED = (-np.inf, np.inf)
TEST_IMAGES = 200


def target(rng: np.random.Generator, truth: np.ndarray, seeds: int, spread: float = 0.02) -> TargetResults:
    """What is measured of sources (S,) with these true values: seeds of one spread, test images that all of them share."""
    images = rng.normal(scale=0.3, size=(TEST_IMAGES, 1)) + rng.normal(scale=0.15, size=(TEST_IMAGES, len(truth)))
    values = [mean + part + rng.normal(scale=spread, size=seeds) for mean, part in zip(truth, images.mean(axis=0), strict=True)]
    share = (images - images.mean(axis=0)) / TEST_IMAGES * np.sqrt(TEST_IMAGES / (TEST_IMAGES - 1))
    return TargetResults(values, share)


def share_inside(truth: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    return float(np.mean((low <= truth + 1e-9) & (truth - 1e-9 <= high)))


def of_mean(rng: np.random.Generator, boards: int, seeds: int) -> float:
    truth = np.linspace(0.7, 0.8, 5)
    return float(np.mean([share_inside(truth, *intervals(target(rng, truth, seeds), UNBOUNDED)) for _ in range(boards)]))


def of_network(rng: np.random.Generator, boards: int, images: int, patients: int, apart: float) -> float:
    """The AUC of one network, of two classes with so many test images and patients each; 0: every image is of its own patient.

    Scores are normal, the classes `apart`; patients vary by 0.7. A draw with an AUC of 1 has no interval, and does not count.
    """
    truth = float(stats.norm.cdf(apart / np.sqrt(2 * (1 + (0.7**2 if patients else 0.0)))))
    labels = np.repeat([0, 1], images)
    groups = np.arange(2 * images) % patients + 100 * labels if patients else None
    found = []
    for _ in range(boards):
        scores = rng.normal(size=2 * images) + apart * labels
        scores = scores if groups is None else scores + rng.normal(scale=0.7, size=200)[groups]
        share = stats.norm.cdf(scores - apart / 2)
        made = Predictions(np.arange(2 * images), groups, np.eye(2, dtype=int)[labels], np.stack([1 - share, share], 1), False)
        value, moved = METRICS["auc"].of(made), METRICS["auc"].influence_of(made)
        assert moved is not None
        low, high = intervals(TargetResults([np.array([value])], patient_shares(moved[:, None], groups)), (0.0, 1.0))
        if np.isfinite(low).all():
            found.append(share_inside(np.array([truth]), low, high))
    return float(np.mean(found))


def of_rank(rng: np.random.Generator, boards: int, sources: int, apart: float) -> float:
    """`apart`: standard deviation of the true values over sources, in standard deviations over seeds."""
    found = []
    for _ in range(boards):
        truth = np.sort(rng.normal(scale=apart * 0.02, size=sources))
        measured = TargetResults([mean + rng.normal(scale=0.02, size=3) for mean in truth])
        ranks = rank_draws(draw_means(measured, rng))
        found.append(share_inside(sources - np.arange(sources), ranks.low, ranks.high))
    return float(np.mean(found))


def of_ties(rng: np.random.Generator, boards: int, sources: int) -> float:
    """How often equal sources are separated."""
    found = [max(tie_groups(target(rng, np.zeros(sources), 3), range(sources))) > 1 for _ in range(boards)]
    return float(np.mean(found))


def true_means(rng: np.random.Generator, targets: int, sources: int, loud: float) -> np.ndarray:
    """(T, S): sources that differ on average and over targets; the first one varies `loud` times as much over targets."""
    scale = np.append(loud, np.ones(sources - 1)) * 0.02
    return np.linspace(0, 0.04, sources) + rng.normal(size=(targets, sources)) * scale


def of_mean_rank(rng: np.random.Generator, boards: int, targets: int, sources: int, loud: float = 1.0) -> float:
    """With three seeds, as boards do it: draws give the variance of ranks. Of the loud source alone where there is one."""
    many = true_means(rng, 50_000, sources, loud)
    truth = stats.rankdata(-(many + rng.normal(scale=0.02 / np.sqrt(3), size=many.shape)), axis=1).mean(axis=0)
    own = slice(1) if loud > 1 else slice(None)
    found = []
    for _ in range(boards):
        values = true_means(rng, targets, sources, loud)[:, :, None] + rng.normal(scale=0.02, size=(targets, sources, 3))
        variances = np.stack([rank_draws(draw_means(TargetResults(list(row)), rng)).variance for row in values])
        _, low, high = mean_ranks(values.mean(axis=2), variances)
        found.append(share_inside(truth[own], low[own], high[own]))
    return float(np.mean(found))


def of_nemenyi(rng: np.random.Generator, boards: int, targets: int, sources: int) -> float:
    """How often equal sources are separated from the first."""
    ranks = [stats.rankdata(rng.normal(size=(targets, sources)), axis=1).mean(axis=0) for _ in range(boards)]
    return float(np.mean([max(rank_ties(np.sort(row), targets)) > 1 for row in ranks]))


def of_mean_value(rng: np.random.Generator, boards: int, targets: int, skew: tuple[float, float]) -> float:
    """AUCs of targets from a beta distribution, skewed towards 1."""
    truth, found = np.full(3, skew[0] / sum(skew)), []
    for _ in range(boards):
        values = rng.beta(*skew, size=(targets, 1)) + np.zeros((targets, 3))
        board = [TargetResults([mean + rng.normal(scale=0.01, size=3) for mean in row]) for row in values]
        _, low, high = mean_values(board, (0, 1))
        found.append(share_inside(truth, low, high))
    return float(np.mean(found))


def of_strength(rng: np.random.Generator, boards: int, targets: int, sources: int) -> float:
    truth, found = np.linspace(-1, 1, sources), []
    for _ in range(boards):
        noisy = truth + rng.gumbel(size=(targets, sources))  # ranks of these follow the Plackett-Luce model
        made = strengths(np.argsort(-noisy, axis=1).tolist(), sources)
        assert made is not None
        found.append(share_inside(truth, made[1], made[2]))
    return float(np.mean(found))


FIGURES = {  # what the figures of targets are drawn from, and their bounds
    "regrets, normal around 0.1": (stats.norm(0.1, 0.03), (0.0, 1.0)),
    "regrets, exponential with mean 0.03": (stats.expon(scale=0.03), (0.0, 1.0)),
    "regrets, half of them zero, else exponential": (stats.expon(scale=0.06), (0.0, 1.0)),
    "weighted τ, beta(6, 2) on -1 to 1": (stats.beta(6, 2, -1, 2), (-1.0, 1.0)),
    "weighted τ, beta(2, 0.5) on -1 to 1": (stats.beta(2, 0.5, -1, 2), (-1.0, 1.0)),
}


def of_figures(rng: np.random.Generator, boards: int, targets: int, kind: str) -> float:
    law, bounds = FIGURES[kind]
    drawn, truth = law.rvs((targets, boards), random_state=rng), law.mean()
    if "half of them zero" in kind:
        drawn, truth = drawn * (rng.random(drawn.shape) < 0.5), truth / 2
    return share_inside(np.full(boards, truth), *mean_interval(drawn, bounds))


def on_one_target(rng: np.random.Generator, boards: int) -> Iterator[tuple[str, str, float]]:
    for seeds in (3, 5):
        yield "mean on one target", f"5 sources, {seeds} seeds, 200 test images", of_mean(rng, boards, seeds)
    for sources, apart in ((5, 1.0), (15, 2.5), (15, 1.0), (15, 0.25), (15, 0.025)):
        name = f"{sources} sources, 3 seeds, sources vary {apart:g} times as much as seeds"
        yield "rank on one target", name, of_rank(rng, boards, sources, apart)


def on_one_network(rng: np.random.Generator, boards: int) -> Iterator[tuple[str, str, float]]:
    for patients, apart, auc in ((0, 1.3, ".82"), (0, 2.4, ".96"), (12, 1.3, ".77")):
        of = f" of {2 * patients} patients" if patients else ""
        yield "AUC of one network", f"48 test images{of}, AUC {auc}", of_network(rng, boards, 24, patients, apart)


def over_targets(rng: np.random.Generator, boards: int) -> Iterator[tuple[str, str, float]]:
    for targets, sources in ((3, 2), (3, 3), (3, 5), (5, 5), (12, 5), (12, 15)):
        yield "mean rank", f"{sources} sources, {targets} targets", of_mean_rank(rng, boards, targets, sources)
    for targets in (3, 5, 12):
        name = f"5 sources, {targets} targets, one varies four times as much: that one"
        yield "mean rank", name, of_mean_rank(rng, boards, targets, 5, 4.0)
    for targets in (3, 5, 12):
        for skew in ((9.0, 2.0), (6.0, 0.7)):
            name = f"{targets} targets, AUCs from beta({skew[0]:g}, {skew[1]:g})"
            yield "mean of the metric over targets", name, of_mean_value(rng, boards, targets, skew)
    for targets, sources in ((3, 5), (12, 5), (40, 15)):
        yield "strength", f"{sources} sources, {targets} targets", of_strength(rng, boards, targets, sources)
    for targets in (3, 6, 12):
        for kind in FIGURES:
            yield "regret or agreement over targets", f"{targets} targets, {kind}", of_figures(rng, boards, targets, kind)


def false_alarms(rng: np.random.Generator, boards: int) -> Iterator[tuple[str, str, float]]:
    yield "false alarm: ties on one target", "5 equal sources, 3 seeds", of_ties(rng, boards, 5)
    for targets in (3, 12):
        yield "false alarm: ties over targets", f"5 equal sources, {targets} targets", of_nemenyi(rng, boards, targets, 5)


def table(boards: int) -> str:
    lines = [f"| interval | situation, {boards:,} boards each | holds in |", "| --- | --- | ---: |"]
    for rows in (on_one_target, on_one_network, over_targets, false_alarms):
        lines += [
            f"| {what} | {where} | {100 * share:.1f} % |" for what, where, share in rows(np.random.default_rng(0), boards)
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    made = table(numbers[0] if numbers else BOARDS)
    print(made)
    if "--write" in sys.argv:
        put(PAGE, "coverage", made)


if __name__ == "__main__":
    main()
