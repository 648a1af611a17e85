"""`compile: true` compiles the backbone in training steps, is refused where it cannot work, and leaves other keys alone."""

import os
import shutil
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch._dynamo import config
from torch._dynamo.utils import counters
from torch._inductor import config as inductor

from benchmark.execution.engine import Local
from benchmark.execution.execute import make, make_cell
from benchmark.execution.runner import run
from benchmark.execution.watch import Watch
from benchmark.machine.meter import Stopwatch
from benchmark.networks import compiled
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Trained, build
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe, flat, recipe_points
from benchmark.training import train
from benchmark.training.augment import draw_augmentation
from benchmark.training.protocols import protocol_of
from benchmark.training.step import Step
from results.error import CatsError
from results.record import Record
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.plans import cells_of, resolved
from tests.support.stripes import CPU, state, stripes
from tests.support.stripes import network as untrained

RECIPE = Recipe(size=16, epochs=2, batch_size=16, precision="fp32", lr=0.01, label_smoothing=0.1)
PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3,
    "recipe": {"size": 16, "epochs": 2, "batch_size": 16, "precision": "fp32", "ema": 0.9},
    "subsample": {"train": 60, "val": 30},
}  # fmt: skip
COMPILED = PLAN | {"recipe": PLAN["recipe"] | {"compile": True}}


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """A process that has compiled nothing, and torch's graphs without the compiler of C++, which takes a minute."""
    torch.compiler.reset()
    counters.clear()
    compiled.require_compiler.cache_clear()
    monkeypatch.setenv(compiled.CACHE, str(tmp_path / "torch"))
    monkeypatch.setattr(compiled, "BACKEND", "aot_eager")
    with config.patch(suppress_errors=False, recompile_limit=8):
        yield
    compiled.require_compiler.cache_clear()
    torch.compiler.reset()


@pytest.fixture
def graphs():
    """How many graphs torch has compiled since the check of the compiler, which is one."""
    compiled.require_compiler(CPU)
    counters.clear()
    return lambda: counters["stats"]["unique_graphs"]


def three_steps(backbone="test_resnet", **changes):
    recipe = RECIPE.model_copy(update=changes)
    made = untrained(recipe, backbone=deepcopy(backbone))
    protocol_of(recipe.protocol).adapt(made, recipe, 0)
    optimise_for_device(made.train())
    images, step = stripes(48, side=recipe.size), Step(made, recipe, 16)
    draws = draw_augmentation(recipe.augment, 48, torch.Generator().manual_seed(0))
    parts = [slice(i, i + 16) for i in range(0, 48, 16)]
    losses = [float(step(images.pixels[p], images.labels[p], draws[p], 0.01)) for p in parts]
    return made, losses


def thin():
    """A backbone of one convolution."""
    made = build("test_resnet", Trained())
    made.layer1 = made.layer2 = made.layer3 = made.layer4 = nn.Identity()
    made.conv1, made.bn1 = nn.Conv2d(3, made.num_features, 3, bias=False), nn.BatchNorm2d(made.num_features)
    return made


def short(name):
    """A backbone of the first block of each stage: torch traces one layer after the other."""
    made = build(name, Trained())
    if hasattr(made, "blocks"):
        made.blocks = nn.Sequential(*(stage[:1] for stage in made.blocks))
    else:
        made.layer1, made.layer2, made.layer3, made.layer4 = made.layer1[:1], made.layer2[:1], made.layer3[:1], made.layer4[:1]
    return made


def cells(plan):
    return list(cells_of(Plan(**plan)))


def test_a_recipe_without_compile_has_the_key_it_had_before():
    """The same literal as in specs/test_cell.py, also where compile is said to be off."""
    before = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": [0]}
    for recipe in ({}, {"compile": False}):
        (cell,) = cells(before | {"recipe": recipe})
        assert cell.key == "ec02c50d2c21a839864493ab0f24c6012dbc960f205b020dd7034931255d51c9"
        assert "compile" not in flat(cell.recipe)


