"""Measure the speed of work on this machine: a few steps and a validation on real images, by the code that trains.

A measurement is cached under CATS_HOME by the hardware and by everything else that decides the speed.
"""

import math
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.core import json_cache
from benchmark.core.paths import calibrations_folder
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import split, split_and_subsample
from benchmark.execution.budget.amounts import Estimate, estimate, modelled
from benchmark.execution.budget.history import recipe_of, spread, work_class_of
from benchmark.machine.environment import environment
from benchmark.machine.memory import keep_memory
from benchmark.machine.meter import Meter
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.load import untrained_network
from benchmark.networks.network import Network
from benchmark.networks.precision import evaluation_precision
from benchmark.specs import catalogue
from benchmark.specs.job import Work
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start, declared_arguments
from benchmark.training import evaluate
from benchmark.training.augment import draw_augmentation
from benchmark.training.device_images import Images, on_device
from benchmark.training.features import features_path, frozen_recipe
from benchmark.training.graph import replays
from benchmark.training.protocols import protocol_of
from benchmark.training.protocols.finetune import Finetune
from benchmark.training.protocols.frozen import FrozenProtocol
from benchmark.training.rig import Rig
from results.cost.amount import Amount, add, amount_of
from results.error import CatsError, first_line
from results.files.digest import digest
from results.record import Frozen

TIMED_SECONDS, MIN_STEPS, MAX_STEPS = 1.0, 3, 50  # steps are timed for about this time, but at least and at most so many
FITTED_IMAGES = 512  # number of images with which a fit on frozen features is timed
FIT_SPREAD = 2.0  # factor by which the time of a fit on more images may differ from one in proportion to their number
Parts = dict[str, np.ndarray]


class Calibration(Frozen):
    """The speed of one class of work on this machine.

    Attributes:
        setup: seconds to build the network.
        step: seconds of one training step: 10 % quantile, mean and 90 % quantile.
        image: seconds to validate one image after an epoch, or to compute its features.
        tested: seconds to evaluate one image with the restored network, in another number format; None: as `image`.
        fit: seconds to fit a probe or a nearest-neighbour vote on all images.
        images: number of images of train, val and test, and of all together.
        kwh_per_second, kg_per_kwh: None if unknown.
        seconds, kwh: the cost of the calibration itself.
    """

    setup: float
    step: tuple[float, float, float] = (0.0, 0.0, 0.0)
    image: float
    tested: float | None = None
    fit: float = 0.0
    images: dict[str, int]
    kwh_per_second: float | None
    kg_per_kwh: float | None
    seconds: float
    kwh: float | None

    @property
    def cost(self) -> Amount:
        """The cost of the calibration itself."""
        return modelled(self.seconds, _or_nan(self.kwh), _or_nan(self.kwh) * _or_nan(self.kg_per_kwh))

    def estimate(self, work: Work, *, extracted: bool = False) -> Estimate:
        """The expected cost of work. `likely` and `high` assume all epochs, `low` the fewest that early stopping allows.

        `extracted`: whether the features of the work exist when it begins.
        """
        seconds = _once(self.setup)
        recipe, count = recipe_of(work), self.images
        if recipe.trains_backbone:
            fewest = recipe.epochs if recipe.patience is None else min(recipe.epochs, recipe.patience + 1)
            steps = count["train"] // min(recipe.batch_size, count["train"])
            epoch = np.array(self.step) * steps + _once(self.image * count["val"])
            seconds += epoch * [fewest, recipe.epochs, recipe.epochs]
            if not isinstance(work, Start):
                tested = self.image if self.tested is None else self.tested
                seconds += _once(tested * (count["val"] + count["test"]))
        else:
            seconds += np.array([self.fit / FIT_SPREAD, self.fit, self.fit * FIT_SPREAD])
            seconds += _once(0.0 if extracted else self.image * count["all"])
        kwh = seconds * _or_nan(self.kwh_per_second)
        return estimate(seconds, kwh, kwh * _or_nan(self.kg_per_kwh))


def features_file(work: Work) -> Path | None:
    """The file of the frozen features that work reads or writes; None if it needs none."""
    if isinstance(work, Start) or work.recipe.trains_backbone:
        return None
    return features_path(work.start, _images_digest(catalogue.target(work.target).dataset), work.recipe)


@lru_cache(maxsize=64)  # thousands of cells share a target
def _images_digest(dataset: Dataset) -> str:
    return dataset.digest()


def cached(work: Work, device: str, country: str) -> Calibration | None:
    """An earlier calibration of this machine; None if there is none."""
    return json_cache.read(Calibration, _path(work, device, country))


def calibrate(work: Work, device: str, country: str) -> Calibration:
    """Measure now and cache the result. Raises CatsError if images, network or memory do not allow a measurement."""
    keep_memory()
    try:
        calibration = _measure(work, device, country)
    except (RuntimeError, ValueError) as error:
        raise CatsError(f"calibration of {work.backbone}: {type(error).__name__}: {first_line(error)}") from error
    json_cache.keep(calibration, _path(work, device, country))
    return calibration


def _path(work: Work, device: str, country: str) -> Path:
    data = work.data if not isinstance(work, Start) else str(work.data)
    decisive = [work_class_of(work), declared_arguments(work.start), data, environment(device), country]
    return calibrations_folder() / f"{digest(decisive)}.json"


