"""What a person reads about maps: how exactly integrated gradients add up."""

import numpy as np
import pytest

from benchmark.models.explanation.sentences import complete


@pytest.mark.parametrize(
    ("gaps", "end"),
    [
        ([0.001, 0.01], "within 1 % they do for all of 2 images"),
        ([0.0], "within 1 % they do for all of 1 image"),
        ([0.001, 0.509, 0.02], "within 1 % they do for 1 of 3 images; the worst is off by 50.9 %"),
        ([0.5, 0.2], "within 1 % they do for 0 of 2 images; the worst is off by 50.0 %"),
    ],
)
def test_how_exactly_the_gradients_add_up_is_said_of_how_many_images(gaps, end):
    said = complete(np.array(gaps))
    assert said == f"the integrated gradients of an image should add up to the change of the logit: {end}"
