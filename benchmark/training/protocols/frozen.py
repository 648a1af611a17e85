"""Protocols on frozen features: features are extracted once, several settings are fitted, validation images choose one."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from benchmark.machine.meter import Meter
from benchmark.networks.counting import backbone_weights
from benchmark.networks.precision import evaluation_precision, format_name
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start
from benchmark.training.epoch_choice import within_one_standard_error
from benchmark.training.features import features_of, unready
from benchmark.training.protocols.linear_head import LinearHead, network_with
from benchmark.training.protocols.protocol import CellResult, Protocol, Task
from results.board.rules import training_rule
from results.metrics import auc, one_hot

Parts = dict[str, np.ndarray]


class Fitted(NamedTuple):
    """What a fit has found.

    Attributes:
        probabilities: of the test images by the chosen setting, (N, C) float64.
        curves: one value for each setting that was tried.
        best: the index of the chosen setting.
        validation: probabilities of the validation images by the chosen setting, (M, C) float64.
        head: what the chosen setting adds to the network if that is a linear layer; None if it is not.
    """

    probabilities: np.ndarray
    curves: dict[str, list[float]]
    best: int
    validation: np.ndarray
    head: LinearHead | None = None


class FrozenProtocol(Protocol):
    """A protocol that fits something on the features of the frozen network.

    Attributes:
        trains_head: whether the weights of the head that a fit adds are trained, and not the means of something.
    """

    trains_head = True

    @abstractmethod
    def fit(self, features: Parts, labels: Parts, recipe: Recipe, rule: str) -> Fitted:
        """Fit on `train`, choose on `val` by the rule, predict `test`.

        features: part → (N, D); labels: part → (N,) int or (N, K). The settings that are tried come from the recipe.
        """

    def cost_factor(self, counts: Mapping[str, int], sample: int) -> float:
        """How many times as long a fit takes on `counts` images of train, val and test as on `sample` images of each."""
        return counts["train"] / sample

    def run(self, task: Task, meter: Meter) -> Iterator[CellResult]:
        """See Protocol.run."""
        cell = task.cell
        error = unready(cell.start, task.images, None, cell.recipe)
        with meter.phase("features"):
            if error is not None:
                raise error
            features = features_of(cell.start, task.images, None, cell.recipe, meter.device)

        with meter.phase("training"):
            inputs = {part: np.asarray(features[rows]) for part, rows in task.rows.items()}
            labels = {part: task.images.labels[rows] for part, rows in task.rows.items()}
            fitted = self.fit(inputs, labels, cell.recipe, cell.rule)
        if task.keep is not None and fitted.head is not None:
            task.keep(network_with(cell.start, fitted.head, cell.recipe, meter.device))

        # A curve may have the name of the recipe's field whose values were tried.
        chosen = {
            f"best_{name}" if name in Recipe.model_fields else name: curve[fitted.best] for name, curve in fitted.curves.items()
        }
        chosen |= _counts(cell.start, cell.recipe.size, fitted.head, trained=self.trains_head)
        facts = {"evaluation_precision": format_name(evaluation_precision(cell.recipe))}
        yield CellResult(fitted.curves, chosen, facts, fitted.probabilities, fitted.validation)


def _counts(start: Start, size: int, head: LinearHead | None, *, trained: bool) -> dict[str, float]:
    """The number of weights that were trained, and of all weights if that is known; `trained`: whether the head was."""
    own, backbone = 0 if head is None else head.weight.size + head.bias.size, backbone_weights(start, size)
    every = {} if backbone is None else {"parameters": float(backbone + own)}
    return {**every, "trained_parameters": float(own if trained else 0)}


def count_classes(labels: Parts) -> int:
    """The number of classes, over all parts: a small sub-sample may leave a class without training images."""
    return labels["train"].shape[1] if labels["train"].ndim == 2 else 1 + max(int(part.max()) for part in labels.values())


def directions(features: np.ndarray) -> np.ndarray:
    """Features (N, D) as float64 rows of length one; rows of zeros stay."""
    wide = features.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(length > 0, length, 1))


def validation_curves(probabilities: list[np.ndarray], labels: np.ndarray) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    """Loss and AUC of each of several (N, C) probabilities, and the loss of every image, (N,).

    The loss of several labels is the mean over images and labels.
    """
    truth = one_hot(labels, probabilities[0].shape[1])
    curves: dict[str, list[float]] = {"val_loss": [], "val_auc": []}
    losses = []
    for predicted in probabilities:
        of_truth = np.clip(np.where(truth == 1, predicted, 1 - predicted if labels.ndim == 2 else 1), 1e-12, 1)
        curves["val_loss"].append(float(-np.log(of_truth).sum() / (truth.size if labels.ndim == 2 else len(truth))))
        curves["val_auc"].append(auc(labels, predicted))
        losses.append(-(np.log(of_truth).mean(axis=1) if labels.ndim == 2 else np.log(of_truth).sum(axis=1)))
    return curves, losses


def choose(
    curves: dict[str, list[float]], losses: list[np.ndarray], values: tuple[float, ...], rule: str,
    simplest: Callable[..., int],
) -> int:  # fmt: skip
    """The index of the value that the rule chooses; of equally good values the first.

    `last_epoch`, which has no meaning here, takes the largest value. `within_one_se` takes the simplest value, by `simplest`
    (min or max), whose loss is no worse than the smallest validation loss.
    """
    entry, worth_of = training_rule(rule)
    best = int(np.argmax([worth_of(*each) for each in zip(values, curves["val_loss"], curves["val_auc"], strict=True)]))
    if not entry.one_standard_error:
        return best
    equivalent = [n for n, each in enumerate(losses) if n == best or within_one_standard_error(each, losses[best])]
    return simplest(equivalent, key=lambda n: values[n])
