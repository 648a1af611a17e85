"""Both loops of the benchmark of training are given the same training, and what was measured is kept."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from benchmark.specs.recipe import Augment, Recipe
from tests.support.epochs import before_validation
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "scripts"))
    import bench_training

    sys.path.remove(str(ROOT / "scripts"))
    return bench_training


@pytest.fixture(scope="module")
def training(bench):
    """The package of what is measured; its modules are loaded by the command."""
    import training

    return training


RECIPE = Recipe(size=16, batch_size=8, epochs=1, precision="fp32")


def recipe(**changes):
    return RECIPE.model_copy(update=changes)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_the_plain_loop_has_the_optimiser_of_the_engine(training, name):
    from benchmark.networks.network import Network, Trained
    from benchmark.training.optimiser import make_optimiser

    asked = recipe(optimiser=name, lr=0.02, momentum=0.8, weight_decay=0.1)
    network = Network("test_resnet", Trained(), 2, asked)
    plain, engine = training.plain.plain_optimiser(network, asked), make_optimiser(network, asked)
    assert type(plain) is type(engine)
    ours, theirs = plain.param_groups[0], engine.param_groups[0]
    same = {"lr", "weight_decay", "momentum", "nesterov", "betas", "eps"} & ours.keys()
    assert len(same) >= 4
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


def test_the_plain_loop_changes_images_as_the_recipe_asks(bench, training):
    cats = Augment(flip=0.5, crop=0.08, rotate=5, sharpness=0.4, autocontrast=0.3, equalize=0.2)
    crop, flip, turn, sharp, contrast, equal, last = training.plain.moves(recipe(augment=cats)).transforms
    assert (crop.scale, crop.size, flip.p, turn.degrees) == ((0.08, 1), (16, 16), 0.5, [-5.0, 5.0])
    assert (sharp.sharpness_factor, sharp.p, contrast.p, equal.p) == (2, 0.4, 0.3, 0.2)
    assert type(last).__name__ == "ToTensor"
    names = [type(one).__name__ for one in training.plain.moves(recipe(augment=bench.MOVES)).transforms]
    assert names == ["RandomHorizontalFlip", "RandomAffine", "ToTensor"]


def test_a_change_that_the_plain_loop_cannot_make_is_not_left_out_in_silence(training):
    with pytest.raises(SystemExit, match="the plain loop has no cutout and no stain"):
        training.plain.moves(recipe(augment=Augment(stain=0.1, cutout=0.1)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_the_plain_loop_trains_with_workers_of_its_own(training, name):
    what = replace(training.task.noise("test_resnet", recipe(optimiser=name), 16), workers=1)
    assert training.plain.plain(what, 0, torch.device("cpu")).shape == (16, 2)


def test_what_was_measured_is_kept_when_the_next_measure_breaks_off(bench, tmp_path, monkeypatch, capsys):
    def broken(asked):
        yield {"first": asked.seeds, "workers": asked.workers}
        raise OSError("the machine went away")

    monkeypatch.setitem(bench.MEASURES, "packed", broken)
    file = tmp_path / "found.json"
    monkeypatch.setattr(sys, "argv", ["x", "packed", "--device", "cpu", "--seeds", "7", "--workers", "3", "--json", str(file)])
    with pytest.raises(OSError, match="went away"):
        bench.main()
    assert json.loads(file.read_text())["found"] == {"packed": {"first": 7, "workers": 3}}
    assert [path.name for path in tmp_path.iterdir()] == ["found.json"]


@pytest.mark.parametrize("wheels", [[], ["wheels"]], ids=["from the index", "from a folder"])
def test_the_script_for_a_bare_machine_passes_its_options_on(tmp_path, wheels):
    """A python3 that says what it was asked, and has no pydantic."""
    (tmp_path / "wheels").mkdir()
    python, asked = tmp_path / "python3", tmp_path / "asked"
    python.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n[ "$2" != "import pydantic" ]\n')
    python.chmod(0o755)
    command = [ROOT / "scripts" / "bench_gpu.sh", "out.json", *wheels, "--seeds", "2", "--workers", "4"]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PATH": path}, check=True)
    lines = asked.read_text().splitlines()
    place = f" --no-index --find-links {tmp_path / 'wheels'}" if wheels else ""
    assert lines[1].startswith("-m pip install -q --target ")
    assert f"{place} pydantic" in lines[1]
    assert ("--no-index" in lines[1]) == bool(wheels)
    assert (
        lines[-1]
        == f"scripts/bench_training.py gpu compiled --device cuda --json {tmp_path / 'out.json'} --seeds 2 --workers 4"
    )


@pytest.mark.slow
def test_the_share_of_the_bare_throughput_is_of_steps_alone_and_has_a_figure_for_each_seed(bench, training, monkeypatch):
    """Nothing is validated, and building networks is no part of what is timed."""
    monkeypatch.setattr(bench, "noise", lambda backbone, asked, count, real=bench.noise: real(backbone, asked, 130))
    before_validation(monkeypatch, lambda network: pytest.fail("validated"))
    timing, real = [], training.steps.network_of
    monkeypatch.setattr(training.steps, "network_of", lambda *rest: (timing.append("built"), real(*rest))[1])
    monkeypatch.setattr(training.clock, "synchronise", lambda device: timing.append("waited"))
    found = bench.bare("test_resnet", 16, bench.Asked(torch.device("cpu"), 2))
    assert {name: len(figures) for name, figures in found.items()} == {"bare": 2, "engine": 2, "share": 2}
    assert timing == (["built", *(["waited"] * 4), "built", *(["waited"] * 6)]) * 3


@pytest.mark.slow
def test_networks_of_packed_seeds_are_built_before_the_clock_starts(bench, training, monkeypatch):
    timing, real = [], training.pack.network_of
    monkeypatch.setattr(bench, "task", lambda backbone, target, asked, count: bench.noise("test_resnet", RECIPE, 8))
    monkeypatch.setattr(training.beside, "engine", lambda *rest: None)
    monkeypatch.setattr(training.pack, "network_of", lambda *rest: (timing.append("built"), real(*rest))[1])
    monkeypatch.setattr(training.clock, "synchronise", lambda device: timing.append("waited"))
    found = [name for figures in bench.packed(bench.Asked(torch.device("cpu"), 1)) for name in figures]
    assert found == [f"{backbone}, {count}" for backbone in ("resnet18", "mobilenetv2_100") for count in (1, 2)]
    one, two = ["built", "waited", "waited"], ["built", "built", "waited", "waited"]
    assert timing == (one * 3 + two * 3) * 2


def test_the_time_of_forward_backward_and_optimiser_goes_to_their_end_on_the_device(training, monkeypatch):
    from benchmark.networks.network import Network, Trained

    waits = []
    monkeypatch.setattr(torch.cuda, "synchronize", waits.append)
    for place, expected in (("cpu", 0), ("cuda", 6)):
        waits.clear()
        parameter = torch.nn.Parameter(torch.ones(2))
        optimiser = torch.optim.SGD([parameter], lr=0.1)
        network = Network("test_resnet", Trained(), 2).eval()
        with training.cell.Clocks(torch.device(place)) as clocks, torch.no_grad():
            network(torch.zeros(1, 3, 16, 16))
            with torch.enable_grad():
                parameter.sum().backward()
            optimiser.step()
        assert len(waits) == expected
        assert clocks.seconds > 0


def test_the_part_compiled_tells_both_rates_and_the_first_step(bench, training, monkeypatch, capsys):
    rates = {"plain": [100.0] * 5, "compiled": [200.0] * 5}
    monkeypatch.setattr(training.steps, "compiled_in_turn", lambda what, rounds, device: (60.0, rates))
    told = list(bench.compiling(bench.Asked(torch.device("cpu"), 5)))
    assert told == [{name: {**rates, "first_step_seconds": 60.0}} for name in ("resnet18", "mobilenetv2_100")]
    assert capsys.readouterr().out.count("plain 100 ± 0, compiled 200 ± 0, the first step 60.0 s") == 2


@pytest.mark.slow
def test_steps_with_and_without_torch_compile_are_timed_in_turn(training, monkeypatch):
    monkeypatch.setattr("benchmark.networks.compiled.BACKEND", "aot_eager")
    first, rates = training.steps.compiled_in_turn(training.task.noise("test_resnet", RECIPE, 32), 2, torch.device("cpu"))
    assert first > 0
    assert {name: len(each) for name, each in rates.items()} == {"plain": 2, "compiled": 2}


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv2_100"])
def test_the_operations_of_a_step_are_three_times_those_of_its_convolutions_and_products(bench, training, backbone):
    forward, what = 0, bench.noise(backbone, recipe(size=32), 16)
    made = training.task.network_of(what, 0)

    def count(layer, given, output):
        nonlocal forward
        forward += 2 * layer.weight.numel() * output[0].numel() // output.shape[1]

    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    made.eval()(torch.rand(1, 3, 32, 32))
    assert training.peak.operations(what) == 3 * forward


def test_the_matrix_peak_is_that_of_the_fastest_product(training, monkeypatch):
    rates = {64: [1.0, 3.0, 2.0], 128: [5.0, 4.0, 9.0]}
    monkeypatch.setattr(training.peak, "SIZES", tuple(rates))
    monkeypatch.setattr(training.peak, "ROUNDS", 3)
    monkeypatch.setattr(training.peak, "SECONDS", 0.01)
    real = training.peak._rate(64, torch.device("cpu"))
    assert 0 < real < 1e15
    monkeypatch.setattr(training.peak, "_rate", lambda size, device: rates[size].pop())
    assert training.peak.matrix_peak(torch.device("cpu")) == 5.0
