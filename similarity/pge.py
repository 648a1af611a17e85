"""Principal gradient expectation: whether target and source move the network's weights in the same direction."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark import Array, Draws, Network, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.gradients import BATCH, drawn_images, for_evaluation, slope
from benchmark.measures.resampling import multiplicities

FORMS = ("gap", "cosine")


@measure(
    grows="a backward pass of min(N, most) + min(M, most) images",
    citation="Qi, Chen, Cheng et al., Transferability estimation based on principal gradient expectation, "
    "arXiv 2211.16299, 2022",
    multilabel="refuse",
)
def pge(  # noqa: PLR0913 - five needs and four options
    images: Tensor,
    labels: Array,
    source_images: Tensor,
    source_labels: Array,
    network: Network,
    *,
    form: str = "gap",
    restarts: int = 10,
    most: int = 100,
    seed: int = 0,
) -> float:
    """Negated gap -|g - h| / (|g| |h|) of the expected gradients on target and source; form="cosine": their cosine.

    images: (N, 3, H, W), labels: (N,); the source's likewise. Gradients are those of the cross-entropy, averaged over images
    and over `restarts` random heads (uniform within D^(-1/2)). The gap of the paper shrinks as gradients grow, so it depends on
    the scale of the features; the cosine does not. The paper takes all images; here at most `most` of each side are sampled,
    because a backward pass of all costs as much as an epoch of training. The code of the survey by secret-hammer also
    reinitialises the backbone for every batch and leaves batch norm in training mode; here the given network is used in
    evaluation mode.
    """
    (own, _), (there, _) = _sides(network, images, labels, source_images, source_labels, restarts, most, seed)
    return float(_score(own.gradient, there.gradient, form)[0])


@pge.bootstrap
def resampled(
    draws: Draws,
    images: Tensor,
    labels: Array,
    source_images: Tensor,
    source_labels: Array,
    network: Network,
    **options: Any,
) -> Array:
    """To first order in how often an image is drawn: the derivative of its loss along the derivative of the score."""
    chosen = {**pge.options, **options}
    form = chosen.pop("form")
    sides = _sides(network, images, labels, source_images, source_labels, *(chosen[n] for n in ("restarts", "most", "seed")))
    score, *derivatives = _score(sides[0][0].gradient, sides[1][0].gradient, form)
    scores = np.full(len(draws.target), float(score))
    for (side, rows), derivative, drawn in zip(sides, derivatives, (draws.target, draws.source), strict=True):
        weights = multiplicities(drawn, drawn.shape[1])[:, rows]
        slopes = side.slopes(derivative)
        with np.errstate(invalid="ignore"):
            scores += weights @ slopes / weights.sum(axis=1) - slopes.mean()
    return scores


class _Side:
    """The images of one side with random heads: losses of the images, and their mean gradient as one vector."""

    def __init__(self, network: Network, images: Tensor, labels: Tensor, restarts: int, seed: int) -> None:
        self.network, self.images, self.labels = network, images, labels
        self.weights = list(network.backbone.parameters())
        dims = network.head.in_features
        uniform = torch.rand(restarts, int(labels.max()) + 1, dims, generator=torch.Generator().manual_seed(seed))
        self.heads = ((2 * uniform - 1) / dims**0.5).to(images)
        self.gradient = self._gradient()

    def slopes(self, direction: Tensor) -> Array:
        """Derivative of the loss of each image as the weights move along a direction, (n,)."""
        parts = torch.split(direction.to(self.images.dtype), [one.numel() for one in self.weights])
        along = [part.view_as(one) for part, one in zip(parts, self.weights, strict=True)]
        slopes = [
            slope(self.network, along, self.images[part], lambda features, part=part: self._of(features, part))  # type: ignore[misc]
            for part in self._parts()
        ]
        return np.asarray(torch.cat(slopes).double().cpu().numpy())

    def _parts(self) -> list[slice]:
        return [slice(start, start + BATCH) for start in range(0, len(self.images), BATCH)]

    def _losses(self, part: slice) -> Tensor:
        return self._of(self.network.features(self.images[part]), part)

    def _of(self, features: Tensor, part: slice) -> Tensor:
        """Losses (n,), the mean over the heads."""
        logits = torch.einsum("nd,rcd->nrc", features, self.heads)
        losses = F.cross_entropy(logits.flatten(0, 1), self.labels[part].repeat_interleave(len(self.heads)), reduction="none")
        return losses.view(logits.shape[:2]).mean(dim=1)

    def _gradient(self) -> Tensor:
        self.network.backbone.requires_grad_()
        whole = torch.zeros(sum(one.numel() for one in self.weights), dtype=self.images.dtype, device=self.images.device)
        for part in self._parts():
            gradients = torch.autograd.grad(self._losses(part).sum(), self.weights, allow_unused=True, materialize_grads=True)
            whole += torch.cat([one.flatten() for one in gradients])
        self.network.backbone.requires_grad_(requires_grad=False)
        return whole / len(self.images)


@cache_last
def _sides(  # noqa: PLR0913, PLR0917
    network: Network, images: Tensor, labels: Array, source_images: Tensor, source_labels: Array, restarts: int, most: int,
    seed: int,
) -> list[tuple[_Side, Array]]:  # fmt: skip
    frozen = for_evaluation(network)
    sides = []
    for side, own in ((images, labels), (source_images, source_labels)):
        if own.ndim > 1:
            raise Undefined("the source has several labels per image")
        rows, numbers = drawn_images(side, own, most, seed)
        sides.append((_Side(frozen, side[rows], torch.from_numpy(numbers).to(side.device), restarts, seed), rows))
    return sides


def _score(own: Tensor, there: Tensor, form: str) -> tuple[Tensor, Tensor, Tensor]:
    """The score and its derivatives by both gradients."""
    if form not in FORMS:
        raise Undefined(f"pge has no form '{form}'; it has {' and '.join(FORMS)}")
    own, there = own.double().requires_grad_(), there.double().requires_grad_()
    if not (own.any() and there.any()):
        raise Undefined("the loss has no gradient")
    lengths = own.norm() * there.norm()
    score = own @ there / lengths if form == "cosine" else -(own - there).norm() / lengths
    first, second = torch.autograd.grad(score, [own, there])
    return score.detach(), first, second
