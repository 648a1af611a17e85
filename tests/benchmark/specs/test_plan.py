import pytest

from benchmark.specs import catalogue
from benchmark.specs.plan import Plan, load_plan, plan_names
from benchmark.specs.recipe import recipe_points
from results.error import CatsError
from tests.support.plans import cells_of, leaks_of

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
    cells = list(cells_of(plan))
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
        (TEXT + "seeds: 0\n", "seeds: 0 is neither a number of seeds, 1 or more, nor a list"),
        (TEXT + "seeds: [1.5]\n", "seeds"),
        (TEXT + "seeds: [-1]\n", "seeds.0 is -1"),
        (TEXT + "recipe: fintune\n", "there is no recipe 'fintune'; did you mean 'finetune'?"),
        (TEXT + "recipe: {lr: []}\n", "recipe.lr is an empty list"),
        (TEXT + "recipe: {lr: fast}\n", "lr is 'fast'"),
        (TEXT + "recipe: {optimiser: adan}\n", "allowed are 'sgd', 'adam' or 'adamw'"),
        (TEXT + "recipe: {augment: {flp: 1}}\n", "there is no key 'augment.flp'; did you mean 'flip'?"),
        (TEXT + "pretraining: {epoch: 1}\n", "there is no key 'epoch'; did you mean 'epochs'?"),
        (TEXT + "subsample: {trane: 1}\n", "there is no key 'subsample.trane'; did you mean 'train'?"),
        (TEXT + "country: Netherlands\n", "country is 'Netherlands'"),
        (TEXT.replace("digits", "'digits[frm=imagenet]'"), "digits takes no option"),
        (TEXT.replace("digits", "'scratch[from=imagenet]'"), "only a source that is pretrained has a start"),
        (TEXT.replace("ihc", "'breastmnist[size=30]'"), "breastmnist has no size 30; allowed are 28, 64, 128, 224"),
        (TEXT.replace("ihc", "'breastmnist[siz=28]'"), "breastmnist takes no option 'siz'; did you mean 'size'?"),
        (TEXT.replace("ihc", "'Breast MNIST'"), "'Breast MNIST' is not a name"),
        ("sources: [digits]\ntargets: [digits]\nbackbones: [test_resnet]\n", "has no cell to run: they are the same images"),
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
    assert leaks_of(plan) == {
        ("dermamnist", "dermamnist"): "they are the same images",
        ("digits[from=ihc]", "ihc"): "they are the same images",
    }
    organs = Plan(**fields, sources=["organamnist"], targets=["organcmnist"])
    assert "of one family of data sets, 'organ_ct'" in leaks_of(organs)["organamnist", "organcmnist"]


def test_any_target_is_a_source_and_options_become_part_of_the_name():
    source = catalogue.source("breastmnist[size=64,from=imagenet]")
    assert (source.name, source.start, source.kind) == ("breastmnist[size=64,from=imagenet]", "imagenet", "pretraining")
    assert source.dataset.shape == (64, 64)
    assert catalogue.source("fractal[classes=7,per_class=3]").dataset.images == 21


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TEXT.replace("scratch", "imagnet"), "no source called 'imagnet' in PATH; did you mean 'imagenet'?"),
        (TEXT.replace("ihc", "octmnst"), "no target called 'octmnst' in PATH; did you mean 'octmnist'?"),
        (TEXT.replace("digits", "'digits[from=imagnet]'"), "no source called 'imagnet'; did you mean 'imagenet'?"),
        (
            TEXT + "rule: min_val_los\n",
            "rule is 'min_val_los', allowed are 'min_val_loss', 'within_one_se', 'max_val_auc' or 'last_epoch'",
        ),
        (TEXT + "metric: acuracy\n", "there is no metric 'acuracy'; did you mean 'accuracy'?"),
        (TEXT + "metrics: auc\n", "there is no key 'metrics'; did you mean 'metric'?"),
        (
            TEXT + "subsample: 3\n",
            "subsample is 3; allowed is keys with values; the keys are train, val, per_class, stratified, seed",
        ),
        (TEXT + "subsample: {train: 0}\n", "subsample.train is 0; allowed is a whole number from 1 on"),
        (TEXT + "subsample: {stratified: maybe}\n", "subsample.stratified is 'maybe'; allowed is true or false"),
        (TEXT + "subsample: {stratifid: true}\n", "no key 'subsample.stratifid'; did you mean 'stratified'?"),
        (TEXT + "subsample: {train: true}\n", "subsample.train is True"),
        (TEXT + "strategy: 1\n", "there is no key 'strategy'"),
        (TEXT + "recipe: {strength: 1}\n", "recipe: there is no key 'strength'"),
        (TEXT + "seeds: []\n", "seeds: the list is empty; it needs at least one value"),
        (TEXT + "seeds: [1, 2, 1]\n", "seeds: '1' is given twice"),
        (TEXT + "measures: [knn, leep, knn]\n", "measures: 'knn' is given twice"),
        (TEXT + "measures: ['knn[k=1,x=2]', 'knn[k=1 x=2]']\n", "have one name in MLflow"),
        (TEXT + "seeds: true\n", "seeds: True is neither"),
        (TEXT.replace("[ihc]", "ihc"), "targets: 'ihc' is not a list of names; write a list like"),
        (TEXT.replace("[ihc]", "[3]"), "targets: [3] is not a list of names"),
        (TEXT.replace("[ihc]", "[]"), "targets: the list is empty"),
        (TEXT + "experiment: ''\n", "experiment is ''; allowed is text of length 1 at least"),
        (TEXT + "pretraining: {lr: fast}\n", "pretraining: recipe: lr is 'fast'"),
    ],
)
def test_names_types_and_empty_lists_that_no_plan_may_hold(write, text, sentence):
    path = write(text)
    told = refused(path)
    assert sentence.replace("PATH", path) in told
    assert path in told


