import pytest
import torch
from safetensors.torch import save_file

from benchmark.network import Network, Trained, build, feature_count, fitting, read_weights, write_weights
from benchmark.operators import timm
from benchmark.source import Weights
from results.error import CatsError


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
