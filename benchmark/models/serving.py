"""A kept classifier behind MLflow's scoring server: pictures in base64 → class and probabilities."""

import base64
import binascii
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from benchmark.models.model import BATCH, NO_NUMBER, Model, predicted_classes
from benchmark.models.pictures import as_input, read_picture
from results.error import CatsError

COLUMN = "image"  # of a request: the bytes of a picture file in base64
ARTIFACT = "model"  # the name by which MLflow hands the model folder over


class RequestError(MlflowException):
    """A request that cannot be answered, with status 400 and one sentence.

    MLflow's server puts the whole request, with the picture of a patient, before the message of an error; this message
    stays as it is.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, BAD_REQUEST)

    @property
    def message(self) -> str:
        """The sentence."""
        return str(self.args[0])

    @message.setter
    def message(self, _: str) -> None:
        """Keep the sentence."""


def answers(model: Model, pictures: Iterable[object]) -> list[dict[str, Any]]:
    """The class and the probabilities, calibrated and raw, of pictures in base64.

    The class is the one with the largest probability; of several labels, all with a calibrated probability of at least 0.5.

    Raises CatsError that names the number, from 1, of a picture that cannot be read or that gets no finite numbers.
    """
    reading = model.manifest.reading
    made: list[dict[str, Any]] = []
    batch: list[np.ndarray] = []
    for number, text in enumerate(pictures, 1):
        where = f"picture {number}"
        batch.append(as_input(read_picture(_decoded(text, where), where, reading), where, reading))
        if len(batch) == BATCH:
            made += _answers(model, np.stack(batch), len(made))
            batch = []
    return made + (_answers(model, np.stack(batch), len(made)) if batch else [])


def _decoded(text: object, where: str) -> bytes:
    """The bytes of a text in base64. Raises CatsError if the text is not base64."""
    if not isinstance(text, str) or not text.strip():
        raise CatsError(f"{where} is no text; send the bytes of a picture file in base64")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise CatsError(f"{where} is not base64; send the bytes of a picture file in base64, without a prefix") from None


def _answers(model: Model, pixels: np.ndarray, before: int) -> list[dict[str, Any]]:
    """The answers for (N, S, S, 1 or 3) uint8 pictures, before which there are others in the request."""
    logits = model.outputs(pixels).logits
    wrong = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if wrong.size:
        raise CatsError(f"picture {before + int(wrong[0]) + 1}: {NO_NUMBER}")
    classes = model.manifest.classes
    calibrated, raw = (model.probabilities(logits, calibrated=each) for each in (True, False))
    several = model.manifest.task == "multilabel"
    named = [list(itertools.compress(classes, row)) for row in predicted_classes(calibrated, model.manifest.task)]
    return [
        {
            "class": names if several else names[0],
            "calibrated": dict(zip(classes, row.tolist(), strict=True)),
            "raw": dict(zip(classes, unscaled.tolist(), strict=True)),
        }
        for names, row, unscaled in zip(named, calibrated, raw, strict=True)
    ]
