"""Checkpoints as training scripts write them: which weights are taken from them, what is said about it, and what is refused."""

import argparse

import pytest
import torch
from safetensors.torch import save_file

from benchmark.machine.timm_import import timm
from benchmark.networks.load import cached_backbone, choices_in, initial_network, weights_of
from benchmark.networks.matching import fitted
from benchmark.networks.network import Trained, build
from benchmark.networks.state_dict import tensors
from benchmark.specs import catalogue
from benchmark.specs.source import Source, Weights
from benchmark.specs.start import Start
from benchmark.training.features import classifier_of
from results.error import CatsError
from tests.support.plans import source_start

USUAL = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
NAME = "test_resnet"


def network(shift=0.0):
    """The weights of one network with a head; `shift` tells two of them apart."""
    torch.manual_seed(3)
    return {
        k: v + shift if v.is_floating_point() else v for k, v in timm.create_model(NAME, num_classes=7).state_dict().items()
    }


def under(prefix, state):
    return {f"{prefix}{name}": value for name, value in state.items()}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def start(folder, monkeypatch):
    """`start(content, ending)` stores a checkpoint as the weights of the source `mine`; its start comes back."""

    def make(content, ending=".pth", **weights):
        (save_file if ending == ".safetensors" else torch.save)(content, folder / f"{NAME}.mine{ending}")
        entry = Source(name="mine", title="t", weights=Weights(file="mine", **{**USUAL, **weights}))
        monkeypatch.setattr(catalogue, "source", lambda name, where="": entry)
        for cache in (weights_of, cached_backbone):
            cache.cache_clear()
        return source_start("mine", NAME)

    yield make
    for cache in (weights_of, cached_backbone):
        cache.cache_clear()


def is_from(start, state):
    ours = initial_network(start, 2, 0).backbone.state_dict()
    return all(torch.equal(value, state[name]) for name, value in ours.items())


