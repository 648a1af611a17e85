"""Ready weights: where they come from, what is refused, and that content, not place, is their identity."""

import hashlib
import json
import pickle
import re

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from benchmark.core.digest import file_digest
from benchmark.machine.timm_import import timm
from benchmark.networks.load import cached_backbone, initial_network, weights_of
from benchmark.networks.network import Network, Trained
from benchmark.networks.weight_file import read_weights, write_weights
from benchmark.specs import catalogue
from benchmark.specs.backbones import timm_tag
from benchmark.specs.plan import Plan
from benchmark.specs.source import Source, Weights
from results.error import CatsError
from tests.support.plans import leaks_of, source_start

COMMIT, OTHER = "0" * 39 + "a", "0" * 39 + "b"
HUB = {"hub": "lab/net", "revision": COMMIT}
STATED = {"mean": (0.5,) * 3, "std": (0.5,) * 3}


@pytest.fixture
def state():
    torch.manual_seed(3)
    return timm.create_model("test_resnet", num_classes=7).state_dict()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of weights."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def source(monkeypatch):
    """`source(file="mine")` makes these weights the source `mine`; its start for test_resnet comes back.

    Mean and std are declared, unless the test declares something else about the input.
    """

    def make(backbone="test_resnet", **weights):
        if "file" in weights and not {"mean", "range"} & weights.keys():
            weights |= STATED
        entry = Source(name="mine", title="t", weights=Weights(**weights))
        monkeypatch.setattr(catalogue, "source", lambda name, where="": entry)
        return source_start("mine", backbone)

    for cache in (weights_of, cached_backbone):
        cache.cache_clear()
    yield make
    for cache in (weights_of, cached_backbone):
        cache.cache_clear()


def same(network, state):
    ours = network.backbone.state_dict()
    return all(torch.equal(value, state[name]) for name, value in ours.items())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "weights need one of the keys file, timm, hub and mlflow"),
        ({"timm": True, **HUB}, "timm and hub are given"),
        ({"file": "a", "mlflow": "models:/a/1"}, "file and mlflow are given"),
        ({"hub": "lab/net"}, "hub lab/net needs a revision, so that its weights cannot change; give a commit"),
        ({"hub": "lab/net", "revision": "main"}, "the revision 'main', which may change; give a commit, 40 hexadecimal digits"),
        ({"hub": {"resnet18": "lab/a", "resnet50": "lab/b"}, "revision": {"resnet18": COMMIT}}, "hub lab/b needs a revision"),
        ({"hub": "../net", "revision": COMMIT}, "hub '../net' is not a repository; write owner/name"),
        ({"file": "a", "revision": COMMIT}, "hub is not given"),
        ({"mlflow": "models:/digits"}, "mlflow 'models:/digits' is not a version; write models:/NAME/VERSION"),
        ({"mlflow": "models:/a/../b/1"}, "is not a version"),
        ({"file": "../x"}, "file '../x' is not the NAME in BACKBONE.NAME.safetensors"),
        ({"file": "a", "sha256": "abc"}, "sha256 'abc' is not a checksum; a sha256 has 64 hexadecimal digits"),
        ({"timm": True, "sha256": "0" * 64}, "timm's weights are fixed by their tag"),
        ({"timm": 3}, "3 is neither true nor a list of timm's tags"),
        ({"timm": []}, "neither true nor a list"),
        ({"file": "a", "remap": {"(": "x"}}, "'(' → 'x' is not a valid replacement"),
        ({"file": "a", "remap": {"a": r"\1"}}, "is not a valid replacement"),
        ({"file": "a", "mean": (0, 0, 0)}, "std is missing; give both mean and std"),
        ({"file": "a", "mean": (0,), "std": (1,)}, "mean has 1 numbers; 3 are allowed"),
        ({"file": "a", "mean": (0, 0, 0), "std": (1, 0, 1)}, "std must be greater than 0"),
        ({"file": "a", "mean": (0, 0, 0), "std": (1, 1, 1), "range": (-1, 1)}, "so give one or the other"),
        ({"file": "a", "range": (1, 1)}, "range is [1.0, 1.0]; the first number must be smaller than the second"),
        ({"file": "a", "hub": {}}, "{} is neither text nor a mapping from backbones to text"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused_in_a_sentence(fields, sentence):
    with pytest.raises(ValidationError) as caught:
        Weights(**fields)
    assert sentence in str(caught.value)


def test_a_wrong_entry_is_one_sentence(own, call):
    entry = "title: t\nlicence: l\ncitation: c\nweights: {file: mine, channels: gray}\n"
    (own / "entries" / "sources" / "mine.yaml").write_text(entry)
    code, _, err = call("show", "mine")
    assert code == 2
    assert "weights.channels is 'gray', allowed are 'rgb', 'bgr' or 'grey'" in err
    (own / "entries" / "sources" / "mine.yaml").write_text(entry.replace("channels: gray", "hub: a/b"))
    code, _, err = call("show", "mine")
    assert "hub a/b needs a revision" in err


@pytest.mark.parametrize("ending", [".safetensors", ".pt", ".pth"])
@pytest.mark.parametrize("wrap", [False, True])
def test_files_of_every_kind_give_the_same_network(folder, source, state, ending, wrap):
    path = folder / f"test_resnet.mine{ending}"
    if ending == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"epoch": 3, "state_dict": state} if wrap else state, path)
    start = source(file="mine")
    assert (start.kind, start.weights) == ("file", file_digest(path))
    assert same(initial_network(start, 2, 0), state)


