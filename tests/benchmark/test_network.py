import pytest
import torch
from safetensors.torch import save_file

from benchmark.network import Network, Trained, build, feature_count, fitting, read_weights, timm_tag, write_weights
from benchmark.operators import timm
from benchmark.source import Weights
from benchmark.start import Start
from benchmark.weights import initialised
from results.error import CatsError
from tests.full_disk import full_disk


def state():
    return timm.create_model("test_resnet", num_classes=7).state_dict()


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "mobilenetv3_small_050"])
def test_the_head_fits_the_features(name):
    trained = Trained()
    model = build(name, trained)
    size = 160 if "vit" in name else 64
    assert model(torch.rand(2, 3, size, size)).shape == (2, feature_count(model))


def test_a_source_without_its_head_is_taken_whole():
    given = state()
    made = Network("test_resnet", Trained(given), 3)
    for name, value in made.backbone.state_dict().items():
        assert torch.equal(value, given[name]), name
    assert made.head.weight.shape[0] == 3


def test_every_key_that_does_not_fit_is_named():
    given = state()
    names = sorted(k for k in given if "conv" in k and k.endswith("weight"))
    gone, bent = names[0], names[1]
    given["strange.weight"] = given.pop(gone)
    given[bent] = given[bent][:1]
    with pytest.raises(CatsError) as caught:
        fitting(build("test_resnet", Trained()), given, "test_resnet")
    told = str(caught.value)
    assert "the weights do not fit test_resnet, 3 keys differ" in told
    assert f"missing {gone}" in told
    assert "unknown strange.weight" in told
    assert f"{bent} is (1," in told


def test_weights_of_another_architecture_do_not_fit():
    with pytest.raises(CatsError, match="the weights do not fit test_resnet"):
        Network("test_resnet", Trained(timm.create_model("test_efficientnet").state_dict()), 2)


def test_counters_of_batch_norm_may_be_missing():
    given = {k: v for k, v in state().items() if not k.endswith("num_batches_tracked")}
    Network("test_resnet", Trained(given), 2)


def test_unknown_backbone_has_its_nearest_name():
    with pytest.raises(CatsError, match="timm has no backbone 'resnet81'; did you mean 'resnet"):
        build("resnet81", Trained())


def test_normalisation_and_channel_order_live_inside_the_network():
    torch.manual_seed(0)
    made = Network("test_resnet", Trained(state(), mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0), channels="bgr"), 2).eval()
    images = torch.rand(2, 3, 32, 32)
    by_hand = (images - torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)) / torch.tensor([1.0, 2.0, 4.0]).view(3, 1, 1)
    torch.testing.assert_close(made.features(images), made.backbone(by_hand[:, [2, 1, 0]]))


def test_weights_survive_a_round_trip_with_what_their_input_must_look_like(tmp_path):
    trained = Trained(state(), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7), channels="bgr")
    made = Network("test_resnet", trained, 2)
    write_weights(tmp_path / "a.safetensors", made, trained, {"source": "toy"})
    back = read_weights(tmp_path / "a.safetensors", Weights(file="a"))
    assert (back.mean, back.std, back.channels) == (trained.mean, trained.std, "bgr")
    again = Network("test_resnet", back, 2)
    for name, value in made.backbone.state_dict().items():
        assert torch.equal(value, again.backbone.state_dict()[name]), name
    assert not list(tmp_path.glob(".*"))


def test_a_damaged_file_is_named(tmp_path):
    save_file(state(), tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:1000])
    with pytest.raises(CatsError, match="a.safetensors is not a whole safetensors file"):
        read_weights(tmp_path / "a.safetensors", Weights(file="a"))


