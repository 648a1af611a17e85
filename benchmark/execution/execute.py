"""Does a job, cells or a pretraining: from specs to Outcomes. Whatever fails becomes a record that says why."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmark.core.seed import seed_of
from benchmark.core.trainer_version import TRAINER
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import split, split_and_subsample
from benchmark.execution.attempt import Attempt
from benchmark.execution.pretraining_records import draft_of, keep_weights
from benchmark.execution.side_by_side import side_by_side
from benchmark.machine.cost_sharing import shared
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.networks.load import initialised, weights_of
from benchmark.networks.precision import precision
from benchmark.networks.weight_file import write_weights
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job
from benchmark.specs.recipe import flat
from benchmark.specs.start import Start
from benchmark.training import evaluate, probe, train
from benchmark.training.device_cache import at
from benchmark.training.features import features_of
from results.digest import digest
from results.metrics import scores
from results.record import Outcome

PRETRAINING_RULE = "min_val_loss"


def make(job: Job, device: str) -> list[Outcome]:
    """Do a job on a device (cpu, cuda, cuda:1 ...). Raises nothing, like make_cell."""
    meter = Meter(job.country, device)
    if job.start is not None:
        return [make_pretraining(job.start, job.experiment, meter)]
    return make_cells(job.cells, job.experiment, meter)


def attempts_at(job: Job) -> list[Attempt]:
    """What the records of a job begin with, whoever does it."""
    if job.start is not None:
        return [pretraining_attempt(job.start, job.experiment)]
    return [cell_attempt(cell, job.experiment) for cell in job.cells]


def cell_attempt(cell: Cell, experiment: str) -> Attempt:
    """An attempt at a cell that has not begun."""
    dataset = catalogue.target(cell.target).dataset
    names = {"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)}
    settings = flat(cell.recipe) | {f"subsample.{k}": str(v) for k, v in cell.subsample.model_dump().items()}
    attempt = Attempt("cell", cell.key, cell.point, names, {**settings, "rule": cell.rule}, experiment)
    attempt.facts |= {"data": cell.data, "start": cell.start.key, "groups": str(dataset.groups)}
    if dataset.known_duplicates:
        attempt.facts["known_duplicates"] = str(dataset.known_duplicates)
    if cell.leak is not None:
        attempt.facts["leak"] = cell.leak
    if cell.start.kind == "pretraining":
        attempt.facts["pretraining"] = cell.start.key
    return attempt


def make_cell(cell: Cell, experiment: str, meter: Meter) -> Outcome:
    """Train and score one cell. Raises nothing: failure and Ctrl-C are ways for a record to end."""
    attempt = cell_attempt(cell, experiment)
    return attempt.run(meter, lambda: _cell(cell, meter, attempt))


def make_cells(cells: Sequence[Cell], experiment: str, meter: Meter) -> list[Outcome]:
    """Cells side by side on one device, each with its share of what all of them cost. Raises nothing, like make_cell."""
    if len(cells) == 1:
        return [make_cell(cells[0], experiment, meter)]
    watches = [Stopwatch(meter.country, meter.device) for _ in cells]
    works = [partial(make_cell, cell, experiment, watch) for cell, watch in zip(cells, watches, strict=True)]
    with meter.phase("together"):
        outcomes = side_by_side(works, torch.device(meter.device))
    shares = iter(shared(meter.costs[-1:], [cost.seconds for watch in watches for cost in watch.costs] or [0.0]))
    made = []
    for outcome, watch in zip(outcomes, watches, strict=True):
        costs = [part.model_copy(update={"phase": cost.phase}) for cost in watch.costs for part in next(shares)]
        made.append(replace(outcome, record=outcome.record.model_copy(update={"costs": tuple(costs)})))
    return made


def pretraining_attempt(start: Start, experiment: str) -> Attempt:
    """An attempt at a pretraining that has not begun."""
    assert start.recipe is not None
    names = {"source": start.source, "backbone": start.backbone, "seed": str(start.seed)}
    attempt = Attempt("pretraining", start.key, digest([TRAINER, flat(start.recipe)]), names, flat(start.recipe), experiment)
    attempt.facts |= {"data": str(start.data)}
    if start.start is not None and start.start.kind == "pretraining":
        attempt.facts["pretraining"] = start.start.key
    return attempt


def make_pretraining(start: Start, experiment: str, meter: Meter) -> Outcome:
    """Pretrain a source once and keep its weights under the key of the start. Raises nothing, like make_cell."""
    attempt, draft = pretraining_attempt(start, experiment), draft_of(start)
    outcome = attempt.run(meter, lambda: _pretraining(start, meter, attempt, draft))
    return keep_weights(draft, start, outcome) if outcome.record.status == "finished" else outcome


def _cell(cell: Cell, meter: Meter, attempt: Attempt) -> None:
    dataset = catalogue.target(cell.target).dataset
    images = load_images_cached(dataset, cell.recipe.size)
    parts = split_and_subsample(dataset, images, cell.subsample, cell.seed)
    attempt.facts["images"] = digest([images.ids[parts[part]].tolist() for part in ("train", "val", "test")])
    attempt.validation |= {f"images_{part}": float(len(chosen)) for part, chosen in parts.items()}
    if cell.recipe.protocol == "finetune":
        probabilities = _fine_tuned(cell, parts, meter, attempt)
    else:
        probabilities = _frozen(cell, dataset, images, parts, meter, attempt)
    test = parts["test"]
    attempt.scores = scores(dataset.task, images.labels[test], probabilities)
    attempt.predictions = table(dataset, images, test, probabilities)


def _fine_tuned(cell: Cell, parts: dict[str, np.ndarray], meter: Meter, attempt: Attempt) -> np.ndarray:
    dataset, recipe, device = catalogue.target(cell.target).dataset, cell.recipe, torch.device(meter.device)
    # The order of images and the head do not depend on the source: cells of one seed differ in their start only.
    rng = seed_of("cell", cell.target, cell.backbone, cell.seed)

    with meter.phase("training"):
        network = initialised(cell.start, len(dataset.classes), rng, recipe).to(device)
        train_images, val_images = (at(dataset, recipe.size, parts[part], device) for part in ("train", "val"))
        done = train.fit(network, train_images, val_images, recipe, rng, cell.rule)
    attempt.curves = done.curves
    attempt.validation |= done.best()
    attempt.facts["micro_batch"] = str(done.micro_batch)
    with meter.phase("evaluation"):
        precise = precision(network, recipe)
        logits = evaluate.predict(network, at(dataset, recipe.size, parts["test"], device), precise)
    attempt.facts["precision"] = str(precise).removeprefix("torch.")
    return evaluate.to_probabilities(logits, multilabel=dataset.task == "multilabel")


def _frozen(
    cell: Cell, dataset: Dataset, images: Decoded, parts: dict[str, np.ndarray], meter: Meter, attempt: Attempt
) -> np.ndarray:
    with meter.phase("features"):
        features = features_of(cell.start, dataset.digest(), images, None, cell.recipe, meter.device)
    with meter.phase("training"):
        chosen = {part: np.asarray(features[index]) for part, index in parts.items()}
        labels = {part: images.labels[index] for part, index in parts.items()}
        probabilities, attempt.curves, best = probe.PROTOCOLS[cell.recipe.protocol](chosen, labels, cell.recipe, cell.rule)
    settings = ("c", "k")  # names that the recipe has too
    attempt.validation |= {f"best_{n}" if n in settings else n: values[best] for n, values in attempt.curves.items()}
    return probabilities


def _pretraining(start: Start, meter: Meter, attempt: Attempt, draft: Path) -> None:
    recipe, device = start.recipe, torch.device(meter.device)
    dataset = catalogue.source(start.source).dataset
    assert recipe is not None
    assert dataset is not None
    images = load_images_cached(dataset, recipe.size)
    parts = split(dataset, images)
    rng = seed_of("pretraining", start.source, start.backbone, str(start.seed))
    assert start.start is not None
    trained = weights_of(start.start)
    with meter.phase("pretraining"):
        network = initialised(start.start, len(dataset.classes), rng, recipe).to(device)
        train_images, val_images = (at(dataset, recipe.size, parts[part], device) for part in ("train", "val"))
        done = train.fit(network, train_images, val_images, recipe, rng, PRETRAINING_RULE)
    attempt.curves = done.curves
    attempt.validation |= done.best()
    write_weights(draft, network, trained, {"source": start.source, "key": start.key})


def table(dataset: Dataset, images: Decoded, test: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Predictions, one row per test image; see results.record.Outcome for the columns."""
    columns: dict[str, np.ndarray] = {"sample": images.ids[test], "group": images.groups[test]}
    if dataset.task == "multilabel":
        columns |= {f"label_{name}": images.labels[test, i] for i, name in enumerate(dataset.classes)}
    else:
        columns["label"] = images.labels[test]
    columns |= {f"probability_{name}": probabilities[:, i] for i, name in enumerate(dataset.classes)}
    return pd.DataFrame(columns)