def test_compile_is_a_choice_of_the_recipe_and_enters_key_and_settings():
    plain, chosen = cells(PLAN)[0], cells(COMPILED)[0]
    assert chosen.key != plain.key
    assert flat(chosen.recipe) == flat(plain.recipe) | {"compile": "True"}
    assert type(chosen).model_validate_json(chosen.model_dump_json()).key == chosen.key


@pytest.mark.parametrize("protocol", ["probe", "knn", "prototype"])
def test_a_protocol_that_trains_no_backbone_refuses_compile(protocol):
    with pytest.raises(CatsError, match=f"compile is for protocol finetune, lora, .* and norms; {protocol} trains no"):
        recipe_points({"protocol": protocol, "compile": True}, "plan.yaml")


def test_other_settings_still_refuse_truth_values():
    with pytest.raises(CatsError, match="epochs is True"):
        recipe_points({"epochs": True}, "plan.yaml")


@pytest.mark.slow
def test_compiled_steps_are_plain_ones_and_networks_of_one_kind_share_a_graph(graphs):
    plain, losses = three_steps()
    assert graphs() == 0
    for _ in range(2):
        made, others = three_steps(compile=True)
        assert graphs() == 1
        assert others == pytest.approx(losses, rel=1e-5)
        for name, value in state(made).items():
            torch.testing.assert_close(value, state(plain)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["lora", "partial", "bitfit", "norms"])
def test_protocols_that_train_a_part_are_compiled_to_the_same_steps(graphs, protocol):
    plain, losses = three_steps(protocol=protocol)
    assert graphs() == 0
    made, others = three_steps(protocol=protocol, compile=True)
    assert graphs() > 0
    assert not counters["graph_break"]
    assert others == pytest.approx(losses, rel=1e-5)
    for name, value in state(made).items():
        torch.testing.assert_close(value, state(plain)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "changes"),
    [
        pytest.param("resnet18", {"size": 64}, marks=pytest.mark.slow),
        pytest.param("mobilenetv2_100", {"size": 64, "precision": "bf16"}, marks=pytest.mark.slow),
        ("test_resnet", {"trained": "head"}),
    ],
)
def test_layers_that_were_made_faster_are_one_graph_too(graphs, backbone, changes):
    one = short(backbone)
    _, losses = three_steps(one, **changes)
    _, others = three_steps(one, **changes, compile=True)
    assert graphs() == 1
    assert not counters["graph_break"]
    assert others == pytest.approx(losses, rel=0.05 if "precision" in changes else 1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")  # torch's own use of it
@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="there is no compiler of C++")
def test_what_the_machine_itself_has_compiled_trains_alike_and_is_compiled_once(monkeypatch, graphs):
    """Of one convolution: the compiler of C++ takes some three seconds for each of the loops that a network is made of."""
    monkeypatch.setattr(compiled, "BACKEND", "inductor")
    one = thin()
    quick = {"compile_threads": 1, "cpp.vec_isa_ok": True, "cpp_cache_precompile_headers": False}
    with inductor.patch(quick):  # no processes, no trial of the processor, no headers compiled for later
        _, losses = three_steps(one)
        for _ in range(2):
            _, others = three_steps(one, compile=True)
            assert others == pytest.approx(losses, rel=2e-3)  # AdamW makes much of the last digits of small gradients
    assert graphs() == 1
    assert counters["inductor"]["extern_calls"] > 0


def test_parts_of_a_batch_that_does_not_fit_are_not_compiled(monkeypatch, graphs):
    real, tried = Step.accumulate, []

    def once_short(*given):
        if not tried:
            tried.append(1)
            raise torch.OutOfMemoryError("none")
        return real(*given)

    monkeypatch.setattr(Step, "accumulate", once_short)
    three_steps(compile=True)
    assert graphs() == 0


@pytest.mark.slow
def test_evaluation_is_not_compiled(graphs):
    recipe = RECIPE.model_copy(update={"ema": 0.9, "compile": True})
    train.fit(untrained(), stripes(48), stripes(30, seed=1), recipe, 0)
    assert graphs() == 1


