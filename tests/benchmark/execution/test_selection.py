"""The cells of a plan as a filter: the files of a source are listed once, and only where runs start from several weights."""

from dataclasses import replace

import pandas as pd
import pytest

from benchmark.data.dataset import Dataset
from benchmark.data.identity import data_digest
from benchmark.data.split import Subsample
from benchmark.execution.resolution import resolve_pairs, resolve_plan
from benchmark.execution.selection import selection_of
from benchmark.specs.cell import point_of
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.plan import Plan
from results.board.versions import of_one_version

URI = "sqlite:///mlflow.db"
PAIRS = [(source, backbone) for source in ("digits", "scratch") for backbone in ("resnet18", "resnet34", "test_resnet")]


@pytest.fixture
def listed(monkeypatch):
    """The names of the data sets whose files were listed, each time."""
    names, own = [], Dataset.digest

    def digest(dataset):
        names.append(dataset.name)
        return own(dataset)

    monkeypatch.setattr(Dataset, "digest", digest)
    return names


PLAN = Plan(
    experiment="e", sources=["digits", "scratch"], targets=["ihc"], backbones=["resnet18", "resnet34", "test_resnet"],
    recipe={"size": 16}, seeds=3,
)  # fmt: skip


@pytest.fixture
def selection(listed):
    """Makes the selection of a plan whose data were read before."""
    pairs = resolve_pairs(PLAN, URI)
    data_digest(pairs.sources["digits"][0].dataset)
    listed.clear()
    return lambda: selection_of(pairs)


def runs(starts):
    """Finished runs, the start of each, for each pair."""
    return pd.DataFrame(
        [
            {"kind": "cell", "source": source, "backbone": backbone, "target": "ihc", "seed": seed, "start": start}
            | {
                "status": "FINISHED",
                "started": float(number),
                "pretraining": start,
                "data": None,
                "key": f"{source} {backbone} {start} {seed}",
            }
            for source, backbone in PAIRS
            for number, start in enumerate(starts)
            for seed in range(3)
        ]
    )


def test_a_selection_alone_lists_no_file_of_a_source(listed, selection):
    selection()
    assert listed.count("digits") == 0
    assert listed.count("ihc") <= 1


def test_runs_that_start_from_one_set_of_weights_need_no_listing(listed, selection):
    frame = runs(["one"])
    of_one_version(frame, frame, selection())
    assert listed.count("digits") == 0


def test_runs_of_several_weights_need_one_listing_for_all_backbones_and_seeds(listed, selection):
    made = selection()
    key = next(iter(made.starts["digits", "resnet18"]))
    assert {pair for pair in PAIRS if made.starts.get(pair)} == set(made.starts) == set(PAIRS)
    frame = runs([key, "newer"])
    kept, notes = of_one_version(frame, frame, made)
    assert "digits: 3 runs are left out, because another version of its weights was used" in notes
    assert set(kept.loc[(kept["source"] == "digits") & (kept["backbone"] == "resnet18"), "start"]) == {key}
    assert listed.count("digits") == 1


def test_a_plan_lists_the_files_of_a_data_set_no_more_often_for_more_backbones(listed):
    resolve_plan(PLAN, URI)
    counts = []
    for backbones in (["resnet18"], PLAN.backbones):
        listed.clear()
        resolve_plan(PLAN.model_copy(update={"backbones": backbones}), URI)
        counts.append(listed.count("digits"))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("plans", [None, PlanSubsample(train=5)])
def test_a_target_has_the_points_of_its_own_subsample_unless_the_plan_states_one(plans):
    pairs = resolve_pairs(PLAN.model_copy(update={"subsample": plans}), URI)
    entry, few = pairs.targets["ihc"], Subsample(train=9)
    pairs = replace(pairs, targets={"ihc": entry, "few": entry.model_copy(update={"subsample": few})})
    made, expected = (
        selection_of(pairs),
        {"ihc": entry.subsample, "few": few} if plans is None else dict.fromkeys(pairs.targets, plans.each[0]),
    )
    for target, subsample in expected.items():
        assert made.points_of(target) == {point_of(pairs.points[0], PLAN.rule, subsample)}
    assert set(made.points) == made.points_of("ihc") | made.points_of("few")
