"""Feature use: how large the gradient of the second convolution is, compared with that of the first."""

import numpy as np
import torch
from scipy.special import stdtrit
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark import Array, Draws, Network, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.gradients import drawn_images, for_evaluation

MARGIN = 0.05


@measure(
    grows="a backward pass of min(N, most) images",
    citation="Juodelyte, Ferrante, Lu, Singh, Vanschoren & Cheplygina, On dataset transferability in medical image "
    "classification, arXiv 2412.20172, 2024",
    multilabel="refuse",
)
def fu(images: Tensor, labels: Array, network: Network, *, batches: int = 6, most: int = 300, seed: int = 0) -> float:
    """Ratio of the gradient norm of the second convolution to that of the first, each averaged over batches; above 0.

    images: (N, 3, H, W), labels: (N,). A low score means that the task asks the earliest features to change most. The loss is
    the triplet margin loss (margin 0.05, features of length 1, mean over the triplets that violate the margin), batch norm in
    evaluation mode, as in the authors' code (DovileDo, transferability in medical imaging, commit 7e308c4). That code cuts all
    images into 6 batches in the order of their file, where batches of one class hold no triplet; here at most `most` images are
    sampled with `seed`, and every batch holds all classes in proportion. The two convolutions are the first in the order of
    definition, which are those that the authors name for their networks. Undefined where one of the two gradients is 0, as in
    an untrained network whose blocks begin as the identity.
    """
    first, second = _norms(images, labels, network, batches, most, seed).mean(axis=0)
    if first == 0:
        raise Undefined("no triplet of images violates the margin: the loss has no gradient")
    if second == 0:  # a ratio of 0 would say something about the images, and no resample has a value
        raise Undefined("the second convolution has no gradient, as in an untrained network whose blocks begin as the identity")
    return float(second / first)


@fu.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws, images: Tensor, labels: Array, network: Network, *, batches: int, most: int, seed: int
) -> Array:
    """Draws batches, not images, because the length of a gradient depends on how many images its batch has.

    To first order: a ratio of sums would be unstable where few batches carry the gradient of the first convolution. The factor
    √(n / (n-1)) corrects for the few batches, whose spread about their own mean is too small, and that of Student's t with
    n-1 degrees of freedom to the normal distribution for not knowing this spread: 2.57 / 1.96 for 6 batches.
    """
    norms = _norms(images, labels, network, batches, most, seed)
    if len(norms) < 2:
        raise Undefined("one batch alone does not vary")
    first, second = norms.mean(axis=0)
    count = len(norms)
    chosen = np.random.default_rng(seed).integers(0, count, (len(draws.target), count))
    wider = np.sqrt(count / (count - 1)) * stdtrit(count - 1, 0.975) / 1.96
    with np.errstate(divide="ignore", invalid="ignore"):
        effects = second / first * (norms[:, 1] / second - norms[:, 0] / first) * wider
        return np.asarray(second / first + effects[chosen].mean(axis=1))


@cache_last
def _norms(images: Tensor, labels: Array, network: Network, batches: int, most: int, seed: int) -> Array:
    """Norms of the two gradients, (batches, 2)."""
    frozen, weights = _prepared(network)
    parts = _batches(images, labels, batches, most, seed)
    if not parts:
        raise Undefined(f"{min(len(labels), most)} images are too few for {batches} batches with a triplet")
    return np.array([[float(one.norm()) for one in _gradients(frozen, weights, images[rows], own)] for rows, own in parts])


def _prepared(network: Network) -> tuple[Network, list[Tensor]]:
    """A copy of the network and the weights of its first two convolutions."""
    frozen = for_evaluation(network)
    weights = [layer.weight for layer in frozen.backbone.modules() if isinstance(layer, nn.Conv2d)][:2]
    if len(weights) < 2:
        raise Undefined("the backbone has fewer than two convolutions")
    return frozen, [one.requires_grad_() for one in weights]


def _batches(images: Tensor, labels: Array, batches: int, most: int, seed: int) -> list[tuple[Array, Tensor]]:
    """Rows and labels of each batch; consecutive images of the sub-sample hold the classes in proportion."""
    rows, own = drawn_images(images, labels, most, seed)
    parts = zip(np.array_split(rows, batches), np.array_split(own, batches), strict=True)
    return [(part, torch.from_numpy(of).to(images.device)) for part, of in parts if len(part) > 2]


def _distances(network: Network, images: Tensor) -> Tensor:
    """Euclidean distances between features of length 1, (n, n)."""
    unit = F.normalize(network.features(images))
    return torch.cdist(unit, unit, compute_mode="donot_use_mm_for_euclid_dist")


def _margins(distances: Tensor, labels: Tensor) -> Tensor:
    """d_ap - d_an + margin for each anchor, positive and negative, (n, n, n); -1 where the three are no triplet."""
    same = labels[:, None] == labels
    triplet = (same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device))[:, :, None] & ~same[:, None, :]
    return torch.where(triplet, distances[:, :, None] - distances[:, None, :] + MARGIN, -1.0)


def _gradients(network: Network, weights: list[Tensor], images: Tensor, labels: Tensor) -> list[Tensor]:
    """Gradients of the mean over violating triplets; zeros if no triplet violates the margin."""
    margins = _margins(_distances(network, images), labels)
    violating = margins[margins > 0]
    if not len(violating):
        return [torch.zeros_like(one) for one in weights]
    return list(torch.autograd.grad(violating.mean(), weights, allow_unused=True, materialize_grads=True))