def test_networks_with_the_same_weights_share_nothing_and_their_head_depends_on_the_seed_alone(folder, source, state):
    save_file(state, folder / "test_resnet.mine.safetensors")
    start = source(file="mine")
    first = initial_network(start, 2, 7)
    head = first.head.weight.detach().clone()
    with torch.no_grad():
        for weight in (*first.parameters(), *first.buffers()):
            weight.zero_()
    again, other = initial_network(start, 2, 7), initial_network(start, 2, 8)
    assert same(again, state)
    assert torch.equal(again.head.weight, head)
    assert not torch.equal(other.head.weight, head)


class Evil:
    """A class whose pickle runs a program when it is read."""

    def __reduce__(self):
        return (exec, ("raise SystemError('it ran')",))


@pytest.mark.parametrize("how", ["object", "module", "pickle"])
def test_a_file_that_would_have_to_be_unpickled_is_refused(folder, source, how):
    path = folder / "test_resnet.mine.pt"
    if how == "object":
        torch.save({"state_dict": Evil()}, path)
    elif how == "module":
        torch.save(timm.create_model("test_resnet"), path)
    else:
        path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CatsError) as caught:
        weights_of(source(file="mine"))
    assert f"{path} holds more than tensors" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a whole file of torch.save"),
        (b"no such thing", "holds more than tensors|is not a whole file of torch.save"),
    ],
)
def test_a_damaged_file_is_named(folder, source, content, sentence):
    (folder / "test_resnet.mine.pt").write_bytes(content)
    with pytest.raises(CatsError, match=sentence):
        weights_of(source(file="mine"))


@pytest.mark.parametrize(
    ("content", "said"), [([1], "holds list"), ({"a": 1}, "a mapping with a"), ({}, "a mapping with nothing")]
)
def test_a_file_without_a_state_dict_says_what_it_holds(folder, source, content, said):
    torch.save(content, folder / "test_resnet.mine.pt")
    with pytest.raises(CatsError, match=f"{said}; a state dict is needed"):
        weights_of(source(file="mine"))


