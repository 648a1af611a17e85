"""Several priors as one: nothing is lost, nothing is added, and no target speaks for itself."""

from dataclasses import replace

import numpy as np
import pytest

from results.choosing.merge import merged
from results.choosing.prior import Prior, Setting
from results.error import CatsError
from tests.results.choosing.matrices import matrix_of

NAN = float("nan")


def prior(targets, sources, settings, first, family=None, metric="auc"):
    """A prior whose figures are numbers from `first` on."""
    shape = (len(targets), len(sources), len(settings))
    figures = first + np.arange(np.prod(shape), dtype=float).reshape(shape)
    made = tuple(Setting.of({"lr": each}) for each in settings)
    return Prior(
        tuple(targets),
        tuple(sources),
        made,
        figures,
        figures + 100,
        figures + 200,
        figures + 300,
        family or {},
        metric,
        (f"from {first}",),
    )


ONE = prior(["blood", "breast"], ["a", "b"], ["1", "2"], 0)
TWO = prior(["breast", "retina"], ["b", "c"], ["2", "3"], 50, {"retina": "eye"})


def test_every_figure_keeps_its_place():
    both = merged([ONE, TWO])
    assert both.targets == ("blood", "breast", "retina")
    assert both.sources == ("a", "b", "c")
    assert [setting.name for setting in both.settings] == ["lr=1", "lr=2", "lr=3"]
    assert both.val_loss[1, 1].tolist()[:2] == ONE.val_loss[1, 1].tolist()
    assert both.score[2, 2].tolist()[1:] == TWO.score[1, 1].tolist()
    assert np.isfinite(both.hours).sum() == ONE.hours.size + TWO.hours.size - 1  # both know breast, b, lr=2: the first counts
    assert np.nansum(both.kwh) == ONE.kwh.sum() + TWO.kwh.sum() - TWO.kwh[0, 0, 0]
    assert both.origin == ("from 0", "from 50")


def test_a_target_that_several_priors_hold_is_one_target():
    """Public runs and the same runs once more say nothing new: as many targets, as many families, the same figures."""
    twice = merged([ONE, ONE, ONE])
    assert twice.targets == ONE.targets
    assert np.array_equal(twice.score, ONE.score)
    assert merged([ONE, TWO]).without("breast", "breast").targets == ("blood", "retina")
    assert merged([ONE, TWO]).without("fundus", "eye").targets == ("blood", "breast")
    assert merged([ONE, TWO]).families() == 3


def test_the_first_that_knows_a_run_counts():
    one = matrix_of([[[0.9, NAN]]], sources=("a",), targets=("x",)).prior()
    two = matrix_of([[[0.5, 0.6]], [[0.7, 0.8]]], sources=("a",), targets=("x", "y"), family={"x": "f"}).prior()
    three = matrix_of([[[0.1, 0.2]]], sources=("b",), targets=("y",)).prior()
    both = merged([one, Prior.empty(), two, three])
    assert (both.targets, both.sources, both.family, both.metric) == (("x", "y"), ("a", "b"), {"x": "f"}, "auc")
    assert np.array_equal(both.score, [[[0.9, 0.6], [NAN, NAN]], [[0.7, 0.8], [0.1, 0.2]]], equal_nan=True)


def test_a_pair_that_one_prior_keeps_apart_speaks_in_none():
    kept = replace(TWO, apart=frozenset({("b", "blood"), ("nobody", "nowhere")}))
    both = merged([ONE, kept])
    assert np.isnan(both.score[0, 1]).all()
    assert np.isfinite(both.score[1, 1]).all()
    assert ("b", "blood") in both.apart


def test_nothing_is_an_empty_prior():
    assert merged([]).targets == merged([Prior.empty(), Prior.empty()]).targets == ()
    assert merged([Prior.empty(), ONE]) is ONE


def test_two_metrics_are_refused():
    with pytest.raises(CatsError, match="different metrics, auc and accuracy"):
        merged([ONE, prior(["x"], ["a"], ["1"], 0, metric="accuracy")])
