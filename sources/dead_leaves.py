"""Dead leaves: overlapping discs, one class per law of their sizes and colours; nothing is downloaded.

Random pictures with the scale statistics of natural ones, after Baradad et al. 2021. A class draws the exponent of the law of
radii, its smallest radius, the shape and the palette; every image draws its own leaves.
"""

from collections.abc import Iterator

import numpy as np

from benchmark import Law, Source, generated, generator

SIDE, LEAVES = 64, 120
LINE = np.arange(SIDE)


def source(classes: int = 24, per_class: int = 60) -> Source:
    """A source with this number of laws and of images per law."""
    citation = "Baradad et al., Learning to See by Looking at Noise, NeurIPS 2021"
    title = f"Dead leaves of {classes} laws"
    return generated(Law("dead_leaves", title, citation, "law", SIDE, images), classes, per_class)


def images(classes: int, per_class: int) -> Iterator[np.ndarray]:
    """Images (SIDE, SIDE, 3) uint8, class after class. Class k does not depend on the number of classes."""
    for number in range(classes):
        law = generator("dead_leaves", "law", number)
        exponent, smallest = law.uniform(1.5, 4.0), law.uniform(1.5, 5.0)
        power = float(law.choice([1.0, 2.0, 8.0]))  # of the norm: diamonds, discs, squares
        palette = law.uniform(0, 255, size=(5, 3))
        rng = generator("dead_leaves", "images", number)
        for _ in range(per_class):
            yield picture(exponent, smallest, power, palette, rng)


def picture(exponent: float, smallest: float, power: float, palette: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture drawn leaf by leaf from the lowest to the topmost; radii follow a power law from `smallest` to half the
    picture.
    """
    low, high = smallest ** (1 - exponent), (SIDE / 2) ** (1 - exponent)
    radii = (low + rng.random(LEAVES) * (high - low)) ** (1 / (1 - exponent))
    centres = rng.uniform(-4, SIDE + 4, size=(LEAVES, 2))
    colours = palette[rng.integers(len(palette), size=LEAVES)] + rng.normal(0, 12, size=(LEAVES, 3))
    down, across = np.abs(LINE - centres[:, :1]) ** power, np.abs(LINE - centres[:, 1:]) ** power
    first = np.clip(np.ceil(centres - radii[:, None]), 0, SIDE).astype(int)
    last = np.clip(np.floor(centres + radii[:, None]) + 1, 0, SIDE).astype(int)
    on_top = np.full((SIDE, SIDE), LEAVES)
    for leaf, ((top, left), (bottom, right)) in enumerate(zip(first, last, strict=True)):
        away = down[leaf, top:bottom, None] + across[leaf, None, left:right]
        on_top[top:bottom, left:right][away <= radii[leaf] ** power] = leaf
    level = np.clip(np.rint(np.vstack([colours, palette[:1]])), 0, 255).astype(np.uint8)
    drawn: np.ndarray = level[on_top]
    return drawn
