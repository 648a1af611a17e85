"""LiDAR: the effective number of dimensions in which images differ by more than views of one image do."""

import numpy as np
import scipy.linalg
from torch import Tensor

from benchmark import Array, Draws, Network, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.gradients import drawn_images, for_evaluation
from benchmark.measures.resampling import multiplicities
from benchmark.measures.views import features_of_views

DELTA = 1e-4  # added to the variances within, in units of the mean variance of a feature


@measure(
    grows="a forward pass of min(N, most) × views images, + n² views D, n = min(N, most)",
    citation="Thilak, Huang, Saremi, Dinh, Goh, Nakkiran, Susskind & Littwin, LiDAR: sensing linear probing performance in "
    "joint embedding SSL architectures, ICLR 2024",
)
def lidar(images: Tensor, network: Network, *, most: int = 100, views: int = 8, seed: int = 0) -> float:
    """exp(-Σ_k p_k log p_k), p_k = l_k / Σ_j l_j, l the eigenvalues of S_w^-1/2 S_b S_w^-1/2; in [1, n-1].

    images: (N, 3, H, W). Each image is a class of its own, and its views are the images of the class: S_b is the covariance of
    the mean features of the images, S_w the mean covariance of the views of one image. It uses no labels. The paper takes the
    views of the training that it judges; those are unknown here and differ among sources, so all networks see the same views:
    flipped, cropped to half of the area or more, brightness and contrast changed by up to a fifth. The paper takes 1,000 images
    and 50 views; here `most` images are sampled with `seed`, with `views` views each. It adds 1e-4 to the variances of S_w;
    here 1e-4 of the mean variance of a feature, so that the unit of the features has no effect. With the labels as classes it
    would have C - 1 dimensions at most, and always 1 for two classes.
    """
    return float(np.exp(_entropy(_discriminated(images, network, most, views, seed)[1])))


@lidar.bootstrap
def resampled(draws: Draws, images: Tensor, network: Network, *, most: int, views: int, seed: int) -> Array:
    """To first order in how often an image is drawn; the sub-sample and the views are held fixed."""
    rows, values, effects = _discriminated(images, network, most, views, seed)
    shares = values / values.sum()
    entropy = _entropy(values)
    moved = effects @ (-shares * (np.log(shares) + entropy))
    return np.asarray(np.exp(entropy + (multiplicities(draws.target, len(images))[:, rows] - 1) @ moved))


def _entropy(values: Array) -> float:
    shares = values / values.sum()
    return -float(shares @ np.log(shares))


@cache_last
def _discriminated(images: Tensor, network: Network, most: int, views: int, seed: int) -> tuple[Array, Array, Array]:
    """Sampled row numbers, (n,), eigenvalues, (r,), and the relative growth of each when an image counts once more, (n, r)."""
    rows, _ = drawn_images(images, np.zeros(len(images), dtype=np.int64), most, seed)
    if views < 2:
        raise Undefined(f"{views} view of an image has no variance")
    features = features_of_views(for_evaluation(network), images[rows], views, seed)
    means = features.mean(axis=1)
    within = (features - means[:, None]) / np.sqrt(len(rows) * views)
    between = (means - means.mean(axis=0)) / np.sqrt(len(rows))
    variance = ((within**2).sum() + (between**2).sum()) / features.shape[2]
    if (between**2).sum() <= 1e-12 * (means**2).mean() * features.shape[2]:
        raise Undefined("the network gives every image the same features")
    flat = within.reshape(-1, features.shape[2])
    whitened = _solved(flat, DELTA * variance, between)  # S_w⁻¹ b of each image, (n, D)
    values, vectors = scipy.linalg.eigh(between @ whitened.T)
    keep = values > 1e-10 * values[-1]
    values, vectors = values[keep], vectors[:, keep]
    # v = S_w⁻¹ B'u / √l has v'S_w v = 1 and v'S_b v = l: an image adds (b'v)² and takes l times the variance of its views
    along = np.einsum("nqd,dr->nqr", within, whitened.T @ (vectors / np.sqrt(values)))
    return rows, values, vectors**2 - (along**2).sum(axis=1)


def _solved(rows: Array, ridge: float, wanted: Array) -> Array:
    """(R'R + ridge)⁻¹ w of each row of `wanted` (n, D), by a system of the size of R (m, D) or of D, whichever is smaller."""
    if rows.shape[1] <= len(rows):
        system = rows.T @ rows
        system.flat[:: len(system) + 1] += ridge
        return np.asarray(scipy.linalg.solve(system, wanted.T, assume_a="pos").T)
    system = rows @ rows.T
    system.flat[:: len(system) + 1] += ridge
    return np.asarray((wanted - (rows.T @ scipy.linalg.solve(system, rows @ wanted.T, assume_a="pos")).T) / ridge)
