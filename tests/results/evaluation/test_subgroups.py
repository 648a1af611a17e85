import numpy as np
import pandas as pd
import pytest

from results.evaluation.estimates import estimate_of
from results.evaluation.subgroups import UNKNOWN, attributes_of, subgroups
from results.metrics import METRICS
from results.statistics.influence import parse_predictions


def table(rates, count=200, seed=0, patients=1):
    """Images of each site, of which a given share is decided rightly."""
    rng, parts = np.random.default_rng(seed), []
    for site, rate in rates.items():
        labels = np.arange(count) % 2
        right = rng.permutation(np.arange(count) < rate * count)
        said = np.where(right, labels, 1 - labels) * 0.6 + 0.2 + rng.uniform(-0.1, 0.1, count)
        parts.append(pd.DataFrame({
            "sample": [f"{site}-{i}" for i in range(count)], "group": [f"{site}-{i // patients}" for i in range(count)],
            "label": labels, "probability_no": 1 - said, "probability_yes": said, "attribute_site": site,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def wilson(hits, count, z=1.959963984540054):
    """Wilson's interval as the roots of (p - share)² = z² p (1 - p) / n, without its closed form."""
    share = hits / count
    return sorted(np.roots([1 + z**2 / count, -(2 * share + z**2 / count), share**2]).real)


def of_site(rates, metric="accuracy", **options):
    made = table(rates, **options)
    return subgroups(made, parse_predictions(made), "site", metric), made


def test_the_worst_subgroup_is_named_with_its_interval():
    found, _ = of_site({"north": 0.9, "south": 0.6, "west": 0.88})
    assert [group.name for group in found.groups] == ["south", "west", "north"]
    assert found.worst == ["south"]
    first = found.groups[0].estimate
    assert (first.value, first.low, first.high) == pytest.approx((0.6, *wilson(120, 200)), abs=1e-12)
    assert found.sentence == f"site: south is worst (0.600, 95 % {first.low:.3f} – {first.high:.3f})"


def test_a_tie_has_no_worst_subgroup():
    found, _ = of_site({"north": 0.9, "south": 0.62, "west": 0.6})
    assert found.worst == ["west", "south"]
    assert "west, south cannot be told apart from the worst" in found.sentence
    alike, _ = of_site({"north": 0.82, "south": 0.8, "west": 0.81})
    assert alike.worst == []
    assert "no two subgroups can be told apart" in alike.sentence


def test_equal_subgroups_are_seldom_told_apart():
    alarms = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rates = {str(site): rng.binomial(100, 0.8) / 100 for site in range(5)}
        alarms.append(bool(of_site(rates, count=100, seed=seed)[0].worst))
    assert np.mean(alarms) <= 0.12


def test_small_subgroups_are_shown_and_not_ranked():
    made = pd.concat([table({"north": 0.9, "south": 0.8}), table({"tiny": 0.0}, count=19)], ignore_index=True)
    found = subgroups(made, parse_predictions(made), "site", "accuracy")
    assert [group.name for group in found.groups] == ["south", "north", "tiny"]
    assert found.groups[-1].note == "only 19 images; 20 are needed"
    assert found.groups[-1].estimate.value == 0
    one = subgroups(
        made[made["attribute_site"] != "north"].reset_index(drop=True),
        parse_predictions(made[made["attribute_site"] != "north"]),
        "site",
        "accuracy",
    )
    assert one.sentence == "site: fewer than two subgroups are large enough to be compared"


def test_patients_are_what_is_counted_where_they_are_known():
    found, _ = of_site({"north": 0.9, "south": 0.6}, count=200, patients=20)
    assert {group.note for group in found.groups} == {"only 10 patients; 20 are needed"}
    wide, _ = of_site({"north": 0.9, "south": 0.6}, count=200, patients=4)
    assert wide.groups[0].estimate.images == 200
    assert wide.groups[0].note == ""


@pytest.mark.parametrize("metric", ["accuracy", "auc", "ece", "brier", "balanced_accuracy"])
def test_a_subgroup_has_the_figures_that_its_images_have_alone(metric):
    found, made = of_site({"north": 0.97, "south": 0.6}, count=60, metric=metric)
    for group in found.groups:
        alone = estimate_of(metric, parse_predictions(made[made["attribute_site"] == group.name]))
        assert group.estimate == alone
        assert alone.low < alone.value < alone.high
        assert group.note == ""


@pytest.mark.parametrize("metric", ["auc", "ece", "brier"])
def test_other_metrics_are_those_of_the_images_of_the_subgroup_and_the_order_follows_their_direction(metric):
    found, made = of_site({"north": 0.9, "south": 0.6}, metric=metric)
    for group in found.groups:
        rows = made[made["attribute_site"] == group.name]
        assert group.estimate.value == METRICS[metric].of(parse_predictions(rows))
    assert found.groups[0].name == "south"


def test_a_subgroup_of_one_class_has_no_auc_and_blank_cells_are_unknown():
    made = table({"north": 0.9, "south": 0.6})
    made.loc[made["attribute_site"] == "south", "label"] = 1
    made.loc[made["attribute_site"] == "north", "attribute_site"] = ""
    found = subgroups(made, parse_predictions(made), "site", "auc")
    assert [group.name for group in found.groups] == [UNKNOWN, "south"]
    assert found.groups[1].note == "auc is not defined, because a class has no image"
    assert attributes_of(made) == ["site"]


def test_a_subgroup_that_is_all_right_or_all_wrong_is_ranked_with_wilsons_interval():
    found, _ = of_site({"north": 1.0, "south": 0.0, "west": 0.5}, count=40)
    assert [(group.name, group.note) for group in found.groups] == [("south", ""), ("west", ""), ("north", "")]
    assert found.worst == ["south"]
    north = found.groups[-1].estimate
    assert (north.low, north.high) == pytest.approx((40 / (40 + 1.959963984540054**2), 1), abs=1e-12)
    alike, _ = of_site({"north": 1.0, "south": 1.0, "west": 0.975}, count=40)
    assert (alike.worst, len([group for group in alike.groups if not group.note])) == ([], 3)


@pytest.mark.parametrize("lower", range(28, 41))
def test_two_subgroups_are_told_apart_where_newcombes_interval_of_the_difference_excludes_zero(lower):
    found, _ = of_site({"north": 1.0, "south": lower / 40}, count=40)
    below, above = 1 - wilson(40, 40)[0], wilson(lower, 40)[1] - lower / 40
    assert bool(found.worst) == (1 - lower / 40 > np.hypot(below, above))
