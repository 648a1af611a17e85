"""What can be known to be wrong is said in one sentence before anything starts, by every command that would fail later."""

import os

import pytest
import torch

from benchmark.machine.timm_import import timm
from tests.support.encoders import encoder
from tests.support.own_tables import FACTS, made, table

PLAN = """\
sources: [scratch]
targets: [ihc]
backbones: [vit_tiny_patch16_224, test_resnet]
recipe: {size: 20, epochs: 1}
seeds: 1
"""
BACKBONES = "backbones: [vit_tiny_patch16_224, test_resnet]\n"
COMMANDS = [("plan",), ("run",), ("plan", "--calibrate", "--hours", "1"), ("run", "--hours", "1"), ("score",)]
MEASURES = "measures: [knn]\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_backbone_of_another_size_is_refused_by_every_command(cats, tmp_path, command):
    (tmp_path / "plan.yaml").write_text(PLAN + MEASURES)
    code, _, err = cats(command[0], "plan.yaml", *command[1:])
    assert code == 2
    said = "recipe: backbone vit_tiny_patch16_224 has patches of 16 pixels, which do not divide 20; write size: 16 or 32, or"
    assert said in err
    assert err.partition("cats: ")[2].count("\n") <= 2
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["plan", "run"])
def test_the_size_of_a_pretraining_counts_too(cats, tmp_path, command):
    plan = PLAN.replace("scratch", "digits").replace("vit_tiny_patch16_224, test_resnet", "test_vit").replace("20", "64")
    (tmp_path / "plan.yaml").write_text(f"{plan}pretraining: {{size: 28}}\n")
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    said = (
        "recipe of the pretraining of digits: backbone test_vit has patches of 16 pixels, which do not divide 28; write size:"
    )
    assert said in err


PARTS = {
    "{protocol: partial, blocks: 9}": "recipe: blocks is 9, but backbone test_resnet has 4 blocks",
    "{protocol: lora, adapted: attention}": "recipe: adapted is attention, but backbone test_resnet has no attention; write",
    "{protocol: probe, layers: 7}": "recipe: layers is 7, but timm gives the features of 5 layers of backbone test_resnet",
    "{protocol: [finetune, norms]}": "recipe: backbone vgg11 has no norm layer with a scale, and protocol norms trains those",
}


@pytest.mark.parametrize(("command", "recipe"), [*(("plan", recipe) for recipe in PARTS), ("run", next(iter(PARTS)))])
def test_what_a_backbone_does_not_have_is_said_by_both_commands(cats, tmp_path, command, recipe):
    backbone = "vgg11" if "norms" in recipe else "test_resnet"
    plan = PLAN.replace("vit_tiny_patch16_224, test_resnet", backbone)
    (tmp_path / "plan.yaml").write_text(plan.replace("{size: 20, epochs: 1}", recipe.replace("{", "{size: 32, ")))
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert PARTS[recipe] in err
    assert "Traceback" not in err
    assert not (tmp_path / "mlflow.db").exists()


IMAGES = {
    "{protocol: knn, k: [5, 50], size: 16}\nsubsample: {train: 16}": (
        "recipe: k is 50, and no k may exceed the 16 training images of ihc (subsample: {train: 16})"
    ),
    "{base: knn, size: 16}\nsubsample: {train: [16, 100]}": (
        "recipe: k is 50, and no k may exceed the 16 training images of ihc (subsample: {train: 16})"
    ),
    "{protocol: knn, k: [5000], size: 16}": "recipe: k is 5000, and no k may exceed the 288 training images of ihc\n",
    "{protocol: prototype, size: 16}\nsubsample: {train: [1, 9]}": (
        "subsample: {train: 1}: a stratified draw takes at least one image of each of the 2 classes of ihc; write train: 2 or"
    ),
    "{protocol: probe, size: 16}\nsubsample: {val: 1, stratified: false}": (
        "subsample: {val: 1, stratified: false}: ihc: the class 'unstained' has no image in val; use more images\n"
    ),
}


@pytest.mark.parametrize(("command", "recipe"), [*(("plan", recipe) for recipe in IMAGES), ("run", next(iter(IMAGES)))])
def test_what_the_number_of_images_does_not_allow_is_said_by_both_commands(cats, tmp_path, command, recipe):
    plan = PLAN.replace("vit_tiny_patch16_224, ", "").replace("{size: 20, epochs: 1}", recipe)
    (tmp_path / "plan.yaml").write_text(plan)
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert IMAGES[recipe] in err
    assert err.count("recipe: k is") <= 1
    assert "Traceback" not in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("command", ["plan", "run"])
