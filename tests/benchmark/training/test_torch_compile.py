"""Backbones are compiled where a trial has shown that the steps left pay for it, and train as they do otherwise."""

import logging
import os
import platform
import shutil

import numpy as np
import pytest
import torch
from scipy import stats
from torch._dynamo import config
from torch._dynamo.utils import counters
from torch._functorch.aot_autograd import aot_module_simplified, make_boxed_func

from benchmark.core import json_cache as measured
from benchmark.execution.execute import make, make_cell
from benchmark.execution.runner import run
from benchmark.execution.watch import Watch
from benchmark.machine.meter import Stopwatch
from benchmark.networks import compiled as graph
from benchmark.networks.copying import copy_of
from benchmark.networks.fast_convolution import quicken
from benchmark.networks.network import Trained
from benchmark.specs.job import counted, jobs_of
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe
from benchmark.training import evaluate, train
from benchmark.training import torch_compile as compiling
from benchmark.training.augment import draw
from benchmark.training.torch_compile import Compiler, Sort, Trial, compiler, variant_of
from results.tracking.experiment import Tracking
from results.tracking.outbox import Outbox
from tests.support.stripes import CPU, state, stripes
from tests.support.stripes import network as untrained

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
    monkeypatch.setenv(compiling.CACHE, str(tmp_path / "torch"))
    monkeypatch.setattr(graph, "BACKEND", "aot_eager")
    monkeypatch.setattr(compiling, "SECONDS", 0.0)
    with config.patch(suppress_errors=False):
        yield
    compiler.cache_clear()
    torch.compiler.reset()


def graphs():
    return counters["stats"]["unique_graphs"]


def three_steps(*, compiled, backbone="test_resnet", **changes):
    recipe = RECIPE.model_copy(update=changes)
    made = untrained(recipe, backbone=backbone)
    quicken(made.train())
    made.compiled = compiled
    images, step = stripes(48, side=recipe.size), train.Step(made, recipe, 16)
    draws = draw(recipe.augment, 48, torch.Generator().manual_seed(0))
    parts = [slice(i, i + 16) for i in range(0, 48, 16)]
    losses = [float(step(images.pixels[p], images.labels[p], draws[p], 0.01)) for p in parts]
    return made, losses


def test_what_is_saved_is_the_low_end_of_a_paired_interval():
    low = stats.ttest_rel(GOOD.plain, GOOD.compiled).confidence_interval(0.95).low
    assert GOOD.saved == pytest.approx(low)
    assert 0 < GOOD.saved < 0.2


@pytest.fixture
def found(home):
    """Has a trial found this before."""

    def kept(trial, sort=SORT):
        measured.keep(trial, sort.path)

    return kept


def test_compiling_pays_from_as_many_steps_on_as_save_the_time_of_the_first(found):
    mine, enough = Compiler(), int(60 / GOOD.saved) + 1
    assert not mine.pays(SORT, 10**9)  # nothing is known
    found(GOOD)
    assert mine.pays(SORT, enough)
    assert not mine.pays(SORT, enough - 1)
    assert not mine.pays(Sort("test_resnet", RECIPE, 8, CPU), enough)
    with config.patch(disable=True):  # TORCH_COMPILE_DISABLE=1
        assert not mine.pays(SORT, enough)


def test_a_training_that_stops_early_saves_fewer_steps(found):
    found(GOOD)
    mine, enough = Compiler(), int(60 / GOOD.saved) + 1
    mine.took(SORT, 100, 25, 50.0)
    assert not mine.pays(SORT, enough)
    assert mine.pays(SORT, 4 * enough)


def test_a_trial_counts_all_the_time_that_its_steps_are_timed_for(monkeypatch):
    monkeypatch.setattr(compiling, "SECONDS", 40.0)
    mine = Compiler()
    mine.took(SORT, 1, 1, 1.0)
    enough = (compiling.EXPECTED + 40) / compiling.SHARE
    assert mine.due(SORT, int(enough) + 1)
    assert not mine.due(SORT, int(enough) - 1)


