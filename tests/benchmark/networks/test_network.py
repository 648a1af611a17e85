import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.machine.timm_import import timm
from benchmark.networks.load import initial_network
from benchmark.networks.matching import fitted
from benchmark.networks.network import Dropout, Network, Trained, build, feature_count, fit_of
from benchmark.networks.timm_model import timm_model
from benchmark.networks.weight_file import read_weights, write_weights
from benchmark.specs.backbones import timm_tag
from benchmark.specs.recipe import Recipe
from benchmark.specs.source import Weights
from benchmark.specs.start import Start
from results.error import CatsError
from tests.support.full_disk import full_disk


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
        fitted(build("test_resnet", Trained()), given, "test_resnet")
    message = str(caught.value)
    assert "the weights do not fit test_resnet, 3 keys differ" in message
    assert f"missing {gone}" in message
    assert "unknown strange.weight" in message
    assert f"{bent} is (1," in message


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
        assert ", 1 key differs" in str(caught.value)


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
    trained = read_weights(tmp_path / "a.safetensors", Weights(file="a"))
    assert (trained.mean, trained.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
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
    one, other_start, other_seed = (initial_network(start(seed=s), 3, rng) for s, rng in ((0, 7), (1, 7), (0, 8)))
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


SMALL = Recipe(stem="small")


def test_a_small_stem_is_one_convolution_without_stride_or_pooling():
    made = Network("resnet18", Trained(), 2, SMALL)
    first = made.backbone.conv1
    assert (first.kernel_size, first.stride, first.padding, first.bias) == ((3, 3), (1, 1), (1, 1), None)
    assert (first.in_channels, first.out_channels) == (3, 64)
    shapes = []
    made.backbone.layer1.register_forward_pre_hook(lambda layer, given: shapes.append(given[0].shape[2:]))
    assert made(torch.rand(2, 3, 28, 28)).shape == (2, 2)
    assert shapes == [(28, 28)]


@pytest.mark.parametrize("name", ["mobilenetv2_035", "test_vit", "resnetv2_18", "resnet26d"])
def test_a_network_without_such_a_stem_says_so_in_one_sentence(name):
    with pytest.raises(CatsError) as caught:
        Network(name, Trained(), 2, SMALL)
    assert str(caught.value) == f"backbone {name} has no stem that can be made small; choose a ResNet, such as resnet18"


def test_a_small_stem_of_grey_images_has_one_channel():
    assert Network("resnet18", Trained(channels="grey"), 2, SMALL).backbone.conv1.in_channels == 1


@pytest.mark.slow
def test_weights_with_a_small_stem_keep_it_whatever_the_recipe_says(tmp_path):
    made = Network("resnet18", Trained(), 2, SMALL).eval()
    write_weights(tmp_path / "a.safetensors", made, Trained(), {})
    back = read_weights(tmp_path / "a.safetensors")
    assert back.arguments == {"stem": "small"}
    images = torch.rand(1, 3, 28, 28)
    for recipe in (Recipe(), SMALL):
        again = Network("resnet18", back, 2, recipe).eval()
        assert torch.equal(again.features(images), made.features(images))
        assert again.arguments == {"stem": "small"}


def test_the_classifier_of_a_pretraining_with_a_small_stem_is_found(tmp_path):
    """Measures need it: names and shapes are compared with the network of the weights, not with the usual one."""
    made = Network("resnet18", Trained(), 5, SMALL)
    write_weights(tmp_path / "a.safetensors", made, Trained(), {})
    found = fit_of("resnet18", read_weights(tmp_path / "a.safetensors")).state
    assert torch.equal(found["fc.weight"], made.head.weight)
    assert found["conv1.weight"].shape == (64, 3, 3, 3)


def test_weights_that_do_not_fit_their_own_arguments_take_no_memory(monkeypatch):
    """Arguments come from other persons' files: 300 GB here, if the network were built before names and shapes are compared."""
    from benchmark.networks import network

    def without_numbers(*given, **more):
        assert torch.empty(0).device.type == "meta"
        return timm_model(*given, **more)

    monkeypatch.setattr(network, "timm_model", without_numbers)
    state = timm.create_model("test_vit", num_classes=0).state_dict()
    with pytest.raises(CatsError, match="the weights do not fit test_vit"):
        build("test_vit", Trained(state, arguments={"embed_dim": 16_384, "depth": 24}))


def test_weights_with_another_stem_are_refused_in_one_sentence():
    given = timm.create_model("resnet18").state_dict()
    with pytest.raises(CatsError) as caught:
        Network("resnet18", Trained(given), 2, SMALL)
    wrong = "conv1.weight is (64, 3, 7, 7) instead of (64, 3, 3, 3)"
    assert str(caught.value) == f"the weights do not fit resnet18, 1 key differs: {wrong}"


def test_dense_layers_stand_between_backbone_and_head():
    made = Network("test_resnet", Trained(), 3, Recipe(hidden=(16, 8), dropout=0.5)).eval()
    shapes = [tuple(layer.weight.shape) for layer in made.dense.modules() if isinstance(layer, nn.Linear)]
    assert shapes == [(16, feature_count(made.backbone)), (8, 16)]
    assert made.head.weight.shape == (3, 8)
    images = torch.rand(2, 3, 32, 32)
    first, second = (layer[1] for layer in made.dense)
    by_hand = made.head(second(first(made.backbone((images - 0.5) / 0.5)).relu()).relu())
    torch.testing.assert_close(made(images), by_hand)
    assert made.features(images).shape == (2, feature_count(made.backbone))  # measures and probes see the backbone's own


def test_a_head_on_dense_layers_is_not_kept_with_the_weights_and_one_without_is(tmp_path):
    for name, recipe in (("plain", Recipe()), ("dense", Recipe(hidden=(8,)))):
        made = Network("test_resnet", Trained(), 3, recipe)
        write_weights(tmp_path / f"{name}.safetensors", made, Trained(), {})
        kept = read_weights(tmp_path / f"{name}.safetensors").state
        assert {key for key in kept if key not in made.backbone.state_dict()} == (
            {"fc.weight", "fc.bias"} if name == "plain" else set()
        )
        Network("test_resnet", Trained(kept), 2)


def test_a_new_head_is_new_with_its_dense_layers_and_leaves_the_backbone():
    made = Network("test_resnet", Trained(), 3, Recipe(hidden=(8,)))
    before = {name: value.clone() for name, value in made.state_dict().items()}
    made.reset_head()
    changed = {name for name, value in made.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"dense.0.1.weight", "dense.0.1.bias", "head.weight", "head.bias"}


def dropout(rate, seed=0):
    made = Dropout(rate, 8).train()
    made.rng.manual_seed(seed)
    return made


def test_dropout_takes_its_share_and_scales_up_the_rest():
    features = torch.arange(1.0, 100_001).view(100, 1000)
    made = dropout(0.3)(features)
    gone = made == 0
    assert float(gone.float().mean()) == pytest.approx(0.3, abs=0.005)
    torch.testing.assert_close(made[~gone], features[~gone] / 0.7)
    assert all(0.2 < float(share) < 0.4 for share in gone.float().mean(dim=1))  # every image on its own


def test_dropout_neither_drops_nor_draws_in_evaluation_or_without_a_rate():
    features = torch.rand(4, 8)
    for layer in (dropout(0.5).eval(), dropout(0.0)):
        before = layer.rng.get_state()
        assert torch.equal(layer(features), features)
        assert torch.equal(layer.rng.get_state(), before)


def test_dropout_has_a_gradient_where_it_lets_through():
    features = torch.ones(1, 100, requires_grad=True)
    made = dropout(0.5)(features)
    made.sum().backward()
    assert torch.equal(features.grad, made.detach())


def test_dropout_of_one_network_does_not_change_that_of_another_nor_the_random_generator_of_torch():
    features = torch.ones(4, 50)
    alone = dropout(0.5)
    expected = [alone(features) for _ in range(3)]
    one, other, state = dropout(0.5), dropout(0.5, seed=1), torch.get_rng_state()
    pairs = [(one(features), other(features)) for _ in range(3)]
    assert all(torch.equal(mine, made) for (mine, _), made in zip(pairs, expected, strict=True))
    assert not any(torch.equal(mine, theirs) for mine, theirs in pairs)
    assert torch.equal(torch.get_rng_state(), state)


def test_each_dropout_layer_has_its_own_random_generator_from_the_seed():
    recipe = Recipe(dropout=0.5, hidden=(64, 64))
    one, same, other = (Network("test_resnet", Trained(), 2, recipe) for _ in range(3))
    for made, seed in ((one, 2**62), (same, 2**62), (other, 1)):
        made.seed_dropout(seed)
    draws = [[torch.rand(3, generator=rng).tolist() for rng in made.generators()] for made in (one, same, other)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0]) == 3
    assert len({tuple(drawn) for drawn in draws[0] + draws[2]}) == 6


def test_what_a_gpu_is_to_drop_goes_there_from_pinned_memory(monkeypatch):
    """There is no GPU here: features that say they are on one, and lie on the CPU."""

    class There(torch.Tensor):
        is_cuda = True

    pinned, sent, real = [], [], torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: (pinned.append(self), self)[1])
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *to, **how: (sent.append((self, how)), real(self, *to))[1])
    layer = Dropout(0.5, 8)
    layer(torch.ones(4, 8))
    assert pinned == []
    sent.clear()
    layer(torch.ones(4, 8).as_subclass(There))
    ((mask, how),) = sent
    assert pinned[0] is mask
    assert how == {"non_blocking": True}
