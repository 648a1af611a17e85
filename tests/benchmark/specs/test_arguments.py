"""Arguments of networks: which ones weights may set, with which values, and the sentences for others."""

import pytest

from benchmark.core.parse import parse
from benchmark.specs.arguments import ARGUMENTS, checked_arguments
from benchmark.specs.source import Source, Weights
from results.error import CatsError

UNI2H = {  # as the model card of UNI2-h writes them, with classes as configurations of the hub name them
    "img_size": 224, "patch_size": 14, "depth": 24, "num_heads": 24, "init_values": 1e-5, "embed_dim": 1536,
    "mlp_ratio": 2.66667 * 2, "no_embed_class": True, "mlp_layer": "timm.layers.SwiGLUPacked", "act_layer": "torch.nn.SiLU",
    "reg_tokens": 8, "dynamic_img_size": True,
}  # fmt: skip


def test_values_become_what_this_program_writes():
    assert checked_arguments(UNI2H) == UNI2H | {"mlp_layer": "SwiGLUPacked", "act_layer": "silu"}
    text = {"init_values": "1e-5", "img_size": "224", "no_embed_class": "True", "act_layer": "QuickGELU", "bn_eps": 1}
    read = checked_arguments(text)
    assert read == {"init_values": 1e-5, "img_size": 224, "no_embed_class": True, "act_layer": "quick_gelu", "bn_eps": 1.0}
    assert [type(value) for value in read.values()] == [float, int, bool, str, float]
    assert checked_arguments({name: str(value) for name, value in read.items()}) == read  # as metadata hold them


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("features_only", True, "'features_only' is no argument of a network; allowed are act_layer, "),
        ("num_reg_token", 4, "'num_reg_token' is no argument of a network; did you mean 'num_reg_tokens'?"),
        ("pretrained_cfg", {"file": "/x"}, "'pretrained_cfg' is no argument of a network; "),
        (3, 3, "'3' is no argument of a network; "),
        ("img_size", True, "img_size of a network is True; allowed is a whole number"),
        ("img_size", [224, 224], "img_size of a network is [224, 224]; allowed is a whole number"),
        ("img_size", "٢٢٤", "allowed is a whole number"),
        ("img_size", 0, "img_size of a network is 0; a number of at least 1 and at most 4096 is needed"),
        ("depth", 10**9, "a number of at least 1 and at most 256 is needed"),
        ("init_values", "1_0", "init_values of a network is '1_0'; allowed is a number"),
        ("init_values", float("nan"), "init_values of a network is nan; a number of at least 0 is needed"),
        ("bn_eps", 10**400, "allowed is a number"),
        ("mlp_ratio", "inf", "a number of at least 0.01 and at most 64 is needed"),
        ("no_embed_class", 1, "no_embed_class of a network is 1; allowed is true or false"),
        ("dynamic_img_size", "yes", "allowed is true or false"),
        ("mlp_layer", "SwiGLUpacket", "mlp_layer of a network is 'SwiGLUpacket'; did you mean 'SwiGLUPacked'?"),
        ("mlp_layer", "os.system", "mlp_layer of a network is 'os.system'; allowed are GluMlp, Mlp, SwiGLU, SwiGLUPacked"),
        ("act_layer", ["silu"], "act_layer of a network is ['silu']; "),
        ("global_pool", "mean", "global_pool of a network is 'mean'; allowed are '', avg, avgmax, map, max, token"),
        ("global_pool", "avg.", "global_pool of a network is 'avg.'; "),
        ("global_pool", "_", "global_pool of a network is '_'; allowed are '', avg, avgmax, map, max, token"),
        ("global_pool", " ", "global_pool of a network is ' '; "),
        ("mlp_layer", "xformers.ops.SwiGLU", "mlp_layer of a network is 'xformers.ops.SwiGLU'; "),
        ("mlp_layer", "my.SwiGLU", "mlp_layer of a network is 'my.SwiGLU'; "),
        ("pad_type", "smae", "pad_type of a network is 'smae'; did you mean 'same'?"),
        ("pad_type", 3, "pad_type of a network is 3; allowed are '', same, symmetric, valid"),
    ],
)
def test_anything_else_is_one_sentence(name, value, sentence):
    with pytest.raises(CatsError) as caught:
        checked_arguments({name: value}, "lab/net")
    assert str(caught.value).startswith("lab/net: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_argument_has_a_value_that_is_taken():
    some = {int: 8, float: 0.5, bool: True}
    values = {name: kind.words[-1] if kind.words else some.get(kind.kind, "same") for name, kind in ARGUMENTS.items()}
    assert checked_arguments(values) == values


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("global_pool", "", ""),
        ("pad_type", "SAME", "same"),
        ("mlp_layer", "timm.layers.SwiGLU", "SwiGLU"),
        ("act_layer", "torch.nn.modules.activation.GELU", "gelu"),
    ],
)
def test_classes_of_timm_and_torch_are_words_as_well(name, value, read):
    assert checked_arguments({name: value}) == {name: read}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"arguments": {"features_only": True}}, "weights.arguments: 'features_only' is no argument of a network"),
        ({"arguments": {"depth": "deep"}}, "weights.arguments: the argument depth of a network is 'deep'"),
        ({"arguments": {"pool": "avg"}}, "weights.arguments: 'pool' is no argument of timm; write it beside `arguments`"),
        ({"arguments": {"stem": "small"}}, "weights.arguments: 'stem' is no argument of timm; a recipe sets it"),
        ({"pool": "mean"}, "weights.pool is 'mean', allowed are 'token', 'avg' or 'both'"),
        ({"pools": "avg"}, "there is no key 'weights.pools'; did you mean 'pool'?"),
    ],
)
def test_what_an_entry_may_not_write(keys, sentence):
    with pytest.raises(CatsError) as caught:
        parse(Source, {"name": "mine", "title": "Mine", "weights": {"file": "mine", **keys}}, "sources/mine.yaml")
    assert sentence in str(caught.value)


def test_arguments_and_pool_are_part_of_the_identity_only_where_given():
    assert Weights(file="mine").reading() == Weights(file="mine", arguments={}, pool=None).reading() == {}
    written = Weights(file="mine", arguments={"mlp_layer": "torch.SwiGLUPacked"}, pool="both")
    assert written.reading() == {"arguments": {"mlp_layer": "SwiGLUPacked"}, "pool": "both"}
    assert hash(written) == hash(Weights(file="mine", arguments={"mlp_layer": "swiglu_packed"}, pool="both"))
