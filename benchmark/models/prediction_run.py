"""One use of a kept classifier: pictures in, a file of predictions out, and what a person must know about them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmark.models.incoming import Incoming
from benchmark.models.incoming_groups import patients_in_files, usable_patients
from benchmark.models.model import Model
from benchmark.models.prediction import Batch, predict
from benchmark.models.prediction_file import label_texts, prediction_file
from benchmark.models.prediction_scores import labelled, score_sentences
from benchmark.models.statistics import STATISTICS
from results.error import CatsError
from results.evaluation.calibration import NOT_CALIBRATED, is_of_temperature
from results.text.counts import how_many
from results.text.units import percent

NAMED = 20  # broken pictures; the file names all of them


@dataclass
class Summary:
    """What became of the pictures.

    Attributes:
        broken, unlike, grey: numbers of pictures.
        predicted: number of pictures of each class.
        reasons: of the first broken pictures.
        scores: sentences, where labels are known.
    """

    broken: int = 0
    unlike: int = 0
    grey: int = 0
    predicted: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Count the pictures of a batch."""
        usable = batch.usable
        self.broken += int((~usable).sum())
        self.unlike += int(batch.unlike[usable].sum())
        self.grey += batch.grey
        self.predicted.update(name for name, ok in zip(batch.predicted, usable, strict=True) if ok)
        for name, reason in zip(batch.names, batch.reasons, strict=True):
            if reason and len(self.reasons) < NAMED:
                self.reasons.append(reason if name in reason else f"{name}: {reason}")


@dataclass(frozen=True)
class Place:
    """Where predictions are written, and whether a file that exists there is replaced."""

    path: Path
    overwrite: bool = False


def predict_to_file(model: Model, incoming: Incoming, place: Place, threads: int, done: Callable[[int], None]) -> Summary:
    """Predict all pictures and write a row for each. `done` is called with the number of pictures of each batch.

    Raises CatsError, and writes nothing, if no picture can be used, if the disk refuses, or if the reference is damaged.
    """
    summary, classes = Summary(), model.manifest.classes
    probabilities = []
    with prediction_file(place.path, classes, labelled=incoming.labels is not None, overwrite=place.overwrite) as writer:
        for batch in predict(model, incoming, threads):
            here = None if incoming.labels is None else incoming.labels[batch.first : batch.first + len(batch.names)]
            writer.write(batch, None if here is None else label_texts(here, classes))
            summary.add(batch)
            if here is not None:
                probabilities.append(batch.calibrated)
            done(len(batch.names))
        if summary.broken == len(incoming):
            volumes, count = model.manifest.reading.of_volumes, f"{len(incoming):,}"
            none = f"none of the {count} volumes can be used" if volumes else f"none of the {count} pictures can be used"
            raise CatsError(f"{none}; the first: {summary.reasons[0]}" if len(incoming) > 1 else summary.reasons[0])
    if incoming.labels is not None:
        given = np.concatenate(probabilities)
        known = labelled(model.manifest.task, incoming.labels, given, _patients(incoming, given), incoming.names)
        summary.scores = [] if known is None else score_sentences(known)
    return summary


def _patients(incoming: Incoming, given: np.ndarray) -> np.ndarray | None:
    """The patients of the pictures, or those that DICOM files name where each that has probabilities, `given`, names one."""
    if incoming.groups is not None:
        return incoming.groups
    return usable_patients(patients_in_files(incoming), np.flatnonzero(np.isfinite(given).all(axis=1)))[0]


def sentences_about(summary: Summary, model: Model, total: int) -> list[str]:
    """What a person must know about the predictions, one sentence each."""
    used, manifest = total - summary.broken, model.manifest
    counts = ", ".join(f"{name or 'no label'} {count:,}" for name, count in summary.predicted.most_common())
    what = "volume" if manifest.reading.of_volumes else "picture"
    lines = [f"{how_many(used, f'{what} is', f'{what}s are')} predicted: {counts}"]
    lines.append(
        f"{summary.unlike:,} of {used:,} {'is' if summary.unlike == 1 else 'are'} unlike the training images "
        f"({percent(summary.unlike / used, 1)}; about 5 % of ordinary images are)"
    )
    if manifest.temperature is None:
        lines.append("the classifier has no temperature: its probabilities are not calibrated, and both kinds are equal")
    elif (noted := next(filter(is_of_temperature, manifest.notes), "")).startswith(NOT_CALIBRATED):
        lines.append(f"{noted}; calibrated and raw probabilities are equal")
    if summary.grey and manifest.reading.colour and not _knows_grey(model):
        grey = how_many(summary.grey, f"{what} is", f"{what}s are")
        lines.append(f"{grey} grey; the classifier was trained with images in colour only")
    return lines + summary.scores


def _knows_grey(model: Model) -> bool:
    """Whether there are training images without colour."""
    saturation = model.reference.of("train").statistics[:, STATISTICS.index("saturation")]
    return bool((saturation == 0).any())
