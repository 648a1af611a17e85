"""The trained network of a cell: as it was stored, or trained once more from everything that the key of the cell holds."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import split_and_subsample
from benchmark.execution.network_store import stored_network
from benchmark.machine.meter import Meter
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Network
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.training.device_cache import cached_images
from benchmark.training.evaluate import predict, to_probabilities
from benchmark.training.features import features_of
from benchmark.training.protocols import protocol_of
from benchmark.training.protocols.protocol import Task
from results.error import CatsError
from results.record import Cost

log = logging.getLogger(__name__)
FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
KEPT = ("finetune", "probe")  # protocols that leave a network


@dataclass(frozen=True)
class Remade:
    """A trained network with the images of its cell.

    Attributes:
        network: in evaluation mode, on its device.
        rows: part → row numbers of its images.
        test: (N, C) probabilities of the test images in the number format that was asked for.
        trained_again: whether the network was trained, because none was stored; costs: what that took.
    """

    network: Network
    images: Decoded
    rows: Mapping[str, np.ndarray]
    test: np.ndarray
    trained_again: bool
    costs: tuple[Cost, ...]


def network_of_cell(cell: Cell, precision: str, meter: Meter) -> Remade:
    """The network of a cell. Raises CatsError if images or weights are missing, or if the protocol trains no network.

    precision: the number format of the test predictions, `float32` or `bfloat16`.
    """
    if cell.recipe.protocol not in KEPT:
        raise CatsError(
            f"{cell} is of the protocol {cell.recipe.protocol}, which trains no network that could be kept; cells of the "
            f"protocols {' and '.join(KEPT)} can be kept"
        )
    dataset = catalogue.target(cell.target).dataset
    images = load_images_cached(dataset, cell.recipe.size)
    rows = split_and_subsample(dataset, images, cell.subsample, cell.seed)
    device = torch.device(meter.device)
    network = stored_network(cell, len(dataset.classes))
    trained_again = network is None
    if network is None:
        log.info("no network of %s is stored; it is trained again", cell)
        network = _trained(Task(cell, dataset, images, rows), meter)
    network = network.to(device)
    optimise_for_device(network)
    network.eval()
    test = _as_recorded(Task(cell, dataset, images, rows), network, FORMATS[precision])
    return Remade(network, images, rows, test, trained_again, tuple(meter.costs))


def _as_recorded(task: Task, network: Network, precise: torch.dtype) -> np.ndarray:
    """The probabilities of the test images, computed as the protocol of the cell computes them."""
    cell, test, device = task.cell, task.rows["test"], network.head.weight.device
    multilabel = task.dataset.task == "multilabel"
    if cell.recipe.protocol == "finetune":
        return to_probabilities(
            predict(network, cached_images(task.dataset, cell.recipe.size, test, device), precise), multilabel=multilabel
        )
    features = features_of(cell.start, task.images, None, cell.recipe, str(device))[test]
    weight, bias = (each.detach().cpu().double() for each in (network.head.weight, network.head.bias))
    return to_probabilities(torch.from_numpy(features.astype(np.float64)) @ weight.T + bias, multilabel=multilabel)


def _trained(task: Task, meter: Meter) -> Network:
    caught: list[Network] = []
    task = Task(task.cell, task.dataset, task.images, task.rows, keep=caught.append)
    for _ in protocol_of(task.cell.recipe.protocol).run(task, meter):
        if caught:
            break
    return caught[0]
