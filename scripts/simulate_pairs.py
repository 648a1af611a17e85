#!/usr/bin/env python
"""How much of the sum of squared effects of images belongs to pairs of images, and whether halves of the images show it.

    .venv/bin/python scripts/simulate_pairs.py MEASURE ... [--setting 200x512] [--pairs 400]

Of one sample of a setting of `simulate_measures.py`: every image is left out alone, and so are drawn pairs of images. What a
pair changes beyond both, without what is common to pairs of the same two classes, is squared and summed over all pairs. Source
images count as images too. It says nothing of measures whose folds or components change with the images.

The second figure is what halves of the images make of the interval: √1.5 of the sum of squares less a quarter of that in half
as many images, over the sum (benchmark/measures/halves.py). One thread.
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
        of_pairs, by_halves = found(catalogue.measure(name), sample, asked.pairs)
        print(f"{name} {asked.setting}: {of_pairs:.2f} of pairs, times {by_halves:.2f} by halves", flush=True)


def found(measure, sample: Inputs, number: int) -> tuple[float, float]:
    """The squares of all pairs over those of all images, and what halves make of the standard error."""
    from benchmark.measures.resampling import without_class_means
    from benchmark.specs.needs import OF_SOURCE

    labels, source = sample["labels"], sample["source_labels"]
    both = np.concatenate([labels, labels.max() + 1 + source]) if OF_SOURCE & set(measure.needs) else labels

    def score(kept: np.ndarray) -> float:
        sides = kept[kept < len(labels)], kept[kept >= len(labels)] - len(labels)
        return float(measure(**{need: sample[need][sides[need in OF_SOURCE]] for need in measure.needs}))

    def without(images: np.ndarray) -> np.ndarray:
        """The scores without one of these images each."""
        return np.array([score(np.delete(images, place)) for place in range(len(images))])

    every, rng = np.arange(len(both)), np.random.default_rng(0)
    whole, alone = score(every), without(every)
    drawn = np.array([rng.choice(len(both), 2, replace=False) for _ in range(number)])
    beyond = np.array([whole - alone[i] - alone[j] + score(np.delete(every, [i, j])) for i, j in drawn])
    kinds = np.sort(both[drawn], axis=1) @ [both.max() + 1, 1]
    inside = without_class_means(beyond, np.unique(kinds, return_inverse=True)[1])
    free = number - len(np.unique(kinds))
    effects = without_class_means(whole - alone, both)
    squares = effects @ effects
    halved = []
    for start in (0, 1):
        half = np.concatenate([np.flatnonzero(both == one)[(start + one) % 2 :: 2] for one in range(both.max() + 1)])
        in_half = without_class_means(-without(half), both[half])
        halved.append(in_half @ in_half)
    of_pairs = inside @ inside / free * len(both) * (len(both) - 1) / 2 / squares
    return float(of_pairs), float(np.sqrt(max(1.5 - np.mean(halved) / squares / 4, 0)))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
