"""Backbones are compiled where a trial has shown that the steps left pay for it, and train as they do otherwise."""

import logging
import shutil

import numpy as np
import pytest
import torch
from scipy import stats
from torch._dynamo import config
from torch._dynamo.utils import counters

from benchmark import compiling, measured, network, train
from benchmark.augment import draw
from benchmark.compiling import Compiler, Sort, Trial, compiler
from benchmark.energy import Stopwatch
from benchmark.job import counted, jobs_of
from benchmark.make import make, make_cell
from benchmark.plan import Plan
from benchmark.precision import quicken
from benchmark.recipe import Recipe
from tests.stripes import CPU, state, stripes
from tests.stripes import network as untrained

RECIPE = Recipe(size=16, epochs=2, batch_size=16, precision="fp32", lr=0.01, label_smoothing=0.1)
SORT = Sort("test_resnet", RECIPE, 16, CPU)
GOOD = Trial(first=60.0, plain=(0.5, 0.52, 0.51), compiled=(0.3, 0.31, 0.32))
PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3,
    "recipe": {"size": 16, "epochs": 2, "batch_size": 16, "precision": "fp32", "ema": 0.9},
    "subsample": {"train": 60, "val": 30},
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """A process that has compiled nothing, and torch's graphs without the compiler of C++, which takes a minute."""
    torch.compiler.reset()
    counters.clear()
    compiler.cache_clear()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "torch"))
    monkeypatch.setattr(network, "BACKEND", "aot_eager")
    monkeypatch.setattr(compiling, "SECONDS", 0.0)
    with config.patch(suppress_errors=False):
        yield
    compiler.cache_clear()
    torch.compiler.reset()


def graphs():
    return counters["stats"]["unique_graphs"]


def broken(graph, inputs):
    raise RuntimeError("no compiler here")


def three_steps(*, compiled):
    made = untrained()
    quicken(made.train())
    made.compiled = compiled
    images, step = stripes(48), train.Step(made, RECIPE, 16)
    draws = draw(RECIPE.augment, 48, torch.Generator().manual_seed(0))
    parts = [slice(i, i + 16) for i in range(0, 48, 16)]
    losses = [float(step(images.pixels[p], images.labels[p], draws[p], 0.01)) for p in parts]
    return made, losses


def test_what_is_saved_is_the_low_end_of_a_paired_interval():
    low = stats.ttest_rel(GOOD.plain, GOOD.compiled).confidence_interval(0.95).low
    assert GOOD.saved == pytest.approx(low)
    assert 0 < GOOD.saved < 0.2


def test_compiling_pays_from_as_many_steps_on_as_save_the_time_of_the_first():
    enough = int(60 / GOOD.saved) + 1
    assert GOOD.pays(enough)
    assert not GOOD.pays(enough - 1)


@pytest.mark.parametrize("compiled", [(0.5, 0.52, 0.51), (0.6, 0.63, 0.6), (0.1, 0.9, 0.1)])
def test_a_gain_that_cannot_be_told_from_none_never_pays(compiled):
    assert not Trial(first=1.0, plain=(0.5, 0.52, 0.51), compiled=compiled).pays(10**9)


def test_a_trial_is_due_when_it_takes_a_small_part_of_the_time_left():
    mine = Compiler()
    assert not mine.due(SORT, 10**9)  # nobody knows what a step takes
    mine.took(SORT, 100, 50.0)
    enough = int(compiling.EXPECTED / compiling.SHARE / 0.5)
    assert mine.due(SORT, enough)
    assert not mine.due(SORT, enough - 1)
    assert not mine.due(Sort("test_resnet", RECIPE, 8, CPU), enough)
    assert mine.due(Sort("test_resnet", RECIPE.model_copy(update={"lr": 0.1}), 16, CPU), enough)
    with config.patch(disable=True):  # TORCH_COMPILE_DISABLE=1
        assert not mine.due(SORT, enough)


def test_a_trial_is_made_once_on_a_machine_and_touches_nothing(caplog):
    made = untrained()
    before = state(made)
    mine = Compiler()
    mine.took(SORT, 1, 1e6)
    with caplog.at_level(logging.INFO):
        mine.try_out(SORT, made, stripes(48))
    assert "torch.compile of test_resnet takes" in caplog.text
    found = measured.read(Trial, measured.place("compiled", SORT.name))
    assert len(found.plain) == len(found.compiled) == compiling.FEWEST
    assert found.first > max(found.compiled) > 0
    assert not made.compiled
    for name, value in state(made).items():
        assert torch.equal(value, before[name]), name
    later = Compiler()
    later.took(SORT, 1, 1e6)
    assert not later.due(SORT, 10**9)
    assert later.pays(SORT, 10**9) is found.pays(10**9)


