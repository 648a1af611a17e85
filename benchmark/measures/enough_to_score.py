"""Whether the images that the targets of a plan draw are enough for its measures, said before `cats score` starts.

What a measure needs stands in its own code. So it is asked: with the labels that are drawn, and random numbers as features. If
it has no value with them, and has one with the same classes in larger numbers, the images are too few.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from benchmark.core.seed import generator
from benchmark.data.decoded import load_images_cached
from benchmark.data.split import split
from benchmark.execution.enough_to_train import drawn_rows
from benchmark.measures.chosen_images import at_most
from benchmark.measures.inputs import ScoreSettings
from benchmark.specs.measure import Measure
from benchmark.specs.needs import CLASSES, NUMBERS, OF_TARGET, Array, Undefined
from results.error import CatsError
from results.text.counts import how_many

MANY = 20  # images of each class, with which every shipped measure of labels and features has a value
IN_ALL = 400  # images of a larger set, where MANY of each class are fewer
DIMS = 64  # of few images more than there are, as of most networks
OTHERS = 4 * MANY  # images of an imagined source, in four classes
GIVEN = NUMBERS | CLASSES | {"rng"}  # needs for which numbers can be drawn


def too_few_for_measures(setting: ScoreSettings, measures: Mapping[str, Measure], begins: Callable[[str], None]) -> list[str]:
    """Return one sentence for each target and reason for which some measures will have no value.

    `begins` is called with a description before the images of a target are read. Raises CatsError for subsamples that cannot be
    drawn, and for targets on which no measure will have a value: one sentence each.
    """
    obstacles, sentences = list[str](), list[str]()
    for name in setting.plan.targets:
        begins(f"reading {name}")
        try:
            labels = _labels(setting, name)
        except CatsError as error:
            obstacles.append(str(error))
            continue
        without = dict(_without_value(labels, measures))
        said = list(_sentences(name, len(labels), without))
        (obstacles if without and len(without) == len(measures) else sentences).extend(said)
    if obstacles:
        raise CatsError(*obstacles)
    return sentences


def _labels(setting: ScoreSettings, name: str) -> Array:
    """The labels of the images of a target that measures see, see ScoreSettings.target."""
    target = setting.plan.targets[name]
    images = load_images_cached(target.dataset, setting.recipe.size)
    draw = target.used(setting.plan.plan.subsample)[-1], setting.plan.plan.seeds[0]
    rows = drawn_rows(target.dataset, images, split(target.dataset, images), draw)["train"]
    labels: Array = images.labels[at_most(setting.most, images, rows, name)]
    return labels


def _sentences(name: str, images: int, without: Mapping[str, str]) -> Iterator[str]:
    for reason in dict.fromkeys(without.values()):
        names = [measure for measure, why in without.items() if why == reason]
        have = "has" if len(names) == 1 else "have"
        yield f"{name}: with {how_many(images, 'training image')} {', '.join(names)} {have} no value: {reason}"


def _without_value(labels: Array, measures: Mapping[str, Measure]) -> Iterator[tuple[str, str]]:
    """The measures that have no value because a class has too few images, and their reasons.

    Of large classes MANY images are enough to ask. Several labels per image are not asked about.
    """
    if labels.ndim > 1:
        return
    known, counts = np.unique(labels, return_counts=True)
    if counts.min() >= MANY:
        return
    drawn, larger = np.repeat(known, np.minimum(counts, MANY)), np.repeat(known, max(MANY, IN_ALL // len(known)))
    for name, measure in measures.items():
        if set(measure.needs) <= GIVEN and set(measure.needs) & OF_TARGET:
            reason = _reason(measure, drawn)
            if reason is not None and _reason(measure, larger) is None:
                yield name, reason


def _reason(measure: Measure, labels: Array) -> str | None:
    """Why a measure has no value for random features with these labels; None if it has one, or fails in another way."""
    rng = generator("enough images", measure.name)
    try:
        with warnings.catch_warnings(action="ignore"):  # of random numbers they say nothing
            measure(**{need: _drawn(need, labels, rng) for need in measure.needs})
    except Undefined as error:
        return str(error)
    except Exception:  # noqa: BLE001 - of a measure of a user; its pairs will say what is wrong
        return None
    return None


def _drawn(need: str, labels: Array, rng: np.random.Generator) -> Any:
    if need == "rng":
        return rng
    if need == "labels":
        return labels
    if need == "source_labels":
        return np.arange(OTHERS) % 4
    numbers = rng.normal(size=(len(labels) if need in OF_TARGET else OTHERS, DIMS))
    if need == "probabilities":
        return np.exp(numbers) / np.exp(numbers).sum(axis=1, keepdims=True)
    return numbers