@pytest.mark.parametrize("source", ["imagenet", "inat_bird", "inat_insect"])
def test_real_weights_fit_and_bring_their_padding(real_weights, source):
    trained = read_weights(real_weights / f"mobilenetv2_100.{source}.safetensors", Weights(file=source))
    assert trained.arguments["pad_type"] == "same"
    assert (trained.mean, trained.std) == ((0.5,) * 3, (0.5,) * 3)
    made = Network("mobilenetv2_100", trained, 2).eval()
    assert torch.isfinite(made(torch.rand(1, 3, 64, 64))).all()


def test_real_weights_do_not_fit_a_narrower_backbone(real_weights):
    trained = read_weights(real_weights / "mobilenetv2_100.imagenet.safetensors", Weights(file="imagenet"))
    with pytest.raises(CatsError, match="the weights do not fit mobilenetv2_035") as caught:
        build("mobilenetv2_035", trained)
    assert "conv_stem.weight is (32, 3, 3, 3) instead of (16, 3, 3, 3)" in str(caught.value)


@pytest.mark.parametrize("defect", ["missing", "statistics missing", "unknown", "misshapen", "transposed", "empty"])
def test_one_key_that_does_not_fit_is_enough(defect):
    given = state()
    name = next(k for k in given if "conv" in k and k.endswith("weight") and given[k].shape[0] != given[k].shape[1])
    if defect == "missing":
        del given[name]
    elif defect == "statistics missing":
        name = next(k for k in given if k.endswith("running_var"))
        del given[name]
    elif defect == "unknown":
        name = "projection.weight"
        given[name] = torch.zeros(2, 2)
    elif defect == "misshapen":
        given[name] = given[name][..., :1]
    elif defect == "transposed":
        given[name] = given[name].transpose(0, 1).contiguous()
    else:
        given = {}
    with pytest.raises(CatsError, match="the weights do not fit test_resnet, ") as caught:
        build("test_resnet", Trained(given))
    assert name in str(caught.value)
    if defect != "empty":
        assert ", 1 keys differ" in str(caught.value)


@pytest.mark.parametrize("name", ["resnet18", "efficientvit_b0"])
def test_the_head_fits_the_features_also_where_timm_keeps_a_hidden_layer(name):
    model = build(name, Trained()).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 64, 64)).shape == (1, feature_count(model))


def test_logits_have_one_column_per_class():
    assert Network("test_resnet", Trained(), 5)(torch.rand(2, 3, 32, 32)).shape == (2, 5)


def test_red_and_blue_change_places_for_bgr_only():
    given, images = state(), torch.rand(2, 3, 32, 32)
    one, other = (Network("test_resnet", Trained(given, channels=order), 2).eval() for order in ("rgb", "bgr"))
    torch.testing.assert_close(one.features(images.flip(1)), other.features(images))
    assert not torch.allclose(one.features(images), other.features(images))


