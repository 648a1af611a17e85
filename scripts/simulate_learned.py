"""How many families of targets `learned` needs: invented boards on which the truth is known, and boards of noise.

    python scripts/simulate_learned.py --repeats 200

Each source has a place that is its own on every target, and one that is the target's (`own`: the share of the first one in the
variance). Each measure sees the place on this target through noise of its own, with a correlation of its own, and a part of the
noise is that of several measures. One target is left out; the others teach. Printed is Kendall's weighted tau on the target
that was left out, and how often the sources that cannot be told apart from the first hold the best one.
"""

import argparse

import numpy as np

from results.agreement.learned import order
from results.agreement.pools import Pool, places
from results.statistics.rank_agreement import weighted_tau

BOARDS = {  # title → sources, measures, mean correlation of a measure with the truth, share of the sources' own places
    "12 sources, 10 measures": (12, 10, 0.5, 0.5),
    "6 sources, 20 measures": (6, 20, 0.4, 0.5),
    "6 sources, 20 measures of noise": (6, 20, 0.0, 0.0),
}
HEAD = ("families", "learned", "best of the teachers", "all measures alike", "place elsewhere", "holds the best", "its share")
FAMILIES = (2, 3, 4, 5, 6, 8, 11)


def invented(rng: np.random.Generator, targets: int, board: tuple[int, int, float, float]) -> list[Pool]:
    n, measures, correlation, own = board
    habit = np.sqrt(own) * rng.standard_normal(n)
    seen = correlation * rng.uniform(0, 2, measures)
    common = rng.uniform(0, 0.6, measures)
    names = tuple(f"s{number}" for number in range(n))
    pools = []
    for number in range(targets):
        truth, shared = habit + np.sqrt(1 - own) * rng.standard_normal(n), rng.standard_normal(n)
        rest = np.sqrt(np.maximum(1 - seen**2 - common**2, 0.05))
        drawn = seen[:, None] * truth + common[:, None] * shared + rest[:, None] * rng.standard_normal((measures, n))
        scores = {f"m{k}": row for k, row in enumerate(drawn)}
        nothing = {name: np.zeros(n) for name in scores}
        pools.append(Pool(f"t{number}", "net", f"t{number}", names, scores, nothing, places(truth)))
    return pools


def once(rng: np.random.Generator, families: int, board: tuple[int, int, float, float]) -> list[float]:
    """Weighted tau of learned, the best measure of the teachers, all measures alike, the place elsewhere; then the set."""
    asked, *teachers = invented(rng, families + 1, board)
    made = order([asked], teachers, least=2)[0]
    by_teachers = {name: np.mean([_tau(pool, pool.scores[name]) for pool in teachers]) for name in asked.scores}
    alike = np.mean(list(asked.placed.values()), axis=0)
    elsewhere = np.mean([pool.truth for pool in teachers], axis=0)
    best = asked.scores[max(by_teachers, key=lambda name: by_teachers[name])]
    holds = asked.sources[int(np.argmax(asked.truth))] in made.tied
    return [*(_tau(asked, each) for each in (made.values, best, alike, elsewhere)), holds, len(made.tied) / len(asked.sources)]


def _tau(pool: Pool, scores: np.ndarray) -> float:
    return float(weighted_tau(np.asarray(pool.truth)[None], scores[None])[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    repeats = parser.parse_args().repeats
    for title, board in BOARDS.items():
        print(f"\n{title}\n")
        print(f"| {' | '.join(HEAD)} |\n|{' ---: |' * len(HEAD)}")
        for families in FAMILIES:
            rng = np.random.default_rng(families)
            found = np.array([once(rng, families, board) for _ in range(repeats)])
            mean, error = found.mean(axis=0), found.std(axis=0) / np.sqrt(repeats)
            taus = " | ".join(f"{value:.2f} ± {1.96 * half:.2f}" for value, half in zip(mean[:4], error[:4], strict=True))
            print(f"| {families} | {taus} | {mean[4]:.0%} | {mean[5]:.0%} |", flush=True)


if __name__ == "__main__":
    main()
