"""NCTI: how near the features are to neural collapse, where each class is a point and the points are maximally far apart."""

import numpy as np
import scipy.linalg

from benchmark import Array, CatsError, Draws, Undefined, measure, nearest
from benchmark.measures.discriminant import Discriminant, discriminant
from benchmark.measures.low_rank import principal_components
from benchmark.measures.subsets import subset_scores, subsets

PARTS = {"seli", "ncc", "vc"}


@measure(
    grows="N D min(N, D) + N C²",
    citation="Wang et al., How far pre-trained models are from neural collapse on the target dataset informs their "
    "transferability, ICCV 2023",
    proportion=lambda options: options["part"] == "ncc",
)
def ncti(features: Array, labels: Array, *, part: str = "ncc", dims: int = 64) -> float:
    """One of three parts of NCTI, from a linear discriminant analysis of the first `dims` principal components.

    features: (N, D); labels: (N,). part: "ncc", the mean of p(y|x), in [0, 1]; "seli", the nuclear norm of the projected,
    centred images; "vc", -log of the sum over classes of the nuclear norm of the posteriors of their images. The published
    score is seli + ncc + vc, each scaled by the lowest and highest value of all candidate sources, so it is no property of one
    source; a board has it by `cats agree PLAN --combine "ncti_whole=ncti[part=seli]+ncti+ncti[part=vc]"`. The default is "ncc",
    because it needs no other candidates, has a fixed range and does not grow with the number of images. All parts score the
    images that were fitted, as published; for N not far above `dims`, take `etran`, which holds its images out.

    The analysis is shrunk by exp(-variance of the first 32 components), and not at all below 1e-10, as in the authors' code
    (BUserName/NCTI). That code needs at least 64 images and features; here there are as many components as have variance.
    """
    if part not in PARTS:
        raise CatsError(f"ncti: part is '{part}'; it must be {', '.join(sorted(PARTS))}{nearest(part, PARTS)}")
    components = principal_components(features, dims)
    different = len({hash((row + 0.0).tobytes()) for row in features})  # + 0.0 turns -0.0 into 0.0
    if different < components.shape[1] + labels.max() + 1:  # duplicates leave no variance within a class but rounding errors
        raise _saturated(different, labels, components)
    return _part(components, labels, part)


@ncti.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, part: str = "ncc", dims: int = 64) -> Array:
    """From subsets of the images, because duplicates would be classified with certainty; the components are held fixed."""
    components = principal_components(features, dims)

    def score(rows: Array) -> float:
        try:
            return _part(components[rows], labels[rows], part)
        except Undefined:
            return float("nan")

    return subset_scores(subsets(draws, labels, 0.8), len(labels), score(np.arange(len(labels))), score)


def _fit(components: Array, labels: Array) -> Discriminant:
    """The discriminant analysis as in the authors' code: not shrunk where the shrinkage vanishes."""
    if len(labels) < components.shape[1] + labels.max() + 1:
        raise _saturated(len(labels), labels, components)
    shrinkage = float(np.exp(-components[:, :32].var(axis=0, ddof=1).sum()))
    return discriminant(components, components.shape[1], labels, shrinkage if shrinkage > 1e-10 else 0.0)


def _saturated(different: int, labels: Array, components: Array) -> Undefined:
    shape = f"{labels.max() + 1} classes for {components.shape[1]} component{'s' * (components.shape[1] != 1)}"
    return Undefined(f"saturated: {different} different images of {shape}")


def _part(components: Array, labels: Array, part: str) -> float:
    components = components - components.mean(axis=0)
    fit = _fit(components, labels)
    if part == "ncc":
        return float(fit.posteriors[np.arange(len(labels)), labels].mean())
    if part == "vc":
        return float(-np.log(sum(np.linalg.norm(fit.posteriors[labels == c], ord="nuc") for c in range(labels.max() + 1))))
    # the C-1 directions of highest variance between the classes, that within them, S, scaled to 1; both shrunk
    S = fit.residuals.T @ fit.residuals / len(labels)
    between = components.T @ components / len(labels) - S
    S, between = (_shrunk(matrix, fit.shrinkage) for matrix in (S, between))
    size = len(S)
    try:
        directions = scipy.linalg.eigh(between, S, subset_by_index=(max(0, size - labels.max()), size - 1))[1]
    except scipy.linalg.LinAlgError:
        raise Undefined("the covariance within the classes is singular") from None
    return float(np.linalg.norm(components @ directions, ord="nuc"))


def _shrunk(matrix: Array, shrinkage: float) -> Array:
    return np.asarray((1 - shrinkage) * matrix + shrinkage * np.trace(matrix) / len(matrix) * np.eye(len(matrix)))
