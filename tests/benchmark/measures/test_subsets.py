"""Subsets of the images without what pairs of images add to their spread."""

import numpy as np
import pytest

from benchmark.measures.subsets import _lacking, scores_less_pairs, subset_scores, subsets
from tests.support.drawn import draws

LABELS = np.repeat(np.arange(3), [60, 40, 5])


def ratios(score_of):
    """Standard deviations with less of pairs over those of plain subsets, of 20 samples."""
    found = []
    for seed in range(20):
        rows = np.random.default_rng(seed).standard_normal((len(LABELS), 30))

        def score(chosen, rows=rows):
            return score_of(rows[chosen])

        drawn = draws(LABELS, 50, seed=seed)
        plain = subset_scores(subsets(drawn, LABELS, 0.8), len(LABELS), 5.0, score)
        less = scores_less_pairs(drawn, LABELS, 5.0, score)
        assert less.shape == plain.shape
        found.append(less.std() / plain.std())
    return found


def test_what_belongs_to_single_images_stays_as_it_is():
    assert np.mean(ratios(lambda rows: rows[:, 0].mean())) == pytest.approx(1, abs=0.05)


def test_of_what_belongs_to_pairs_a_quarter_of_the_variance_is_taken_off():
    """Subsets count it 2.25 times, and here it counts 1.65 times."""

    def of_pairs(rows):
        return (np.sum(rows.sum(axis=0) ** 2) - np.sum(rows**2)) / len(rows) ** 2

    assert np.mean(ratios(of_pairs)) == pytest.approx(np.sqrt(0.73), abs=0.05)


def test_two_subsets_lack_different_images_and_no_class_is_lost():
    for one, other in _lacking(draws(LABELS, 30), LABELS, None):
        assert not (one & other).any()
        assert set(LABELS[~(one | other)]) == {0, 1, 2}
        assert [one.sum(), other.sum()] == pytest.approx([21, 21], abs=1)


def test_scores_that_are_not_defined_stay_so():
    drawn = draws(LABELS, 7)
    assert np.isnan(scores_less_pairs(drawn, LABELS, 5.0, lambda rows: float("nan"))).all()
    assert len(scores_less_pairs(drawn, LABELS, 5.0, lambda rows: float(rows[0]))) == 7
