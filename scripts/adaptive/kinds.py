"""Matrices of sources and seeds whose truth is known: what `cats run --adaptive` is tried on."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]


@dataclass(frozen=True)
class Kind:
    """Matrices of one kind.

    Attributes:
        name: what they are.
        truth: (K,) true means of the sources.
        draw: generator and shape → (M, K, N) figures.
        outside: whether the assumptions of the tests do not hold.
    """

    name: str
    truth: np.ndarray
    draw: Draw
    outside: bool = False


def around(truth: np.ndarray, spread: np.ndarray | float, together: float = 0.0) -> Draw:
    """Normal figures; `together` is the correlation of two sources over seeds."""

    def draw(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
        many, _, seeds = shape
        noise = np.sqrt(together) * rng.normal(size=(many, 1, seeds)) + np.sqrt(1 - together) * rng.normal(size=shape)
        return truth[:, None] + np.reshape(spread, (-1, 1)) * noise

    return draw


def heavy(truth: np.ndarray) -> Draw:
    return lambda rng, shape: truth[:, None] + 0.01 * rng.standard_t(3, size=shape) / np.sqrt(3)


def near_one(truth: np.ndarray, spread: float) -> Draw:
    """AUCs from beta distributions with these means and a standard deviation; they are skewed."""
    size = (truth * (1 - truth) / spread**2 - 1)[:, None]
    return lambda rng, shape: rng.beta(truth[:, None] * size, (1 - truth[:, None]) * size, size=shape)


def collapsing(truth: np.ndarray) -> Draw:
    """Normal figures, but one seed of ten of the first source ends at 0.5."""

    def draw(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
        values = truth[:, None] + 0.01 * rng.normal(size=shape)
        values[:, 0] += (truth[0] - 0.5) / 9
        values[:, 0][rng.random((shape[0], shape[2])) < 0.1] = 0.5
        return values

    return draw


def kinds() -> Iterator[Kind]:
    equal, steps = np.full(5, 0.85), 0.85 + np.array([0.06, 0.045, 0.03, 0.015, 0.0])
    clear, two = np.array([0.9, 0.85, 0.85, 0.85, 0.85]), np.array([0.9, 0.9, 0.85, 0.85, 0.85])
    loud = np.array([0.005, 0.01, 0.015, 0.02, 0.04])
    yield Kind("all equal", equal, around(equal, 0.01))
    yield Kind("all equal, moving together (.8)", equal, around(equal, 0.01, 0.8))
    yield Kind("all equal, unequal variance", equal, around(equal, loud))
    yield Kind("all equal, one hardly varies", equal, around(equal, np.array([0.001, 0.01, 0.01, 0.01, 0.01])))
    yield Kind("all equal, heavy tails (t, 3)", equal, heavy(equal))
    yield Kind("all equal, AUC near 1", np.full(5, 0.99), near_one(np.full(5, 0.99), 0.006))
    yield Kind("one clear winner", clear, around(clear, 0.01))
    yield Kind("one clear winner, moving together (.8)", clear, around(clear, 0.01, 0.8))
    yield Kind("two equal winners", two, around(two, 0.01))
    yield Kind("steps", steps, around(steps, 0.01))
    yield Kind("steps, heavy tails (t, 3)", steps, heavy(steps))
    yield Kind("steps, unequal variance", steps, around(steps, loud))
    near = np.array([0.995, 0.99, 0.985, 0.97, 0.95])
    yield Kind("steps, AUC near 1", near, near_one(near, 0.004))
    rare = np.array([0.86, 0.87, 0.87, 0.87, 0.87])
    yield Kind("outside the assumptions: one seed of ten of one source collapses to 0.5", rare, collapsing(rare), outside=True)


def drawn(kind: Kind, many: int, seeds: int) -> np.ndarray:
    rng = np.random.default_rng([seeds, zlib.crc32(kind.name.encode())])
    return kind.draw(rng, (many, len(kind.truth), seeds))
