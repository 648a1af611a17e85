"""The frame of a measure: what it needs, what it is given, when it says nothing, its interval."""

import re

import numpy as np
import pytest

from benchmark.specs.measure import Draws, Measure, measure
from benchmark.specs.needs import Undefined
from results.error import CatsError
from tests.support.drawn import blobs, draws


def made(function, **changes):
    return Measure(function, **({"grows": "N", "citation": "nobody", "multilabel": "average"} | changes))


def named(function):
    """A function called as this file is, which a measure's name has to be."""
    function.__name__ = "test_measure"
    return function


@named
def mean_of_first_class(features, labels, *, power=1):
    return float((features[labels == 0] ** power).mean())


def test_needs_and_options_come_from_the_parameters():
    entry = made(mean_of_first_class)
    assert entry.needs == ("features", "labels")
    assert entry.options == {"power": 1}
    assert entry.with_options({"power": 2}).options == {"power": 2}
    assert entry.options == {"power": 1}


def test_an_unknown_need_is_refused_when_the_file_is_read():
    @named
    def wrong(feature):
        return 0.0

    with pytest.raises(CatsError, match="needs 'feature'; a measure may need features, labels, .*did you mean 'features'"):
        made(wrong)


def test_a_need_of_an_earlier_version_has_its_new_name():
    @named
    def old(features, luck):
        return 0.0

    with pytest.raises(CatsError, match="measure test_measure needs 'luck', which is called 'rng' now; rename the parameter"):
        made(old)


def test_a_file_of_another_name_and_an_option_without_default_are_refused():
    def other(features):
        return 0.0

    @named
    def bare(features, *, k):
        return 0.0

    with pytest.raises(
        CatsError, match="measure other is in the file .*test_measure.py; the file must have the measure's name"
    ):
        measure(grows="N", citation="nobody")(other)
    with pytest.raises(CatsError, match="option without a default"):
        made(bare)


def test_an_unknown_option_has_its_nearest_name():
    with pytest.raises(CatsError, match="takes no option 'powr'; did you mean 'power'"):
        made(mean_of_first_class).with_options({"powr": 2})


def test_input_is_checked_and_named():
    entry, (features, labels) = made(mean_of_first_class), blobs(12, 4)
    broken = features.copy()
    broken[[3, 5], 1] = np.nan
    with pytest.raises(CatsError, match="features of image 3 is not finite; 2 of 12 images have such values"):
        entry(broken, labels)
    with pytest.raises(CatsError, match="there are 12 features, 11 labels; these numbers must be equal"):
        entry(features, labels[:-1])
    with pytest.raises(CatsError, match=r"features has shape \(12,\)"):
        entry(features[:, 0], labels)
    with pytest.raises(CatsError, match="labels is float64"):
        entry(features, labels.astype(float))
    with pytest.raises(TypeError, match="takes features, labels, not features"):
        entry(features)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f, y: (f[:1], y[:1]), "there is only one image"),
        (lambda f, y: (f, np.zeros_like(y)), "labels hold only one class"),
        (lambda f, y: (np.ones_like(f), y), "features is the same for every image"),
    ],
)
def test_what_says_nothing_is_undefined(change, reason):
    entry, given = made(mean_of_first_class), change(*blobs(12, 4))
    with pytest.raises(Undefined, match=reason):
        entry(*given)
    score = entry.score(dict(zip(entry.needs, given, strict=True)), draws(given[1], 5))
    assert np.isnan(score.value)
    assert reason in score.reason
    assert (score.low, score.high) == (None, None)


def test_labels_may_be_any_whole_numbers():
    seen = []

    @named
    def look(labels):
        seen.append(labels.tolist())
        return 0.0

    made(look)(np.array([7, -3, 7, 40], dtype=np.int8))
    assert seen == [[1, 0, 1, 2]]


def test_a_measure_cannot_change_its_input():
    @named
    def greedy(features):
        features -= 1
        return 0.0

    features, _ = blobs(12, 4)
    with pytest.raises(ValueError, match="read-only"):
        made(greedy)(features)
    features[0, 0] = 5.0  # the caller's own array stays writeable


@pytest.mark.parametrize(("given", "said"), [(float("inf"), "inf"), (float("nan"), "nan"), (-1.7e63, "-1.7e+63")])
def test_a_value_that_no_table_could_show_is_undefined(given, said):
    @named
    def huge(features):
        return given

    with pytest.raises(Undefined, match=re.escape(f"test_measure is {said}, which is no finite number or beyond 1e+50")):
        made(huge)(blobs()[0])


def test_an_interval_that_no_table_could_show_is_left_out():
    @named
    def wide(features):
        return 9e49 * features.mean()

    features, labels = blobs(12, 4)
    score = made(wide).score({"features": 1 + features - features.mean()}, draws(labels, 20))
    assert np.isfinite(score.value)
    assert score.low is None
    assert "lie beyond 1e+50" in score.reason


def test_several_labels_are_averaged_over_those_with_both_values_or_given_whole_or_refused():
    @named
    def share(labels):
        return float(labels.mean())

    labels = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]])
    assert made(share)(labels) == pytest.approx((0.25 + 0.75) / 2)
    assert made(share, multilabel="whole")(labels) == pytest.approx(4 / 12)
    with pytest.raises(Undefined, match="several labels per image"):
        made(share, multilabel="refuse")(labels)
    with pytest.raises(Undefined, match="no label has both positive and negative images"):
        made(share)(labels[:, [1]])


