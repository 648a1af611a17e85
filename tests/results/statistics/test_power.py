"""The power that is stated is the share of boards on which the test of ties tells two sources apart."""

import numpy as np
import pytest
from scipy import stats

from results.statistics import intervals
from results.statistics.intervals import TargetResults, standard_errors, tie_groups
from results.statistics.power import (
    Noise,
    hanley_mcneil,
    images_needed,
    paired_power,
    power,
    seeds_needed,
    smallest_difference,
)
from results.statistics.studentized_range import critical

BOARDS = 4000


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 5, 15])
def test_critical_values_are_those_of_scipy(k):
    freedom = np.array([2.0, 3.7, 8.0, 40.0, 1e6])
    expected = stats.studentized_range.ppf(0.95, k, freedom)
    np.testing.assert_allclose(critical(k, freedom, 0.05), expected, rtol=1e-4)


def told_apart(difference, noise, seeds, boards=BOARDS):
    """The share of simulated boards whose test of ties (intervals._significant) tells two sources apart."""
    rng = np.random.default_rng(0)
    values = rng.normal(0, np.sqrt(noise.seeds), (2, seeds, boards))
    means, variances = values.mean(axis=1), values.var(axis=1, ddof=1) / seeds
    far = np.abs(means[0] - means[1] + difference + rng.normal(0, np.sqrt(noise.images), boards))
    freedoms = np.full((2, boards), seeds - 1.0)
    images, units = np.full((1, boards), noise.images), np.full((1, boards), noise.units - 1.0)
    both = np.vstack([variances, images]), np.vstack([freedoms, units])
    apart = intervals._significant(far, *both, noise.sources, 0.05)
    if noise.images:
        apart &= intervals._significant(far, variances, freedoms, noise.sources, 0.05)
    return apart.mean()


@pytest.mark.slow
@pytest.mark.parametrize("sources", [2, 5, 15])
@pytest.mark.parametrize(("seeds", "images"), [(3, 0.0), (3, 2e-4), (5, 5e-5), (20, 2e-4)])
def test_the_stated_power_is_met(sources, seeds, images):
    noise = Noise(seeds=1.5e-4, images=images, units=400, sources=sources)
    for difference in (0.01, 0.03, 0.06):
        stated, met = power(difference, noise, seeds), told_apart(difference, noise, seeds)
        assert met == pytest.approx(stated, abs=3.5 * np.sqrt(0.25 / BOARDS))


def test_the_stated_power_is_met_on_whole_boards():
    """Five sources of which the first is better than the others, with predictions of 300 images."""
    noise, seeds, difference = Noise(1e-4, 1e-4, 300, 5), 5, 0.04
    rng, apart = np.random.default_rng(1), []
    for _ in range(200):
        images = rng.normal(0, np.sqrt(noise.images / 2 / noise.units), (noise.units, 5))
        shift = rng.normal(0, np.sqrt(noise.images / 2), 5)
        means = np.array([difference, 0, 0, 0, 0]) + shift
        measured = TargetResults([rng.normal(mean, 0.01, seeds) for mean in means], images)
        order = np.argsort(-measured.means, kind="stable").tolist()
        groups = dict(zip(order, tie_groups(measured, order), strict=True))
        apart.append(groups[0] != groups[1])
    assert np.mean(apart) == pytest.approx(power(difference, noise, seeds), abs=0.08)


def test_equal_sources_are_told_apart_more_rarely_than_the_level_says():
    assert power(0.0, Noise(1e-4, 1e-4, 300, 2), 5) < 0.06
    assert power(0.0, Noise(1e-4, 1e-4, 300, 5), 5) < 0.02  # of this pair; all ten pairs share 5 %


def test_power_grows_with_difference_seeds_and_test_images_and_falls_with_the_number_of_sources():
    noise = Noise(2e-4, 1e-4, 300, 5)
    base = power(0.03, noise, 5)
    assert power(0.04, noise, 5) > base
    assert power(0.03, noise, 8) > base
    assert power(0.03, noise.with_units(900), 5) > base
    assert power(0.03, Noise(2e-4, 1e-4, 300, 15), 5) < base
    assert power(0.5, noise, 1) == 0.0  # one seed tells nothing apart
    assert 0 < power(0.5, noise, 2) < 1.0


