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
FIRST, MOST = 16, 512  # steps of integrated gradients
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


def enlarged(maps: np.ndarray, size: int, centres: np.ndarray) -> np.ndarray:
    """Maps (N, rows, columns) as (N, size, size): bilinear between the cells, whose rows and columns lie at `centres` (rows,).

    Beyond the outermost cells a map goes on as it is there.
    """
    places = np.arange(size)
    weights = np.stack([np.interp(places, centres, one) for one in np.eye(len(centres))], axis=1).astype(np.float32)
    return np.asarray(weights @ maps @ weights.T, np.float32)


def integrated_gradients(
    network: Network, images: np.ndarray, classes: np.ndarray, most: int = MOST
) -> tuple[np.ndarray, np.ndarray]:
    """Integrated gradients of (N, S, S, 1 or 3) uint8 images → (attributions (N, S, S) float32, gaps (N,)).

    The change of the logit of the class along the straight line from the mean colour of the network's input to the image,
    divided among the pixels, channels added up (Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017). The
    integral is a trapezoid rule. As the logits along the line are known, so is what each step misses; the worse half of the
    steps is halved until the attributions add up to the change but for GAP, or until there are `most` steps.

    gaps: difference of the sum and the change, relative to the change, where less than SMALL logits count as SMALL.
    """
    parts, gaps = [], []
    for pixels, chosen in _batches(network, images, classes):
        for image, number in zip(pixels, chosen, strict=True):
            attribution, gap = _integrated(network, image, number, most)
            parts.append(attribution.cpu().numpy())
            gaps.append(gap)
    return np.stack(parts) if parts else np.zeros((0, *images.shape[1:3]), np.float32), np.array(gaps)


def _integrated(network: Network, image: Tensor, number: Tensor, most: int) -> tuple[Tensor, float]:
    """Attributions (S, S) of one image, and their gap."""
    places = torch.linspace(0, 1, FIRST + 1)
    values, pulls = _along(network, image, number, places)
    while True:
        widths = torch.diff(places).view(-1, 1, 1).to(pulls.device)
        parts = (pulls[1:] + pulls[:-1]) / 2 * widths
        change = float(values[-1] - values[0])
        gap = abs(float(parts.sum()) - change) / max(abs(change), SMALL)
        if gap <= GAP or len(places) > most:
            return parts.sum(0), gap
        missed = (parts.sum(dim=(1, 2)) - torch.diff(values)).abs().cpu()
        worst = missed.topk(len(missed) // 2).indices  # these steps are halved
        fresh = (places[worst] + places[worst + 1]) / 2
        more = _along(network, image, number, fresh)
        places, order = torch.cat([places, fresh]).sort()
        values, pulls = (torch.cat([old, new])[order.to(old.device)] for old, new in zip((values, pulls), more, strict=True))


def _along(network: Network, image: Tensor, number: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """(Logits (K,), their slopes by pixel (K, S, S)) at `places` (K,), from 0 to 1, on the line from the mean colour."""
    start = network.mean[0].expand_as(image)
    way = image - start
    values, pulls = [], []
    for some in torch.split(places.to(image.device), BATCH):
        points = (start + some.view(-1, 1, 1, 1) * way).requires_grad_()
        with torch.enable_grad():
            logits = _logits(network, points, number.expand(len(some)))
        values.append(logits.detach())
        pulls.append((torch.autograd.grad(logits.sum(), points)[0] * way).sum(1))
    return torch.cat(values), torch.cat(pulls)


def _logits(network: Network, pixels: Tensor, classes: Tensor) -> Tensor:
    """The logit of each image's class, (N,)."""
    logits: Tensor = network(pixels)
    return logits.gather(1, classes[:, None])[:, 0].float()


def _batches(network: Network, images: np.ndarray, classes: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
    device = network.head.weight.device
    for first in range(0, len(images), BATCH):
        pixels = torch.from_numpy(np.ascontiguousarray(images[first : first + BATCH])).permute(0, 3, 1, 2)
        yield as_float(pixels.to(device)), torch.from_numpy(np.asarray(classes[first : first + BATCH], np.int64)).to(device)
