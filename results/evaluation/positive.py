"""Which class is the positive one: the class on which a clinician would act."""

import re
from collections.abc import Collection, Sequence

import numpy as np

HEALTHY = frozenset({
    "normal", "norm", "benign", "negative", "neg", "healthy", "health", "control", "controls", "no", "not", "none", "without",
    "absent", "absence", "uninfected", "unaffected", "unremarkable",
})  # fmt: skip
OF_TWO = HEALTHY | {"non"}  # of two; among more, non-small-cell and non-proliferative are diseases


def is_healthy(name: str, words: Collection[str] = HEALTHY) -> bool:
    """Whether a word in the name of a class says healthy: normal, benign, negative, no tumour."""
    return any(word in words for word in re.split(r"[\W_\d]+", name.casefold()))


def positive_of_two(classes: Sequence[str]) -> int:
    """The number of the positive one of two classes: the one whose name does not say healthy; else the second one."""
    first, second = (is_healthy(name, OF_TWO) for name in classes)
    return 0 if second and not first else 1


def to_act_on(classes: Sequence[str], truth: np.ndarray, *, multilabel: bool) -> tuple[int, str] | None:
    """The class whose decision curve is drawn, and why that one, in words; None if no class has images on both sides.

    Of two classes it is the positive one. Of more it is the rarest one of the test images whose name does not say healthy, of
    equally rare ones the first. truth: (N, C) of 0 and 1.
    """
    counts = truth.sum(axis=0)
    present = [column for column in range(len(classes)) if 0 < counts[column] < len(truth)]
    if not present:
        return None
    if len(classes) == 2 and not multilabel:
        return positive_of_two(classes), "the positive class"
    ill = [column for column in present if not is_healthy(classes[column])] or present
    chosen = min(ill, key=lambda column: int(counts[column]))
    equal = sum(int(counts[column] == counts[chosen]) for column in ill)
    rarest = "the rarest class" if equal == 1 else f"one of the {equal} rarest classes"
    rarer = [f"'{classes[column]}'" for column in present if column not in ill and counts[column] <= counts[chosen]]
    besides = f" besides {' and '.join(rarer)}" if rarer else ""
    return chosen, f"{rarest} of the test images{besides}"
