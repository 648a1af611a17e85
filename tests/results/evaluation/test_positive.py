import numpy as np
import pytest

from results.evaluation.positive import positive_of_two, to_act_on


@pytest.mark.parametrize(
    ("classes", "positive"),
    [
        (("benign", "carcinoma"), 1),
        (("malignant", "normal, benign"), 0),
        (("PNEUMONIA", "NORMAL"), 0),
        (("no_tumour", "tumour"), 1),
        (("cancer", "non-cancer"), 0),
        (("c0", "c1"), 1),  # names do not tell
        (("benign", "normal"), 1),  # neither do these
        (("abnormal", "Normal"), 0),
    ],
)
def test_of_two_classes_the_one_that_is_not_called_healthy_is_positive_else_the_second_one(classes, positive):
    assert positive_of_two(classes) == positive


def truth(*counts):
    return np.eye(len(counts), dtype=int)[np.repeat(np.arange(len(counts)), counts)]


@pytest.mark.parametrize(
    ("classes", "counts", "found"),
    [
        (("benign", "carcinoma"), (24, 24), (1, "the positive class")),
        (("benign", "carcinoma"), (4, 40), (1, "the positive class")),
        (("a", "b", "c"), (9, 3, 7), (1, "the rarest class of the test images")),
        (("a", "b", "c"), (9, 5, 5), (1, "one of the 2 rarest classes of the test images")),
        (("normal", "benign", "malignant"), (2, 9, 7), (2, "the rarest class of the test images besides 'normal'")),
        (("normal", "benign", "malignant"), (3, 9, 0), (0, "the rarest class of the test images")),
        (("small-cell", "non-small-cell", "clear cell"), (9, 4, 3), (2, "the rarest class of the test images")),
        (("no DR", "non-proliferative", "PDR"), (3, 4, 9), (1, "the rarest class of the test images besides 'no DR'")),
        (("a", "b"), (4, 0), None),
    ],
)
def test_a_clinician_acts_on_the_positive_class_or_on_the_rarest_one_that_is_not_called_healthy(classes, counts, found):
    assert to_act_on(classes, truth(*counts), multilabel=False) == found
