"""Fine-tuning: all layers, or the head alone, are trained on the target's images; the best epoch predicts the test images."""

from collections.abc import Iterator

import torch

from benchmark.core.seed import seed_of
from benchmark.machine.meter import Meter
from benchmark.networks.freezing import trained_parameters, weight_count
from benchmark.networks.load import initial_network, weights_error
from benchmark.networks.network import Network
from benchmark.networks.precision import evaluation_precision, format_name, precision
from benchmark.specs.recipe import Recipe
from benchmark.training import evaluate
from benchmark.training.device_cache import cached_images
from benchmark.training.protocols.protocol import CellResult, Protocol, Task
from benchmark.training.train import Training


class Finetune(Protocol):
    """Fine-tuning of all layers or of the head alone. Protocols that train other parts differ in what they adapt."""

    def adapt(self, network: Network, recipe: Recipe, seed: int) -> None:
        """Choose what is trained beside the head; fine-tuning leaves that to `trained` of the recipe.

        Raises CatsError if the backbone does not have what the protocol trains.
        """

    def finish(self, network: Network) -> None:
        """Make an ordinary network with the same outputs of a trained one, so that it can be kept."""

    def run(self, task: Task, meter: Meter) -> Iterator[CellResult]:
        """See Protocol.run."""
        cell, dataset, device = task.cell, task.dataset, torch.device(meter.device)
        recipe, classes = cell.recipe, len(dataset.classes)
        # The order of images and the head do not depend on the source: cells of one seed differ in their start only.
        seed = seed_of("cell", cell.target, cell.backbone, cell.seed)

        error = weights_error(cell.start)
        with meter.phase("training"):
            if error is not None:
                raise error
            network = initial_network(cell.start, classes, seed, recipe).to(device)
            parameters = float(weight_count(network.parameters()))
            self.adapt(network, recipe, seed)
            counts = {"parameters": parameters, "trained_parameters": float(weight_count(trained_parameters(network)))}
            train_images, val_images = (
                cached_images(dataset, recipe.size, task.rows[part], device) for part in ("train", "val")
            )
            images = (train_images, val_images)
            fit = Training(network, images, recipe, seed, cell.rule, cell.backbone).run(task.checkpoint)
            self.finish(network)
        if task.keep is not None:
            task.keep(network)

        result = CellResult(fit.curves, fit.best() | counts, fit.facts())
        yield result

        with meter.phase("evaluation"):
            trained, exact = precision(network, recipe), evaluation_precision(recipe)
            test_images = cached_images(dataset, recipe.size, task.rows["test"], device)
            validation, test = (evaluate.predict(network, images, exact) for images in (val_images, test_images))
            figures = dict(result.validation)
            if trained is not exact and "val_loss" in figures:  # those of the restored epoch belong to predictions in `trained`
                figures["val_loss"], figures["val_auc"] = evaluate.loss_and_auc(validation, val_images.labels)
            several = dataset.task == "multilabel"
            probabilities = [evaluate.to_probabilities(logits, multilabel=several) for logits in (validation, test)]

        formats = {"precision": format_name(trained), "evaluation_precision": format_name(exact)}
        yield CellResult(fit.curves, figures, result.facts | formats, probabilities[1], probabilities[0])


PROTOCOL = Finetune()