def test_the_number_of_seeds_is_the_smallest_that_suffices():
    noise = Noise(2e-4, 2e-5, 2000, 5)
    count = seeds_needed(0.02, noise)
    assert power(0.02, noise, count) >= 0.8 > power(0.02, noise, count - 1)
    assert seeds_needed(0.02, noise, wanted=0.95) > count
    assert seeds_needed(0.04, noise) < count


def test_no_number_of_seeds_suffices_where_the_test_set_is_too_small():
    noise = Noise(2e-4, 4e-4, 117, 5)
    assert seeds_needed(0.02, noise) is None
    assert seeds_needed(0.2, noise) is not None
    assert power(0.02, noise, 10**6) < 0.2


def test_the_number_of_test_images_is_the_smallest_that_suffices():
    noise = Noise(2e-5, 4e-4, 117, 5)
    count = images_needed(0.02, noise, 5)
    assert power(0.02, noise.with_units(count), 5) >= 0.8 > power(0.02, noise.with_units(count * 0.98), 5)
    assert 1000 < count < 4000


def test_no_number_of_test_images_suffices_where_there_are_too_few_seeds():
    assert images_needed(0.02, Noise(2e-3, 4e-4, 117, 5), 3) is None
    assert images_needed(0.02, Noise(2e-3, 0.0, 117, 5), 3) is None  # the test images are not counted


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_the_smallest_difference_is_told_apart_as_often_as_wanted(seeds):
    noise = Noise(2e-4, 1e-4, 300, 5)
    least = smallest_difference(noise, seeds)
    assert power(least, noise, seeds) == pytest.approx(0.8, abs=0.005)
    assert smallest_difference(noise, 1) is None


def test_without_any_randomness_every_difference_is_told_apart():
    assert power(1e-6, Noise(0.0, 0.0, 300, 5), 3) == 1.0


@pytest.mark.parametrize(("seeds", "images"), [(2, 0.0), (3, 0.0), (3, 2e-4), (10, 5e-5)])
def test_the_stated_power_of_a_paired_difference_is_met(seeds, images):
    noise, rng = Noise(3e-4, images, 400, 2), np.random.default_rng(0)
    for difference in (0.01, 0.03, 0.1):
        gaps = difference + rng.normal(0, np.sqrt(noise.seeds), (seeds, BOARDS)) + rng.normal(0, np.sqrt(images), BOARDS)
        parts = np.stack([gaps.var(axis=0, ddof=1) / seeds, np.full(BOARDS, images)])
        frees = np.stack([np.full(BOARDS, seeds - 1.0), np.full(BOARDS, noise.units - 1.0)])
        tests = [2 * stats.t.sf(np.abs(gaps.mean(axis=0)) / error, free) for error, free in standard_errors(parts, frees)]
        met = (np.max(tests, axis=0) < 0.05).mean()
        assert paired_power(difference, noise, seeds) == pytest.approx(met, abs=3.5 * np.sqrt(0.25 / BOARDS))
    assert paired_power(0.5, noise, 1) == 0.0
    assert paired_power(0.01, Noise(0.0, 0.0, 400, 2), 3) == 1.0


def test_two_sources_that_were_named_before_need_fewer_seeds():
    noise = Noise(2e-4, 0.0, 300, 5)
    assert seeds_needed(0.02, noise, test=paired_power) < seeds_needed(0.02, noise)


def test_the_variance_of_an_auc_is_that_of_exponential_scores_for_which_it_was_derived():
    rng, auc, counts = np.random.default_rng(0), 0.9, (40, 60)
    positive, negative = (rng.exponential(scale, (2000, n, 1)) for scale, n in zip((auc / (1 - auc), 1.0), counts, strict=True))
    drawn = (positive > negative.swapaxes(1, 2)).mean(axis=(1, 2))
    assert drawn.mean() == pytest.approx(auc, abs=0.005)
    assert drawn.var() == pytest.approx(hanley_mcneil(auc, *counts), rel=0.1)
