"""Fine-tuning: all layers, or the head alone, are trained on the target's images; the best epoch predicts the test images."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from benchmark.core.seed import seed_of
from benchmark.machine.meter import Meter
from benchmark.networks.load import initial_network, weights_error
from benchmark.networks.precision import precision
from benchmark.training import evaluate
from benchmark.training.device_cache import cached_images
from benchmark.training.protocols.protocol import CellResult, Protocol, Task
from benchmark.training.train import Training


class Finetune(Protocol):
    """Fine-tuning of all layers or of the head alone."""

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
            train_images, val_images = (
                cached_images(dataset, recipe.size, task.rows[part], device) for part in ("train", "val")
            )
            training = Training(network, train_images, recipe, seed, cell.rule)
            fit = training.run(val_images, task.checkpoint)
        if task.keep is not None:
            task.keep(network)

        result = CellResult(fit.curves, fit.best(), fit.facts())
        yield result

        with meter.phase("evaluation"):
            dtype, several = precision(network, recipe), dataset.task == "multilabel"
            test_images = cached_images(dataset, recipe.size, task.rows["test"], device)
            validation, test = (
                evaluate.to_probabilities(evaluate.predict(network, images, dtype), multilabel=several)
                for images in (val_images, test_images)
            )

        yield replace(
            result,
            facts=result.facts | {"precision": str(dtype).removeprefix("torch.")},
            probabilities=test,
            validation_probabilities=validation,
        )


PROTOCOL = Finetune()
