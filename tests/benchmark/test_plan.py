import pytest

from benchmark import catalogue
from benchmark.plan import Plan, load_plan
from benchmark.recipe import recipe_names, recipe_points
from results.error import CatsError

TEXT = "sources: [scratch, digits]\ntargets: [ihc]\nbackbones: [test_resnet]\n"


@pytest.fixture
def write(tmp_path):
    def make(text):
        path = tmp_path / "plan.yaml"
        path.write_text(text)
        return str(path)

    return make


def refused(path):
    with pytest.raises(CatsError) as caught:
        load_plan(path)
    return str(caught.value)


def test_cells_are_all_combinations_each_once(write):
    plan = load_plan(write(TEXT + "seeds: [3, 5]\nrecipe: {lr: [0.1, 0.01], momentum: [0.0, 0.9]}\n"))
    cells = list(plan.cells())
    assert len(cells) == 2 * 2 * 4 == len({cell.key for cell in cells})
    assert {cell.seed for cell in cells} == {3, 5}
    assert len({cell.point for cell in cells}) == 4
    assert plan.experiment == "plan"


def test_a_number_of_seeds_counts_from_zero(write):
    assert load_plan(write(TEXT + "seeds: 4\n")).seeds == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("- a\n- b\n", "must hold keys and values"),
        ("sources: [a\n", "is not valid YAML"),
        (TEXT + "seeds: 1\nseeds: 2\n", "key 'seeds' is given twice"),
        ("sources: [scratch]\ntargets: [ihc]\n", "the key 'backbones' is missing"),
        (TEXT.replace("[ihc]", "[]"), "targets"),
        (TEXT.replace("[scratch, digits]", "[scratch, scratch]"), "'scratch' is given twice"),
        (TEXT + "seeds: 0\n", "seeds is 0"),
        (TEXT + "seeds: [1.5]\n", "seeds"),
        (TEXT + "seeds: [-1]\n", "seeds.0 is -1"),
        (TEXT + "recipe: fintune\n", "there is no recipe 'fintune'; did you mean 'finetune'?"),
        (TEXT + "recipe: {lr: []}\n", "recipe.lr is an empty list"),
        (TEXT + "recipe: {lr: fast}\n", "lr is 'fast'"),
        (TEXT + "recipe: {optimiser: adam}\n", "allowed are 'sgd' or 'adamw'"),
        (TEXT + "recipe: {augment: {flp: 1}}\n", "there is no key 'augment.flp'; did you mean 'flip'?"),
        (TEXT + "pretraining: {epoch: 1}\n", "there is no key 'epoch'; did you mean 'epochs'?"),
        (TEXT + "subsample: {trane: 1}\n", "there is no key 'subsample.trane'; did you mean 'train'?"),
        (TEXT + "country: Netherlands\n", "country is 'Netherlands'"),
        (TEXT.replace("digits", "'digits[frm=imagenet]'"), "digits takes no option"),
        (TEXT.replace("digits", "'scratch[from=imagenet]'"), "only a source that is pretrained can start from another"),
        (TEXT.replace("ihc", "'breastmnist[size=30]'"), "breastmnist has no size 30; allowed are 28, 64, 128, 224"),
        (TEXT.replace("ihc", "'breastmnist[siz=28]'"), "breastmnist takes no option 'siz'; did you mean 'size'?"),
        (TEXT.replace("ihc", "'Breast MNIST'"), "'Breast MNIST' is no name"),
        ("sources: [digits]\ntargets: [digits]\nbackbones: [test_resnet]\n", "has no cell left: they are the same images"),
    ],
)
def test_every_wrong_plan_gets_its_sentence(write, text, sentence):
    told = refused(write(text))
    assert sentence in told
    assert "plan.yaml" in told


def test_everything_wrong_is_said_at_once(write):
    told = refused(write(TEXT + "metrik: auc\nsedes: 3\n"))
    assert "metrik" in told
    assert "sedes" in told


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe\x00")
    assert "is not a text file" in refused(str(tmp_path / "plan.yaml"))


def test_pairs_of_one_family_are_refused_along_the_whole_chain():
    fields = {"experiment": "e", "backbones": ["test_resnet"]}
    plan = Plan(**fields, sources=["dermamnist", "digits[from=ihc]", "scratch"], targets=["dermamnist", "ihc"])
    assert plan.refused() == {
        ("dermamnist", "dermamnist"): "they are the same images",
        ("digits[from=ihc]", "ihc"): "they are the same images",
    }
    organs = Plan(**fields, sources=["organamnist"], targets=["organcmnist"])
    assert "of one family of data sets, 'organ_ct'" in organs.refused()["organamnist", "organcmnist"]


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_are_single_points(name):
    assert len(recipe_points(name, "here")) == 1


def test_any_target_is_a_source_and_options_become_part_of_the_name():
    source = catalogue.source("breastmnist[size=64,from=imagenet]")
    assert (source.name, source.start, source.kind) == ("breastmnist[size=64,from=imagenet]", "imagenet", "pretraining")
    assert source.dataset.shape == (64, 64)
    assert catalogue.source("fractal[classes=7,per_class=3]").dataset.images == 21
