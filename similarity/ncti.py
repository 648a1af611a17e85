"""NCTI: how near the features are to neural collapse, where classes are points that lie as far apart as they can."""

import warnings

import numpy as np
import scipy.linalg
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark.measure import Array, Draws, Undefined, measure
from results.error import CatsError, nearest
from similarity._thin import principal

PARTS = {"seli", "ncc", "vc"}


@measure(
    grows="N D min(N, D) + N C²",
    citation="Wang et al., How far pre-trained models are from neural collapse on the target dataset informs their "
    "transferability, ICCV 2023",
)
def ncti(features: Array, labels: Array, *, part: str = "ncc", dims: int = 64) -> float:
    """One of three parts, of a linear discriminant analysis of the first `dims` principal components.

    features: (N, D); labels: (N,).
    part: "ncc", mean of p(y|x), in [0, 1]; "seli", nuclear norm of the projected images less their mean; "vc", -log of the sum
    over classes of the nuclear norm of their images' p. The published score is seli + ncc + vc, each brought to [0, 1] by the
    lowest and highest of all candidate sources: no property of one source. "ncc" stands in for it, as it needs no such pool,
    has a fixed range and does not grow with the number of images, as the other two do.

    The analysis is shrunk by exp(-variance of the first 32 components), and not at all below 1e-10, as in the authors' code
    (BUserName/NCTI), which needs 64 images and features; here there are as many components as have variance.
    """
    if part not in PARTS:
        raise CatsError(f"ncti: part is '{part}'; it must be {', '.join(sorted(PARTS))}{nearest(part, PARTS)}")
    return _part(principal(features, dims), labels, part)


@ncti.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, part: str = "ncc", dims: int = 64) -> Array:
    """One by one; the principal components are held fixed."""
    components = principal(features, dims)
    found = np.full(len(draws.target), np.nan)
    for number, rows in enumerate(draws.target):
        try:
            found[number] = _part(components[rows], labels[rows], part)
        except Undefined:
            continue
    return found


def _part(components: Array, labels: Array, part: str) -> float:
    count, classes = len(labels), labels.max() + 1
    if count < components.shape[1] + classes:
        raise Undefined(f"saturated: {count} images of {classes} classes for {components.shape[1]} components")
    shrinkage = np.exp(-components[:, :32].var(axis=0, ddof=1).sum())
    if shrinkage > 1e-10:
        analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage=float(shrinkage))
    else:
        analysis = LinearDiscriminantAnalysis(solver="svd")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a class with one image, which adds no variance
            analysis.fit(components, labels)
    except (scipy.linalg.LinAlgError, ValueError):
        raise Undefined("the covariance within the classes is singular") from None
    if part == "seli":
        projected = analysis.transform(components)
        return float(np.linalg.norm(projected - projected.mean(axis=0), ord="nuc"))
    chances = analysis.predict_proba(components)
    if part == "ncc":
        return float(chances[np.arange(count), labels].mean())
    return float(-np.log(sum(np.linalg.norm(chances[labels == c], ord="nuc") for c in range(classes))))
