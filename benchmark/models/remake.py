"""The trained network of a cell: as it was stored, or trained once more from everything that the key of the cell holds."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import split_and_subsample
from benchmark.execution.network_store import stored_network
from benchmark.machine.meter import Meter
from benchmark.networks.copying import copy_of
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.load import initial_network
from benchmark.networks.network import Network
from benchmark.networks.precision import evaluation_precision, format_name
from benchmark.networks.precision import precision as precision_of
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.specs.protocols import why_not_kept
from benchmark.training.device_cache import cached_images
from benchmark.training.evaluate import predict, to_probabilities
from benchmark.training.features import features_of
from benchmark.training.protocols import protocol_of
from benchmark.training.protocols.protocol import Task
from benchmark.training.step_threads import limited_to
from results.error import CatsError
from results.record import Cost

log = logging.getLogger(__name__)
FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
MOST_THREADS = 1024


@dataclass(frozen=True)
class Remade:
    """A trained network with the images of its cell.

    Attributes:
        network: in evaluation mode, on its device.
        rows: part → row numbers of its images.
        test: (N, C) probabilities of the test images, computed as for the record.
        precision: the number format of `test`, a key of FORMATS.
        trained_again: whether the network was trained, because none was stored; costs: what that took.
    """

    network: Network
    images: Decoded
    rows: Mapping[str, np.ndarray]
    test: np.ndarray
    precision: str
    trained_again: bool
    costs: tuple[Cost, ...]


def network_of_cell(cell: Cell, tags: Mapping[str, str], meter: Meter) -> Remade:
    """The network of a cell, with its predictions in the number format and with the number of threads of its record.

    tags: facts and environment of the record. Raises CatsError if images or weights are missing, or if the protocol leaves no
    network.
    """
    wrong = why_not_kept(cell.recipe.protocol)
    if wrong is not None:
        raise CatsError(f"{cell} is of {wrong}")
    precision = tags.get("evaluation_precision") or _older_precision(cell, tags, meter.device)
    if precision not in FORMATS:
        raise CatsError(f"the record of {cell} has the number format '{precision}'; allowed are {', '.join(FORMATS)}")
    threads = tags.get("threads", "")  # every number of threads divides sums in its own way
    with limited_to(int(threads) if threads.isdecimal() and 0 < int(threads) <= MOST_THREADS else torch.get_num_threads()):
        return _made(cell, precision, meter)


def _older_precision(cell: Cell, tags: Mapping[str, str], device: str) -> str:
    """The format of the predictions of an older record: that of the training.

    The record of a probe did not say in which format its features were computed; most probably in that of a training here.
    """
    if cell.recipe.trains_backbone or "precision" in tags:
        return tags.get("precision", "float32")
    return format_name(precision_of(initial_network(cell.start, 2, 0).to(device), cell.recipe))


def _predicting_in(cell: Cell, precision: str) -> Cell:
    """The cell, or, for a record that older versions have made in bf16, the same with a recipe that predicts in bf16."""
    if format_name(evaluation_precision(cell.recipe)) == precision:
        return cell
    written = "bf16" if FORMATS[precision] is torch.bfloat16 else "fp32"
    return cell.model_copy(update={"recipe": cell.recipe.model_copy(update={"precision": written})})


def _made(cell: Cell, precision: str, meter: Meter) -> Remade:
    dataset = catalogue.target(cell.target).dataset
    images = load_images_cached(dataset, cell.recipe.size)
    rows = split_and_subsample(dataset, images, cell.subsample, cell.seed)
    device = torch.device(meter.device)
    task = Task(_predicting_in(cell, precision), dataset, images, rows)
    network = stored_network(cell, len(dataset.classes))
    trained_again = network is None
    if network is None:
        log.info("no network of %s is stored; it is trained again", cell)
        network = _trained(task, meter)
    network = network.to(device)
    optimise_for_device(network)
    network.eval()
    test = _as_recorded(task, network, FORMATS[precision])
    return Remade(network, images, rows, test, precision, trained_again, tuple(meter.costs))


def _as_recorded(task: Task, network: Network, precise: torch.dtype) -> np.ndarray:
    """The probabilities of the test images, computed as the protocol of the cell computes them."""
    cell, test, device = task.cell, task.rows["test"], network.head.weight.device
    multilabel = task.dataset.task == "multilabel"
    if cell.recipe.trains_backbone:
        return to_probabilities(
            predict(network, cached_images(task.dataset, cell.recipe.size, test, device), precise), multilabel=multilabel
        )
    features = features_of(cell.start, task.images, None, cell.recipe, str(device))[test]
    with torch.inference_mode():
        classifier = copy_of(nn.Sequential(network.dense, network.head)).cpu().double()
        logits = classifier(torch.from_numpy(features.astype(np.float64)))
    return to_probabilities(logits, multilabel=multilabel)


def _trained(task: Task, meter: Meter) -> Network:
    caught: list[Network] = []
    task = Task(task.cell, task.dataset, task.images, task.rows, keep=caught.append)
    for _ in protocol_of(task.cell.recipe.protocol).run(task, meter):
        if caught:
            break
    return caught[0]
