"""DISCO: whether the large singular values of the features belong to directions that tell the classes apart."""

import numpy as np

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.directions import require_few_directions
from benchmark.measures.discriminant import discriminant
from benchmark.measures.low_rank import centred
from benchmark.measures.resampling import first_order, without_class_means
from benchmark.measures.spectrum import Spectrum, spectrum


@measure(
    grows="N min(N, D)² + N min(N, D) C",
    citation="Zhang, Shu, Chen, Long, Guo & Yang, Assessing pre-trained models for transfer learning through distribution of "
    "spectral components, AAAI 2025",
)
def disco(features: Array, labels: Array, *, size: int = 8) -> float:
    """Σ_g ratio_g ncc_g over groups g of `size` consecutive singular values s of the features, largest first; in [0, 1].

    features: (N, D), not centred; labels: (N,). ratio_g = Σ_{j in g} s_j / Σ_j s_j. ncc_g is the mean posterior of the right
    class when images are given by their coordinates in the group alone, log p(c|z) = -(z - m_c)' Λ⁻¹ (z - m_c) / 2 + log(n_c/N)
    + const, on the images that shaped it. The equations were read in a summary of the paper, which has a Λ for each class and
    no determinant: then the widest class is the nearest everywhere, and a class of `size` images or fewer has no Λ⁻¹, so here Λ
    is the covariance within classes, the same for all. The paper's size of a group was not found; its sub-sample of hard
    images, which saves time, is left out.
    """
    return _score(spectrum(features), labels, size)[0]


@disco.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, size: int) -> Array:
    """To first order in how often an image is drawn, by its effect on shares, means and covariances; directions are fixed.

    Raises Undefined where the images vary in many directions for their number: the interval was 1.20 times too wide.
    """
    require_few_directions(features=features)
    value, effects = _score(spectrum(features), labels, size)
    return first_order(draws, value, without_class_means(effects, labels))


def _score(parts: Spectrum, labels: Array, size: int) -> tuple[float, Array]:
    """The score, and its change when an image is counted once more, (N,)."""
    if size < 1:
        raise CatsError(f"disco: size is {size}; it must be 1 or more")
    own = np.arange(len(labels)), labels
    sizes = np.sqrt(parts.values)
    shares, certain, effects = sizes / sizes.sum(), np.empty(len(sizes)), np.zeros(len(labels))
    for start in range(0, len(sizes), size):
        group = slice(start, start + size)
        # a posterior depends on neither the unit nor the origin; both keep products from cancelling
        coordinates = centred(parts.vectors[:, group]) * np.sqrt(len(labels))
        if len(labels) < coordinates.shape[1] + labels.max() + 2:
            raise Undefined(f"saturated: {len(labels)} images of {coordinates.shape[1]} components")
        fit = discriminant(coordinates, coordinates.shape[1], labels, 0.0)
        if np.diag(fit.factor[0]).min() < 1e-5:  # of a total variance of 1
            raise Undefined("the images of each class do not vary in a direction of a group of components")
        right = fit.posteriors[own]
        certain[group] = right.mean()
        slopes = fit.image_slopes(fit.logit_slopes(fit.label_slopes(labels, log=False)))[0]
        effects += shares[group].sum() * ((right - right.mean()) / len(labels) + slopes)
    value = float(shares @ certain)
    return value, effects + parts.effects(shares * (certain - value) / 2)