PLAIN, OTHER = network(), network(1.0)
ENDINGS = [".safetensors", ".pt", ".pth", ".pth.tar", ".ckpt", ".bin"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_of_every_ending_are_found(start, ending):
    assert is_from(start(PLAIN, ending), PLAIN)


PREFIXES = [
    "module.",
    "_orig_mod.",
    "backbone.",
    "model.",
    "encoder.",
    "net.",
    "module.backbone.",
    "_orig_mod.module.",
    "visual.trunk.",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("ending", [".safetensors", ".ckpt"])
def test_a_prefix_of_all_names_is_removed_and_the_head_is_kept(start, prefix, ending):
    made = start(under(prefix, PLAIN), ending)
    assert is_from(made, PLAIN)
    weight, _ = classifier_of(initial_network(made, 2, 0), made)
    assert torch.equal(torch.from_numpy(weight).float(), PLAIN["fc.weight"])


def test_wrappers_inside_names_are_removed(start):
    compiled = {name.replace("layer1.", "layer1._orig_mod."): value for name, value in PLAIN.items()}
    assert compiled.keys() != PLAIN.keys()
    assert is_from(start(compiled), PLAIN)


MOCO = {**under("module.encoder_q.", PLAIN), **under("module.encoder_k.", OTHER), "module.queue": torch.ones(2, 2)}
MOCO_V3 = {**under("module.base_encoder.", PLAIN), **under("module.momentum_encoder.", OTHER)}
TEACHER = {**under("backbone.", PLAIN), "head.mlp.0.weight": torch.ones(2, 2)}
TIMM = {"epoch": 3, "state_dict": PLAIN, "state_dict_ema": OTHER, "args": argparse.Namespace(lr=0.1)}
OPTIMISER = {"state": {0: {"exp_avg": torch.ones(1)}}, "param_groups": []}
# What a method's authors publish: the whole checkpoint, and the key that chooses the network that is not taken.
METHODS = {
    "timm": (TIMM, "state_dict_ema"),
    "timm, older": ({"model": PLAIN, "model_ema": OTHER}, "model_ema"),
    "a running mean": ({"state_dict": PLAIN, "ema": OTHER, "optimizer": OPTIMISER}, "ema"),
    "a mean one deeper": ({"model": PLAIN, "ema": {"decay": 0.9, "module": OTHER}}, "ema.module"),
    "a mean of Lightning": ({"state_dict": {**under("model.", PLAIN), **under("model_ema.", OTHER)}}, "model_ema"),
    "a mean beside plain names": ({**PLAIN, **under("ema.", OTHER)}, "ema"),
    "MoCo": ({"state_dict": MOCO}, "module.encoder_k"),
    "MoCo v3": ({"state_dict": MOCO_V3}, "module.momentum_encoder"),
    "DINO": ({"student": under("module.backbone.", OTHER), "teacher": TEACHER}, "student"),
    "DINO, flat": ({**under("student.backbone.", OTHER), **under("teacher.backbone.", PLAIN)}, "student.backbone"),
    "BYOL": ({"state_dict": {**under("online_network.", PLAIN), **under("target_network.", OTHER)}}, "target_network"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("content", "key"), METHODS.values(), ids=METHODS.keys())
def test_of_two_networks_the_one_that_is_handed_on_is_taken_and_the_other_one_is_named(start, content, key):
    made = start(content)
    assert is_from(made, PLAIN)
    sentences = choices_in(made)
    assert any(f"state_dict_key: {key}" in sentence and f"{NAME}.mine.pth" in sentence for sentence in sentences)
    chosen = start(content, state_dict_key=key)
    assert is_from(chosen, OTHER)
    assert chosen.key != made.key


def test_a_mean_alone_is_taken_and_said(start):
    made = start({"state_dict_ema": OTHER, "epoch": 3})
    assert is_from(made, OTHER)
    assert "the weights under 'state_dict_ema' are taken" in choices_in(made)[0]


def test_states_of_generators_and_optimisers_are_no_weights(start):
    beside = {
        "rng_state": {"torch": torch.ones(3)},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": []},
    }
    assert choices_in(start({"state_dict": PLAIN, **beside})) == ()


@pytest.mark.parametrize(
    ("content", "fields", "sentence"),
    [
        (
            {"generator": PLAIN, "discriminator": OTHER},
            {},
            "holds 2 state dicts, 'generator' and 'discriminator'; choose one, as state_dict_key: generator",
        ),
        (
            {**under("left.", PLAIN), **under("right.", OTHER)},
            {},
            "hold 2 networks that fit, under 'left.' and 'right.'; choose one with state_dict_key: left",
        ),
        ({"state_dict": PLAIN}, {"state_dict_key": "state_dict_ema"}, "has no state dict 'state_dict_ema'"),
        ({"state_dict": PLAIN, "model_ema": OTHER}, {"state_dict_key": "model_em"}, "did you mean 'model_ema'?"),
        ({"state_dict": {"epoch": 3}}, {}, "holds a mapping with state_dict; a state dict is needed"),
    ],
)
def test_what_can_be_meant_in_two_ways_is_refused(start, content, fields, sentence):
    with pytest.raises(CatsError) as caught:
        choices_in(start(content, **fields))
    assert sentence in str(caught.value)
    assert f"{NAME}.mine.pth" in str(caught.value)


def test_a_key_chooses_in_safetensors_too(start):
    content = {**under("student.", OTHER), **under("teacher.", PLAIN)}
    assert is_from(start(content, ".safetensors", state_dict_key="student"), OTHER)


def test_a_key_without_a_file_is_refused():
    with pytest.raises(ValueError, match="state_dict_key chooses among what a file holds, but file is not given"):
        Weights(timm=True, state_dict_key="ema")


@pytest.mark.parametrize(
    "content",
    [
        timm.create_model("resnet50").state_dict(),
        under("a.b.", timm.create_model("resnet18").state_dict()),
        {"x.y": torch.ones(1)},
    ],
)
def test_a_misfit_is_one_short_sentence_with_three_keys_at_most_and_the_file(start, content):
    with pytest.raises(CatsError) as caught:
        choices_in(start(content))
    said = str(caught.value)
    assert len(said) < 500
    assert "\n" not in said
    assert sum(said.count(word) for word in ("missing ", "unknown ", "instead of")) <= 3
    assert said.endswith(f"{NAME}.mine.pth")


def test_weights_that_fit_as_they_are_are_taken_as_before():
    model = build(NAME, Trained())
    fit = fitted(model, PLAIN, NAME)
    assert (list(fit.state), fit.note) == (list(PLAIN), None)


@pytest.mark.parametrize("ending", [".safetensors", ".pt", ".pth", ".pth.tar"])
@pytest.mark.parametrize("given", [{}, {"mean": None, "std": None, "range": (-1, 1)}])
def test_mean_and_std_are_stated_or_asked_for_and_never_a_half(start, ending, given):
    if given:
        assert weights_of(start(PLAIN, ending, **given)).mean == (0.5,) * 3
        return
    made = start(PLAIN, ending, mean=None, std=None)
    with pytest.raises(CatsError) as caught:
        weights_of(made)
    said = str(caught.value)
    assert said.startswith("source mine: neither its entry nor ")
    assert f"{NAME}.mine{ending} says with which mean and std" in said
    assert "mean: [0.485, 0.456, 0.406] and std: [0.229, 0.224, 0.225]" in said


def test_one_of_both_in_the_metadata_is_not_enough(start, folder):
    made = start(PLAIN, ".safetensors", mean=None, std=None)
    for metadata, works in (({"mean": "0.1,0.2,0.3"}, False), ({"mean": "0.1,0.2,0.3", "std": "1,1,1"}, True)):
        save_file(PLAIN, folder / f"{NAME}.mine.safetensors", metadata=metadata)
        weights_of.cache_clear()
        made = source_start("mine", NAME)
        if works:
            assert weights_of(made).mean == (0.1, 0.2, 0.3)
        else:
            with pytest.raises(CatsError, match="with which mean and std"):
                weights_of(made)


def test_random_weights_need_no_mean():
    assert weights_of(Start(kind="random", source="scratch", backbone=NAME, seed=0)).mean == (0.5,) * 3


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemError('it ran')",))


@pytest.mark.parametrize(
    "content", [argparse.Namespace(model=Evil()), {"state_dict": PLAIN, "args": argparse.Namespace(x=Evil())}]
)
def test_plain_settings_are_read_and_code_inside_them_is_not(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(CatsError, match="holds more than tensors, and reading the rest would run code of its author"):
        tensors(tmp_path / "a.pth")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_program_of_torchscript_is_called_that(tmp_path):
    """OpenAI publishes CLIP so."""
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "a.pt")
    with pytest.raises(CatsError) as caught:
        tensors(tmp_path / "a.pt")
    assert f"{tmp_path / 'a.pt'} is a program of TorchScript, and reading it would run code" in str(caught.value)
    assert "torch.jit.load" in str(caught.value)


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><html>", b"version https://git-lfs.github.com/spec/v1\noid sha256:1"])
def test_a_page_or_a_pointer_in_place_of_the_weights_is_called_that(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(CatsError, match="it is a page or a pointer in place of the weights"):
        tensors(tmp_path / "a.pth")


def test_a_second_file_of_the_same_name_is_said(start, folder):
    torch.save(OTHER, folder / f"{NAME}.mine.ckpt")
    made = start(PLAIN, ".safetensors")
    assert is_from(made, PLAIN)
    assert choices_in(made) == (f"{folder / NAME}.mine.safetensors is taken; {folder / NAME}.mine.ckpt lies there too",)
