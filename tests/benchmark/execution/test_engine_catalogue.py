"""Engines by name: ours and those of other packages."""

import logging
import sys

import pytest
import torch

from benchmark.execution.cluster.engine import Dask
from benchmark.execution.cluster.scheduler import environments
from benchmark.execution.engine import EngineOptions, Local
from benchmark.execution.engine_catalogue import ENGINES, OURS, engine_named
from results.error import CatsError

PACKAGE = """
from benchmark.execution.engine import Local


class Fast(Local):
    pass


def engine(options):
    return Fast(options.device)


def broken(options):
    raise ValueError("no licence")


def nothing(options):
    return 3
"""
POINTS = (
    "[cats.engines]\nfast = fastpack:engine\nbroken = fastpack:broken\nnothing = fastpack:nothing\nabsent = nowhere:engine\n"
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that brings engines; `package(text)` replaces its entry points."""
    site = tmp_path / "site"
    info = site / "fastpack-1.dist-info"
    info.mkdir(parents=True)
    (site / "fastpack.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fastpack\nVersion: 1\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(site))
    yield (info / "entry_points.txt").write_text
    sys.modules.pop("fastpack", None)


def test_ours_are_found_by_name():
    assert engine_named("local", EngineOptions("cpu")) == Local("cpu")
    assert engine_named("dask", EngineOptions("cpu", workers=3)) == Dask("cpu", None, 3, shared_home=False)


def test_workers_on_this_machine_get_the_address_of_the_driver_and_no_text_shows_it():
    uri = "postgresql://me:secret@host/db"
    options = EngineOptions("cpu", workers=2, tracking_uri=uri)
    engine = engine_named("dask", options)
    assert engine.tracking_uri == uri
    assert "secret" not in f"{options} {engine}"
    assert [env["MLFLOW_TRACKING_URI"] for env in environments(2, "cpu", engine.tracking_uri)] == [uri] * 2
    assert all("MLFLOW_TRACKING_URI" not in env for env in environments(2, "cpu"))


@pytest.fixture
def three_cards(monkeypatch):
    """A machine with three GPUs, as far as torch tells."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("deterministic", "allow_tf32"):  # device_of sets them
        monkeypatch.setattr(torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))
    return monkeypatch


@pytest.mark.usefixtures("three_cards")
@pytest.mark.parametrize(
    ("workers", "devices", "expected"),
    [(None, None, "0 1 2"), (None, "0,2", "0 2"), (None, "1", "1"), (4, "2, 0", "2 0 2 0"), (2, None, "0 1")],
)
def test_each_worker_gets_one_of_the_gpus(workers, devices, expected):
    found = environments(workers, "auto", None, devices)
    assert " ".join(env["CUDA_VISIBLE_DEVICES"] for env in found) == expected


def test_numbers_of_gpus_are_those_that_the_driver_sees(three_cards):
    three_cards.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa,GPU-bb")
    assert [env["CUDA_VISIBLE_DEVICES"] for env in environments(None, "cuda", None, "1")] == ["GPU-bb"]


@pytest.mark.parametrize(
    ("device", "devices", "sentence"),
    [
        ("auto", "3", "--devices names '3'; the numbers of the GPUs here are 0 to 2"),
        ("auto", "0,x", "--devices names 'x'; the numbers of the GPUs here are 0 to 2"),
        ("auto", "", "--devices names ''; the numbers of the GPUs here are 0 to 2"),
        ("auto", "1,1", "--devices names a GPU twice; --workers starts several workers on each GPU"),
        ("cpu", "0", "--devices chooses GPUs, and --device cpu uses none; leave one of them out"),
    ],
)
def test_gpus_that_are_not_there_are_refused(three_cards, device, devices, sentence):
    with pytest.raises(CatsError) as error:
        engine_named("dask", EngineOptions(device, devices=devices))
    assert str(error.value) == sentence


def test_gpus_are_chosen_where_there_are_some_and_workers_start_here():
    with pytest.raises(CatsError, match="there is no CUDA device here; leave it out"):
        engine_named("dask", EngineOptions("auto", devices="0"))
    with pytest.raises(CatsError, match="--devices chooses GPUs of this machine; workers of a --scheduler"):
        engine_named("dask", EngineOptions("auto", "tcp://127.0.0.1:1", devices="0"))
    with pytest.raises(CatsError, match="--devices needs --engine dask"):
        engine_named("local", EngineOptions(devices="0"))


@pytest.mark.usefixtures("package")
def test_an_engine_of_another_package_is_one_entry_point():
    assert {"local", "dask", "fast"} <= set(ENGINES.names())
    made = engine_named("fast", EngineOptions("cpu"))
    assert (type(made).__name__, made.device) == ("Fast", "cpu")


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("dsak", "no engine called 'dsak'; did you mean 'dask'?"),
        ("zzzz", "no engine called 'zzzz'; allowed are absent, broken, dask, fast, local, nothing"),
        ("broken", "the engine 'broken' cannot be made by fastpack:broken of the package fastpack: ValueError: no licence"),
        ("absent", "the engine 'absent' cannot be made by nowhere:engine of the package fastpack: ModuleNotFoundError: "),
        ("nothing", "fastpack:nothing of the package fastpack makes a int without device, which every engine needs"),
    ],
)
def test_a_wrong_engine_is_one_sentence(name, sentence):
    with pytest.raises(CatsError) as error:
        engine_named(name, EngineOptions("cpu"))
    assert str(error.value).startswith(sentence)


@pytest.mark.usefixtures("package")
def test_an_error_of_another_package_is_logged_with_its_traceback(caplog):
    with caplog.at_level(logging.DEBUG, "results"), pytest.raises(CatsError):
        engine_named("broken", EngineOptions("cpu"))
    assert 'raise ValueError("no licence")' in caplog.text


@pytest.mark.parametrize("name", ["local", "dask"])
def test_a_bug_of_our_own_engine_is_not_wrapped(name, monkeypatch):
    monkeypatch.setattr(OURS[name].replace(":", "."), lambda options: {}["x"])
    with pytest.raises(KeyError):
        engine_named(name, EngineOptions("cpu"))


def test_two_engines_of_one_name_are_refused(package):
    package("[cats.engines]\nlocal = fastpack:engine\n")
    with pytest.raises(
        CatsError, match=r"there are 2 engines called 'local': .*:local of the package cats-bench and fastpack:"
    ):
        engine_named("local", EngineOptions())


@pytest.mark.slow
def test_the_command_line_runs_an_engine_of_another_package(package, cats, tmp_path):
    (tmp_path / "plan.yaml").write_text(
        "experiment: x\nsources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 0}\nseeds: 1\n"
    )
    code, _, err = cats("run", "plan.yaml", "--engine", "fsat", "--device", "cpu")
    assert (code, err) == (2, "cats: no engine called 'fsat'; did you mean 'fast'?\n")
    assert not (tmp_path / "mlflow.db").exists()
    code, _, err = cats("run", "plan.yaml", "--engine", "fast", "--device", "cpu")
    assert code == 0
    assert "1 made now, 0 attempts failed" in err
