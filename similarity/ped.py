"""PED: certainty about the classes after their overlapping clouds of images have pushed each other apart."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import class_means
from benchmark.measures.discriminant import scaled
from benchmark.measures.self_challenging import mixture

STEPS = 6  # at most, as in the authors' code
LEAST = 1e-3  # standard deviation by which a feature is divided


@measure(
    grows="N D min(N, D) + C² D",
    citation="Li, Hu, Ge, Shan & Duan, Exploring model transferability through the lens of potential energy, ICCV 2023",
)
def ped(  # noqa: PLR0913
    features: Array,
    labels: Array,
    *,
    reach: float = 0.6,
    step: float = 0.1,
    stop: float = 0.5,
    scale: str = "raw",
    dims: int = 64,
) -> float:
    """Mean posterior of SFDA on features whose classes were moved by springs; in [0, 1].

    features: (N, D); labels: (N,). The cloud of a class has the radius R_c, the root of the sum of its variances. Two classes
    whose means are nearer than reach (R_c + R_d) push each other with the force reach (R_c + R_d) - |m_c - m_d|, which moves
    every image of the class by step²/2 times the force; this is repeated, 6 times at most, until the movement falls below
    `stop` times the first one. Then `sfda` is computed, with softened posteriors; for `scale` and `dims` see there. These are
    the authors' code (lixiaotong97/PED) and its defaults; it names a reach of 0.3 too. That code first scales each feature by
    its mean and deviation over the validation images of ImageNet, which nobody has here: the deviation over the target images
    takes its place, and a mean has no effect. Classes with the same mean have no direction and do not push each other. There is
    no interval, because subsets of the images spread more widely than fresh images do; `sfda`, which is computed last, has one.
    """
    thin, represented = _pushed(features, labels, reach, step, stop, scale, dims)
    return float(mixture(thin, represented, labels, None, soften=True).label_posteriors(labels, log=False).mean())


@ped.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: float | str) -> Array:  # noqa: ARG001
    """Raises Undefined: subsets of 80 % spread 1.2 times as widely as fresh images do, 1.25 times with small classes."""
    raise Undefined("subsets of the images spread a fifth more widely than fresh images do, and resamples learn their copies")


def _pushed(  # noqa: PLR0913, PLR0917
    features: Array, labels: Array, reach: float, step: float, stop: float, scale: str, dims: int
) -> tuple[Array, int]:
    """Components of the moved images, (N, r), and the number of features that they represent."""
    if min(reach, step, stop) < 0:
        raise Undefined(f"ped: reach is {reach}, step is {step} and stop is {stop}; none may be below 0")
    deviations = np.maximum(features.std(axis=0), LEAST * features.std())
    moved = features + (_moves(features / deviations, labels, reach, step, stop) * deviations)[labels]
    return scaled(moved, scale, dims)


def _moves(features: Array, labels: Array, reach: float, step: float, stop: float) -> Array:
    """How far each class is moved, (C, D). Rigid clouds keep their radii, so only the means are followed."""
    means = class_means(features, labels)
    start, counts = means.copy(), np.bincount(labels)
    radii = np.sqrt(np.bincount(labels, ((features - means[labels]) ** 2).sum(axis=1)) / counts)
    wanted = reach * (radii[:, None] + radii)
    first = 0.0
    for number in range(STEPS):
        apart = means[:, None] - means
        distances = np.linalg.norm(apart, axis=2)
        forces = np.where(distances > 0, np.maximum(wanted - distances, 0) * min(step**2 / 2, 1.0), 0.0)
        pushes = (apart * (forces / np.where(distances > 0, distances, 1))[:, :, None]).sum(axis=1)
        moved = np.abs(pushes).sum()
        first = moved if number == 0 else first
        if moved <= stop * first:
            break
        means = means + pushes
    return np.asarray(means - start)