def test_what_the_source_changes_in_the_backbone_is_another_sort():
    rgb, bgr, grey = (variant_of(Trained(channels=channels)) for channels in ("rgb", "bgr", "grey"))
    assert rgb == bgr
    names = {Sort("test_resnet", RECIPE, 16, CPU, v).name for v in (rgb, grey, variant_of(Trained(arguments={"bn_eps": 1e-3})))}
    assert len(names) == 3


def test_what_has_been_compiled_is_used_to_the_last_cell(found):
    found(GOOD)
    mine = Compiler()
    mine.compile(SORT, untrained())
    assert mine.pays(SORT, 1)
    assert not mine.pays(SORT, 0)


@pytest.mark.parametrize("compiled", [(0.5, 0.52, 0.51), (0.6, 0.63, 0.6), (0.1, 0.9, 0.1)])
def test_a_gain_that_cannot_be_told_from_none_never_pays(found, compiled):
    found(Trial(first=1.0, plain=(0.5, 0.52, 0.51), compiled=compiled))
    assert not Compiler().pays(SORT, 10**9)


def test_a_trial_is_due_when_it_takes_a_small_part_of_the_time_left():
    mine = Compiler()
    assert not mine.due(SORT, 10**9)  # nobody knows what a step takes
    mine.took(SORT, 100, 100, 50.0)
    enough = int((compiling.EXPECTED + 2 * compiling.FEWEST * 0.5) / compiling.SHARE / 0.5)
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
    mine.took(SORT, 1, 1, 1e6)
    with caplog.at_level(logging.INFO):
        mine.try_out(SORT, made, stripes(48))
    assert "torch.compile of test_resnet takes" in caplog.text
    found = measured.read(Trial, SORT.path)
    assert len(found.plain) == len(found.compiled) == compiling.FEWEST
    assert found.first > max(found.compiled) > 0
    assert not made.compiled
    for name, value in state(made).items():
        assert torch.equal(value, before[name]), name
    later = Compiler()
    later.took(SORT, 1, 1, 1e6)
    assert not later.due(SORT, 10**9)
    assert later.pays(SORT, 10**9) is (found.saved > 0)


def test_a_trial_on_another_machine_says_nothing_of_this_one(monkeypatch, found):
    found(GOOD)
    monkeypatch.setattr(compiling.platform, "node", lambda: "elsewhere")
    monkeypatch.delenv(compiling.CACHE)
    assert not Compiler().pays(SORT, 10**9)
    Compiler().compile(SORT, untrained())
    assert "elsewhere" in os.environ[compiling.CACHE]


def test_a_trial_without_memory_for_two_networks_says_nothing(monkeypatch, caplog):
    monkeypatch.setattr(train.Step, "_accumulate", once_short(train.Step._accumulate))
    with caplog.at_level(logging.INFO):
        Compiler().try_out(SORT, untrained(), stripes(48))
    assert "memory does not suffice for two networks" in caplog.text
    assert measured.read(Trial, SORT.path) == compiling.FAILED


def once_short(real):
    tried = []

    def short(*given):
        if not tried:
            tried.append(1)
            raise torch.OutOfMemoryError("none")
        return real(*given)

    return short


def test_a_trial_that_is_stopped_is_made_again_and_one_that_kills_its_process_is_not(monkeypatch):
    seen = []

    def stop(*given):
        seen.append(measured.read(Trial, SORT.path))
        raise KeyboardInterrupt

    monkeypatch.setattr(compiling, "trial", stop)
    mine = Compiler()
    mine.took(SORT, 1, 1, 1e6)
    with pytest.raises(KeyboardInterrupt):
        mine.try_out(SORT, untrained(), stripes(48))
    assert seen == [compiling.FAILED]
    assert mine.due(SORT, 10**9)
    measured.keep(compiling.FAILED, SORT.path)
    assert not mine.due(SORT, 10**9)
    assert not mine.pays(SORT, 10**9)