def test_a_checksum_is_checked(folder, source, state):
    path = folder / "test_resnet.mine.safetensors"
    save_file(state, path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert source(file="mine", sha256=right).weights == right
    assert source(file="mine", sha256={"test_resnet": right}).weights == right
    with pytest.raises(CatsError, match=f"{re.escape(str(path))} has sha256 {right}, expected {'0' * 64}"):
        source(file="mine", sha256="0" * 64)


def test_a_file_that_changes_after_the_plan_was_read_is_noticed(folder, source, state):
    path = folder / "test_resnet.mine.safetensors"
    save_file(state, path)
    start = source(file="mine")
    save_file({**state, "bn1.weight": state["bn1.weight"] + 1}, path)
    with pytest.raises(CatsError, match="has changed since the plan was read"):
        weights_of(start)
    path.unlink()
    with pytest.raises(CatsError, match=r"the weights test_resnet\.mine no longer exist"):
        weights_of(start)


def test_keys_are_renamed_dropped_and_every_misfit_named(folder, source, state):
    strange = {f"net.{name}": value for name, value in state.items()} | {"net.thresholds": torch.zeros(2)}
    torch.save(strange, folder / "test_resnet.mine.pt")
    start = source(file="mine", remap={r"^net\.": "", "^thresholds$": ""})
    assert same(initial_network(start, 2, 0), state)
    weights_of.cache_clear()
    with pytest.raises(CatsError) as caught:
        initial_network(source(file="mine"), 2, 0)
    assert "1 key differs, also without the prefix 'net.': unknown net.thresholds; they are in " in str(caught.value)
    with pytest.raises(CatsError, match="remap turns both 'net.*' and 'net.*' into 'x'"):
        weights_of(source(file="mine", remap={".+": "x"}))


def test_what_is_declared_goes_over_what_the_file_says(folder, source, state):
    network = Network("test_resnet", Trained({k: v for k, v in state.items() if not k.startswith("fc.")}), 2)
    write_weights(folder / "test_resnet.mine.safetensors", network, Trained(channels="bgr"), {})
    assert weights_of(source(file="mine")).channels == "bgr"
    found = weights_of(source(file="mine", channels="rgb", range=(-1024, 1024)))
    assert (found.channels, found.mean, found.std) == ("rgb", (0.5,) * 3, (1 / 2048,) * 3)


def test_a_range_is_the_range_of_the_input(folder, source, state):
    save_file(state, folder / "test_resnet.mine.safetensors")
    network = initial_network(source(file="mine", range=(-1, 3)), 2, 0)
    low, high = ((value - network.mean) / network.std for value in (0.0, 1.0))
    torch.testing.assert_close(low.flatten(), torch.full((3,), -1.0))
    torch.testing.assert_close(high.flatten(), torch.full((3,), 3.0))


def test_grey_weights_have_one_channel_and_see_the_mean(folder, source, tmp_path):
    grey = timm.create_model("test_resnet", num_classes=0, in_chans=1).eval()
    save_file(grey.state_dict(), folder / "test_resnet.mine.safetensors")
    with pytest.raises(CatsError, match=r"conv1.0.weight is \(16, 1, 3, 3\) instead of \(16, 3, 3, 3\)"):
        initial_network(source(file="mine"), 2, 0)
    start = source(file="mine", channels="grey", mean=(0.5,), std=(0.25,))
    network = initial_network(start, 2, 0).eval()
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(network.features(images), grey((images.mean(1, keepdim=True) - 0.5) / 0.25))
    write_weights(tmp_path / "again.safetensors", network, weights_of(start), {})  # what is pretrained on top stays grey
    again = Network("test_resnet", read_weights(tmp_path / "again.safetensors"), 2).eval()
    torch.testing.assert_close(again.features(images), network.features(images))


def test_the_key_knows_content_and_use_and_no_place(folder, source, state, monkeypatch, tmp_path):
    save_file(state, folder / "test_resnet.mine.safetensors")
    save_file(state, folder / "test_resnet.other.safetensors")
    first = source(file="mine")
    assert source(file="other").key == first.key
    assert source(file="mine", remap={"a": "a"}).key != first.key
    assert source(file="mine", range=(-1, 1)).key != first.key
    assert source(file="mine", channels="bgr").key != first.key
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    (folder / "test_resnet.mine.safetensors").rename(tmp_path / "elsewhere" / "test_resnet.mine.safetensors")
    assert source(file="mine").key == first.key
    assert source(hub="lab/net", revision=COMMIT, sha256=first.weights, **STATED).key == first.key
    assert source(hub="lab/net", revision=COMMIT).key != source(hub="lab/net", revision=OTHER).key


def test_the_same_weights_are_the_same_bytes_in_every_process(tmp_path, state):
    notes = dict.fromkeys("abcdefgh", "1")
    network = Network("test_resnet", Trained(state), 2)
    for name in ("one", "two"):
        write_weights(tmp_path / f"{name}.safetensors", network, Trained(state), notes)
    one = (tmp_path / "one.safetensors").read_bytes()
    assert one == (tmp_path / "two.safetensors").read_bytes()
    length = int.from_bytes(one[:8], "little")
    assert length % 8 == 0
    header = json.loads(one[8 : 8 + length])
    assert list(header) == sorted(header)
    assert list(header["__metadata__"]) == sorted(header["__metadata__"])


def test_weights_never_meet_a_target_whose_images_they_have_seen():
    plan = Plan(experiment="e", sources=("torchxrayvision",), targets=("chestmnist", "breastmnist"), backbones=("densenet121",))
    assert list(leaks_of(plan)) == [("torchxrayvision", "chestmnist")]


def published_radimagenet(backbone):
    """The published keys: torchvision's model cut at its head, children counted."""
    whole = timm.create_model(backbone).state_dict()
    if backbone == "densenet121":
        return {k.replace("features.", "backbone.0."): v for k, v in whole.items() if k.startswith("features.")}
    children = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}
    parts = ((k.partition("."), v) for k, v in whole.items() if not k.startswith("fc."))
    return {f"backbone.{children[head]}.{tail}": v for (head, _, tail), v in parts}


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet50", "densenet121"])
def test_radimagenet_is_read_from_its_published_keys(folder, backbone):
    torch.save(published_radimagenet(backbone), folder / f"{backbone}.radimagenet.pt")
    network = initial_network(source_start("radimagenet", backbone), 2, 0)
    assert network.channels == "bgr"
    assert (network.mean.flatten().tolist(), network.std.flatten().tolist()) == ([0.5] * 3, [0.5] * 3)
    first = "conv1.weight" if backbone == "resnet50" else "features.conv0.weight"
    given = torch.load(folder / f"{backbone}.radimagenet.pt")
    expected = given["backbone.0.weight" if backbone == "resnet50" else "backbone.0.conv0.weight"]
    assert torch.equal(network.backbone.state_dict()[first], expected)


