"""Loss, validation, predictions and features of a network."""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.networks.network import Network
from benchmark.networks.precision import autocast
from benchmark.networks.slices import count_slices
from benchmark.training.device_images import Images, all_batches, as_float
from benchmark.training.graph import capturing
from benchmark.training.out_of_memory import is_out_of_memory, smaller_batch
from results.metrics import auc

EVALUATION_BATCH = 256  # pictures of at most EVALUATION_SIDE pixels, fewer of larger ones; slices, of volumes
EVALUATION_SIDE = 128  # what a network makes of 256 pictures of 224 pixels takes more than 10 GB

_batch_size: WeakKeyDictionary[Network, int] = WeakKeyDictionary()  # reduced batch sizes of networks that ran out of memory


def loss_of(
    logits: Tensor, labels: Tensor, smoothing: float = 0.0, *, multilabel: bool | None = None, each: bool = False
) -> Tensor:
    """Cross-entropy; for several labels per image, binary cross-entropy, mean over labels.

    Returns the mean over images, or with `each` the loss of every image, (N,).
    `multilabel` is by default true for labels (N, C).
    """
    reduction = "none" if each else "mean"
    if labels.ndim > 1 if multilabel is None else multilabel:
        soft = labels * (1 - smoothing) + smoothing / 2
        loss = F.binary_cross_entropy_with_logits(logits.float(), soft, reduction=reduction)
        return loss.mean(dim=1) if each else loss
    return F.cross_entropy(logits.float(), labels, label_smoothing=smoothing, reduction=reduction)


def loss_and_auc(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Loss and AUC of logits (N, C), as after an epoch."""
    probabilities = to_probabilities(logits, multilabel=labels.ndim > 1)
    return float(loss_of(logits, labels)), auc(labels.cpu().numpy().astype(np.int64), probabilities)


def to_probabilities(logits: Tensor, *, multilabel: bool) -> np.ndarray:
    """(N, C) logits → (N, C) float64, on the host; see probabilities_of."""
    return probabilities_of(logits, multilabel=multilabel).cpu().numpy()


def probabilities_of(logits: Tensor, *, multilabel: bool) -> Tensor:
    """(N, C) logits → (N, C) float64, on their device: softmax, or one sigmoid per label."""
    wide = logits.double()
    return wide.sigmoid() if multilabel else wide.softmax(dim=1)


def predict(network: Network, images: Images, precise: torch.dtype) -> Tensor:
    """Logits (N, C) float32 of all images, in evaluation mode, without gradients."""
    return torch.cat(list(_outputs(network, images, precise, features=False)))


def extract(network: Network, images: Images, precise: torch.dtype) -> Tensor:
    """Features (N, D) float32 of all images, in evaluation mode, without gradients."""
    return torch.cat(list(_outputs(network, images, precise, features=True)))


def evaluation_batch(pixels: Tensor) -> int:
    """How many of the images (N, C, S, S), or volumes (N, C, K·S, S), are evaluated at once, so that memory stays bounded."""
    fewer = max(1, pixels.shape[-1] ** 2 / EVALUATION_SIDE**2)
    return max(1, int(EVALUATION_BATCH / fewer) // count_slices(pixels))


def forget_batch(network: Network) -> None:
    """Evaluate a network in whole batches again, although memory did not suffice for them."""
    _batch_size.pop(network, None)


def _outputs(network: Network, images: Images, precise: torch.dtype, *, features: bool) -> Iterator[Tensor]:
    network.eval()
    call = network.features if features else network
    largest = evaluation_batch(images.pixels)
    for pixels, _ in all_batches(images, largest):
        rest = pixels
        while len(rest):
            part = rest[: _batch_size.get(network, largest)]
            try:
                with torch.inference_mode(), autocast(part.device, precise):
                    outputs = call(as_float(part)).float()
            except RuntimeError as error:
                if not is_out_of_memory(error) or len(part) <= 2 or capturing():
                    raise
            else:
                rest = rest[len(part) :]
                yield outputs
                continue
            _batch_size[network] = smaller_batch(len(part))  # after `except`, whose traceback references the outputs
