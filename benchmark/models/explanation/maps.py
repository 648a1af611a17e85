"""Which parts of an image speak for a class: Grad-CAM and integrated gradients.

captum has both, torchcam has Grad-CAM, and they compute the same (docs/models.md). What takes care with timm's networks is the
choice of the layer and the place of its tokens, which neither library knows; the rest is the few lines below. captum takes a
fixed number of steps, where steps are added here until the attributions add up.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.models.explanation.layer import Layer, Tap, tapped
from benchmark.networks.network import Network
from benchmark.training.device_images import as_float
from results.error import CatsError

BATCH = 32
FIRST, MOST = 16, 512  # steps of integrated gradients, powers of 2
GAP = 0.01  # by which the sum of attributions may differ from the change of the logit, relative to it
SMALL = 0.1  # logits; a smaller change counts as one of this size


def grad_cam(network: Network, images: np.ndarray, classes: np.ndarray, layer: Layer) -> np.ndarray:
    """Grad-CAM of (N, S, S, 1 or 3) uint8 images for `classes` (N,) → (N, rows, columns) float32, at least 0.

    The channels of the layer, weighted by the mean over the grid of the gradient of the logit, where their sum speaks for the
    class (Selvaraju et al., Grad-CAM, ICCV 2017). Raises CatsError if no gradient reaches the grid.
    """
    maps, reached = [], not len(images)
    for pixels, chosen in _batches(network, images, classes):
        tap = Tap()
        with torch.enable_grad(), tapped(network, layer.name, tap):
            score = _logits(network, pixels, chosen).sum()
        assert tap.output is not None
        (gradient,) = torch.autograd.grad(score, tap.output)
        weights = layer.map_of(gradient).mean(dim=(2, 3), keepdim=True)
        reached = reached or bool(weights.any())
        maps.append(F.relu((weights * layer.map_of(tap.output.detach())).sum(1)).float().cpu().numpy())
    if not reached:
        raise CatsError(f"no gradient of the logits reaches {layer.title}, so that Grad-CAM has no map of this network")
    return np.concatenate(maps) if maps else np.zeros((0, *layer.grid), np.float32)


def enlarged(maps: np.ndarray, size: int) -> np.ndarray:
    """Maps (N, rows, columns) as (N, size, size), bilinear."""
    if not len(maps):
        return np.zeros((0, size, size), np.float32)
    larger = F.interpolate(torch.from_numpy(maps)[:, None], (size, size), mode="bilinear", align_corners=False)
    return np.asarray(larger[:, 0])


def integrated_gradients(
    network: Network, images: np.ndarray, classes: np.ndarray, most: int = MOST
) -> tuple[np.ndarray, np.ndarray]:
    """Integrated gradients of (N, S, S, 1 or 3) uint8 images → (attributions (N, S, S) float32, gaps (N,)).

    The change of the logit of the class along the straight line from the mean colour of the network's input to the image,
    divided among the pixels, channels added up (Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017). The
    integral is a trapezoid rule whose steps are halved until the attributions add up to the change but for
    GAP, or to `most` steps.

    gaps: difference of the sum and the change, relative to the change, where less than SMALL logits count as SMALL.
    """
    parts, gaps = [], []
    for pixels, chosen in _batches(network, images, classes):
        for image, number in zip(pixels, chosen, strict=True):
            attribution, gap = _integrated(network, image, number, most)
            parts.append(attribution.sum(0).cpu().numpy())
            gaps.append(gap)
    return np.stack(parts) if parts else np.zeros((0, *images.shape[1:3]), np.float32), np.array(gaps)


def _integrated(network: Network, image: Tensor, number: Tensor, most: int) -> tuple[Tensor, float]:
    """Attributions (3, S, S) of one image, and their gap."""
    start = network.mean[0].expand_as(image)
    way = image - start
    with torch.no_grad():
        ends = _logits(network, torch.stack([start, image]), number.expand(2))
    change = float(ends[1] - ends[0])
    total = _gradients(network, (start, way), torch.tensor([0.0, 1.0]), number) / 2
    total = total + _gradients(network, (start, way), torch.arange(1, FIRST) / FIRST, number)
    steps = FIRST
    while True:
        added = way * total / steps
        gap = abs(float(added.sum()) - change) / max(abs(change), SMALL)
        if gap <= GAP or steps >= most:
            return added, gap
        steps *= 2
        total = total + _gradients(network, (start, way), torch.arange(1, steps, 2) / steps, number)


def _gradients(network: Network, line: tuple[Tensor, Tensor], places: Tensor, number: Tensor) -> Tensor:
    """The sum of the gradients of the logit at `places`, from 0 to 1, on the line of a start and a way."""
    start, way = line
    total = torch.zeros_like(way)
    for some in torch.split(places.to(way.device), BATCH):
        points = (start + some.view(-1, 1, 1, 1) * way).requires_grad_()
        with torch.enable_grad():
            score = _logits(network, points, number.expand(len(some))).sum()
        total += torch.autograd.grad(score, points)[0].sum(0)
    return total


def _logits(network: Network, pixels: Tensor, classes: Tensor) -> Tensor:
    """The logit of each image's class, (N,)."""
    logits: Tensor = network(pixels)
    return logits.gather(1, classes[:, None])[:, 0].float()


def _batches(network: Network, images: np.ndarray, classes: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
    device = network.head.weight.device
    for first in range(0, len(images), BATCH):
        pixels = torch.from_numpy(np.ascontiguousarray(images[first : first + BATCH])).permute(0, 3, 1, 2)
        yield as_float(pixels.to(device)), torch.from_numpy(np.asarray(classes[first : first + BATCH], np.int64)).to(device)
