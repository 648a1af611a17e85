"""The device of networks. There need be no GPU here: the calls of torch are recorded."""

from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
import torch

from benchmark.machine import device
from benchmark.machine.environment import environment
from results.error import CatsError


@pytest.fixture
def card(monkeypatch):
    """A GPU that answers until `lost` holds something; `asked` holds what it was asked."""
    found = SimpleNamespace(asked=[], lost=[])

    def synchronize(name=None):
        found.asked.append(name)
        if found.lost:
            raise RuntimeError("CUDA error: device-side assert triggered\nCompile with ...")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    monkeypatch.setattr(
        torch.cuda, "current_stream", lambda name: SimpleNamespace(synchronize=lambda: synchronize(f"stream of {name}"))
    )
    return found


def test_a_gpu_gives_the_same_bits_each_time_and_whole_fp32(card, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    assert device.device_of("cpu").type == "cpu"
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == (False, True)
    assert device.device_of("auto").type == "cuda"
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == (True, False)


def test_without_a_gpu_auto_is_the_cpu_and_cuda_a_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.device_of("auto").type == "cpu"
    with pytest.raises(CatsError, match="there is no CUDA device here; use --device cpu or auto"):
        device.device_of("cuda")


def test_a_gpu_that_answers_no_more_is_known(card, caplog):
    assert not device.is_lost("cpu")
    assert not device.is_lost("cuda:1")
    card.lost.append(True)
    assert device.is_lost("cuda:1")
    assert not device.is_lost("cpu")
    assert card.asked == ["cuda:1", "cuda:1"]
    assert caplog.messages == ["device cuda:1 answers no more: CUDA error: device-side assert triggered"]


def test_only_a_gpu_that_is_in_use_is_waited_for(card, monkeypatch):
    device.wait_for("cpu")
    device.wait_for("cuda")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    device.wait_for("cuda")
    assert card.asked == ["stream of cuda"]


def test_the_facts_of_a_machine_that_knows_little_are_unknown(monkeypatch):
    """A copy that was never installed, and a GPU that answers no more."""

    def broken(name):
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.cuda, "get_device_name", broken)
    monkeypatch.setattr("benchmark.machine.environment.version", missing)
    facts = environment("cuda:7")
    assert (facts["hardware"], facts["cats_bench"], facts["timm"]) == ("unknown",) * 3
    assert facts["torch"] == torch.__version__


def missing(package):
    raise PackageNotFoundError(package)
