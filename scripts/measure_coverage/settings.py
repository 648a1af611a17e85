"""Where the intervals of measures are tried: populations that give fresh samples of images, as arrays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from benchmark.core.seed import generator

Inputs = dict[str, np.ndarray]  # the arrays that measures may ask for, by the names of benchmark.specs.needs.NEEDS
SOURCE_CLASSES = 5
LOGITS = 10
UNBALANCED = np.array([0.35, 0.2, 0.14, 0.1, 0.07, 0.05, 0.04, 0.03, 0.02])


@dataclass(frozen=True)
class Setting:
    """A population.

    Attributes:
        title: what the column of the table is called.
        taken: the share of a finite population that one sample takes; 0 for a law that is drawn from.
        sample: (generator) → one fresh sample. Every sample holds equally many images of a class.
    """

    title: str
    taken: float
    sample: Callable[[np.random.Generator], Inputs]


def gaussian(counts: np.ndarray, dims: int, apart: float) -> Setting:
    """Normal classes in `dims` features whose means lie `apart` standard deviations from the middle; counts: (C,)."""
    fixed = generator("coverage", dims, len(counts))
    means, source_means = (_means(fixed, classes, dims, apart) for classes in (len(counts), SOURCE_CLASSES))
    classifier = fixed.standard_normal((dims, LOGITS)) / np.sqrt(dims)
    seen = fixed.standard_normal((dims, dims)) / np.sqrt(dims)  # from the source's network to the neutral one
    others = generator("coverage", "other networks", dims, len(counts)).standard_normal((2, dims, dims)) / np.sqrt(dims)
    labels = np.repeat(np.arange(len(counts)), counts)
    source_labels = np.arange(len(labels)) % SOURCE_CLASSES

    def sample(rng: np.random.Generator) -> Inputs:
        features = means[labels] + rng.standard_normal((len(labels), dims))
        source = source_means[source_labels] + rng.standard_normal((len(labels), dims)) + 0.2
        logits = 3 * features @ classifier
        return {
            "features": features,
            "labels": labels,
            "logits": logits,
            "probabilities": softmax(logits, axis=1),
            "neutral": 1 + features @ seen,
            "untrained": np.maximum(features @ others[0], 0),
            "trained": features @ others[1] + means[labels],
            "source_features": source,
            "source_neutral": 1 + source @ seen,
            "source_labels": source_labels,
        }

    return Setting(f"{len(labels)} × {dims}, {len(counts)} classes", 0.0, sample)


def _means(rng: np.random.Generator, classes: int, dims: int, apart: float) -> np.ndarray:
    drawn = rng.standard_normal((classes, dims))
    return np.asarray(apart * drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def real() -> Setting:
    """400 images of pneumoniamnist, and of the source retinamnist, through the ImageNet network; neutral: that of birds."""
    from measure_coverage.real import pool

    everything, source_pool = pool()
    numbers = np.round(np.bincount(everything["labels"]) * 400 / len(everything["labels"])).astype(int)
    taken = numbers.sum() / len(everything["labels"])
    source_numbers = np.round(np.bincount(source_pool["source_labels"]) * taken).astype(int)  # an equal share of either pool

    def sample(rng: np.random.Generator) -> Inputs:
        rows = np.concatenate(list(_by_class(everything["labels"], numbers, rng)))
        source_rows = np.concatenate(list(_by_class(source_pool["source_labels"], source_numbers, rng)))
        target = {need: values[rows].astype(values.dtype.str[1] + "8") for need, values in everything.items()}
        return target | {need: values[source_rows].astype(values.dtype.str[1] + "8") for need, values in source_pool.items()}

    return Setting("400 × 1,280, real", float(taken), sample)


def _by_class(labels: np.ndarray, numbers: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    for label, number in enumerate(numbers):
        yield rng.choice(np.flatnonzero(labels == label), number, replace=False)


SETTINGS: dict[str, Callable[[], Setting]] = {
    "200x32": lambda: gaussian(np.full(4, 50), 32, 1.9),
    "200x512": lambda: gaussian(np.full(4, 50), 512, 3.5),
    "400x64": lambda: gaussian(np.round(400 * UNBALANCED).astype(int), 64, 2.5),
    "real": real,
    "1000x64": lambda: gaussian(np.round(1000 * UNBALANCED).astype(int), 64, 2.5),
}
COLUMNS = ("200x32", "200x512", "400x64", "real")  # of the table; others are simulated where they are asked for
