"""α-ReQ: how near the spectrum of the features is to a decay by the inverse of the rank."""

import numpy as np

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.low_rank import centred
from benchmark.measures.spectrum import spectrum


@measure(
    grows="N D min(N, D)",
    citation="Agrawal, Mondal, Ghosh & Richards, α-ReQ: assessing representation quality in self-supervised learning by "
    "measuring eigenspectrum decay, NeurIPS 2022",
)
def alpha_req(features: Array, *, first: int = 12, last: int = 100) -> float:
    """-|α - 1|, where the j-th largest variance λ_j of the features falls like j^-α; at most 0.

    features: (N, D). The paper finds the best transfer where α is near 1: below, too many directions vary; above, too few. α is
    the slope of log λ_j over -log j for j from `first` to `last`, by least squares with weights 1/j, as in the authors' code,
    which takes it from Stringer and Pachitariu; that code names several windows (12 to 100, 6 to 50), and the first is taken.
    With fewer than 8 `first` variances the window begins at an eighth of them. It uses no labels. For N < 5 D or so the
    variances are those of the sample more than those of the features, which makes α larger for every source.
    There is no interval, because no resamples that were tried spread as fresh images do.
    """
    return -abs(_exponent(spectrum(centred(features)).values, first, last) - 1)


@alpha_req.bootstrap
def resampled(draws: Draws, features: Array, *, first: int, last: int) -> Array:  # noqa: ARG001
    """Raises Undefined: simulated, effects to first order are 1.9 and subsets 1.3 to 1.6 times as wide as they should be."""
    raise Undefined("singular values of a sample hold its own randomness, which neither weights nor subsets of the images show")


def _exponent(values: Array, first: int, last: int) -> float:
    """α of variances (r,), largest first."""
    if not 1 <= first < last:
        raise CatsError(f"alpha_req: first is {first} and last is {last}; they must be 1 or more, first below last")
    rank = len(values)
    numbers = np.arange(min(first, -(-rank // 8)), min(last, rank) + 1)
    if len(numbers) < 3:
        raise Undefined(f"{rank} variance{' above 0 is' if rank == 1 else 's above 0 are'} too few for the slope of a spectrum")
    places, weights = -np.log(numbers), 1 / numbers
    away = places - weights @ places / weights.sum()
    return float(weights * away @ np.log(values[numbers - 1]) / (weights @ away**2))
