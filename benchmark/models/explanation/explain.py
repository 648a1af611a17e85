"""Explains answers of a kept classifier, and checks the explanations."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.core.seed import generator
from benchmark.models.explanation.check import Figure, figure, mask_figures, rank_correlations, redrawn
from benchmark.models.explanation.choice import Answers, Kind, answers_of, errors_of, kinds_of
from benchmark.models.explanation.layer import Layer, find_layer
from benchmark.models.explanation.maps import MOST, enlarged, grad_cam, integrated_gradients
from benchmark.models.explanation.pictures import Pictures
from benchmark.models.explanation.placement import centres_of
from benchmark.models.model import Model
from benchmark.networks.network import Network

CAM, INTEGRATED = "Grad-CAM", "integrated gradients"
REDRAWN = ", re-drawn weights"  # ends the names of maps of networks that have learnt nothing
EACH = 8  # images of a kind
QUICK = 32  # steps of integrated gradients of networks with re-drawn weights, whose maps nobody looks at


@dataclass(frozen=True)
class Maps:
    """Maps of N images.

    Attributes:
        cells: (N, rows, columns) Grad-CAM. cam: (N, S, S) the same, enlarged.
        signed: (N, S, S) integrated gradients. gaps: (N,) see integrated_gradients.
    """

    cells: np.ndarray
    cam: np.ndarray
    signed: np.ndarray
    gaps: np.ndarray

    def of(self, rows: np.ndarray) -> "Maps":
        """The maps of some images."""
        return Maps(self.cells[rows], self.cam[rows], self.signed[rows], self.gaps[rows])

    def shown(self) -> dict[str, np.ndarray]:
        """The maps that are looked at, (N, S, S), at least 0."""
        return {CAM: self.cam, INTEGRATED: np.abs(self.signed)}


@dataclass(frozen=True)
class Check:
    """Whether the maps say something about the classifier.

    Attributes:
        rows: of the pictures that were checked.
        alike: rank correlation with maps of networks with re-drawn weights, by kind of map.
        inside: share inside masks, see mask_figures; empty if no picture has a mask.
    """

    rows: np.ndarray
    alike: Mapping[str, Figure]
    inside: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class Explanation:
    """Explained pictures.

    Attributes:
        rows: of the pictures that have maps. masks: by row.
        check: None if none was asked for.
    """

    model: Model
    pictures: Pictures
    answers: Answers
    kinds: list[Kind]
    layer: Layer
    rows: np.ndarray
    maps: Maps
    masks: Mapping[int, np.ndarray]
    check: Check | None

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Where the maps of some rows are."""
        return np.searchsorted(self.rows, rows)


def explain(model: Model, pictures: Pictures, errors: int | None = None, check: int = 40) -> Explanation:
    """Explain right, wrong and unsure pictures, or at most so many `errors`, or all where labels are unknown; check the maps.

    check: how many pictures are checked; 0 for none. Raises CatsError if the network has no map, or if no answer is wrong.
    """
    layer = find_layer(model.network, pictures.pixels.shape[1])
    probabilities = model.probabilities(model.outputs(pictures.pixels).logits)
    answers = answers_of(probabilities, pictures.labels, model.manifest.task)
    kinds = _kinds(answers, errors, model.manifest.key)
    checked = checked_rows(pictures, check, model.manifest.key)
    rows = np.unique(np.concatenate([checked, *(kind.rows for kind in kinds)]))
    maps = maps_of(model.network, pictures.pixels[rows], answers.explained[rows], layer)
    masks = pictures.masks(rows)
    made = Explanation(model, pictures, answers, kinds, layer, rows, maps, masks, None)
    return made if not len(checked) else Explanation(**(vars(made) | {"check": _check(made, checked)}))


def maps_of(network: Network, pixels: np.ndarray, classes: np.ndarray, layer: Layer, most: int = MOST) -> Maps:
    """The maps of (N, S, S, 1 or 3) uint8 images for `classes` (N,); `most` steps of integrated gradients."""
    cells = grad_cam(network, pixels, classes, layer)
    signed, gaps = integrated_gradients(network, pixels, classes, most)
    size = pixels.shape[1]
    return Maps(cells, enlarged(cells, size, centres_of(network, layer, size)), signed, gaps)


def checked_rows(pictures: Pictures, count: int, *names: str) -> np.ndarray:
    """Up to `count` rows, drawn by name; those with masks if any picture has one."""
    known = np.array(sorted(pictures.files), dtype=np.int64) if pictures.files else np.arange(len(pictures.pixels))
    return np.sort(generator("explain", "check", *names).permutation(known)[:count])


def _kinds(answers: Answers, errors: int | None, key: str) -> list[Kind]:
    if answers.right is None:
        return [Kind("given", "{} pictures", np.arange(len(answers.explained)))]
    return kinds_of(answers, EACH, key) if errors is None else [errors_of(answers, errors)]


def _check(made: Explanation, rows: np.ndarray) -> Check:
    """Compare the maps with those of re-drawn weights, and with masks."""
    maps, pixels = made.maps.of(made.place(rows)), made.pictures.pixels[rows]
    others = [
        maps_of(network, pixels, made.answers.explained[rows], made.layer, QUICK) for network in redrawn(made.model, pixels)
    ]
    alike = {
        CAM: np.stack([rank_correlations(maps.cells, other.cells) for other in others]),
        INTEGRATED: np.stack([rank_correlations(np.abs(maps.signed), np.abs(other.signed)) for other in others]),
    }
    known = np.array([number for number, row in enumerate(rows) if int(row) in made.masks], dtype=np.int64)
    inside: dict[str, dict[str, Figure]] = {}
    if len(known):
        shown = {name: each[known] for name, each in maps.shown().items()}
        drawn = {name: np.mean([other.shown()[name][known] for other in others], axis=0) for name in shown}
        masks = np.stack([made.masks[int(rows[number])] for number in known])
        inside = mask_figures(shown | {f"{name}{REDRAWN}": each for name, each in drawn.items()}, masks)
    return Check(rows, {name: figure(_mean(values), (-1, 1)) for name, values in alike.items()}, inside)


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over networks (K, N) → (N,) of those that have a figure; NaN where none has."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0).sum(axis=0) / known.sum(axis=0))
