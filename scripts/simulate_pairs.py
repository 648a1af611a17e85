#!/usr/bin/env python
"""How much of the sum of squared effects of images belongs to pairs of images, which that sum counts twice.

    .venv/bin/python scripts/simulate_pairs.py MEASURE ... [--setting 200x512] [--pairs 400]

Of one sample of a setting of `simulate_measures.py`: every image is left out alone, and so are drawn pairs of images. What a
pair changes beyond both, without what is common to pairs of the same two classes, is squared and summed over all pairs. Source
images count as images too. It says nothing of measures whose folds or components change with the images. One thread.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from measure_coverage.settings import SETTINGS, Inputs
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    from benchmark.core.seed import generator
    from benchmark.specs import catalogue

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="+")
    parser.add_argument("--setting", default="200x512", choices=list(SETTINGS))
    parser.add_argument("--pairs", type=int, default=400)
    asked = parser.parse_args()
    sample = SETTINGS[asked.setting]().sample(generator("coverage", asked.setting, 0))
    for name in asked.measures:
        print(f"{name} {asked.setting}: {share(catalogue.measure(name), sample, asked.pairs):.2f}", flush=True)


def share(measure, sample: Inputs, number: int) -> float:
    """The squares of all pairs over those of all images."""
    from benchmark.measures.resampling import without_class_means
    from benchmark.specs.needs import OF_SOURCE

    labels, source = sample["labels"], sample["source_labels"]
    both = np.concatenate([labels, labels.max() + 1 + source]) if OF_SOURCE & set(measure.needs) else labels

    def score(*left_out: int) -> float:
        kept = np.delete(np.arange(len(labels) + len(source)), left_out)
        sides = kept[kept < len(labels)], kept[kept >= len(labels)] - len(labels)
        return float(measure(**{need: sample[need][sides[need in OF_SOURCE]] for need in measure.needs}))

    whole, rng = score(), np.random.default_rng(0)
    alone = np.array([score(image) for image in range(len(both))])
    drawn = np.array([rng.choice(len(both), 2, replace=False) for _ in range(number)])
    beyond = np.array([whole - alone[i] - alone[j] + score(i, j) for i, j in drawn])
    kinds = np.sort(both[drawn], axis=1) @ [both.max() + 1, 1]
    inside = without_class_means(beyond, np.unique(kinds, return_inverse=True)[1])
    free = number - len(np.unique(kinds))
    effects = without_class_means(whole - alone, both)
    return float(inside @ inside / free * len(both) * (len(both) - 1) / 2 / (effects @ effects))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
