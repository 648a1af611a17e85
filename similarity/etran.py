"""ETran: how certain linear discriminants are about the target images, or how strongly the features respond to them."""

from benchmark import Array, CatsError, Draws, Undefined, measure, nearest
from benchmark.measures.cache_last import cache_last
from benchmark.measures.cross_validation import stratified_folds
from benchmark.measures.discriminant_folds import Fit, fits, influences, own_posteriors, through_others
from benchmark.measures.pairs import counted_once, looked_at
from benchmark.measures.resampling import first_order
from benchmark.measures.tail_energy import energies, resampled_tail, tail_mean

PARTS = ("lda", "means", "energy")
CERTAIN = 1e-6


@measure(
    grows="N min(N, D)²",
    citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023",
    proportion=lambda options: options["part"] != "energy",
)
def etran(  # noqa: PLR0913 - two needs and six options
    features: Array,
    labels: Array,
    *,
    part: str = "lda",
    held_out: bool = True,
    folds: int = 5,
    seed: int = 0,
    share: float = 0.005,
    tail: str = "low",
) -> float:
    """One part of ETran: the mean posterior of the right class under linear discriminant analysis (lda, means), or an energy.

    features: (N, D); labels: (N,). The paper's score is 0.85 part=lda + 0.15 part=energy, each scaled to [0, 1] over all
    candidate sources. A score that depends on the other candidates is no property of one source, and unscaled the two parts
    have no common unit; so each part is a separate measure, and the part with most of the weight is the default.

    lda: mean of p(y_i|x_i), in [0, 1], with log p(c|x) = x'S⁻¹m_c - m_c'S⁻¹m_c/2 + log p(c) + const, m the class means and S
    the covariance within the classes, shrunk as by Ledoit and Wolf. held_out: m and S come from the other `folds` - 1 parts of
    the images; equal rows share a part. held_out=False scores the images that were fitted, as published; it rises with D/N
    whatever the features are, which is why it is not the default, and is Undefined for N < D + C. Undefined too where every
    image is given to its class with certainty.
    means: the same with S = 1. The authors' code computes this, because it treats the eigenvectors of a matrix that is not
    symmetric as orthonormal: their numbers are "etran[part=means,held_out=false]".
    energy: mean of log Σ_d exp(x_d) over the images that `share` and `tail` select, as in `energy`.
    """
    if part == "energy":
        return float(tail_mean(energies(features)[None], share, tail)[0])
    _, found = _fitted(features, labels, part, held_out, folds, seed)
    return float(own_posteriors(found, labels).mean())


@etran.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws,
    features: Array,
    labels: Array,
    *,
    part: str,
    held_out: bool,
    folds: int,
    seed: int,
    share: float,
    tail: str,
) -> Array:
    """To first order in how often an image is drawn, as scored, and as one that the discriminants of other parts rest on.

    A duplicate would be fitted to in one part and scored in another. What an image changes in the score of another one is in
    the effects of both and counts once; with more features than images that is most of the sum of squares.
    """
    if part == "energy":
        return resampled_tail(draws, energies(features), share, tail)
    inputs, found = _fitted(features, labels, part, held_out, folds, seed)
    effects = influences(inputs, found, labels, removed=True)
    if looked_at(*inputs.shape):
        through = through_others(inputs, found, labels, removed=True)
        effects = counted_once(effects, through + through.T, labels, least=1 / 3)
    return first_order(draws, float(own_posteriors(found, labels).mean()), effects)


@cache_last
def _fitted(features: Array, labels: Array, part: str, held_out: bool, folds: int, seed: int) -> tuple[Array, list[Fit]]:
    if part not in PARTS:
        raise CatsError(f"etran has no part '{part}'; it has {', '.join(PARTS)}{nearest(part, PARTS)}")
    count, dims = features.shape
    if not held_out and part == "lda" and count < dims + labels.max() + 1:
        raise Undefined(f"saturated: {count} images of {dims} features are scored by discriminants that were fitted to them")
    parts = stratified_folds(features, labels, number=folds, seed=seed) if held_out else None
    inputs, found = fits(features, labels, parts, shrunk=part == "lda")
    if own_posteriors(found, labels).min() > 1 - CERTAIN:
        raise Undefined("saturated: every image is given to its class with certainty")
    return inputs, found
