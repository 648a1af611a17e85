"""Fractals: pictures of iterated function systems, one class per system, drawn from a seed; nothing is downloaded.

Formula-driven pretraining after Kataoka et al. 2020 (FractalDB): a system is a set of random affine maps; the chaos game draws
its attractor. Every image of a class changes the maps a little and has its own colour, position and rotation.
"""

from collections.abc import Iterator

import numpy as np

from benchmark import Law, Source, generated, generator

POINTS, WARM_UP, SIDE = 4000, 20, 64
MIN_FILLED = 0.12  # of the cells of a 32 × 32 grid; thinner attractors are drawn again


def source(classes: int = 60, per_class: int = 50) -> Source:
    """A source with this number of systems and of images per system."""
    citation = "Kataoka et al., Pre-training without Natural Images, ACCV 2020"
    return generated(
        Law("fractal", f"Fractals of {classes} iterated function systems", citation, "system", SIDE, images), classes, per_class
    )


def images(classes: int, per_class: int) -> Iterator[np.ndarray]:
    """Images (SIDE, SIDE, 3) uint8, class after class. Class k does not depend on the number of classes."""
    for number in range(classes):
        maps = system(number)
        rng = generator("fractal", "images", number)
        for _ in range(per_class):
            bent = maps * rng.uniform(0.85, 1.15, size=maps.shape)
            yield picture(attractor(bent, rng), rng)


def system(number: int) -> np.ndarray:
    """The maps of a class, (n, 2, 3): contractions whose attractor fills enough of the picture."""
    rng = generator("fractal", "system", number)
    while True:
        maps = rng.uniform(-1, 1, size=(int(rng.integers(2, 7)), 2, 3))
        largest = np.linalg.svd(maps[:, :, :2], compute_uv=False)[:, 0]
        maps[:, :, :2] *= (rng.uniform(0.5, 0.85, size=len(maps)) / largest)[:, None, None]
        cells = np.unique(np.floor(attractor(maps, generator("fractal", "trial", number)) * 31.99).astype(int), axis=0)
        if len(cells) >= MIN_FILLED * 32 * 32:
            return maps


def attractor(maps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points of the attractor, (POINTS, 2), scaled to the unit square; many points play the chaos game in parallel."""
    chance = np.abs(np.linalg.det(maps[:, :, :2])) + 0.05
    points = rng.uniform(-1, 1, size=(POINTS // WARM_UP, 2))
    kept = []
    # one map for each point and step, of the same random numbers that `rng.choice` with `p` would use step by step
    steps = np.cumsum(chance / chance.sum())
    drawn = np.searchsorted(steps / steps[-1], rng.random((2 * WARM_UP, len(points))), side="right")
    for step, (turns, shifts) in enumerate(zip(maps[:, :, :2][drawn], maps[:, :, 2][drawn], strict=True)):
        points = np.einsum("nij,nj->ni", turns, points) + shifts
        if step >= WARM_UP:
            kept.append(points)
    cloud = np.concatenate(kept)
    low, high = np.percentile(cloud, [1, 99], axis=0)
    unit: np.ndarray = np.clip((cloud - low) / np.maximum(high - low, 1e-9), 0, 1)
    return unit


def picture(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points in the unit square as a coloured picture on black, rotated by a random multiple of 90°."""
    spread = rng.uniform(0.75, 1.0)
    place = rng.uniform(0, 1 - spread, size=2)
    cell = np.floor((points * spread + place) * (SIDE - 1e-6)).astype(int)
    count = np.bincount(cell[:, 1] * SIDE + cell[:, 0], minlength=SIDE * SIDE).reshape(SIDE, SIDE)
    bright = np.log1p(count) / np.log1p(max(count.max(), 1))
    colour = rng.uniform(0.3, 1.0, size=3)
    shade = np.rot90(bright, int(rng.integers(4)))[..., None] * colour
    drawn: np.ndarray = np.rint(shade * 255).astype(np.uint8)
    return drawn
