"""A calibration: a few steps and a validation on real images, by the code that trains, say what a whole training takes.

What was measured is kept under CATS_HOME by what decides it and by the hardware, so that it is measured once.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.core import json_cache as measured
from benchmark.core.paths import calibrations_folder
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import split, split_and_subsample
from benchmark.execution.budget.amounts import Sum
from benchmark.execution.budget.history import Expected, Span, recipe_of, sort_of, spread
from benchmark.machine.environment import environment
from benchmark.machine.memory import keep_memory
from benchmark.machine.meter import Meter
from benchmark.networks.fast_convolution import quicken
from benchmark.networks.load import initialised
from benchmark.networks.network import Network
from benchmark.networks.precision import precision
from benchmark.specs import catalogue
from benchmark.specs.job import Work
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start
from benchmark.training import evaluate, probe, train
from benchmark.training.augment import draw
from benchmark.training.device_images import Images, on_device
from benchmark.training.features import features_path
from benchmark.training.optimiser import Average
from results.cost.amount import add, amount_of
from results.digest import digest
from results.error import CatsError
from results.record import Frozen

SECONDS, FEWEST, MOST = 1.0, 3, 50  # timed steps: for about so long, but at least and at most so many
FITTED = 512  # images on which a fit on frozen features is timed
Parts = dict[str, np.ndarray]
FIT_SPREAD = 2.0  # how far a fit on more images may be from growing with their number


class Pace(Frozen):
    """How fast one sort of work goes on this machine.

    Attributes:
        setup: seconds to build the network. step: seconds of one, as a tenth, their mean and nine tenths of them are.
        image: seconds to evaluate one image. fit: seconds to fit a probe, or to vote, on all images.
        images: how many there are of train, val and test, and in all.
        kwh_per_second, kg_per_kwh: None if nobody could tell. seconds, kwh: what measuring took.
    """

    setup: float
    step: tuple[float, float, float] = (0.0, 0.0, 0.0)
    image: float
    fit: float = 0.0
    images: dict[str, int]
    kwh_per_second: float | None
    kg_per_kwh: float | None
    seconds: float
    kwh: float | None

    @property
    def cost(self) -> Sum:
        """What measuring took."""
        kg = self.kwh * self.kg_per_kwh if self.kwh is not None and self.kg_per_kwh is not None else math.nan
        return Sum(math.nan if self.kwh is None else self.kwh, kg, self.seconds / 3600)

    def expected(self, work: Work, *, extracted: bool = False) -> Expected:
        """What the work takes. Early stopping can only make it shorter: likely is what all epochs take, and low the fewest.

        `extracted`: its features will be there before.
        """
        seconds = _fixed(self.setup)
        recipe, count = recipe_of(work), self.images
        if recipe.protocol == "finetune":
            fewest = recipe.epochs if recipe.patience is None else min(recipe.epochs, recipe.patience + 1)
            steps = count["train"] // min(recipe.batch_size, count["train"])
            epoch = Span(*self.step).times(steps) + _fixed(self.image * count["val"])
            seconds += epoch.times(fewest, recipe.epochs)
            if not isinstance(work, Start):
                seconds += _fixed(self.image * count["test"])
        else:
            seconds += Span(self.fit / FIT_SPREAD, self.fit, self.fit * FIT_SPREAD)
            seconds += _fixed(0.0 if extracted else self.image * count["all"])
        kwh = seconds.times(math.nan if self.kwh_per_second is None else self.kwh_per_second)
        return Expected(seconds, kwh, kwh.times(math.nan if self.kg_per_kwh is None else self.kg_per_kwh))


def features_file(work: Work) -> Path | None:
    """Where the features lie that it extracts or finds; None if it needs none."""
    if isinstance(work, Start) or work.recipe.protocol == "finetune":
        return None
    return features_path(work.start, work.data, work.recipe)


def kept(work: Work, device: str, country: str) -> Pace | None:
    """What was measured before on this machine."""
    return measured.read(Pace, _path(work, device, country))


def calibrated(work: Work, device: str, country: str) -> Pace:
    """Measure it now and keep it. Raises CatsError if the images, the network or the memory refuse."""
    keep_memory()
    try:
        pace = _measured(work, device, country)
    except (RuntimeError, ValueError) as error:
        raise CatsError(f"calibration of {work.backbone}: {type(error).__name__}: {error}") from error
    measured.keep(pace, _path(work, device, country))
    return pace


def _path(work: Work, device: str, country: str) -> Path:
    data = work.data if not isinstance(work, Start) else str(work.data)
    return calibrations_folder() / f"{digest([sort_of(work), data, environment(device), country])}.json"


def _measured(work: Work, device: str, country: str) -> Pace:
    meter, recipe = Meter(country, device), recipe_of(work)
    dataset = catalogue.source(work.source).dataset if isinstance(work, Start) else catalogue.target(work.target).dataset
    assert dataset is not None
    images = load_images_cached(dataset, recipe.size)
    parts = (
        split(dataset, images) if isinstance(work, Start) else split_and_subsample(dataset, images, work.subsample, work.seed)
    )
    measure = _training if recipe.protocol == "finetune" else _frozen
    found = measure(work, len(dataset.classes), images, parts, meter)
    amounts = [amount_of(cost.model_dump()) for cost in meter.costs]
    total, timed = add(amounts), amounts[-1]
    return Pace(
        **found, images={part: len(rows) for part, rows in parts.items()} | {"all": len(images.ids)},
        kwh_per_second=None if timed.kwh is None else timed.kwh / timed.seconds, kg_per_kwh=meter.costs[-1].kg_per_kwh,
        seconds=total.seconds, kwh=total.kwh,
    )  # fmt: skip


def _training(work: Work, classes: int, images: Decoded, parts: Parts, meter: Meter) -> dict[str, Any]:
    """Seconds of the network's setup, of steps, and of validation for each image."""
    recipe, device = recipe_of(work), torch.device(meter.device)
    with meter.phase("warm-up"):
        network, setup = _network(work, classes, recipe, device)
        quicken(network)
        size = min(recipe.batch_size, len(parts["train"]))
        step, rng = train.Step(network, recipe, size), torch.Generator().manual_seed(0)
        judged = Average(network, recipe.ema) if recipe.ema else None
        now = network if judged is None else judged.network
        shown = _some(images, parts["train"], size, device)
        val = _some(images, parts["val"], evaluate.EVALUATION_BATCH, device)

        def one() -> None:
            network.train()
            draws = draw(recipe.augment, size, rng).to(device)
            loss = step(*shown.batch(torch.randperm(size).to(shown.pixels.device)), draws, recipe.lr)
            if judged is not None:
                judged.follow(network)
            float(loss)  # a GPU is waited for

        one()
        evaluate.validate(now, val, step.precise)
    times: list[float] = []
    with meter.phase("calibration"):
        while len(times) < FEWEST or (sum(times) < SECONDS and len(times) < MOST):
            times.append(_timed(one))
        seconds = _timed(lambda: evaluate.validate(now, val, step.precise))
    span = spread(times)
    return {"setup": setup, "step": (span.low, span.likely, span.high), "image": seconds / len(val)}


