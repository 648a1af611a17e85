"""Which images are shown: errors, as many as there are."""

import numpy as np
import pytest

from benchmark.models.explanation.choice import answers_of, errors_of
from results.error import CatsError

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])


@pytest.mark.parametrize(("most", "rows"), [(1, [1]), (2, [1, 2]), (12, [1, 2])])
def test_errors_are_at_most_so_many_the_surest_first(most, rows):
    kind = errors_of(answers_of(PROBABILITIES, np.array([0, 0, 1, 1]), "binary"), most)
    assert kind.rows.tolist() == rows
    assert kind.title(len(rows)).startswith(f"Errors: {len(rows)} of 2")


def test_no_error_is_one_sentence():
    with pytest.raises(CatsError, match="no answer to the 4 test images is wrong; without --errors right and unsure ones are"):
        errors_of(answers_of(PROBABILITIES, np.array([0, 1, 0, 1]), "binary"), 4)