def test_arguments_travel_with_the_weights(tmp_path):
    trained = Trained(arguments={"pad_type": "same", "bn_eps": 1e-3})
    made = Network("mobilenetv3_small_050", trained, 2).eval()
    write_weights(tmp_path / "a.safetensors", made, trained, {})
    back = read_weights(tmp_path / "a.safetensors", Weights(file="a"))
    assert back.arguments == trained.arguments
    again, images = Network("mobilenetv3_small_050", back, 2).eval(), torch.rand(1, 3, 32, 32)
    assert torch.equal(made.features(images), again.features(images))
    assert {m.eps for m in again.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {1e-3}


def test_padding_changes_what_a_backbone_sees():
    given = timm.create_model("mobilenetv3_small_050").state_dict()
    images = torch.rand(1, 3, 32, 32)
    plain, same = (Network("mobilenetv3_small_050", Trained(given, arguments=a), 2).eval() for a in ({}, {"pad_type": "same"}))
    assert not torch.allclose(plain.features(images), same.features(images))


def test_an_argument_that_a_backbone_does_not_take_is_named():
    with pytest.raises(CatsError, match="backbone resnet18 does not take {'pad_type': 'same'}"):
        build("resnet18", Trained(arguments={"pad_type": "same"}))


def test_what_the_entry_says_of_mean_and_std_stands_above_the_file(tmp_path):
    save_file(state(), tmp_path / "a.safetensors", {"mean": "0.1,0.2,0.3", "std": "0.4,0.5,0.6"})
    told = read_weights(tmp_path / "a.safetensors", Weights(file="a"))
    assert (told.mean, told.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    over = read_weights(tmp_path / "a.safetensors", Weights(file="a", mean=(0, 0, 0), std=(1, 1, 1)))
    assert (over.mean, over.std) == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [("mean", "a,b,c"), ("mean", "0.1,0.2"), ("std", "0,0,0"), ("bn_eps", "small"), ("channels", "BGR"), ("channels", "grb")],
)
def test_metadata_that_say_nothing_are_an_error_that_names_file_and_field(tmp_path, field, value):
    save_file(state(), tmp_path / "a.safetensors", {field: value})
    with pytest.raises(CatsError, match=f"a.safetensors.*{field}"):
        read_weights(tmp_path / "a.safetensors", Weights(file="a"))


@pytest.mark.parametrize("content", [b"", b"not weights at all, only a line of text"], ids=["empty", "text"])
def test_a_file_of_something_else_is_named(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(CatsError, match="a.safetensors is not a whole safetensors file"):
        read_weights(tmp_path / "a.safetensors", Weights(file="a"))


def test_a_file_that_is_cut_off_at_its_end_is_named(tmp_path):
    save_file(state(), tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:-1])
    with pytest.raises(CatsError, match="a.safetensors is not a whole safetensors file"):
        read_weights(tmp_path / "a.safetensors", Weights(file="a"))


def test_a_full_disk_leaves_neither_weights_nor_a_draft(tmp_path):
    made = Network("test_resnet", Trained(), 2)
    with full_disk(), pytest.raises(CatsError, match="cannot keep pretrained weights in .*File too large"):
        write_weights(tmp_path / "a.safetensors", made, Trained(), {})
    assert list(tmp_path.iterdir()) == []


def test_a_crash_before_the_rename_leaves_the_old_weights(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    old, new = (Network("test_resnet", Trained(), 2) for _ in range(2))
    write_weights(path, old, Trained(), {})

    def crash(self, target):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(type(path), "replace", crash)
        write_weights(path, new, Trained(), {})
    kept = read_weights(path, Weights(file="a")).state
    assert all(torch.equal(kept[k], v) for k, v in old.backbone.state_dict().items())


def test_weights_of_timm_are_known_by_their_full_name():
    assert timm_tag("resnet18") == timm_tag("resnet18", ["a1_in1k"]) == "resnet18.a1_in1k"


def start(backbone="test_resnet", seed=0):
    return Start(kind="random", source="scratch", backbone=backbone, seed=seed)


def test_the_head_depends_on_the_seed_alone_and_the_rest_on_the_start():
    one, other_start, other_seed = (initialised(start(seed=s), 3, luck) for s, luck in ((0, 7), (1, 7), (0, 8)))
    assert torch.equal(one.head.weight, other_start.head.weight)
    assert not torch.equal(one.head.weight, other_seed.head.weight)
    first = next(iter(one.backbone.state_dict()))
    assert torch.equal(one.backbone.state_dict()[first], other_seed.backbone.state_dict()[first])
    assert not torch.equal(one.backbone.state_dict()[first], other_start.backbone.state_dict()[first])


def test_real_weights_of_a_narrow_backbone_fit_with_their_padding_and_epsilon(real_weight_file):
    trained = read_weights(real_weight_file("mobilenetv2_035.imagenet.safetensors"), Weights(file="imagenet"))
    assert trained.arguments == {"pad_type": "same", "bn_eps": 0.001}
    made = Network("mobilenetv2_035", trained, 2).eval()
    assert torch.isfinite(made(torch.rand(1, 3, 64, 64))).all()