def test_compiled_steps_are_plain_ones_and_networks_of_one_kind_share_a_graph():
    plain, losses = three_steps(compiled=False)
    assert graphs() == 0
    for _ in range(2):
        made, others = three_steps(compiled=True)
        assert graphs() == 1
        assert others == pytest.approx(losses, rel=1e-5)
        for name, value in state(made).items():
            torch.testing.assert_close(value, state(plain)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "changes"),
    [("resnet18", {"size": 64}), ("mobilenetv2_100", {"size": 64, "precision": "bf16"}), ("test_resnet", {"trained": "head"})],
)
def test_layers_that_were_made_faster_are_one_graph_too(backbone, changes):
    _, losses = three_steps(compiled=False, backbone=backbone, **changes)
    made, others = three_steps(compiled=True, backbone=backbone, **changes)
    assert made.compiled
    assert graphs() == 1
    assert not counters["graph_break"]
    assert others == pytest.approx(losses, rel=0.05 if "precision" in changes else 1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")  # torch's own use of it
@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="there is no compiler of C++")
def test_what_the_machine_itself_has_compiled_trains_alike_and_is_compiled_once(monkeypatch):
    monkeypatch.setattr(graph, "BACKEND", "inductor")
    _, losses = three_steps(compiled=False)
    for _ in range(2):
        _, others = three_steps(compiled=True)
        assert others == pytest.approx(losses, rel=2e-3)  # AdamW makes much of the last digits of small gradients
    assert graphs() == 1
    assert counters["inductor"]["extern_calls"] > 0


def test_a_copy_of_a_network_whose_steps_are_compiled_has_weights_of_its_own():
    made, _ = three_steps(compiled=True)
    copied, before = copy_of(made), state(made)
    train.Step(copied, RECIPE, 16)(*stripes(16).batch(torch.arange(16)), draw(RECIPE.augment, 16, torch.Generator()), 0.1)
    assert not torch.equal(copied.head.weight, made.head.weight)
    for name, value in state(made).items():
        assert torch.equal(value, before[name]), name


def test_parts_of_a_batch_that_does_not_fit_are_not_compiled(monkeypatch):
    monkeypatch.setattr(train.Step, "_accumulate", once_short(train.Step._accumulate))
    made, others = three_steps(compiled=True)
    assert made.compiled
    assert graphs() == 0
    assert np.isfinite(others).all()


def test_evaluation_is_not_compiled():
    made = untrained()
    Compiler().compile(SORT, made)
    done = train.fit(made, stripes(48), stripes(30, seed=1), RECIPE.model_copy(update={"ema": 0.9}), 0)
    assert graphs() == 1
    assert np.isfinite(done.curves["val_loss"]).all()
    evaluate.predict(made, stripes(7), torch.float32)
    assert graphs() == 1


def test_what_cannot_be_compiled_is_not_asked_again_and_trains_without(monkeypatch, caplog):
    mine = Compiler()
    mine.took(SORT, 1, 1, 1e6)
    monkeypatch.setattr(graph, "BACKEND", fails_forward)
    with caplog.at_level(logging.INFO):
        mine.try_out(SORT, untrained(), stripes(48))
    assert "no trial: torch cannot compile the network" in caplog.text
    assert not mine.due(SORT, 10**9)
    assert not mine.pays(SORT, 10**9)


def fails_forward(graph, inputs):
    raise RuntimeError("no compiler here")


def fails_backward(graph, inputs):
    return aot_module_simplified(graph, inputs, fw_compiler=lambda made, _: make_boxed_func(made), bw_compiler=fails_forward)


@pytest.mark.parametrize("backend", [fails_forward, fails_backward])
def test_a_compiler_that_is_gone_since_the_trial_stops_no_training(monkeypatch, caplog, backend):
    plain, losses = three_steps(compiled=False)
    monkeypatch.setattr(graph, "BACKEND", backend)
    made, others = three_steps(compiled=True)
    assert others == pytest.approx(losses, rel=1e-5)
    for name, value in state(made).items():
        torch.testing.assert_close(value, state(plain)[name], rtol=1e-4, atol=1e-5)
    assert not made.compiled
    assert caplog.text.count("torch.compile fails here, the training goes on without") == 1