def _frozen(work: Work, _: int, images: Decoded, parts: Parts, meter: Meter) -> dict[str, Any]:
    """Seconds of the network's setup, of the features of one image, and of a fit on some, scaled to all."""
    assert not isinstance(work, Start)
    device, features = torch.device(meter.device), list[np.ndarray]()
    with meter.phase("warm-up"):
        network, setup = _network(work, 2, Recipe(), device)
        some = _rows(parts["train"], FITTED)
        shown = on_device(images.images[some], images.labels[some], device)
        precise = precision(network, work.recipe)
        evaluate.extract(network, _some(images, parts["train"], evaluate.EVALUATION_BATCH, device), precise)
    with meter.phase("calibration"):
        seconds = _timed(lambda: features.append(evaluate.extract(network, shown, precise).cpu().numpy()))
        every, labels = dict.fromkeys(parts, features[0]), dict.fromkeys(parts, images.labels[some])
        fit = _timed(lambda: probe.PROTOCOLS[work.recipe.protocol](every, labels, work.recipe, work.rule))
    more = len(parts["train"]) / len(some)
    if work.recipe.protocol == "knn":  # every image that is asked for meets every one that is known
        more *= (len(parts["val"]) + len(parts["test"])) / (2 * len(some))
    return {"setup": setup, "image": seconds / len(some), "fit": fit * more}


def _network(work: Work, classes: int, recipe: Recipe, device: torch.device) -> tuple[Network, float]:
    """A network that starts from nothing, which costs the same, and the seconds that building it again took."""
    start, made = Start(kind="random", source="scratch", backbone=work.backbone, seed=0), []
    seconds = [_timed(lambda: made.append(initialised(start, classes, 0, recipe).to(device))) for _ in range(2)][-1]
    return made[-1], seconds


def _some(images: Decoded, rows: np.ndarray, most: int, device: torch.device) -> Images:
    chosen = _rows(rows, most)
    return on_device(images.images[chosen], images.labels[chosen], device)


def _rows(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the rows, spread over all of them: neighbours are often of one class."""
    chosen: np.ndarray = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    return chosen


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _fixed(seconds: float) -> Span:
    """A figure that was measured once, with the slack of one."""
    return spread([seconds])
