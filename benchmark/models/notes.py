"""Sentences that a user of a kept classifier must know: about shared images, patients, copies and number formats."""

from collections.abc import Mapping

from benchmark.data.dataset import Dataset
from benchmark.specs.cell import Cell

COMPARED = ("auc", "balanced_accuracy", "brier")  # metrics by which a user sees what a number format does


def data_notes(cell: Cell, dataset: Dataset, tags: Mapping[str, str]) -> list[str]:
    """What is known about the images of a cell, from its plan, its entry and its record."""
    notes = [] if cell.leak is None else [f"source and target share images, so that the scores are too good: {cell.leak}"]
    if dataset.groups is None:
        notes.append("it is not known which images are of one patient, so that the scores may be too good")
    if tags.get("slices"):
        seen = "1 slice" if tags["slices"] == "1" else f"{tags['slices']} slices"
        notes.append(f"each image is a volume, of which the network sees {seen}; numbers of images count volumes")
    if tags.get("known_duplicates"):
        count = tags["known_duplicates"]
        images = "image of val and test is" if count == "1" else "images of val and test are"
        notes.append(f"up to {count} {images} in an earlier part of the split too")
    if tags.get("duplicates"):
        notes.append(tags["duplicates"])
    return notes


def format_notes(precision: str, recorded: Mapping[str, float], own: Mapping[str, float]) -> list[str]:
    """What the number format of the record changes; nothing if that is float32, in which the classifier computes.

    recorded: metrics of the test images in the record. own: those of the classifier.
    """
    if precision == "float32":
        return []
    figures = ", ".join(f"{name} {own[name]:.3f} instead of {recorded[name]:.3f}" for name in COMPARED if name in recorded)
    sentence = (
        f"the scores are those of the record, which was made in {precision}; the classifier computes in float32, which gives "
        f"{figures} on the same test images; temperature and thresholds are chosen in float32"
    )
    return [sentence]