def test_arguments_of_weights_decide_how_many_blocks_there_are(cats, home, tmp_path, monkeypatch, command):
    encoder(home / "entries", tmp_path / "weights", "mine", "test_vit", depth=2)
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / "weights"))
    plan = PLAN.replace("scratch", "mine").replace(BACKBONES, "")
    (tmp_path / "plan.yaml").write_text(plan.replace("{size: 20, epochs: 1}", "{size: 32, protocol: partial, blocks: 3}"))
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert "recipe: blocks is 3, but backbone test_vit has 2 blocks" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "ended", "said"),
    [
        ("arguments: {global_pool: ''}", 1, "mine: backbone test_vit gives 101 tokens of 64 numbers for each image"),
        ("arguments: {global_pool: ''}, pool: both", 0, "test_vit gives 128 finite features at 160 px"),
    ],
)
def test_check_says_what_an_encoder_gives(cats, home, tmp_path, monkeypatch, written, ended, said):  # noqa: PLR0917
    encoder(home / "entries", tmp_path / "weights", "mine", "test_vit")
    path = home / "entries" / "sources" / "mine.yaml"
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / "weights"))
    path.write_text(path.read_text().replace("{file: mine", f"{{file: mine, {written}"))
    code, out, err = cats("check", "mine")
    assert (code, said in " ".join((out + err).split())) == (ended, True), out + err


@pytest.mark.parametrize("command", ["run", "score"])
def test_nothing_is_left_behind(cats, tmp_path, command):
    (tmp_path / "plan.yaml").write_text(PLAN + MEASURES)
    assert cats(command, "plan.yaml")[0] == 2
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("limits", [("--hours", "1e-9"), ("--kwh", "1e-12", "--hours", "1e-9")], ids=" ".join)
def test_a_budget_that_holds_no_cell_leaves_nothing_behind(cats, tmp_path, limits):
    (tmp_path / "plan.yaml").write_text(PLAN.replace("vit_tiny_patch16_224, ", ""))
    code, _, err = cats("run", "plan.yaml", *limits)
    assert code == 2
    assert "the budget of " in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
def test_measures_for_which_no_network_sees_an_image_need_no_size(cats, tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN.replace(", test_resnet", "") + "measures: [class_count]\n")
    assert cats("score", "plan.yaml")[0] == 0


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("entry", "content", "sentence"),
    [
        ("", {}, "says with which mean and std the images of these weights were normalised"),
        (", mean: [0, 0, 0], std: [1, 1, 1]", {"conv1.0.weight": torch.ones(1)}, "the weights do not fit test_resnet"),
    ],
)
def test_weights_that_cannot_be_used(cats, home, tmp_path, monkeypatch, command, entry, content, sentence):  # noqa: PLR0917
    (home / "entries" / "sources").mkdir(parents=True)
    (home / "entries" / "sources" / "mine.yaml").write_text(f"title: t\nweights: {{file: mine{entry}}}\n")
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    torch.save({**timm.create_model("test_resnet").state_dict(), **content}, tmp_path / "test_resnet.mine.pth")
    (tmp_path / "plan.yaml").write_text(PLAN.replace("scratch", "mine").replace("vit_tiny_patch16_224, ", ""))
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert sentence in err


ARGUMENTS = {
    "arguments: {features_only: true}": "weights.arguments: 'features_only' is no argument of a network; allowed are ",
    "arguments: {img_sise: 32}": "weights.arguments: 'img_sise' is no argument of a network; did you mean 'img_size'?",
    "arguments: {depth: deep}": "the argument depth of a network is 'deep'; allowed is a whole number",
    "arguments: {no_embed_class: 1}": "the argument no_embed_class of a network is 1; allowed is true or false",
    "arguments: [img_size]": "weights.arguments is ['img_size']; allowed is keys with values",
    "arguments: {init_values: 1e-5}": "the weights do not fit test_vit, ",
    "arguments: {bn_eps: 0.1}": "backbone test_vit does not take {'bn_eps': 0.1}: ",
    "arguments: {num_heads: 7}": "backbone test_vit cannot be built with {'num_heads': 7}: ",
    "arguments: {global_pool: ''}": "recipe, source mine: backbone test_vit gives 5 tokens of 64 numbers for each image "
    "instead of one vector; write pool: token, pool: avg or pool: both under `weights` of the source's entry",
    "pool: mean": "weights.pool is 'mean', allowed are 'token', 'avg' or 'both'",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("written", ARGUMENTS)
def test_arguments_that_cannot_be_used(cats, home, tmp_path, monkeypatch, command, written):
    encoder(home / "entries", tmp_path / "weights", "mine", "test_vit")
    path = home / "entries" / "sources" / "mine.yaml"
    path.write_text(path.read_text().replace("{file: mine", f"{{file: mine, {written}"))
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / "weights"))
    plan = PLAN.replace("scratch", "mine").replace(BACKBONES, "").replace("20", "32")
    (tmp_path / "plan.yaml").write_text(plan)
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert ARGUMENTS[written] in err
    assert err.count("cats: ") <= 1
    assert "Traceback" not in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", [("plan", "plan.yaml"), ("run", "plan.yaml"), ("check", "mine")])
