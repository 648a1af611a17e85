"""Paired differences against variances counted pair by pair, jackknives, and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics

from results.board.advice import ONE_LOOK
from results.board.board import judged_runs
from results.board.compare import compare, held
from results.board.request import RunQuery
from results.error import CatsError
from results.metrics import METRICS, Metric
from results.statistics.influence import parse_predictions
from tests.support.predictions import predictions
from tests.support.runs import run

COUNT = 50


def made(seeds=1, classes=2, groups=None, skills=(2.0, 0.5), metric=metrics.roc_auc_score, name="auc"):
    """Frame of runs of two sources on one target, and the reader of their predictions."""
    rows, tables = [], {}
    for s, (source, skill) in enumerate(zip(("good", "bad"), skills, strict=True)):
        for seed in range(seeds):
            table = predictions(np.random.default_rng(7), COUNT, classes, groups=groups, model_seed=10 * s + seed, skill=skill)
            of = parse_predictions(table)
            value = np.mean([metric(of.truth[:, c], of.probabilities[:, c]) for c in range(classes)])
            tables[f"{source}{seed}"] = table
            rows.append(run(source, "a", seed, 0.5, run_id=f"{source}{seed}") | {f"test_{name}": value})
    return pd.DataFrame(rows), tables


def compared(frame, tables, metric="auc", pair=("good", "bad"), **changes):
    read = tables.get if tables is not None else None
    return compare(judged_runs(frame, RunQuery("toy", metric)), metric, pair, "a", read, **changes)


def error_of(found):
    return (found.high - found.low) / 2 / stats.t.ppf(0.975, (found.patients or found.images) - 1)


def test_one_seed_of_two_classes_has_delongs_variance_counted_pair_by_pair():
    frame, tables = made()
    found = compared(frame, tables)
    wins = []
    for name in ("good0", "bad0"):
        of = parse_predictions(tables[name])
        positive, negative = (of.probabilities[of.truth[:, 1] == side, 1] for side in (1, 0))
        wins.append((positive[:, None] > negative).astype(float))
    m, n = wins[0].shape
    s10, s01 = np.cov([w.mean(axis=1) for w in wins]), np.cov([w.mean(axis=0) for w in wins])
    contrast = np.array([1, -1])
    assert error_of(found) ** 2 == pytest.approx(contrast @ (s10 / m + s01 / n) @ contrast, rel=1e-9)
    assert found.difference == pytest.approx(wins[0].mean() - wins[1].mean())
    assert found.p == pytest.approx(2 * stats.t.sf(found.difference / error_of(found), COUNT - 1))
    assert "50 test images, DeLong" in found.method
    assert (found.images, found.patients) == (50, None)


def test_several_classes_and_patients_agree_with_leaving_out_one_patient_at_a_time():
    groups = [f"p{i // 2}" for i in range(COUNT)]
    frame, tables = made(classes=3, groups=groups, skills=(1.5, 1.0))
    found = compared(frame, tables)

    def gap(rows):
        both = [parse_predictions(tables[name]).at(rows) for name in ("good0", "bad0")]
        each = [[metrics.roc_auc_score(of.truth[:, c], of.probabilities[:, c]) for c in range(3)] for of in both]
        return np.mean(each[0]) - np.mean(each[1])

    left_out = np.array([gap(np.array([i for i in range(COUNT) if groups[i] != f"p{g}"])) for g in range(COUNT // 2)])
    jackknife = (((left_out - left_out.mean()) ** 2).sum() * 24 / 25) ** 0.5
    assert (found.images, found.patients) == (50, 25)
    assert error_of(found) == pytest.approx(jackknife, rel=0.08)
    assert "25 patients" in found.verdict


def test_without_predictions_it_is_the_paired_t_test_over_seeds():
    one, other = [0.90, 0.84, 0.88, 0.91], [0.85, 0.80, 0.86, 0.85]
    rows = [run(s, "a", i, v) for s, values in (("good", one), ("bad", other)) for i, v in enumerate(values)]
    found = compared(pd.DataFrame(rows), None)
    test = stats.ttest_rel(one, other)
    assert found.p == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()))
    assert found.verdict.startswith("good is better than bad: on a auc differs by +0.0425 (95 % ")
    assert "the sampling error of the test images is not counted: there are no predictions" in found.verdict


def test_several_seeds_are_never_surer_than_seeds_or_images_alone():
    frame, tables = made(seeds=3)
    both, seeds = compared(frame, tables), compared(frame, None)
    assert both.low <= seeds.low
    assert seeds.high <= both.high
    assert both.p >= seeds.p
    assert both.difference == pytest.approx(seeds.difference)


def test_the_other_way_round_is_the_same_with_the_other_sign():
    frame, tables = made(seeds=2)
    one, other = compared(frame, tables), compared(frame, tables, pair=("bad", "good"))
    assert (one.difference, one.low, one.high) == pytest.approx((-other.difference, -other.high, -other.low))
    assert one.p == pytest.approx(other.p)


def test_seeds_are_paired_by_number_and_those_of_one_source_alone_are_left_out():
    rows = [run("good", "a", i, 0.8 + i / 10) for i in (0, 1)] + [run("bad", "a", i, 0.7 + i / 10) for i in (1, 0, 5)]
    found = compared(pd.DataFrame(rows), None)
    assert (found.seeds, found.difference) == (2, pytest.approx(0.1))


def test_brier_is_better_when_it_is_lower():
    rows = [run(s, "a", i, v + i / 100) for s, v in (("good", 0.9), ("bad", 0.5)) for i in (0, 1, 3)]
    rows[0]["test_brier"] += 0.001
    found = compared(pd.DataFrame(rows), None, metric="brier")
    assert found.difference < 0
    assert found.verdict.startswith("good is better than bad")


@pytest.mark.slow
def test_a_metric_without_influence_is_resampled_by_patient():
    groups = [f"p{i // 5}" for i in range(COUNT)]

    def f1(truth, given):
        return metrics.f1_score(truth, given >= 0.5)

    frame, tables = made(groups=groups, metric=f1, name="f1")
    found = compared(frame, tables, metric="f1")
    assert found.method == "10 patients, bootstrap of 200"
    assert [found.to_dict()[name] for name in ("images", "patients")] == [COUNT, 10]
    assert found.low < found.difference < found.high


def test_a_metric_that_nothing_here_computes_counts_no_test_images():
    frame, tables = made(name="rmse")
    found = compared(frame, tables, metric="rmse")
    assert (found.low, found.method) == (
        None, "the sampling error of the test images is not counted: their influence on rmse is not known"
    )  # fmt: skip


def test_the_bootstrap_gives_the_error_that_is_known_for_a_mean(monkeypatch):
    frame, tables = made(name="right", metric=lambda truth, given: np.mean((given >= 0.5) == truth))
    right = [
        parse_predictions(tables[n]).probabilities.argmax(axis=1) == parse_predictions(tables[n]).truth.argmax(axis=1)
        for n in ("good0", "bad0")
    ]
    known = np.std(right[0].astype(float) - right[1], ddof=1) / np.sqrt(COUNT)
    monkeypatch.setitem(METRICS, "right", Metric("right", lambda f: np.mean(f.guess == f.labels), None))
    found = compared(frame, tables, metric="right")
    assert error_of(found) == pytest.approx(known, rel=0.12)


def test_one_seed_speaks_of_these_networks_alone():
    said = compared(*made()).verdict
    assert said.startswith("this network from good is better than that from bad")
    assert said.endswith("one seed says nothing about training again")


def test_one_seed_without_predictions_has_no_interval():
    found = compared(pd.DataFrame([run("good", "a", 0, 0.9), run("bad", "a", 0, 0.5)]), None)
    assert (found.low, found.high, found.p) == (None, None, None)
    assert "no interval can be given, because one seed shows no variance (1 seed, the sampling error" in found.verdict


@pytest.mark.parametrize("seeds", [1, 2])
def test_two_networks_that_rank_every_image_rightly_have_no_interval_and_the_reason_is_said(seeds):
    frame, tables = made(seeds=seeds)
    for table in tables.values():
        right = table["label"] == 1
        table["probability_0"], table["probability_1"] = np.where(right, 0.1, 0.9), np.where(right, 0.9, 0.1)
    frame["test_auc"] = 1.0
    found = compared(frame, tables)
    assert (found.difference, found.low, found.p) == (0, None, None)
    which = "one seed shows" if seeds == 1 else "the seeds show"
    assert f"no interval can be given, because {which} no variance and every test image counts alike (" in found.verdict


@pytest.mark.parametrize("values", [([0.9, 0.99], [0.1, 0.9]), ([1.0, 0.0], [0.0, 0.1]), ([0.5, 0.9], [0.4, 0.2])])
@pytest.mark.parametrize(("metric", "width"), [("auc", 1), ("brier", 1), ("kappa", 2)])
def test_no_difference_is_larger_than_the_metric_is_wide(values, metric, width):
    """Before, two seeds gave a difference of AUCs from -1.6 to +2.1, which is impossible."""
    one, other = values
    rows = [run(s, "a", i, v) | {"test_kappa": v} for s, row in (("good", one), ("bad", other)) for i, v in enumerate(row)]
    found = compared(pd.DataFrame(rows), None, metric=metric)
    gaps = (np.array(one) - other) * (1 if metric != "brier" else -1)
    low, high = stats.t.interval(0.95, 1, gaps.mean(), stats.sem(gaps))
    assert (low < -1) or (high > 1)
    assert (found.low, found.high) == pytest.approx((max(low, -width), min(high, width)))
    assert -width <= found.low <= found.difference <= found.high <= width
    assert found.p == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            [0.90, 0.80],
            [0.85, 0.79],
            f"if the true difference is as large, about 4 seeds tell it apart (80 % power); {ONE_LOOK}",
        ),
        ([0.90, 0.10], [0.10, 0.91], "if the true difference is as large, it needs more than 1000 seeds (80 % power)"),
        ([0.90, 0.91, 0.92], [0.1, 0.11, 0.13], None),  # told apart
        ([0.90, 0.80], [0.80, 0.90], None),  # no difference
        ([0.90, 0.80], [0.85, 0.75], None),  # the seeds do not vary
        ([0.90], [0.85], None),
    ],
)
def test_a_difference_that_is_not_told_apart_says_how_many_seeds_would(one, other, said):
    rows = [run(s, "a", i, v) for s, row in (("good", one), ("bad", other)) for i, v in enumerate(row)]
    found = compared(pd.DataFrame(rows), None)
    assert (found.advice is None) == (said is None)
    assert said is None or f"; {found.advice}" in found.verdict
    assert said is None or "seeds" in found.advice


def test_too_few_test_images_are_said_to_be_too_few():
    frame, tables = made(seeds=2, skills=(1.0, 1.05))
    assert "no number of seeds tells a difference of this size apart on these test images" in compared(frame, tables).verdict


def test_equal_sources_cannot_be_told_apart():
    frame, tables = made(skills=(1.0, 1.0))
    assert compared(frame, tables).verdict.startswith("good and bad cannot be told apart")


def test_runs_on_other_images_fall_back_to_seeds():
    frame, tables = made(seeds=2)
    tables["bad1"] = tables["bad1"][::-1]
    found = compared(frame, tables)
    assert found.images is None
    assert "the runs do not share them" in found.verdict


def test_shared_images_are_said():
    frame, tables = made(seeds=2)
    frame["leak"] = ["6 images are shared", "6 images are shared", None, None]
    assert compared(frame, tables).verdict.endswith("not a fair comparison: 6 images are shared")


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("goot", "bad"), "no finished run has the source 'goot'; did you mean 'good'"),
        (("good", "good"), "'good' cannot be compared with itself"),
    ],
)
def test_names_that_are_wrong_are_said(pair, said):
    frame, _ = made()
    with pytest.raises(CatsError, match=said):
        compared(frame, None, pair=pair)


def test_several_backbones_need_one_to_be_named():
    frame, _ = made()
    both = pd.concat([frame, frame.assign(backbone="other", key=frame["key"] + "o")])
    with pytest.raises(CatsError, match="a was run with net and other; name one with --backbone"):
        compared(both, None)


def test_no_seed_in_common_is_an_error():
    with pytest.raises(CatsError, match="good and bad have no seed in common on a"):
        compared(pd.DataFrame([run("good", "a", 0, 0.9), run("bad", "a", 1, 0.5)]), None)


@pytest.mark.slow
def test_p_of_equal_sources_is_below_five_percent_in_one_of_twenty():
    rng = np.random.default_rng(5)
    rows, tables, targets = [], {}, [f"t{number}" for number in range(200)]
    for target in targets:
        labels = rng.permutation(np.arange(120) % 2)
        for source in ("good", "bad"):
            given, name = 1 / (1 + np.exp(-rng.normal(labels))), f"{source}-{target}"
            tables[name] = pd.DataFrame({
                "sample": np.arange(120), "group": "", "label": labels, "probability_0": 1 - given, "probability_1": given,
            })  # fmt: skip
            rows.append(run(source, target, 0, metrics.roc_auc_score(labels, given), run_id=name))
    judged = judged_runs(pd.DataFrame(rows), RunQuery("toy"))
    found = [compare(judged, "auc", ("good", "bad"), target, tables.get).p for target in targets]
    assert 0.015 <= np.mean(np.array(found) < 0.05) <= 0.085


def on_own_backbones():
    """Good on net, bad on other, and both on shared as well."""
    frame, _ = made(seeds=3)
    own = frame.assign(backbone=np.where(frame["source"] == "good", "net", "other"))
    return own, pd.concat([own, frame.assign(backbone="shared", test_auc=frame["test_auc"] / 2)], ignore_index=True)


def test_sources_without_a_backbone_in_common_are_compared_as_candidates():
    own, _ = on_own_backbones()
    found, same = compared(own, None), compared(own.assign(backbone="net"), None)
    assert (found.one, found.other) == ("good on net", "bad on other")
    assert (found.difference, found.low, found.high, found.p) == (same.difference, same.low, same.high, same.p)
    assert "source and backbone differ, so that the difference may be of either" in found.verdict
    assert (same.one, same.differ) == ("good", None)


def test_a_candidate_is_named_with_its_backbone():
    _, both = on_own_backbones()
    found = compared(both, None, pair=("good on net", "bad on other"))
    assert found.difference == pytest.approx(compared(on_own_backbones()[0], None).difference)
    alone = compared(both, None, pair=("good on net", "good on shared"))
    assert "the backbones differ" in alone.verdict
    assert alone.difference == pytest.approx(
        both[(both["source"] == "good") & (both["backbone"] == "shared")]["test_auc"].mean()
    )


def test_a_backbone_can_be_held_fixed():
    own, both = on_own_backbones()
    runs = held(judged_runs(both, RunQuery("toy")), "shared", ("good", "bad"), "a")
    assert set(runs["backbone"]) == {"shared"}
    assert compare(runs, "auc", ("good", "bad"), "a").one == "good"
    runs = judged_runs(own, RunQuery("toy"))
    with pytest.raises(CatsError, match="bad has no finished run on a with net; it has runs with other"):
        held(runs, "net", ("good", "bad"), "a")
    with pytest.raises(CatsError, match="no finished run has the backbone 'nat'; did you mean 'net'"):
        held(runs, "nat", ("good", "bad"), "a")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("good", "bad"), "a was run with net and other and shared; name one with --backbone"),
        (("good on nat", "bad"), "no finished run has the backbone 'nat'; did you mean 'net'"),
        (("goot on net", "bad"), "no finished run has the source 'goot'; did you mean 'good'"),
        (("good on net", "good on net"), "'good on net' cannot be compared with itself"),
    ],
)
def test_a_candidate_that_is_not_clear_is_said(pair, said):
    with pytest.raises(CatsError, match=said):
        compared(on_own_backbones()[1], None, pair=pair)


def test_one_source_by_two_names_is_not_compared_with_itself():
    frame, _ = made()
    (backbone,) = set(frame["backbone"])
    with pytest.raises(CatsError, match=f"^'good' and 'good on {backbone}' are the same runs"):
        compared(frame, None, pair=("good", f"good on {backbone}"))


def test_two_sources_with_several_backbones_and_none_in_common_need_names():
    own, _ = on_own_backbones()
    more = own[own["source"] == "good"].assign(backbone="third")
    with pytest.raises(CatsError, match="there are runs of good with net, third and bad with other; name two of them, such as"):
        compared(pd.concat([own, more], ignore_index=True), None)
