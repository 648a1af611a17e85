"""New pictures and stored reference images as samples that can be compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from benchmark.core.seed import generator
from benchmark.models.change import MOST
from benchmark.models.decoding import decoded
from benchmark.models.distance import Distance
from benchmark.models.incoming import Incoming
from benchmark.models.incoming_groups import patients_in_files, usable_patients
from benchmark.models.model import BATCH, NO_NUMBER, Model, Outputs, predicted_classes
from benchmark.models.sample import Sample
from benchmark.models.statistics import STATISTICS, image_statistics


@dataclass(frozen=True)
class Sampled:
    """New pictures as a sample.

    Attributes:
        sample: of the pictures that could be used.
        broken: name and reason of each picture that could not be used.
        given: number of pictures from which those were drawn.
        notes: sentences about the patients of DICOM files that do not tell them.
    """

    sample: Sample
    broken: Sequence[tuple[str, str]]
    given: int
    notes: tuple[str, ...] = ()


def reference_sample(model: Model, distance: Distance) -> Sample:
    """The validation and test images: the network was not trained with them, as it was not with new images."""
    held_out = model.reference.of("val", "test")
    return Sample(
        held_out.features,
        predicted_classes(model.probabilities(held_out.logits), model.manifest.task),
        distance.score(held_out.features) > distance.threshold,
        held_out.statistics,
        held_out.groups,
    )


def new_sample(
    model: Model, distance: Distance, incoming: Incoming, threads: int, advance: Callable[[int], None] = lambda _: None
) -> Sampled:
    """Read pictures, at most MOST, which are drawn at random from more. Memory holds one batch of them.

    advance: called with the number of pictures after each batch. The groups of the sample are those of the pictures, or the
    patients that DICOM files name.
    """
    drawn = _drawn(incoming)
    contents = zip(drawn.names, drawn.contents(), strict=True)
    pictures = decoded(contents, model.manifest.reading, threads, ahead=BATCH)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    broken, rows, first = [], list[int](), 0
    while batch := list(islice(pictures, BATCH)):
        outputs, statistics, usable = _measured(model, [(picture.image, picture.shape) for picture in batch])
        parts.append((outputs.features, outputs.logits, statistics))
        for place, picture in enumerate(batch):
            if not usable[place]:
                broken.append((drawn.names[first + place], picture.reason or NO_NUMBER))
        rows += (first + np.flatnonzero(usable)).tolist()
        advance(len(batch))
        first += len(batch)
    features, logits, statistics = (np.concatenate(each) for each in zip(*parts, strict=True))
    if incoming.pixels is not None:  # they were resized when they were decoded
        used = np.array(rows, np.int64) if drawn.rows is None else drawn.rows[rows]
        statistics[:, [STATISTICS.index("height"), STATISTICS.index("width")]] = (
            np.nan if drawn.sides is None else drawn.sides[used]
        )
    patients, notes = (drawn.groups, ()) if drawn.groups is not None else usable_patients(patients_in_files(drawn), rows)
    groups = None if patients is None else np.unique(patients[rows], return_inverse=True)[1].ravel()
    unlike = distance.score(features) > distance.threshold
    sample = Sample(features, predicted_classes(model.probabilities(logits), model.manifest.task), unlike, statistics, groups)
    return Sampled(sample, broken, len(incoming), notes)


def _measured(
    model: Model, pictures: Sequence[tuple[np.ndarray | None, tuple[int, int]]]
) -> tuple[Outputs, np.ndarray, np.ndarray]:
    """Outputs and statistics of the pictures that can be used, and which ones these are."""
    usable = np.array([image is not None for image, _ in pictures])
    images = [image for image, _ in pictures if image is not None]
    if not images:
        return model.outputs(np.zeros((0, 1, 1, 3), np.uint8)), np.zeros((0, len(STATISTICS)), np.float32), usable
    stacked = np.stack(images)
    outputs = model.outputs(stacked)
    statistics = image_statistics(stacked, np.array([shape for image, shape in pictures if image is not None]))
    finite = np.isfinite(outputs.features).all(axis=1) & np.isfinite(outputs.logits).all(axis=1)
    usable[usable] = finite
    return Outputs(outputs.features[finite], outputs.logits[finite]), statistics[finite], usable


def _drawn(incoming: Incoming) -> Incoming:
    """All pictures, or MOST of them at random, in their order."""
    if len(incoming) <= MOST:
        return incoming
    rows = np.sort(generator("watch", "drawn").permutation(len(incoming))[:MOST])
    return replace(
        incoming,
        names=[incoming.names[row] for row in rows],
        members=[incoming.members[row] for row in rows] if incoming.members else (),
        faults={place: incoming.faults[row] for place, row in enumerate(rows.tolist()) if row in incoming.faults},
        rows=rows if incoming.rows is None else incoming.rows[rows],
        labels=None,
        groups=None if incoming.groups is None else incoming.groups[rows],
    )