@pytest.mark.parametrize("recipe", ["3", "null", "[finetune]"])
def test_a_recipe_of_another_type_is_named_by_its_own_key(write, recipe):
    told = refused(write(f"{TEXT}recipe: {recipe}\n"))
    assert "recipe is " in told
    assert "recipe.str" not in told


@pytest.mark.parametrize("pretraining", ["{lr: [0.1, 0.2]}", "{base: probe}", "{protocol: probe}"])
def test_a_pretraining_is_one_point_of_fine_tuning(write, pretraining):
    plan = load_plan(write(f"{TEXT}pretraining: {pretraining}\n"))
    with pytest.raises(CatsError, match="pretraining of digits: a pretraining has one point, no grid, and its protocol is"):
        list(cells_of(plan))


@pytest.mark.parametrize("name", ["nowhere", "quickstrt", "", "nowhere.yaml", "folder.yaml"])
def test_a_plan_that_is_nowhere_is_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    told = refused(name)
    if name.endswith(".yaml"):
        assert told == f"there is no file {name}"
    else:
        near = (
            "did you mean 'quickstart'?"
            if name == "quickstrt"
            else "allowed are data_size, first, guide, medmnist_rows, quickstart, transfer, transfer_probe"
        )
        assert told == f"there is no plan file '{name}', and no plan of that name; {near}"


@pytest.mark.parametrize("option", ["classes=1", "classes=-1", "classes=ten", "classes=", "per_class=few"])
def test_a_value_that_an_entry_cannot_use_is_a_sentence(write, option):
    assert "fractal" in refused(write(TEXT.replace("digits", f"'fractal[{option}]'")))


def test_one_set_of_images_under_two_names_is_refused_like_a_name_given_twice(write):
    assert "breastmnist[size=28]" in refused(write(TEXT.replace("[ihc]", "[breastmnist, 'breastmnist[size=28]']")))


@pytest.mark.timeout(10)  # else it would look for the beginning for ever
def test_an_entry_that_starts_from_itself_is_refused(write, home):
    folder = home / "entries" / "sources"
    folder.mkdir(parents=True)
    facts = "modality: m, task: binary, classes: [a, b], licence: l, citation: c, tree: x, read: {folders: {classes: [a, b]}}"
    (folder / "one.yaml").write_text(f"title: t\nstart: two\ndataset: {{{facts}}}\n")
    (folder / "two.yaml").write_text(f"title: t\nstart: one\ndataset: {{{facts}}}\n")
    told = refused(write(TEXT.replace("digits", "one")))
    assert "one" in told
    assert "two" in told


def test_a_plan_listed_again_gives_the_same_cells_in_the_same_order(write):
    plan = load_plan(write(TEXT + "seeds: 2\nrecipe: {lr: [0.1, 0.2]}\n"))
    assert [cell.key for cell in cells_of(plan)] == [cell.key for cell in cells_of(plan)]


def test_the_order_of_the_plan_moves_cells_and_changes_none(write):
    one = cells_of(load_plan(write(TEXT)))
    other = cells_of(load_plan(write(TEXT.replace("scratch, digits", "digits, scratch"))))
    assert {cell.key for cell in one} == {cell.key for cell in other}


def test_targets_stay_together_so_that_they_stay_loaded(write):
    text = TEXT.replace("[ihc]", "[ihc, breastmnist]").replace("[test_resnet]", "[test_resnet, resnet18]")
    order = [(cell.target, cell.backbone) for cell in cells_of(load_plan(write(text)))]
    assert order == sorted(order, key=[("ihc", "test_resnet"), ("ihc", "resnet18"), ("breastmnist", "test_resnet"),
                                       ("breastmnist", "resnet18")].index)  # fmt: skip


def test_the_sub_sample_of_the_plan_goes_before_the_one_of_the_target(write):
    assert {cell.subsample.train for cell in cells_of(load_plan(write(TEXT + "subsample: {train: 9}\n")))} == {9}
    assert {cell.subsample.train for cell in cells_of(load_plan(write(TEXT)))} == {None}


def test_pairs_that_are_refused_have_no_cell_and_the_others_have(write):
    text = TEXT.replace("[ihc]", "[ihc, digits]") + "seeds: 1\n"
    pairs = [(cell.source, cell.target) for cell in cells_of(load_plan(write(text)))]
    assert pairs == [("scratch", "ihc"), ("digits", "ihc"), ("scratch", "digits")]


@pytest.mark.slow
@pytest.mark.parametrize("name", plan_names())
def test_shipped_plans_have_every_cell_once(name, real_weights, real_dataset):
    plan = load_plan(name)
    for target in plan.targets:
        real_dataset(catalogue.target(target).dataset)
    cells = list(cells_of(plan))
    pairs = len(plan.sources) * len(plan.targets) - len(leaks_of(plan))
    sizes = 1 if plan.subsample is None else len(plan.subsample.train)
    count = pairs * sizes * len(recipe_points(plan.recipe, name)) * len(plan.seeds)
    assert len(cells) == count == len({cell.key for cell in cells})
