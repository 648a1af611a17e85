"""Run a job, which is a pretraining or some cells, and return its outcomes. A failure becomes a record that says why."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmark.core.trainer_version import TRAINER
from benchmark.data.copy_notes import copies_note
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.identity import drawn_part
from benchmark.data.origin import counted_facts, declared_facts
from benchmark.data.readers.samples import PARTS, reads_volumes
from benchmark.data.split import split_and_subsample, split_digest
from benchmark.data.volumes import slice_count
from benchmark.execution.attempt import Attempt, Result
from benchmark.execution.network_store import store_network
from benchmark.execution.pretraining_records import keep_weights, made_once, weights_draft
from benchmark.execution.side_by_side import side_by_side
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.machine.pack_costs import PackCosts
from benchmark.networks.weight_file import write_weights
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job
from benchmark.specs.recipe import at_default, flat
from benchmark.specs.start import Start
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.pretrain import pretrain
from benchmark.training.protocols import protocol_of
from benchmark.training.protocols.protocol import Task
from results.files.digest import digest
from results.metrics import scores
from results.record import ATTRIBUTE, Outcome
from results.statistics.influence import patients_of
from results.text.plain import storable


def make(job: Job, device: str) -> list[Outcome]:
    """Run a job on a device (cpu, cuda, cuda:1 ...). Raises nothing: failures and Ctrl-C are in the records."""
    meter = Meter(job.country, device)
    if job.start is not None:
        return pretraining_outcomes(job.start, job.experiment, meter)
    return make_cells(job.cells, job.experiment, meter, keep=job.keep)


def attempts_at(job: Job) -> list[Attempt]:
    """The attempts of a job, before they begin."""
    if job.start is not None:
        return [pretraining_attempt(job.start, job.experiment)]
    return [cell_attempt(cell, job.experiment) for cell in job.cells]


def cell_attempt(cell: Cell, experiment: str) -> Attempt:
    """The attempt at a cell, before it begins."""
    dataset = catalogue.target(cell.target).dataset
    names = {"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)}
    facts = {"data": cell.data, "start": cell.start.key, "groups": str(dataset.groups), **declared_facts(dataset)}
    if cell.leak is not None:
        facts["leak"] = cell.leak
    if cell.start.kind == "pretraining":
        facts["pretraining"] = cell.start.key
    settings = {**cell.settings, "rule": cell.rule}
    return Attempt("cell", cell.key, cell.point, names, settings, experiment, facts, cell.defaults)


def make_cell(cell: Cell, experiment: str, meter: Meter, *, keep: bool = False) -> Outcome:
    """Train and score one cell, and store its network if it is to be kept. Raises nothing: failures are in the record."""
    return cell_attempt(cell, experiment).run(meter, lambda: _cell(cell, meter, keep=keep))


def make_cells(cells: Sequence[Cell], experiment: str, meter: Meter, *, keep: bool = False) -> list[Outcome]:
    """Train and score cells side by side on one device; each gets its share of their common cost. Raises nothing."""
    if len(cells) == 1:
        return [make_cell(cells[0], experiment, meter, keep=keep)]
    watches = [Stopwatch(meter.country, meter.device) for _ in cells]
    pack = PackCosts(meter, watches)
    works = [partial(make_cell, cell, experiment, watch, keep=keep) for cell, watch in zip(cells, watches, strict=True)]
    with meter.phase("together"):
        outcomes = side_by_side(works, torch.device(meter.device))
    complete = []
    for outcome, watch, costs in zip(outcomes, watches, pack.final(), strict=True):
        changed = {"costs": (*watch.carried, *costs), "environment": outcome.record.environment | meter.facts}
        complete.append(replace(outcome, record=outcome.record.model_copy(update=changed)))
    return complete


def pretraining_attempt(start: Start, experiment: str) -> Attempt:
    """The attempt at a pretraining, before it begins."""
    assert start.recipe is not None
    names = {"source": start.source, "backbone": start.backbone, "seed": str(start.seed)}
    settings, facts = flat(start.recipe), {"data": str(start.data)}
    dataset = catalogue.source(start.source).dataset
    if dataset is not None:
        facts |= {"data_name": dataset.name, **declared_facts(dataset)}
    if start.start is not None and start.start.kind == "pretraining":
        facts["pretraining"] = start.start.key
    point = digest([TRAINER, settings])
    return Attempt("pretraining", start.key, point, names, settings, experiment, facts, at_default(settings))


def pretraining_outcomes(start: Start, experiment: str, meter: Meter) -> list[Outcome]:
    """Pretrain a source, unless another process has made the weights meanwhile. Raises nothing, as make_pretraining."""
    return made_once(start, experiment, lambda: make_pretraining(start, experiment, meter))


def make_pretraining(start: Start, experiment: str, meter: Meter) -> Outcome:
    """Pretrain a source and store its weights under the key of the start. Raises nothing: failures are in the record."""
    draft = weights_draft(start)
    outcome = pretraining_attempt(start, experiment).run(meter, lambda: _pretraining(start, meter, draft))
    return keep_weights(draft, start, outcome) if outcome.record.status == "finished" else outcome


def _cell(cell: Cell, meter: Meter, *, keep: bool) -> Iterator[Result]:
    """Yield the images that were drawn, then the results of the protocol, at last scores and predictions."""
    dataset = catalogue.target(cell.target).dataset
    images = load_images_cached(dataset, cell.recipe.size)
    rows = split_and_subsample(dataset, images, cell.subsample, cell.seed)
    drawn = Result(
        facts={
            "images": digest([images.ids[rows[part]].tolist() for part in PARTS]),
            **counted_facts(images),
            **_facts_of_copies(dataset, images),
            **_fact_of_split(dataset, cell.recipe.size),
            **_fact_of_volumes(dataset, images),
        },
        validation={f"images_{part}": float(len(chosen)) for part, chosen in rows.items()},
    )
    yield drawn

    result = drawn
    with Checkpoint(cell.key, str(cell), meter) as checkpoint:
        task = Task(cell, dataset, images, rows, checkpoint, partial(store_network, cell) if keep else None)
        for latest in protocol_of(cell.recipe.protocol).run(task, meter):
            result = replace(
                drawn,
                facts={**drawn.facts, **latest.facts},
                validation={**drawn.validation, **latest.validation},
                curves=latest.curves,
            )
            yield result

    assert latest.probabilities is not None
    validation = latest.validation_probabilities
    yield replace(
        result,
        scores=scores(
            dataset.task,
            images.labels[rows["test"]],
            latest.probabilities,
            patients_of(images.ids[rows["test"]], images.groups[rows["test"]]),
        ),
        predictions=prediction_table(dataset, images, rows["test"], latest.probabilities),
        validation_predictions=None if validation is None else prediction_table(dataset, images, rows["val"], validation),
    )


def _facts_of_copies(dataset: Dataset, images: Decoded) -> dict[str, str]:
    """What the entry declares about copies in official parts, and what became of copies."""
    facts, note = {}, copies_note(dataset, images)
    if dataset.known_duplicates and dataset.duplicates == "refuse" and drawn_part(set(images.parts.tolist())) != "all":
        facts["known_duplicates"] = str(dataset.known_duplicates)
    return facts | ({"duplicates": note} if note else {})


def _fact_of_split(dataset: Dataset, size: int) -> dict[str, str]:
    """The digest of the parts that were drawn, where decoded pixels decide them."""
    drawn = split_digest(dataset, size)
    return {"split": drawn} if drawn else {}


def _fact_of_volumes(dataset: Dataset, images: Decoded) -> dict[str, str]:
    """The number of slices of each image, where images are volumes."""
    count = slice_count(*images.images.shape[1:3])
    return {"slices": str(count)} if count > 1 or reads_volumes(dataset.read) else {}


def _pretraining(start: Start, meter: Meter, draft: Path) -> Iterator[Result]:
    """Yield the result of a pretraining and write its weights to `draft`."""
    with Checkpoint(start.key, f"the pretraining of {start.source} for {start.backbone}", meter) as checkpoint:
        done = pretrain(start, meter, checkpoint)
    yield Result(facts=done.facts, curves=done.curves, validation=done.validation)
    write_weights(draft, done.network, done.trained, {"source": start.source, "key": start.key})


def prediction_table(dataset: Dataset, images: Decoded, rows: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Predictions of some images, one row for each of `rows`; see results.record.Outcome for the columns."""
    columns: dict[str, Any] = {
        name: [storable(text) for text in texts[rows].tolist()]
        for name, texts in (("sample", images.ids), ("group", images.groups))
    }
    if dataset.task == "multilabel":
        columns |= {f"label_{name}": images.labels[rows, i] for i, name in enumerate(dataset.classes)}
    else:
        columns["label"] = images.labels[rows]
    columns |= {
        f"{ATTRIBUTE}{name}": [storable(text) for text in texts[rows].tolist()] for name, texts in images.attributes.items()
    }
    columns |= {f"probability_{name}": probabilities[:, i] for i, name in enumerate(dataset.classes)}
    return pd.DataFrame(columns)
