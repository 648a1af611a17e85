"""Label-gradient correlation: whether images of one class ask the weights of the backbone for the same change."""

import numpy as np
import torch
from torch import Tensor

from benchmark import Array, Draws, Network, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.gradients import drawn_images, filters, for_evaluation, weight_gradients
from benchmark.measures.resampling import multiplicities

SIDE = 24  # numbers on a side of a layer's sketch


@measure(
    grows="readouts × a backward pass of min(N, most) images",
    citation="Deshpande et al., A linearized framework and a new benchmark for model selection for fine-tuning, 2021",
    multilabel="refuse",
)
def lgc(images: Tensor, labels: Array, network: Network, *, readouts: int = 1, most: int = 64, seed: int = 0) -> float:
    """Correlation of the entries of the tangent kernel with those of the label kernel (1 for one class, else -1); in [-1, 1].

    images: (N, 3, H, W); labels: (N,). The tangent kernel of two images is the inner product of their gradients by the weights
    of all convolutions and linear layers of the backbone; `lfc` is the same of the features. The paper sums over the outputs of
    a new head: here the outputs are `readouts` random sums of the features, the same for every image, whose kernels estimate
    the sum over all features. Gradients are too long to be kept, so each layer's is multiplied by random matrices from both
    sides to 24 × 24 numbers, which keeps inner products on average; their error makes the correlation a little smaller. Batch
    norm is in evaluation mode. At most `most` images are sampled with `seed`, classes in proportion. No code of the authors is
    known.
    """
    rows, kernel, wanted = _kernels(images, labels, network, readouts, most, seed)
    return float(_correlation(np.ones((1, len(rows))), kernel, wanted)[0])


@lgc.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws, images: Tensor, labels: Array, network: Network, *, readouts: int, most: int, seed: int
) -> Array:
    """Each pair counts as often as both images are drawn together, to first order; the sketch is held fixed."""
    rows, kernel, wanted = _kernels(images, labels, network, readouts, most, seed)
    return _correlation(multiplicities(draws.target, len(labels))[:, rows], kernel, wanted)


def _correlation(counts: Array, kernel: Array, wanted: Array) -> Array:
    """Correlations for how often each image counts (B, n) → (B,); an image is no pair with its own copy."""
    count = len(kernel)
    effects = [(2 * matrix.sum(axis=1) - np.diag(matrix)) for matrix in (kernel, wanted, kernel**2, wanted**2, kernel * wanted)]
    totals = [matrix.sum() for matrix in (kernel, wanted, kernel**2, wanted**2, kernel * wanted)]
    k, l, kk, ll, kl = (total + (counts - 1) @ effect for total, effect in zip(totals, effects, strict=True))  # noqa: E741
    pairs = count**2 + (counts - 1) @ np.full(count, 2.0 * count - 1)
    spread = (kk - k**2 / pairs) * (ll - l**2 / pairs)
    if len(counts) == 1 and not spread[0] > 1e-20 * kk[0] * ll[0]:
        raise Undefined("all inner products of the gradients are equal, or the labels' are")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((kl - k * l / pairs) / np.sqrt(spread))


@cache_last
def _kernels(
    images: Tensor, labels: Array, network: Network, readouts: int, most: int, seed: int
) -> tuple[Array, Array, Array]:
    """Sampled row numbers, (n,), the tangent kernel and the label kernel, (n, n)."""
    rows, own = drawn_images(images, labels, most, seed)
    frozen = for_evaluation(network)
    rng = torch.Generator().manual_seed(seed)
    layers = [layer.weight.flatten(1).shape for layer in filters(frozen)]  # type: ignore[operator]
    sides = [[torch.randn(SIDE, length, generator=rng) / SIDE**0.5 for length in shape] for shape in layers]
    kernel = np.zeros((len(rows), len(rows)))
    for _ in range(readouts):
        readout = torch.randn(network.feature_count, generator=rng)

        def sketch(number: int, gradient: Tensor) -> Tensor:
            left, right = sides[number]
            sketched: Tensor = left.to(gradient) @ gradient @ right.T.to(gradient)
            return sketched.flatten(1)

        def value(features: Tensor, _: slice, readout: Tensor = readout) -> Tensor:
            return features @ readout.to(features)

        sketches = weight_gradients(frozen, images[rows], value, sketch)
        kernel += sketches @ sketches.T
    if not kernel.any():
        raise Undefined("the gradients are 0, as in a network whose blocks begin as the identity")
    return rows, kernel / np.abs(kernel).max(), np.where(own[:, None] == own, 1.0, -1.0)