def test_after_that_no_other_cell_asks_for_it(monkeypatch, found):
    plan = Plan(**PLAN)
    sort = Sort("test_resnet", plan.points()[0], 16, CPU, variant_of(Trained()))
    found(GOOD.model_copy(update={"first": 0.0}), sort)
    monkeypatch.setattr(graph, "BACKEND", fails_forward)
    job, *_ = counted(jobs_of(plan.cells(), "e", "NLD"), plan.cells())
    (outcome,) = make(job, "cpu")
    assert (outcome.record.status, outcome.record.facts["compiled"]) == ("finished", "false")
    assert not compiler().pays(sort, 10**9)
    assert not Compiler().pays(sort, 10**9)


@pytest.mark.parametrize("theirs", [True, False])
def test_what_is_compiled_lies_where_no_other_user_writes_unless_this_one_says_where(monkeypatch, tmp_path, home, theirs):
    monkeypatch.setenv(compiling.CACHE, compiling.default_cache_dir() if theirs else str(tmp_path))
    Compiler().compile(SORT, untrained())
    assert os.environ[compiling.CACHE] == (str(home / "compiled" / platform.node() / "torch") if theirs else str(tmp_path))


def test_torch_forgets_when_it_is_to_hold_more_than_some_sorts(monkeypatch):
    resets = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: resets.append(1))
    mine = Compiler()
    for size, expected in ((2, 0), (3, 0), (4, 0), (5, 0), (2, 0), (6, 1), (6, 1), (2, 1)):
        mine.compile(Sort("test_resnet", RECIPE, size, CPU), untrained())
        assert len(resets) == expected, size


def test_a_job_of_one_cell_knows_how_many_like_it_are_left():
    plan = Plan(**PLAN | {"recipe": PLAN["recipe"] | {"batch_size": [16, 32], "lr": [0.1, 0.01]}})
    for pack, left in ((1, [6, 5, 4, 3, 2, 1]), (2, [0, 2, 0, 1])):
        jobs = list(counted(jobs_of(plan.cells(), "e", "NLD", pack), plan.cells(), pack))
        for size in (16, 32):
            mine = [job for job in jobs if job.cells[0].recipe.batch_size == size]
            assert [job.left for job in mine] == left
            assert sum(len(job.cells) for job in mine) == 6


def test_a_run_tells_its_engine_how_many_cells_alike_are_left(tmp_path):
    told = []

    class Noting:
        def outcomes(self, jobs, control):
            told.extend(job.left for job in jobs)
            return iter(())

    tracking = Tracking(f"sqlite:///{tmp_path}/mlflow.db", "e")
    run(Plan(**PLAN), tracking, Outbox(tmp_path / "outbox"), Noting(), Watch(told_nothing, told_nothing))
    assert told == [3, 2, 1]


def told_nothing(*what):
    """Is not interested."""


def test_a_pretraining_is_counted_as_no_cell():
    plan = Plan(**PLAN | {"sources": ["digits"], "seeds": 1, "allow_leakage": True})
    jobs = list(counted(jobs_of(plan.cells(), "e", "NLD"), plan.cells()))
    assert [(job.start is None, job.left) for job in jobs] == [(False, 0), (True, 1)]


def test_a_plan_is_tried_after_its_first_cell_and_compiled_once_that_pays(monkeypatch, found):
    monkeypatch.setattr(compiling, "SHARE", 1e9)  # any plan is long enough for a trial
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
    found(GOOD, Sort(cell.backbone, cell.recipe, 16, CPU, variant_of(Trained())))
    compiler().trials.clear()  # compiled in the trial, it need save no more than one step
    (outcome,) = make(third, "cpu")
    assert outcome.record.facts == plain.record.facts | {"compiled": "true"}
    assert outcome.record.key == plain.record.key
    assert outcome.record.scores == pytest.approx(plain.record.scores, abs=1e-3)


def test_seeds_side_by_side_are_not_compiled(monkeypatch, found):
    monkeypatch.setattr(compiling, "SHARE", 1e9)
    plan = Plan(**PLAN)
    found(GOOD.model_copy(update={"first": 0.0}), Sort("test_resnet", plan.points()[0], 16, CPU, variant_of(Trained())))
    (job,) = counted(jobs_of(plan.cells(), "e", "NLD", 3), plan.cells())
    assert job.left == 0
    assert [outcome.record.facts["compiled"] for outcome in make(job, "cpu")] == ["false"] * 3