def test_torchxrayvision_has_one_channel_and_a_table_that_is_no_weight(folder):
    state = timm.create_model("densenet121", num_classes=18, in_chans=1).state_dict()
    save_file(state | {"op_threshs": torch.zeros(18)}, folder / "densenet121.torchxrayvision.safetensors")
    network = initial_network(source_start("torchxrayvision", "densenet121"), 2, 0).eval()
    black, white = ((torch.full((1, 1), value) - network.mean) / network.std for value in (0.0, 1.0))
    assert (float(black), float(white)) == (-1024, 1024)
    assert network(torch.rand(1, 3, 64, 64)).shape == (1, 2)


@pytest.mark.parametrize(
    ("backbone", "tag"),
    [("vit_small_patch16_224", "augreg_in21k"), ("convnext_tiny", "fb_in22k"), ("resnetv2_50x1_bit", "goog_in21k")],
)
def test_the_first_tag_that_a_backbone_has_is_taken(backbone, tag):
    assert source_start("imagenet_21k", backbone).weights == f"{backbone}.{tag}"
    assert timm_tag(backbone, ["nothing", "*_in2?k"]) == f"{backbone}.{tag}"


def test_a_backbone_without_such_a_tag_hears_of_others():
    with pytest.raises(CatsError) as caught:
        source_start("imagenet_21k", "resnet50")
    message = str(caught.value)
    assert "timm has no weights for resnet50 with the tag augreg_in21k or orig_in21k" in message
    assert "resnetv2_50x1_bit" in message.partition("timm has such weights for ")[2]
    assert re.search(r"and \d+ more$", message)
    with pytest.raises(CatsError, match="with the tag nonsense; no backbone has weights with that tag"):
        timm_tag("resnet50", ["nonsense"])


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A cache of the hub with lab/net at COMMIT, and no hub behind it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    place = tmp_path / "hub" / "models--lab--net" / "snapshots" / COMMIT
    place.mkdir(parents=True)

    def save(state, **config):
        (place / "config.json").write_text(json.dumps({"architecture": "test_resnet", **config}))
        save_file(state, place / "model.safetensors")
        return place

    return save