def test_compiled_steps_are_plain_ones_and_networks_of_one_kind_share_a_graph():
    plain, losses = three_steps(compiled=False)
    assert graphs() == 0
    for _ in range(2):
        made, others = three_steps(compiled=True)
        assert graphs() == 1
        assert others == pytest.approx(losses, rel=1e-5)
        for name, value in state(made).items():
            torch.testing.assert_close(value, state(plain)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")  # torch's own use of it
@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="there is no compiler of C++")
def test_what_the_machine_itself_has_compiled_trains_alike_too(monkeypatch):
    monkeypatch.setattr(network, "BACKEND", "inductor")
    _, losses = three_steps(compiled=False)
    _, others = three_steps(compiled=True)
    assert graphs() == 1
    assert counters["inductor"]["extern_calls"] > 0
    assert others == pytest.approx(losses, rel=2e-3)  # AdamW makes much of the last digits of small gradients


def test_evaluation_is_not_compiled(monkeypatch):
    made = untrained()
    Compiler().compile(SORT, made)
    done = train.fit(made, stripes(48), stripes(30, seed=1), RECIPE.model_copy(update={"ema": 0.9}), 0)
    assert graphs() == 1
    assert np.isfinite(done.curves["val_loss"]).all()
    train.predict(made, stripes(7), torch.float32)
    assert graphs() == 1


def test_what_cannot_be_compiled_is_not_asked_again_and_trains_without(monkeypatch, caplog):
    mine = Compiler()
    mine.took(SORT, 1, 1e6)
    monkeypatch.setattr(network, "BACKEND", broken)
    with caplog.at_level(logging.INFO):
        mine.try_out(SORT, untrained(), stripes(48))
    assert "torch.compile does not work for test_resnet here" in caplog.text
    assert measured.read(Trial, measured.place("compiled", SORT.name)) is None
    assert not mine.due(SORT, 10**9)
    assert not mine.pays(SORT, 10**9)


def test_a_compiler_that_is_gone_since_the_trial_stops_no_training(monkeypatch):
    _, losses = three_steps(compiled=False)
    monkeypatch.setattr(network, "BACKEND", broken)
    mine = Compiler()
    mine.compile(SORT, untrained())
    _, others = three_steps(compiled=True)
    assert others == losses


def test_room_is_made_for_another_sort_only(monkeypatch):
    resets = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: resets.append(1))
    mine = Compiler()
    for size, expected in ((16, 0), (16, 0), (8, 1), (16, 2)):
        mine.compile(Sort("test_resnet", RECIPE, size, CPU), untrained())
        assert len(resets) == expected


def test_each_job_knows_how_many_cells_alike_are_left():
    plan = Plan(**PLAN | {"recipe": PLAN["recipe"] | {"batch_size": [16, 32], "lr": [0.1, 0.01]}})
    jobs = list(counted(jobs_of(plan.cells(), "e", "NLD", 2), plan.cells()))
    told = [(job.cells[0].recipe.batch_size, len(job.cells), job.left) for job in jobs]
    assert [(size, left) for size, _, left in told if size == 16] == [(16, 6), (16, 4), (16, 3), (16, 1)]
    assert sum(count for size, count, _ in told if size == 32) == 6
    assert [left for size, _, left in told if size == 32] == [6, 4, 3, 1]


def test_a_pretraining_is_counted_as_no_cell():
    plan = Plan(**PLAN | {"sources": ["digits"], "seeds": 1, "allow_leakage": True})
    jobs = list(counted(jobs_of(plan.cells(), "e", "NLD"), plan.cells()))
    assert [(job.start is None, job.left) for job in jobs] == [(False, 0), (True, 1)]


def test_a_plan_is_tried_after_its_first_cell_and_compiled_once_that_pays(monkeypatch):
    monkeypatch.setattr(compiling, "EXPECTED", 1e-6)  # any plan is long enough for a trial
    plan = Plan(**PLAN)
    first, second, third = counted(jobs_of(plan.cells(), "e", "NLD"), plan.cells())
    phases = []
    for job in (first, second):
        (outcome,) = make(job, "cpu")
        assert outcome.record.facts["compiled"] == "false"
        phases.append([cost.phase for cost in outcome.record.costs])
    assert phases == [["training", "evaluation"], ["compiling", "training", "evaluation"]]
    cell = third.cells[0]
    plain = make_cell(cell, "e", Stopwatch("NLD", "cpu"))
    measured.keep(GOOD, measured.place("compiled", Sort(cell.backbone, cell.recipe, 16, CPU).name))
    monkeypatch.setattr(compiling.Trial, "pays", lambda self, steps: steps == 2 * (60 // 16))
    (outcome,) = make(third, "cpu")
    assert outcome.record.facts == plain.record.facts | {"compiled": "true"}
    assert outcome.record.key == plain.record.key
    assert outcome.record.scores == pytest.approx(plain.record.scores, abs=1e-3)


def test_seeds_side_by_side_are_not_compiled(monkeypatch):
    monkeypatch.setattr(compiling, "EXPECTED", 1e-6)
    monkeypatch.setattr(compiling.Trial, "pays", lambda self, steps: steps > 0)
    plan = Plan(**PLAN)
    measured.keep(GOOD, measured.place("compiled", Sort("test_resnet", plan.points()[0], 16, CPU).name))
    (job,) = counted(jobs_of(plan.cells(), "e", "NLD", 3), plan.cells())
    assert job.left == 3
    assert [outcome.record.facts["compiled"] for outcome in make(job, "cpu")] == ["false"] * 3
