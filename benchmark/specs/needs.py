"""The inputs that a measure may ask for by the names of its parameters, and the check of every input before it is used."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from results.error import CatsError, meaning
from results.text.counts import share_of

Array = np.ndarray
NEEDS = {
    "features": "target images through the source's network, (N, D)",
    "labels": "labels of the target images, (N,)",
    "logits": "logits of the source's own classifier on the target images, (N, S)",
    "probabilities": "softmax of the logits, (N, S)",
    "neutral": "target images through the neutral network, (N, E)",
    "untrained": "target images through the same backbone with random weights, (N, F), the same for every source",
    "trained": "target images through a network of the same backbone that was trained on the target, (N, F)",
    "source_features": "the source's own images through its network, (M, D)",
    "source_neutral": "the source's own images through the neutral network, (M, E)",
    "source_labels": "labels of the source's own images, (M,)",
    "source_images": "the source's own images, (M, 3, H, W) torch floats in [0, 1]",
    "images": "target images, (N, 3, H, W) torch floats in [0, 1]",
    "network": "the source's network, a benchmark.Network",
    "neutral_network": "the neutral network, the same for every source",
    "source": "what the source's entry declares, a benchmark.Source",
    "elsewhere": "mean rank of each source on the board's other targets, a mapping",
    "rng": "a numpy Generator seeded by the names of source, target and backbone",
}
RENAMED = {"luck": "rng"}  # name of a need in earlier versions → its name now
OF_TARGET = {
    "features",
    "labels",
    "logits",
    "probabilities",
    "neutral",
    "untrained",
    "trained",
    "images",
}  # one row for each target image
OF_SOURCE = {"source_features", "source_neutral", "source_labels", "source_images"}  # one row for each source image
NUMBERS = {"features", "logits", "probabilities", "neutral", "untrained", "trained", "source_features", "source_neutral"}
CLASSES = {"labels", "source_labels"}


class Undefined(CatsError):  # noqa: N818 - a result, not a mistake
    """A measure raises this if it has no value for its input; the sentence is the reason."""


def check_need(name: str, need: str) -> None:
    """Raises CatsError, with the name to write instead, if measure `name` has a parameter that is not in NEEDS."""
    if need in RENAMED:
        raise CatsError(f"measure {name} needs '{need}', which is called '{RENAMED[need]}' now; rename the parameter")
    if need not in NEEDS:
        raise CatsError(f"measure {name} needs '{need}'; a measure may need {', '.join(NEEDS)}{meaning(need, NEEDS)}")


def check_inputs(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Check the inputs of measure `name`; convert numbers to read-only float64 (N, D), labels to int64 0..C-1 without gaps.

    Raises CatsError for a wrong shape, type or number of images. Raises Undefined for fewer than two images, for features that
    are the same for every image, and for a single class.
    """
    ready = {}
    for need, value in inputs.items():
        ready[need] = value
        if need in NUMBERS:
            ready[need] = _numbers(name, need, value)
        if need in CLASSES:
            ready[need] = _classes(name, need, value)
    for kind in (OF_TARGET, OF_SOURCE):
        counts = {need: len(ready[need]) for need in ready if need in kind}
        if len(set(counts.values())) > 1:
            sizes = ", ".join(f"{count} {need}" for need, count in counts.items())
            raise CatsError(f"{name}: there are {sizes}; these numbers must be equal")
        if counts and min(counts.values()) < 2:
            raise Undefined("there is only one image" if min(counts.values()) else "there is no image")
    return ready


def _numbers(name: str, need: str, given: Any) -> Array:
    values = np.asarray(given, dtype=np.float64).view()
    if values.ndim != 2:
        raise CatsError(f"{name}: {need} has shape {values.shape}; it must have one row for each image")
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = not np.isfinite(values.sum())  # one sum takes less time than a look at every number
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1)) if suspect else np.empty(0)
    if wrong.size:
        have = share_of(wrong.size, len(values), "images", "has", "have")
        raise CatsError(f"{name}: {need} of image {wrong[0]} is not finite; {have} such values")
    if len(values) > 1 and (values[1] == values[0]).all() and (values == values[0]).all():
        raise Undefined(f"{need} is the same for every image")
    values.flags.writeable = False
    return values


def _classes(name: str, need: str, given: Any) -> Array:
    labels = np.asarray(given)
    if labels.dtype.kind not in "iub" or labels.ndim not in {1, 2}:
        raise CatsError(f"{name}: {need} is {labels.dtype} of shape {labels.shape}; it must be one whole number for each image")
    if labels.ndim == 1:
        labels = np.unique(labels, return_inverse=True)[1]
        if len(labels) > 1 and labels.max() == 0:
            raise Undefined(f"{need} hold only one class")
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels
