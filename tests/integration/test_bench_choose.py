"""What ways of choosing lose on a finished matrix, on figures whose right value is known by hand or by brute force."""

import itertools
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmark.choosing.steps import Chooser
from results.choosing.policy import Arm, policy_named
from results.choosing.prior import Prior, Setting
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "scripts"))
    import bench_choose

    sys.path.remove(str(ROOT / "scripts"))
    return bench_choose


@pytest.fixture(scope="module")
def regret(bench):
    from choosing import regret

    return regret


# source, setting, validation losses and test scores of three seeds: `far` with lr=2 is better than what its loss lets expect.
ARMS = [
    ("far", "lr=1", (0.20, 0.21, 0.23), (0.85, 0.86, 0.87)),
    ("imagenet", "lr=1", (0.30, 0.31, 0.32), (0.80, 0.82, 0.84)),
    ("far", "lr=2", (0.40, 0.41, 0.42), (0.90, 0.90, 0.90)),
    ("imagenet", "lr=2", (0.50, 0.51, 0.52), (0.70, 0.70, 0.70)),
]
KWH = {"far": 1.0, "imagenet": 2.0}


def matrix():
    rows = [
        (source, setting, f"{source} ({setting})", seed, losses[seed], scores[seed], f"{source}{setting}{seed}", KWH[source])
        for source, setting, losses, scores in ARMS
        for seed in range(3)
    ]
    return pd.DataFrame(rows, columns=["source", "setting", "arm", "seed", "val_loss", "value", "run_id", "kwh"])


@pytest.mark.parametrize("size", [1, 2, 3, 6, 9])
def test_the_chance_to_have_the_smallest_loss_is_that_of_all_subsets(regret, size):
    losses = np.array([0.3, 0.1, 0.6, 0.2, 0.5, 0.4])
    subsets = list(itertools.combinations(range(6), min(size, 6)))
    firsts = [min(subset, key=lambda run: losses[run]) for subset in subsets]
    assert regret.smallest_of(losses, size) == pytest.approx(np.bincount(firsts, minlength=6) / len(subsets))


def test_what_each_way_of_choosing_loses(bench, regret, capsys):
    runs = matrix()
    judge = regret.Judge.of(runs, "toy", "auc", None)
    assert judge.best == "far (lr=1)"  # not the best score of all: the loss decides about the setting
    found = bench.summary(
        "toy", runs, ("imagenet (lr=1)", [("imagenet (lr=1)", 0), ("far (lr=1)", 0), ("far (lr=2)", 0)]), judge
    )
    rows = {row["way"]: row for row in found["rows"]}
    assert {way: row["takes"] for way, row in rows.items()} == {
        "`cats choose`": "imagenet (lr=1)", "imagenet alone": "by chance", "random": "by chance", "all runs": "far (lr=1)",
    }  # fmt: skip
    alone = 19 / 20 * 0.82 + 1 / 20 * 0.70  # one of the 20 subsets of 3 of ImageNet's 6 runs has no run of lr=1
    chance = (136 * 0.86 + 64 * 0.82 + 19 * 0.90 + 1 * 0.70) / 220  # of the subsets of 3 of all 12
    scores = {"`cats choose`": 0.82, "imagenet alone": alone, "random": chance, "all runs": 0.86}
    assert {way: row["score"] for way, row in rows.items()} == pytest.approx(scores)
    assert {way: row["regret"] for way, row in rows.items()} == pytest.approx({way: 0.86 - of for way, of in scores.items()})
    assert {way: row["energy"] for way, row in rows.items()} == pytest.approx(
        {"`cats choose`": 4 / 18, "imagenet alone": 6 / 18, "random": 3 / 12, "all runs": 1.0}
    )
    assert (rows["all runs"]["low"], rows["all runs"]["high"]) == (0, 0)
    assert rows["`cats choose`"]["low"] < 0.04 < rows["`cats choose`"]["high"]
    out, err = capsys.readouterr()
    assert "| toy | `cats choose` | 3 | 22% | imagenet (lr=1) | 0.820 | 0.040 (" in out
    assert "| toy | all runs | 12 | 100% | far (lr=1) | 0.860 | 0: it is the best itself |" in out
    assert "the best is far (lr=1), 0.860; not told apart from it: imagenet (lr=1)" in err


def test_the_interval_holds_the_paired_variance_of_the_test_images(regret):
    """Without a difference between seeds the variance of a regret is that of the differences of the images' shares."""
    runs = matrix().assign(value=lambda runs: runs.groupby("arm")["value"].transform("mean"))
    shares = np.random.default_rng(0).normal(0, 1e-3, (400, 4))
    judge = regret.Judge.of(runs, "toy", "auc", lambda *_: (shares - shares.mean(axis=0), None))
    value, low, high = judge.regret({"imagenet (lr=1)": 1.0})
    gap = shares[:, judge.arms.index("far (lr=1)")] - shares[:, judge.arms.index("imagenet (lr=1)")]
    deviation = np.sqrt(((gap - gap.mean()) ** 2).sum())
    assert value == pytest.approx(0.04)
    assert [low, high] == pytest.approx([0.04 - 1.96 * deviation, 0.04 + 1.96 * deviation], abs=0.06 * deviation)


def test_an_arm_with_a_seed_that_failed_is_left_out(regret):
    runs = matrix()
    runs.loc[runs["run_id"] == "farlr=11", "val_loss"] = np.inf
    assert set(regret.complete(runs.drop(index=11), 3)["arm"]) == {"imagenet (lr=1)", "far (lr=2)"}


FIRST = [("imagenet (lr=1)", 0), ("imagenet (lr=2)", 0), ("far (lr=1)", 0), ("far (lr=2)", 0)]
SEEDS = [
    ("far (lr=1)", 1),
    ("imagenet (lr=1)", 1),
    ("far (lr=1)", 2),
    ("imagenet (lr=1)", 2),
]  # of the finalists, the better first


@pytest.mark.parametrize(
    ("cells", "best"), [(1, "imagenet (lr=1)"), (3, "far (lr=1)"), (5, "far (lr=1)"), (8, "far (lr=1)"), (99, "far (lr=1)")]
)
def test_a_choice_is_found_again_among_all_runs(bench, cells, best):
    settings = {setting.name: setting for setting in (Setting.of({"lr": text}) for text in ("1", "2"))}
    sources, seeds = ("imagenet", "far"), (0, 1, 2)
    places = [(Arm(source, name), seed) for source in sources for name in settings for seed in seeds]
    known = {(arm, seed): SimpleNamespace(key=f"{bench.named(arm)}{seed}") for arm, seed in places}
    arms = SimpleNamespace(
        sources=sources, settings=SimpleNamespace(table=settings), cells=known,
        resolved=SimpleNamespace(plan=SimpleNamespace(seeds=seeds)), by_key={known[place].key: place for place in places},
    )  # fmt: skip
    chooser = Chooser(arms, policy_named("race"), Prior.empty())
    assert bench.choice_among(chooser, matrix(), cells) == (best, [*FIRST, *SEEDS][:cells])