def _measure(work: Work, device: str, country: str) -> Calibration:
    meter, recipe = Meter(country, device), recipe_of(work)
    dataset = catalogue.source(work.source).dataset if isinstance(work, Start) else catalogue.target(work.target).dataset
    assert dataset is not None
    images = load_images_cached(dataset, recipe.size)
    parts = (
        split(dataset, images) if isinstance(work, Start) else split_and_subsample(dataset, images, work.subsample, work.seed)
    )
    measure = _training if recipe.trains_backbone else _frozen
    speeds = measure(work, len(dataset.classes), images, parts, meter)
    amounts = [amount_of(cost.model_dump()) for cost in meter.costs]
    total, timed = add(amounts), amounts[-1]
    return Calibration(
        **speeds, images={part: len(rows) for part, rows in parts.items()} | {"all": len(images.ids)},
        kwh_per_second=None if timed.kwh is None else timed.kwh / timed.seconds, kg_per_kwh=meter.costs[-1].kg_per_kwh,
        seconds=total.seconds, kwh=total.kwh,
    )  # fmt: skip


def _training(work: Work, classes: int, images: Decoded, parts: Parts, meter: Meter) -> dict[str, Any]:
    """Seconds to build the network, of training steps, and to evaluate one image after an epoch and at the end."""
    recipe, device = recipe_of(work), torch.device(meter.device)
    exact = evaluation_precision(recipe)
    with meter.phase("warm-up"):
        network, setup = _network(work, classes, recipe, device)
        protocol = protocol_of(recipe.protocol)
        assert isinstance(protocol, Finetune)
        protocol.adapt(network, recipe, 0)
        optimise_for_device(network)
        size = min(recipe.batch_size, len(parts["train"]))
        rng, val = torch.Generator().manual_seed(0), _some(images, parts["val"], evaluate.EVALUATION_BATCH, device)
        rig = Rig(network, _some(images, parts["train"], size, device), val, recipe)

        def take_step() -> None:
            draws = draw_augmentation(recipe.augment, size, rng).to(device)
            float(rig.steps(torch.randperm(size), draws, [recipe.lr]))  # waits for a GPU

        for _ in range(3 if replays(device) else 1):  # the second step on a GPU is recorded, later ones are replayed
            take_step()
        for precise in (rig.step.precise, exact):
            _evaluate(rig.judged, val, precise)
    times: list[float] = []
    with meter.phase("calibration"):
        while len(times) < MIN_STEPS or (sum(times) < TIMED_SECONDS and len(times) < MAX_STEPS):
            times.append(_timed(take_step))
        formats = (rig.step.precise, exact)
        image, tested = (_timed(partial(_evaluate, rig.judged, val, each)) / len(val) for each in formats)
    return {"setup": setup, "step": tuple(spread(times).tolist()), "image": image, "tested": tested}


def _evaluate(network: Network, images: Images, precise: torch.dtype) -> None:
    """Loss and AUC of the images; waits for a GPU."""
    evaluate.loss_and_auc(evaluate.predict(network, images, precise), images.labels)


def _frozen(work: Work, _: int, images: Decoded, parts: Parts, meter: Meter) -> dict[str, Any]:
    """Seconds to build the network, to extract the features of one image, and of a fit on some images, scaled to all."""
    assert not isinstance(work, Start)
    protocol = protocol_of(work.recipe.protocol)
    assert isinstance(protocol, FrozenProtocol)
    device, features = torch.device(meter.device), list[np.ndarray]()
    with meter.phase("warm-up"):
        network, setup = _network(work, 2, frozen_recipe(work.recipe), device)
        enough = protocol.too_few(work.recipe, FITTED_IMAGES) is None
        rows_used = _rows(parts["train"], FITTED_IMAGES) if enough else parts["train"]
        sample = on_device(images.images[rows_used], images.labels[rows_used], device)
        precise = evaluation_precision(work.recipe)
        evaluate.extract(network, _some(images, parts["train"], evaluate.EVALUATION_BATCH, device), precise)
    with meter.phase("calibration"):
        seconds = _timed(lambda: features.append(evaluate.extract(network, sample, precise).cpu().numpy()))
        features_of_parts, labels = dict.fromkeys(parts, features[0]), dict.fromkeys(parts, images.labels[rows_used])
        fit = _timed(lambda: protocol.fit(features_of_parts, labels, work.recipe, work.rule))
    factor = protocol.cost_factor({part: len(rows) for part, rows in parts.items()}, len(rows_used))
    return {"setup": setup, "image": seconds / len(rows_used), "fit": fit * factor}


def _network(work: Work, classes: int, recipe: Recipe, device: torch.device) -> tuple[Network, float]:
    """A network with random weights, which trains at the same speed, and the seconds that building it a second time took."""
    arguments, made = declared_arguments(work.start), list[Network]()

    def build() -> None:
        made.append(untrained_network(work.backbone, arguments, classes, recipe).to(device))

    seconds = [_timed(build) for _ in range(2)][-1]
    return made[-1], seconds


def _some(images: Decoded, rows: np.ndarray, most: int, device: torch.device) -> Images:
    chosen = _rows(rows, most)
    return on_device(images.images[chosen], images.labels[chosen], device)


def _rows(rows: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of the rows, evenly spread over all of them, because neighbours often have the same class."""
    chosen: np.ndarray = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    return chosen


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _once(seconds: float) -> np.ndarray:
    """Low, likely and high value of a time that was measured once."""
    return spread([seconds])


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