@pytest.mark.slow
def test_more_kinds_of_batches_than_torch_keeps_by_itself_are_all_compiled(graphs):
    with config.patch(recompile_limit=2):  # to go beyond torch's own limit of 8 would take a quarter of a minute
        compiled.require_compiler.cache_clear()
        compiled.require_compiler(CPU)
        counters.clear()
        for size in range(2, 6):
            made = untrained(backbone=thin())
            compiled.compiled_forward(made, size)(stripes(size).pixels.expand(-1, 3, -1, -1).float())
        assert graphs() == 4


def fails(graph, inputs):
    raise RuntimeError("no compiler here\nand a long trace")


def test_a_plan_is_refused_before_anything_starts_where_torch_cannot_compile(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "BACKEND", fails)
    begun = []
    tracking = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "e")
    with pytest.raises(CatsError) as caught:
        run(
            resolved(Plan(**COMPILED)),
            Writer(tracking, Outbox(tmp_path / "outbox")),
            Local("cpu"),
            Watch(begun.append, lambda *rest: None),
        )
    assert str(caught.value).startswith("the recipe says compile: true, but torch.compile does not work on device cpu of this")
    assert "no compiler here" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "reading ihc" not in begun


def test_a_worker_without_a_compiler_fails_its_cell_with_the_same_sentence(monkeypatch):
    monkeypatch.setattr(compiled, "BACKEND", fails)
    record = make_cell(cells(COMPILED)[0], "e", Stopwatch("NLD", "cpu")).record
    assert record.status == "failed"
    assert record.reason.startswith("the recipe says compile: true, but torch.compile does not work on device cpu")


def test_torch_compile_that_is_switched_off_is_refused():
    with config.patch(disable=True), pytest.raises(CatsError, match="TORCH_COMPILE_DISABLE switches it off"):
        compiled.require_compiler(CPU)


@pytest.mark.parametrize("default", [True, False])
def test_compiled_code_lies_where_no_other_user_writes_unless_this_one_says_where(monkeypatch, tmp_path, home, default):
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    monkeypatch.setenv(compiled.CACHE, default_cache_dir() if default else str(tmp_path))
    compiled.require_compiler(CPU)
    assert os.environ[compiled.CACHE].startswith(str(home / "compiled") if default else str(tmp_path))


@pytest.mark.slow
def test_a_compiled_cell_has_the_scores_of_a_plain_one(graphs):
    plain, chosen = (make_cell(cells(plan)[0], "e", Stopwatch("NLD", "cpu")).record for plan in (PLAN, COMPILED))
    assert graphs() == 1
    assert chosen.facts == plain.facts
    assert [cost.phase for cost in chosen.costs] == ["training", "evaluation"]
    assert chosen.scores == pytest.approx(plain.scores, abs=1e-3)


@pytest.mark.slow
def test_compiled_cells_go_one_by_one_and_others_side_by_side(graphs):
    plan = Plan(**COMPILED)
    assert [len(job.cells) for job in jobs_of(cells_of(plan), "e", "NLD", 3)] == [1, 1, 1]
    assert [len(job.cells) for job in jobs_of(cells_of(Plan(**PLAN)), "e", "NLD", 3)] == [3]
    assert graphs() == 0
    job = next(iter(jobs_of(cells_of(plan), "e", "NLD", 3)))
    assert [outcome.record.status for outcome in make(job, "cpu")] == ["finished"]


def test_records_of_older_versions_that_say_compiled_stay_readable():
    """As trainer 2 left them where its trial had found that torch.compile pays."""
    record = make_cell(cells(PLAN)[0], "e", Stopwatch("NLD", "cpu")).record
    content = record.model_dump(mode="json")
    content["facts"]["compiled"] = "true"
    content["costs"].insert(0, {"phase": "compiling", "seconds": 60.0, "energy": {}})
    again = Record.model_validate(content)
    assert again.facts["compiled"] == "true"
    assert [cost.phase for cost in again.costs] == ["compiling", "training", "evaluation"]