def test_a_choice_among_the_contents_of_a_file_is_said(cats, home, tmp_path, monkeypatch, command):
    (home / "entries" / "sources").mkdir(parents=True)
    entry = "title: t\nlicence: l\ncitation: c\nweights: {file: mine, mean: [0, 0, 0], std: [1, 1, 1]}\n"
    (home / "entries" / "sources" / "mine.yaml").write_text(entry)
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    state = timm.create_model("test_resnet").state_dict()
    torch.save({"state_dict": state, "state_dict_ema": state}, tmp_path / "test_resnet.mine.pth.tar")
    (tmp_path / "plan.yaml").write_text(
        PLAN.replace("scratch", "mine").replace("vit_tiny_patch16_224, ", "").replace("epochs: 1", "epochs: 0")
    )
    code, out, err = cats(*command)
    assert code == 0, err
    said = (
        f"{tmp_path / 'test_resnet.mine.pth.tar'}: the weights under 'state_dict' are taken; it also holds 'state_dict_ema', "
    )
    assert f"{said}choose with state_dict_key: state_dict_ema" in out + err


def test_data_that_are_missing_name_their_entry_once(cats, tmp_path):
    names = "pneumoniamnist, bloodmnist, 'retinamnist[size=64]'"
    text = f"experiment: e\nsources: [scratch]\ntargets: [{names}]\nbackbones: [test_resnet]\n"
    (tmp_path / "plan.yaml").write_text(text + "recipe: finetune\nseeds: 1\n")
    _, out, err = cats("plan", "plan.yaml")
    for name in ("pneumoniamnist", "bloodmnist"):
        assert (out + err).count(f"{name}: medmnist/{name}.npz not found in ") == 1
        assert f"{name}: {name}: " not in out + err
    said = " ".join((out + err).split())
    assert "retinamnist[size=64]: medmnist/retinamnist_64.npz not found in " in said
    assert "; get it with `cats fetch 'retinamnist[size=64]'`, or set CATS_DATA" in said


@pytest.mark.parametrize("variable", ["CATS_DATA", "CATS_WEIGHTS"])
@pytest.mark.parametrize("command", [("run", "quickstart"), ("plan", "quickstart"), ("check", "digits"), ("list", "sources")])
def test_a_variable_that_names_no_folder_is_said_at_once(cats, tmp_path, monkeypatch, variable, command):
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    code, _, err = cats(*command)
    assert (code, err) == (
        2,
        f"cats: {variable} is '{tmp_path / 'nowhere'}', which does not exist; {variable} must name a folder, or not be set\n",
    )
    (tmp_path / "nowhere").write_text("")
    assert "which is a file; " in cats(*command)[2]
    assert cats("--help")[0] == 0


def test_a_folder_of_entries_that_does_not_exist_is_said_with_the_name_that_is_missing(cats):
    code, _, err = cats("check", "minee")
    assert code == 2
    assert f"CATS_ENTRIES is '{os.environ['CATS_ENTRIES']}', which is no folder" in err


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (None, "mobilenetv2_035.imagenet.safetensors not found in "),
        (
            "mobilenetv2_035.imagenet.h5",
            "mobilenetv2_035.imagenet.h5 lies there, but only files that end in .safetensors, .pt, ",
        ),
        (
            "mobilenetv2_035-1234.pth",
            "mobilenetv2_035-1234.pth lies there: call it mobilenetv2_035.imagenet.pth if it is meant",
        ),
        ("imagenet.ckpt", "imagenet.ckpt lies there: call it mobilenetv2_035.imagenet.ckpt if it is meant"),
        ("mobilenetv2_035_imagenet.pth.tar", "call it mobilenetv2_035.imagenet.pth.tar if it is meant"),
    ],
)
def test_missing_weights_name_the_variable_the_file_and_what_lies_there(cats, tmp_path, monkeypatch, file, sentence):
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    if file is not None:
        (tmp_path / file).write_bytes(b"")
    (tmp_path / "plan.yaml").write_text(
        PLAN.replace("scratch", "imagenet").replace("vit_tiny_patch16_224, test_resnet", "mobilenetv2_035")
    )
    code, _, err = cats("plan", "plan.yaml")
    assert code == 2
    assert "source imagenet has no weights for mobilenetv2_035: " in err
    assert f"{tmp_path} or " in err
    assert "set CATS_WEIGHTS to the folder that holds it" in err
    assert sentence in err


