"""Which images are shown: right, wrong and unsure ones."""

from dataclasses import dataclass

import numpy as np

from benchmark.core.seed import generator
from benchmark.models.model import predicted_classes
from results.error import CatsError
from results.record import Task
from results.text.counts import how_many


@dataclass(frozen=True)
class Answers:
    """What the classifier says of N images.

    Attributes:
        probabilities: (N, C) calibrated.
        explained: (N,) the most probable class, whose logit is explained.
        right: (N,) bool; multi-label: whether each label is on the right side of one half. None if labels are unknown.
        unsure: (N,) smaller is less sure: difference of the two most probable classes; multi-label: to one half.
    """

    probabilities: np.ndarray
    explained: np.ndarray
    right: np.ndarray | None
    unsure: np.ndarray

    @property
    def wrong(self) -> int:
        """How many answers are known to be wrong."""
        return 0 if self.right is None else int((~self.right).sum())


@dataclass(frozen=True)
class Kind:
    """A group of images: name of its sheet, words with {} in place of the number of shown images, row numbers."""

    name: str
    words: str
    rows: np.ndarray

    def title(self, shown: int) -> str:
        """The heading above so many of the images."""
        return self.words.format(shown)


def answers_of(probabilities: np.ndarray, labels: np.ndarray | None, task: Task) -> Answers:
    """The answers by (N, C) probabilities."""
    explained = probabilities.argmax(axis=1)
    if task == "multilabel":
        right = None if labels is None else (predicted_classes(probabilities, task) == (labels > 0)).all(axis=1)
        return Answers(probabilities, explained, right, np.abs(probabilities - 0.5).min(axis=1))
    two = np.sort(probabilities, axis=1)[:, -2:]
    return Answers(probabilities, explained, None if labels is None else explained == labels, two[:, 1] - two[:, 0])


def kinds_of(answers: Answers, each: int, *names: str) -> list[Kind]:
    """Up to `each` images of every kind; kinds without an image are left out.

    Right ones are drawn at random (the same in every call), so that they are typical; wrong ones are those of which the
    classifier was surest; unsure ones are those with the smallest lead of the answer, right or wrong.
    """
    assert answers.right is not None
    right, wrong = np.flatnonzero(answers.right), np.flatnonzero(~answers.right)
    drawn = np.sort(generator("explain", "right", *names).permutation(right)[:each])
    worst = wrong[np.argsort(-answers.probabilities[wrong].max(axis=1), kind="stable")][:each]
    close = np.argsort(answers.unsure, kind="stable")[:each]
    count = len(answers.right)
    kinds = [
        Kind("right", f"Right: {{}} of {len(right)}, drawn at random", drawn),
        Kind("wrong", f"Wrong: {{}} of {len(wrong)}, of which the classifier was surest", worst),
        Kind("unsure", f"Unsure: {{}} of {count}, with the smallest lead of the answer", close),
    ]
    return [kind for kind in kinds if len(kind.rows)]


def errors_of(answers: Answers, most: int) -> Kind:
    """The errors of which the classifier was surest, at most so many. Raises CatsError if there is none."""
    assert answers.right is not None
    wrong = np.flatnonzero(~answers.right)
    if not len(wrong):
        raise CatsError(
            f"--errors has nothing to explain: no answer to the {how_many(len(answers.right), 'test image')} is wrong; without "
            "--errors right and unsure ones are explained"
        )
    worst = wrong[np.argsort(-answers.probabilities[wrong].max(axis=1), kind="stable")][:most]
    return Kind("errors", f"Errors: {{}} of {len(wrong)}, of which the classifier was surest", worst)
