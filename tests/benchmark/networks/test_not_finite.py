"""Weights that hold NaN or infinity, or promise more numbers than their file holds: refused by `check` and before training."""

import zipfile

import pytest
import torch
from safetensors.torch import save_file

from benchmark.machine.timm_import import timm
from benchmark.networks.hub import _arguments, _numbers
from benchmark.networks.load import weights_of
from benchmark.networks.network import HALF, Network, Trained
from benchmark.networks.state_dict import read_file, tensors
from benchmark.networks.weight_file import read_weights
from benchmark.specs.source import Weights
from results.error import CatsError

STATED = {"mean": "0.5,0.5,0.5", "std": "0.5,0.5,0.5"}
WEIGHTS = Weights(file="mine", mean=HALF, std=HALF)


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(3)
    return timm.create_model("test_resnet", num_classes=7).state_dict()


def spoilt(state, key, value):
    changed = {name: tensor.clone() for name, tensor in state.items()}
    changed[key].view(-1)[0] = value
    return changed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("key", ["conv1.0.weight", "bn1.running_var", "fc.weight", "fc.bias", "layer1.0.bn1.weight"])
@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_one_number_that_is_none_is_named(tmp_path, state, key, value, ending):
    key = key if key in state else next(name for name in state if name.startswith(key.partition(".")[0]))
    path = tmp_path / f"test_resnet.mine.{ending}"
    (save_file(spoilt(state, key, value), path) if ending == "safetensors" else torch.save(spoilt(state, key, value), path))
    trained = read_file(path, WEIGHTS)
    with pytest.raises(CatsError) as caught:
        Network("test_resnet", trained, 2)
    assert f"hold infinity or NaN in '{key}'" in str(caught.value)
    classifier = key.startswith("fc.")
    assert ("of the source's own classifier, with which some measures score" in str(caught.value)) == classifier
    assert ("which means features that are not finite" in str(caught.value)) != classifier
    assert str(path) in str(caught.value)


@pytest.mark.slow
def test_check_says_so_and_a_plan_starts_nothing(cats, tmp_path, monkeypatch, state):
    (tmp_path / "entries" / "sources").mkdir(parents=True)
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path / "entries"))
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    save_file(spoilt(state, "fc.weight", float("nan")), tmp_path / "test_resnet.mine.safetensors", metadata=STATED)
    entry = "title: t\nlicence: l\ncitation: c\nweights: {file: mine}\n"
    (tmp_path / "entries" / "sources" / "mine.yaml").write_text(entry)
    code, out, _ = cats("check", "mine")
    assert code == 1
    assert "hold infinity or NaN in 'fc.weight'" in " ".join(out.split())
    (tmp_path / "plan.yaml").write_text("sources: [mine]\ntargets: [digits]\nbackbones: [test_resnet]\nseeds: 1\n")
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert "hold infinity or NaN in 'fc.weight'" in err
    assert not (tmp_path / "mlflow.db").exists()
    weights_of.cache_clear()


def test_what_is_finite_is_taken(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    for trained in (read_file(tmp_path / "a.safetensors", WEIGHTS), Trained()):
        network = Network("test_resnet", trained, 2).eval()
        assert torch.isfinite(network(torch.rand(2, 3, 32, 32))).all()
        own = network.backbone.state_dict()
        assert all(torch.equal(own[key], value) for key, value in (trained.state or {}).items() if key in own)


@pytest.mark.parametrize("key", ["mean", "std"])
@pytest.mark.parametrize("value", ["nan,0,0", "inf,1,1", "1e400,1,1", "0.5", "x,y,z", "1_0 ,,"])
def test_an_input_that_is_no_number(tmp_path, state, key, value):
    save_file(state, tmp_path / "a.safetensors", metadata={**STATED, key: value})
    with pytest.raises(CatsError, match=f"its metadata say {key} '"):
        read_weights(tmp_path / "a.safetensors")


@pytest.mark.parametrize("field", ["mean", "std", "range"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1_0", "٣"])
def test_an_entry_states_numbers(field, value):
    numbers = {field: (0.5, value) if field == "range" else (0.5, 0.5, value)}
    other = {"mean": {"std": HALF}, "std": {"mean": HALF}, "range": {}}[field]
    with pytest.raises(ValueError, match="validation error"):
        Weights(file="mine", **numbers, **other)


@pytest.mark.parametrize("value", ["abc", [float("nan")] * 3, [True] * 3, {"a": 1}, [[1]], 10**400, [0, 0, float("inf")]])
def test_a_configuration_of_the_hub_states_numbers(value):
    with pytest.raises(CatsError, match="config.json says std"):
        _numbers({"std": value}, "std", "lab/net@0")


@pytest.mark.parametrize("values", [{"bn_eps": "x"}, {"img_size": "many"}, {"img_size": None}, {"bn_eps": {}}])
def test_arguments_of_the_hub_are_of_their_kind(values):
    with pytest.raises(CatsError):
        _arguments(values, "lab/net@0")


SPARE = {
    "one number for all": lambda: torch.zeros(1).expand(10**6, 10**6), "sparse": lambda: torch.zeros(4, 4).to_sparse(),
    "of no device": lambda: torch.zeros(10**6, 10**6, device="meta"),
    "a stride of zero": lambda: torch.zeros(2).as_strided((10**9, 2), (0, 1)),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPARE)
@pytest.mark.filterwarnings("ignore")
def test_a_tensor_that_is_larger_than_its_file(tmp_path, state, kind):
    torch.save({**state, "fc.weight": SPARE[kind]()}, tmp_path / "a.pt")
    with pytest.raises(CatsError, match="a state dict is needed|is not a whole file of torch.save"):
        tensors(tmp_path / "a.pt")


def test_a_file_that_would_be_far_larger_than_its_packing(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("archive/data.pkl", b"")
        out.writestr("archive/data/0", bytes(80 * 2**20))
    with pytest.raises(CatsError, match="would become 83.89 MB of"):
        tensors(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x06\0\0\0\0\0\x10\x85R.",
        b"\x80\x02" + b"(" * 5000 + b"l" * 5000,
        b"\x80\x02]" * 9000,
    ],
)
def test_a_pickle_that_asks_for_memory(tmp_path, pickled):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as out:
        out.writestr("archive/data.pkl", pickled)
        out.writestr("archive/version", "3\n")
    with pytest.raises(CatsError, match=r"is not a whole file of torch\.save|holds more than tensors|holds bytearray"):
        tensors(tmp_path / "a.pt")
