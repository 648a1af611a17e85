"""Task2Vec: whether target and source task depend on the same filters of one network."""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn import functional as F

from benchmark import Array, Draws, Network, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.gradients import drawn_images, features_of, for_evaluation, squared_gradients
from benchmark.measures.resampling import multiplicities

Side = tuple[Array, Array]


@measure(
    grows="a backward pass of min(N, most) + min(M, most) images",
    citation="Achille, Lam, Tewari, Ravichandran, Maji, Fowlkes, Soatto & Perona, Task2Vec: task embedding for meta-learning, "
    "ICCV 2019",
    multilabel="whole",
)
def task2vec(  # noqa: PLR0913 - five needs and two options
    images: Tensor,
    labels: Array,
    source_images: Tensor,
    source_labels: Array,
    neutral_network: Network,
    *,
    most: int = 100,
    seed: int = 0,
) -> float:
    """Cosine of f / (f + g) and g / (f + g), in [0, 1]; f and g are the diagonal Fisher information of target and source task.

    images: (N, 3, H, W), labels: (N,) or, with several labels per image, (N, L); the source's likewise. F is the expectation,
    over images and over labels drawn from the network, of the squared gradient of log p(y | x), averaged over the weights of
    each filter; the head is a logistic regression on the frozen features. Both tasks, and those of all sources, use one
    network, as in the paper, which takes a ResNet-34 and all images; here it is the plan's neutral network, so that no further
    weights are needed, and at most `most` images of each side, as their gradients are kept one by one. awslabs/aws-cv-task2vec
    squares gradients of batches instead of images, counts the scales of batch norm as filters, puts batch norm into training
    mode and fits the head by ten epochs of Adam.
    """
    sides = _both(images, labels, source_images, source_labels, neutral_network, most, seed)
    return float(_likeness(*(parts.mean(axis=0)[None] for parts, _ in sides))[0])


@task2vec.bootstrap
def resampled(  # noqa: PLR0913 - five needs and two options
    draws: Draws,
    images: Tensor,
    labels: Array,
    source_images: Tensor,
    source_labels: Array,
    neutral_network: Network,
    *,
    most: int = 100,
    seed: int = 0,
) -> Array:
    """Averages each image's own part of the information over the draws; sub-samples, heads and drawn labels are fixed."""
    sides = _both(images, labels, source_images, source_labels, neutral_network, most, seed)
    information = []
    for (parts, rows), drawn in zip(sides, (draws.target, draws.source), strict=True):
        weights = multiplicities(drawn, drawn.shape[1])[:, rows]
        with np.errstate(invalid="ignore"):
            information.append(weights @ parts / weights.sum(axis=1, keepdims=True))
    return _likeness(*information)


def _likeness(own: Array, there: Array) -> Array:
    """Cosine of (B, filters), each filter scaled by the information of both tasks → (B,)."""
    both = own + there
    scaled = [np.divide(one, both, out=np.zeros_like(both), where=both > 0) for one in (own, there)]
    if not all(one.any() for one in scaled):
        raise Undefined("the Fisher information of a task is 0 in every filter")
    lengths = np.linalg.norm(scaled[0], axis=1) * np.linalg.norm(scaled[1], axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((scaled[0] * scaled[1]).sum(axis=1) / lengths)


@cache_last
def _both(  # noqa: PLR0913, PLR0917
    images: Tensor, labels: Array, source_images: Tensor, source_labels: Array, network: Network, most: int, seed: int
) -> list[Side]:
    """Squared gradients and row numbers of target and source."""
    frozen = for_evaluation(network)
    return [_information(frozen, side, most, seed) for side in ((images, labels), (source_images, source_labels))]


def _information(network: Network, side: tuple[Tensor, Array], most: int, seed: int) -> Side:
    """Squared gradients (n, filters) of log p(y | x), y drawn from the fitted network, and rows of the sub-sample."""
    rows, labels = drawn_images(*side, most, seed)
    images = side[0][rows]
    head = _head(features_of(network, images), labels)
    rng = torch.Generator().manual_seed(seed)

    def losses(features: Tensor, _: slice) -> Tensor:
        logits = head(features)
        if labels.ndim > 1:
            guess = torch.bernoulli(logits.detach().sigmoid().cpu(), generator=rng).to(logits)
            return F.binary_cross_entropy_with_logits(logits, guess, reduction="none").sum(dim=1)
        drawn = torch.multinomial(logits.detach().softmax(dim=1).cpu(), 1, generator=rng)[:, 0].to(logits.device)
        return F.cross_entropy(logits, drawn, reduction="none")

    return squared_gradients(network, images, losses), rows


def _head(features: Tensor, labels: Array) -> Callable[[Tensor], Tensor]:
    """Logistic regression on features scaled to unit variance on average: features (n, D) → logits (n, C)."""
    rows = features.cpu().double().numpy()
    middle, scale = rows.mean(axis=0), float(rows.std(axis=0).mean())
    if scale == 0:
        raise Undefined("the network gives every image the same features")
    rows = (rows - middle) / scale
    columns = [labels] if labels.ndim == 1 else [column for column in labels.T if len(np.unique(column)) > 1]
    if not columns:
        raise Undefined("no label has both positive and negative images")
    fits = [LogisticRegression(max_iter=5000).fit(rows, column) for column in columns]
    weight, bias = np.concatenate([fit.coef_ for fit in fits]), np.concatenate([fit.intercept_ for fit in fits])
    if labels.ndim == 1 and len(weight) == 1:  # two classes, one of them with logit 0
        weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
    by = torch.from_numpy(weight / scale).to(features)
    beside = torch.from_numpy(bias - weight @ middle / scale).to(features)
    return lambda features: F.linear(features, by, beside)