def test_weights_of_the_hub_bring_their_normalisation_and_arguments(hub, source):
    state = timm.create_model("test_efficientnet", num_classes=3).state_dict()
    config = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    place = hub(state, architecture="test_efficientnet", pretrained_cfg=config, model_args={"bn_eps": 0.01})
    start = source("test_efficientnet", **HUB)
    assert (start.kind, start.weights) == ("hub", f"lab/net@{COMMIT}")
    network = initial_network(start, 2, 0)
    assert same(network, state)
    np.testing.assert_allclose(network.mean.flatten(), [0.1, 0.2, 0.3])
    assert network.backbone.bn1.eps == 0.01
    right = file_digest(place / "model.safetensors")
    assert weights_of(source("test_efficientnet", **HUB, sha256=right)).state is not None


def test_a_repository_that_does_not_say_mean_and_std_is_asked_about(hub, source, state):
    hub(state, pretrained_cfg={"mean": [0.1, 0.2, 0.3]})
    with pytest.raises(CatsError, match=f"neither its entry nor lab/net@{COMMIT} says with which mean and std"):
        weights_of(source(**HUB))
    assert weights_of(source(**HUB, **STATED)).mean == STATED["mean"]


@pytest.mark.parametrize(
    ("config", "fields", "sentence"),
    [
        ({"architecture": "resnet18"}, {}, "holds weights of resnet18, not of test_resnet"),
        ({"model_args": {"checkpoint_path": "/x"}}, {}, "sets checkpoint_path of the network; allowed are pad_type"),
        ({}, {"sha256": "0" * 64}, "expected 000"),
    ],
)
def test_a_repository_that_holds_something_else_is_refused(hub, source, state, config, fields, sentence):
    hub(state, **config)
    with pytest.raises(CatsError, match=sentence):
        weights_of(source(**HUB, **fields))


def test_a_hub_that_cannot_be_reached_is_one_sentence(hub, source):
    with pytest.raises(CatsError) as caught:
        weights_of(source(hub="lab/net", revision=OTHER))
    message = str(caught.value)
    assert f"config.json of lab/net@{OTHER} could not be fetched from the hub (" in message
    assert "test_resnet.NAME.safetensors into the folder CATS_WEIGHTS" in message
    assert "\n" not in message


def test_a_hub_that_answers_no_connection_is_one_sentence(hub, source, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the hub's client waits 23 seconds between its six tries
    with pytest.raises(CatsError, match="could not be fetched from the hub"):
        weights_of(source(hub="lab/net", revision=OTHER))


def test_only_some_backbones_have_weights_of_a_hub(monkeypatch):
    with pytest.raises(
        CatsError, match="source ssl_histology has no weights for resnet18: .*it has weights for resnet50, vit_small_patch8_224"
    ):
        source_start("ssl_histology", "resnet18")
    assert source_start("ssl_histology", "resnet50").weights.startswith("1aurent/resnet50.lunit_bt@3994bae5")
