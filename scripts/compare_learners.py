#!/usr/bin/env python
"""Gradient-boosted trees beside the ridge regression of `learned`, on boards that have scores of measures.

    .venv/bin/python scripts/compare_learners.py EXPERIMENT ... [--tracking-uri sqlite:///mlflow.db] [--metric auc]

Every target is ordered by what the targets of other families teach, from the same inputs and weights. A line is the mean
Kendall's τ over the targets, and the difference from ridge with its 95 % interval over targets.
"""

# ruff: noqa: SLF001 - the inputs and weights of the ranker itself

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SLOW = {"learning_rate": 0.05, "min_samples_leaf": 10}
TREES = {
    "trees of 2 leaves": {**SLOW, "max_iter": 100, "max_leaf_nodes": 2},
    "trees of 4 leaves": {**SLOW, "max_iter": 50, "max_leaf_nodes": 4, "l2_regularization": 1.0},
    "trees as by default": {},
}


def main() -> None:
    from benchmark.answers.learned import reader_beside, teachers_of

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="+")
    parser.add_argument("--tracking-uri", default="sqlite:///mlflow.db")
    parser.add_argument("--metric", default="auc")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in asked.experiments:
        found = taus(teachers_of([name], reader_beside(asked.tracking_uri, asked.metric, print)))
        print(f"{name}, {len(found['ridge'])} targets")
        for learner, values in found.items():
            apart = np.array(values) - found["ridge"]
            half = 1.96 * apart.std(ddof=1) / np.sqrt(len(apart))
            print(f"  {learner:20} {np.mean(values):6.3f}  {apart.mean():+.3f} ± {half:.3f}")


def taus(pools: list) -> dict[str, list[float]]:
    """Kendall's τ of each learner on each target that others can teach; `elsewhere`: the mean place on these targets alone."""
    from scipy.stats import kendalltau
    from sklearn.ensemble import HistGradientBoostingRegressor

    from results.agreement import learned

    found: dict[str, list[float]] = {name: [] for name in ("ridge", *TREES, "elsewhere")}
    for pool, made in zip(pools, learned.order(pools, pools), strict=True):
        if made.reason is not None:
            print(f"{pool.target}: {made.reason}")
            continue
        teachers = [one for one in learned._that_teach(pools) if one.family != pool.family]
        names = learned._inputs(pool, teachers)
        inputs = np.concatenate([learned._columns(one, teachers, names) for one in teachers])
        truth = np.concatenate([learned._known(one) for one in teachers])
        sizes = {one.family: sum(len(each.sources) for each in teachers if each.family == one.family) for one in teachers}
        weights = np.concatenate([np.full(len(one.sources), 1 / sizes[one.family]) for one in teachers])
        asked, known = learned._columns(pool, teachers, names), np.isfinite(pool.truth)
        said = {"ridge": made.values, "elsewhere": np.nan_to_num(asked[:, -1])}
        for name, settings in TREES.items():
            trees = HistGradientBoostingRegressor(random_state=0, early_stopping=False, **settings)
            said[name] = trees.fit(inputs, truth, weights * len(weights) / weights.sum()).predict(asked)
        for name, values in said.items():
            found[name].append(float(kendalltau(values[known], pool.truth[known]).statistic))
    return found


if __name__ == "__main__":
    main()
