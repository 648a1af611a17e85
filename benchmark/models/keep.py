"""Makes the folder of a kept classifier from a cell and its record."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.core.seed import seed_of
from benchmark.data.dataset import Dataset
from benchmark.data.readers.samples import PARTS, reads_volumes
from benchmark.data.volumes import slice_count
from benchmark.execution.privacy import sentence_without_names
from benchmark.machine.environment import environment
from benchmark.machine.meter import Meter
from benchmark.models.figures import calibrated_scores, decided_scores, scored, subgroup_scores, tested, threshold
from benchmark.models.manifest import Attribution, Comparison, Manifest, Reading, VolumeReading
from benchmark.models.model import BATCH, Outputs, outputs_of, softened, write_model
from benchmark.models.notes import data_notes, format_notes
from benchmark.models.reference import MOST, PART_NAMES, Reference
from benchmark.models.remake import Remade, network_of_cell
from benchmark.models.statistics import image_statistics
from benchmark.networks.architecture import architecture_of
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from results.error import CatsError
from results.evaluation.calibration import temperature_of
from results.evaluation.operating import operating_points
from results.metrics import one_hot, scores
from results.record import Cost
from results.statistics.influence import Predictions, parse_predictions, patients_of

EQUAL = 1e-6  # difference of two probabilities that rounding explains
ROUNDED = 1e-4  # that is accepted where the weights of the head are rounded from float64 to float32
ELSEWHERE = 0.01  # that is accepted where another machine or other libraries have made the record
SAME = ("trainer", "torch", "timm", "device", "hardware")  # facts of a machine on which the numbers depend
READING = ("white", "range", "window", "frame")


@dataclass(frozen=True)
class Recorded:
    """What a record says of its cell.

    Attributes:
        tags: of its MLflow run, without `cats.`: facts and environment.
        scores: metrics of the test images.
        predictions: the table of the test images.
        costs: of the attempt.
        notes: what a user must know of the choice of this cell.
        metric: by which subgroups are compared, that of the board.
    """

    tags: Mapping[str, str]
    scores: Mapping[str, float]
    predictions: pd.DataFrame
    costs: tuple[Cost, ...]
    notes: tuple[str, ...] = ()
    metric: str = "auc"


def keep(cell: Cell, recorded: Recorded, folder: Path, meter: Meter, tolerance: float | None = None) -> Manifest:
    """Write the classifier of a cell to a folder that is not there yet, or empty.

    The network predicts the test images again, and the result is compared with the record. Raises CatsError if they differ by
    more than the tolerance (by default 1e-6 on a machine like the record's, else 0.01), and then writes nothing.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CatsError(f"{folder} exists and is not empty; name another folder with --output, or remove this one")
    made = network_of_cell(cell, recorded.tags, meter)
    known = parse_predictions(recorded.predictions)
    outputs = {part: _outputs(made, part) for part in PARTS}
    task = catalogue.target(cell.target).dataset.task
    comparison = _compared(cell, made, recorded, known, softened(outputs["test"].logits, task), tolerance)
    manifest = _manifest(cell, made, recorded, outputs, comparison)
    return write_model(folder, manifest, made.network, _reference(cell, made, outputs))


def _outputs(made: Remade, part: str) -> Outputs:
    """Features and logits of the images of a part, batch after batch: the images may not fit into memory."""
    rows = made.rows[part]
    batches = [
        outputs_of(made.network, made.images.images[rows[start : start + BATCH]]) for start in range(0, len(rows), BATCH)
    ]
    if not batches:
        return outputs_of(made.network, made.images.images[:0])
    return Outputs(*(np.concatenate([getattr(batch, name) for batch in batches]) for name in ("features", "logits")))


def _compared(
    cell: Cell, made: Remade, recorded: Recorded, known: Predictions, plain: np.ndarray, tolerance: float | None
) -> Comparison:
    """Compare the predictions with those of the record. Raises CatsError if images, labels or probabilities differ."""
    truth = one_hot(made.images.labels[made.rows["test"]], made.test.shape[1])
    if known.truth.shape != truth.shape or (known.truth != truth).any():
        raise CatsError(
            f"the test images of {cell} are not those of its record; the data have changed since: run the plan again"
        )
    here = environment(made.network.head.weight.device.type)
    equal = all(recorded.tags.get(name) == here.get(name) for name in SAME)
    expected = EQUAL if cell.recipe.trains_backbone else ROUNDED
    allowed = tolerance if tolerance is not None else expected if equal else ELSEWHERE
    largest = float(np.abs(made.test - known.probabilities).max())
    if not largest <= allowed:
        where = "on a machine like that of the record" if equal else "with other hardware or libraries than the record"
        again = "the network was trained again" if made.trained_again else "the stored network was used"
        raise CatsError(
            f"the probabilities of {cell} differ from its record by up to {largest:.2g}, and {allowed:.2g} is allowed {where} "
            f"({again}); --tolerance allows more"
        )
    plainly = float(np.abs(plain - known.probabilities).max())
    return Comparison(
        largest=largest, tolerance=allowed, equal_machine=equal, precision=made.precision, largest_float32=plainly,
        made_again=made.trained_again,
    )  # fmt: skip


def _manifest(cell: Cell, made: Remade, recorded: Recorded, outputs: Mapping[str, Outputs], comparison: Comparison) -> Manifest:
    dataset = catalogue.target(cell.target).dataset
    validation, notes = made.rows["val"], list(recorded.notes)
    temperature = None
    if len(validation):
        found = temperature_of(dataset.task, made.images.labels[validation], softened(outputs["val"].logits, dataset.task))
        temperature = found.value
        notes += [found.note] if found.note else []
    val, test = (
        _predictions(made, made.rows[part], softened(outputs[part].logits, dataset.task, temperature))
        for part in ("val", "test")
    )
    reading = reading_of(dataset, cell.recipe.size, made.images.images.shape)
    known = parse_predictions(recorded.predictions)
    names = {"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)}
    own = scores(dataset.task, made.images.labels[made.rows["test"]], softened(outputs["test"].logits, dataset.task))
    notes += [*data_notes(cell, dataset, recorded.tags), *format_notes(made.precision, recorded.scores, own)]
    return Manifest(
        name=f"{cell.target}-{cell.source}-{cell.backbone}-{cell.seed}", key=cell.key, names=names,
        task=dataset.task, classes=dataset.classes,
        architecture=architecture_of(made.network, cell.backbone),
        reading=reading, recipe=cell.recipe, temperature=temperature,
        thresholds=tuple(map(threshold, operating_points(dataset.classes, val, test))) if len(validation) else (),
        scores={name: scored(name, value, known) for name, value in recorded.scores.items() if math.isfinite(value)}
        | decided_scores(known, dataset.classes),
        tested=tested(recorded.predictions),
        calibrated={} if temperature is None else calibrated_scores(test),
        subgroups=subgroup_scores(recorded.predictions, known, recorded.metric),
        facts=facts_of(cell, recorded.tags, names),
        notes=tuple(dict.fromkeys(sentence_without_names(each, names) for each in notes)),
        attributions=_attributions(cell, dataset),
        comparison=comparison, energy=_energy(recorded.costs),
        missing=tuple(sorted({name for cost in recorded.costs for name in cost.missing})),
        environment={name: recorded.tags[name] for name in (*SAME, "cats_bench", "python") if name in recorded.tags},
        created=time.time(),
    )  # fmt: skip


def reading_of(dataset: Dataset, size: int, shape: tuple[int, ...]) -> Reading:
    """How a new picture is read so that it looks like the images of a data set: the options of its reader about pixels.

    shape: of the decoded images.
    """
    written = json.loads(dataset.options) if dataset.options else {}
    name, options = next(((key, values) for key, values in written.items() if isinstance(values, dict)), ("", {}))
    known = {each: options[each] for each in options if options[each] is not None}
    slices, colour = slice_count(*shape[1:3]), shape[-1] == 3
    if name.startswith("nifti"):
        volume = VolumeReading(**{each: value for each, value in known.items() if each in VolumeReading.model_fields})
        return Reading(size=size, colour=colour, slices=slices, volume=volume)
    single = slices == 1 and reads_volumes(dataset.read)
    of_pixels = {each: known[each] for each in READING if each in known}
    return Reading(size=size, colour=colour, slices=slices, volumes=single, **of_pixels)


def _predictions(made: Remade, rows: np.ndarray, probabilities: np.ndarray) -> Predictions:
    labels = made.images.labels[rows]
    samples, groups = (values[rows].astype(object) for values in (made.images.ids, made.images.groups))
    truth = one_hot(labels, probabilities.shape[1])
    return Predictions(samples, patients_of(samples, groups), truth, probabilities, labels.ndim == 2)


def facts_of(cell: Cell, tags: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """What the folder says of the data of a cell, from the tags of its record. `names`: see results.record.Record."""
    facts = ("images", "split", "duplicates", "known_duplicates", "groups")
    known = {fact: tags[fact] for fact in facts if tags.get(fact, "None") != "None"}
    if "duplicates" in known:  # a sentence, which quotes plain names in records of early versions
        known["duplicates"] = sentence_without_names(known["duplicates"], names)
    return {"data": cell.data, "start": cell.start.key} | known


def _attributions(cell: Cell, dataset: Dataset) -> tuple[Attribution, ...]:
    source = catalogue.source(cell.source)
    words = source.dataset if source.dataset is not None and not source.licence else source
    return (
        Attribution(role="target", name=dataset.name, title=dataset.title, licence=dataset.licence, citation=dataset.citation),
        Attribution(role="source", name=source.name, title=source.title, licence=words.licence, citation=words.citation),
    )


def _energy(costs: tuple[Cost, ...]) -> dict[str, float]:
    figures = {
        "counter": math.fsum(cost.kwh("counter") for cost in costs),
        "modelled": math.fsum(cost.kwh("modelled") for cost in costs),
    }
    present = {part.provenance for cost in costs for part in cost.energy.values()}
    return {name: kwh for name, kwh in figures.items() if name in present}


def _reference(cell: Cell, made: Remade, outputs: Mapping[str, Outputs]) -> Reference:
    """The images of the cell as numbers, at most MOST of each part, drawn by the key of the cell."""
    rng = np.random.default_rng(seed_of("reference", cell.key))
    chosen = {
        part: np.sort(rng.permutation(len(made.rows[part]))[:MOST]) for part in PART_NAMES
    }  # positions inside the rows of a part
    rows = np.concatenate([made.rows[part][chosen[part]] for part in PART_NAMES])
    sides = made.images.sides
    groups = made.images.groups[rows]
    return Reference(
        features=np.concatenate([outputs[part].features[chosen[part]] for part in PART_NAMES]),
        logits=np.concatenate([outputs[part].logits[chosen[part]] for part in PART_NAMES]),
        labels=made.images.labels[rows],
        statistics=image_statistics(made.images.images[rows], None if sides is None else sides[rows]),
        parts=np.repeat(np.arange(len(PART_NAMES)), [len(chosen[part]) for part in PART_NAMES]),
        groups=np.unique(groups, return_inverse=True)[1].astype(np.int64) if (groups != "").all() else None,
    )