@pytest.mark.parametrize("file", ["resnet18.imagenet.safetensors", "mobilenetv2_035.other.pth", "imagenet_labels.txt"])
def test_files_of_others_are_not_proposed(cats, tmp_path, monkeypatch, file):
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    (tmp_path / file).write_bytes(b"")
    (tmp_path / "plan.yaml").write_text(
        PLAN.replace("scratch", "imagenet").replace("vit_tiny_patch16_224, test_resnet", "mobilenetv2_035")
    )
    assert "lies there" not in cats("plan", "plan.yaml")[2]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("[ihc]", "[imagenet]"),
            "no target called 'imagenet' in plan.yaml; 'imagenet' is a source: name it under `sources`; to test on",
        ),
        (("[ihc]", "[fractal]"), "'fractal' is a source: name it under `sources`"),
        (("[ihc]", "[probe]"), "no target called 'probe' in plan.yaml; 'probe' is a recipe: write `recipe: probe`"),
        (("[ihc]", "[logme]"), "'logme' is a measure: name it under `measures`"),
        (("[ihc]", "[resnet18]"), "'resnet18' is a backbone: name it under `backbones`"),
        (("[ihc]", "['models:/digits/1']"), "published weights are a source: name them under `sources`"),
        (("[ihc]", "[/data/pictures]"), "'/data/pictures' is not a name; data of your own get a name by `cats new target NAME"),
        (("[scratch]", "[w/resnet18.pth]"), "weights by an entry sources/NAME.yaml"),
        (("[scratch]", "[ImageNet]"), "write a name like breastmnist or breastmnist[size=64], in lower case: 'imagenet'"),
        (("[scratch]", "[logme]"), "no source called 'logme' in plan.yaml; 'logme' is a measure: name it under `measures`"),
        (("[scratch]", "['digits[from=probe]']"), "'probe' is a recipe: write `recipe: probe`"),
        (("[scratch]", "[resnet50]"), "'resnet50' is a backbone: name it under `backbones`"),
        (("[scratch]", "[quickstart]"), "'quickstart' is a plan: `cats run quickstart` runs it"),
        (("{size: 20, epochs: 1}", "ihc"), "there is no recipe 'ihc'; 'ihc' is a target: name it under `targets`"),
        (("{size: 20, epochs: 1}", "{base: imagenet}"), "there is no recipe 'imagenet'; 'imagenet' is a source"),
        (("{size: 20, epochs: 1}", "{base: resnet18}"), "there is no recipe 'resnet18'; 'resnet18' is a backbone"),
        (("seeds: 1", "measures: [imagenet]"), "no measure called 'imagenet' in plan.yaml; 'imagenet' is a source"),
        (("seeds: 1", "measures: [ihc]"), "'ihc' is a target: name it under `targets`"),
        (("vit_tiny_patch16_224", "imagenet"), "timm has no backbone 'imagenet'; 'imagenet' is a source"),
        (("vit_tiny_patch16_224", "ihc"), "timm has no backbone 'ihc'; 'ihc' is a target"),
    ],
)
def test_a_name_in_the_wrong_place_says_what_it_is_and_where_it_belongs(cats, tmp_path, change, sentence):
    (tmp_path / "plan.yaml").write_text(PLAN.replace(*change))
    code, _, err = cats("plan", "plan.yaml")
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize(
    ("name", "role"), [("ihc", "a target: name it under `targets`"), ("imagenet", "a source"), ("probe", "a recipe")]
)
def test_a_name_in_place_of_a_plan_says_what_it_is(cats, name, role):
    code, _, err = cats("run", name)
    assert code == 2
    assert f"there is no plan file '{name}', and no plan of that name; '{name}' is {role}" in err


