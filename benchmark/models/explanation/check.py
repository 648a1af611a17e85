"""Whether maps say something about the classifier: re-drawn weights, and known lesions."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from scipy.stats import rankdata

from benchmark.core.seed import seed_of
from benchmark.models.model import Model
from benchmark.networks.architecture import network_of
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Network
from benchmark.training.device_images import as_float
from results.record import Frozen
from results.statistics.bounded import mean_interval

REDRAWN = 3  # networks
CENTRE = 0.25  # standard deviation of the centre prior, relative to the side of the image
ALIKE = 0.5  # rank correlation from which maps count as those of any network


class Figure(Frozen):
    """A mean over images with its 95 % interval (Student's t); None where fewer than two images have the figure."""

    mean: float | None
    low: float | None
    high: float | None
    images: int

    def __str__(self) -> str:
        if self.mean is None:
            return "unknown"
        return f"{self.mean:.2f}" + ("" if self.low is None else f" [{self.low:.2f}, {self.high:.2f}]")


def figure(values: np.ndarray, bounds: tuple[float, float]) -> Figure:
    """The figure of (N,) values, NaN where an image has none."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return Figure(mean=float(known[0]) if len(known) else None, low=None, high=None, images=len(known))
    low, high = mean_interval(known, bounds)
    return Figure(mean=float(known.mean()), low=float(low), high=float(high), images=len(known))


def redrawn(model: Model, images: np.ndarray) -> Iterator[Network]:
    """Networks like that of the model with other weights, drawn by the key of its cell; see Adebayo et al., NeurIPS 2018.

    The images pass each network once, so that its batch norms fit its own features (one image cannot do this).
    """
    device = model.network.head.weight.device
    for number in range(REDRAWN):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("explain", model.manifest.key, number))
            network = network_of(model.manifest.architecture, len(model.manifest.classes)).to(device)
        optimise_for_device(network)
        for layer in network.modules():
            if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the class of all batch norms
                layer.momentum = None  # the mean of all batches
        network.train()
        with torch.no_grad():
            for some in np.array_split(images, max(1, len(images) // 32)) if len(images) > 1 else ():
                network.features(as_float(torch.from_numpy(np.ascontiguousarray(some)).permute(0, 3, 1, 2).to(device)))
        yield network.eval()


def rank_correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Spearman's correlation of two maps (N, ...) of each image, (N,); NaN where a map is the same everywhere."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (one, other)]
    a, b = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))


def share_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The share of each map (N, S, S), at least 0, that lies inside its mask (N, S, S) bool; NaN for a map of zeros."""
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((maps * masks).sum(axis=(1, 2), dtype=np.float64) / total)


def centre_prior(size: int) -> np.ndarray:
    """A Gaussian in the centre of the image, (size, size): where a lesion is, for one who does not look."""
    away = ((np.arange(size) + 0.5) / size - 0.5) / CENTRE
    bell = np.exp(-(away**2) / 2)
    return np.outer(bell, bell)


def mask_figures(maps: Mapping[str, np.ndarray], masks: np.ndarray) -> dict[str, dict[str, Figure]]:
    """For each kind of map its share inside the masks, and how much this is above chance and above the centre prior.

    Chance is the area of the mask: the share of a map that is the same everywhere.
    """
    chance = masks.mean(axis=(1, 2))
    centre = share_inside(np.broadcast_to(centre_prior(masks.shape[1]), masks.shape), masks)
    made = {"chance": {"inside": figure(chance, (0, 1))}, "centre prior": {"inside": figure(centre, (0, 1))}}
    for name, each in maps.items():
        inside = share_inside(each, masks)
        made[name] = {
            "inside": figure(inside, (0, 1)),
            "above chance": figure(inside - chance, (-1, 1)),
            "above centre prior": figure(inside - centre, (-1, 1)),
        }
    return made