def test_a_label_that_is_undefined_is_left_out_of_value_and_interval_and_said():
    @named
    def picky(features, labels):
        if labels.sum() < 2:
            raise Undefined("too rare")
        return float(features[labels == 1].mean())

    features, labels = blobs(60, 4, 2)
    several = np.stack([labels, np.arange(60) == 7, labels[::-1]], axis=1).astype(int)
    entry = made(picky)
    expected = np.mean([features[several[:, c] == 1].mean() for c in (0, 2)])
    assert entry(features, several) == pytest.approx(expected)
    score = entry.score({"features": features, "labels": several}, draws(labels, 30))
    assert score.value == pytest.approx(expected)
    assert score.low < score.value < score.high
    assert score.reason == "1 of 3 labels is left out, because the measure is undefined"


@pytest.mark.parametrize("value", ["three", True, 1.5, None])
def test_an_option_of_another_kind_is_refused(value):
    with pytest.raises(CatsError, match="measure test_measure: power is .*; allowed is a whole number"):
        made(mean_of_first_class).with_options({"power": value})


def test_a_resample_that_cannot_be_scored_costs_the_interval_and_not_the_value():
    @named
    def first(features):
        return float(features[0, 0])

    entry = made(first)

    def broken(given, features):
        raise Undefined("the covariance is singular")

    entry.bootstrap(broken)
    score = entry.score({"features": blobs()[0]}, draws(blobs()[1], 5))
    assert (score.low, score.reason) == (None, "no interval: the covariance is singular")
    assert np.isfinite(score.value)


def test_the_interval_is_the_bootstraps_standard_error_around_the_value():
    entry, (features, labels) = made(mean_of_first_class), blobs(300, 4)
    drawn = draws(labels, 200)
    score = entry.score({"features": features, "labels": labels}, drawn)
    values = [entry(features[rows], labels[rows]) for rows in drawn.target]
    assert score.value == entry(features, labels)
    assert (score.low + score.high) / 2 == pytest.approx(score.value)
    assert score.high - score.value == pytest.approx(1.96 * np.std(values, ddof=1))
    assert np.std(values) == pytest.approx(features[labels == 0].mean(axis=1).std() / 10, rel=0.2)


def wilson(right, count):
    """Wilson's interval of a binomial share, as statsmodels 0.14 gives it (proportion_confint, method="wilson")."""
    p, z = right / count, 1.96
    middle, half = p + z**2 / (2 * count), z * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    return (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)


@pytest.mark.parametrize("right", [60, 57, 30])
def test_a_proportion_near_its_ceiling_has_wilsons_interval(right):
    @named
    def share(features, *, proportion=True):
        return float(features[:, 0].mean())

    entry = made(share, proportion=lambda options: options["proportion"])
    features = np.stack([np.arange(60) < right, np.arange(60)], axis=1).astype(float)
    drawn = draws(np.zeros(60, dtype=int), 4000)
    score = entry.score({"features": features}, drawn)
    assert (score.low, score.high) == pytest.approx(wilson(right, 60), abs=3e-3)
    assert score.low < score.value <= score.high <= 1
    other = entry.with_options({"proportion": False}).score({"features": features}, drawn)
    assert other.high - other.value == pytest.approx(other.value - other.low)


def test_source_rows_are_drawn_on_their_own():
    @named
    def distance(features, source_features):
        return float(features.mean() - source_features.mean())

    features, source = blobs(40, 4)[0], blobs(30, 4, seed=1)[0]
    drawn = draws(np.zeros(40, dtype=int), 20, of_source=30)
    score = made(distance).score({"features": features, "source_features": source}, drawn)
    pairs = zip(drawn.target, drawn.source, strict=True)
    values = [features[rows].mean() - source[others].mean() for rows, others in pairs]
    assert score.high - score.value == pytest.approx(1.96 * np.std(values, ddof=1))


def test_resamples_all_at_once_are_asked_where_a_measure_can():
    @named
    def first(features):
        return float(features[0, 0])

    entry, (features, labels) = made(first), blobs(12, 4)
    entry.bootstrap(lambda given, features: np.arange(len(given.target), dtype=float))
    score = entry.score({"features": features}, draws(labels, 5))
    assert score.high - score.value == pytest.approx(1.96 * np.std(range(5), ddof=1))
    assert entry.with_options({}).score({"features": features}, draws(labels, 5)) == score


def test_without_enough_defined_resamples_there_is_a_value_and_no_interval():
    @named
    def rare(features):
        return 1.0

    entry = made(rare)
    entry.bootstrap(lambda given, features: np.array([1.0, np.nan, np.nan, np.nan, np.nan]))
    score = entry.score({"features": blobs()[0]}, draws(blobs()[1], 5))
    assert (score.value, score.low) == (1.0, None)
    assert score.reason == "no interval: 4 of 5 resamples are undefined"


def test_what_looks_at_no_image_is_exact():
    @named
    def fixed(source):
        return 2.0

    score = made(fixed).score({"source": object()}, Draws(np.zeros((5, 0), dtype=int), np.zeros((5, 0), dtype=int)))
    assert (score.value, score.low, score.reason) == (2.0, None, None)