@pytest.mark.slow
def test_a_failed_cell_names_its_backbone_and_its_point(cats, tmp_path):
    """The loss overflows at once with the second learning rate."""
    recipe = "{size: 16, epochs: 1, optimiser: sgd, lr: [1e-3, 1e15], precision: fp32}"
    (tmp_path / "plan.yaml").write_text(
        f"sources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {recipe}\nseeds: 1\nsubsample: {{train: 60}}\n"
    )
    code, out, err = cats("run", "plan.yaml")
    assert code == 1, out + err
    assert "  failed: cell scratch → ihc, test_resnet, lr 1000000000000000.0, seed 0: " in err
    assert "1/2 cell scratch → ihc, test_resnet, lr 0.001, seed 0: finished" in err
    assert "scratch → ihc, test_resnet, seed 0, lr 1000000000000000.0" in cats("plan", "plan.yaml", "--cells")[1]


def test_weights_of_timm_instead_of_a_file_with_almost_the_name_are_said(cats, tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"")
    (tmp_path / "plan.yaml").write_text(
        PLAN.replace("scratch", "imagenet").replace("vit_tiny_patch16_224, test_resnet", "resnet18")
    )
    code, out, err = cats("plan", "plan.yaml")
    assert code == 0, err
    assert "source imagenet: the weights resnet18." in out
    assert "resnet18-f37072fd.pth lies there: call it resnet18.imagenet.pth if it is meant" in out


def test_a_list_says_that_the_folder_of_entries_does_not_exist(cats):
    code, _, err = cats("list", "sources")
    assert (code, "which is no folder" in err) == (0, True)


@pytest.mark.parametrize("command", ["plan", "run", "score"])
def test_a_list_with_more_training_images_than_a_target_has_starts_nothing(cats, tmp_path, command):
    plan = PLAN.replace("vit_tiny_patch16_224, ", "")
    (tmp_path / "plan.yaml").write_text(f"{plan}subsample: {{train: [20, 100000]}}\n{MEASURES}")
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert "subsample.train: 100000 cannot be drawn from ihc, which has" in err
    assert not (tmp_path / "mlflow.db").exists()


DRAWS = {
    "subsample: {train: 1}": "subsample: {train: 1}: a stratified draw takes at least one image of each of the 2 classes of",
    "subsample: {train: 6, stratified: false}": "ihc: with 6 training images knn has no value: 6 different images are too few",
    "subsample: {train: 4}": "ihc: with 4 training images knn has no value: 4 different images are too few for 5 folds",
}


@pytest.mark.parametrize("subsample", DRAWS)
def test_a_draw_that_no_measure_can_use_is_refused_before_scores_start(cats, tmp_path, subsample):
    plan = PLAN.replace("vit_tiny_patch16_224, ", "").replace("20, epochs: 1", "16")
    (tmp_path / "plan.yaml").write_text(f"{plan}{subsample}\n{MEASURES}")
    code, out, err = cats("score", "plan.yaml")
    assert (code, out) == (2, "")
    assert DRAWS[subsample] in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
def test_measures_that_a_draw_leaves_without_a_value_are_named_before_scores_start(cats, tmp_path):
    plan = PLAN.replace("vit_tiny_patch16_224, ", "").replace("20, epochs: 1", "16")
    (tmp_path / "plan.yaml").write_text(f"{plan}subsample: {{train: 2}}\nmeasures: [gbc, random]\n")
    code, _, err = cats("score", "plan.yaml")
    assert code == 0, err
    said = "ihc: with 2 training images gbc has no value: 2 of 2 classes have one image, which has no variance\n"
    assert (said in err, err.index(said) < err.index("1 pair: 0 were scored, 1 scored now, 0 attempts failed")) == (True, True)


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "ended"), [("size: 16", 2), ("size: 64", 0), ("size: 16, trained: head", 0)])
def test_the_only_training_image_is_refused_where_batch_norm_would_stop_at_it(cats, home, tmp_path, recipe, ended):
    path = table(
        made(tmp_path, "{0}.png".format) / "labels.csv",
        file=lambda n: f"{n}.png",
        label=None,
        ant=lambda n: n % 2,
        zebra=lambda n: int(n % 3 == 0),
    )
    assert cats("new", "target", "cells", "--from", path, *FACTS, "--label", "zebra,ant")[0] == 0
    plan = PLAN.replace("ihc", "cells").replace("vit_tiny_patch16_224, ", "").replace("size: 20", recipe)
    (tmp_path / "plan.yaml").write_text(f"{plan}subsample: {{train: 1}}\n")
    code, _, err = cats("plan", "plan.yaml")
    said = "recipe: backbone test_resnet cannot be trained at 16 pixels on the only training image of cells (subsample: {train"
    assert (code, said in err) == (ended, bool(ended)), err
