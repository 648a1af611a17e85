"""Planted leaks: they are found, reported in one sentence, refused or left out of the ranking; no image is read twice."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from mlflow import MlflowClient

from benchmark.data import copies, overlap
from benchmark.data import decoded as store
from benchmark.data.dataset import Dataset, File
from benchmark.data.readers.npz import npz
from benchmark.execution import leakage
from benchmark.execution.engine import Local
from benchmark.execution.resolution import resolve_pairs
from benchmark.execution.runner import run
from benchmark.execution.selection import selection_of
from benchmark.execution.watch import Watch
from benchmark.specs import catalogue
from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.source import Source
from benchmark.specs.target import Target
from results.board.board import make_board
from results.board.request import RunQuery
from results.board.text import BoardText
from results.error import CatsError, NoExperimentError
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.pictures import jpeg, textures
from tests.support.plans import resolved

COUNTS = {"train": 40, "val": 20, "test": 20}


def arrays(seed, plant=()):
    """MedMNIST's keys with grey textures of 32 pixels; `plant` are (part, index, image)."""
    made = {}
    for number, (part, count) in enumerate(COUNTS.items()):
        made[f"{part}_images"] = textures(count, seed=100 * seed + number)
        made[f"{part}_labels"] = np.arange(count).reshape(-1, 1) % 2
    for part, index, image in plant:
        made[f"{part}_images"][index] = image
    return made


def dataset(name, **changes):
    fields = {"name": name, "title": name, "modality": "m", "task": "binary", "classes": ("no", "yes"), "licence": "l"}
    fields |= {"citation": "c", "files": (File(path=f"{name}.npz"),), "read": npz(f"{name}.npz")}
    return Dataset(**(fields | changes))


@pytest.fixture
def entry(home, monkeypatch):
    """Make an entry `name`, a source and a target, whose file holds `content`."""
    made, names, entries = {}, catalogue.names, catalogue._entry
    (home / "data").mkdir()

    def make(name, content, **changes):
        np.savez(home / "data" / f"{name}.npz", **content)
        declared = dataset(name, **changes)
        made[name] = declared
        catalogue.source.cache_clear()
        catalogue.target.cache_clear()
        return declared

    def found(kind, name, options):
        if name not in made:
            return entries(kind, name, options)
        if kind == "sources":
            return Source(name=name, title=name, dataset=made[name])
        return Target(name=name, dataset=made[name])

    monkeypatch.setattr(catalogue, "names", lambda kind: sorted([*names(kind), *made]))
    monkeypatch.setattr(catalogue, "_entry", found)
    return make


def plan(sources, targets, **changes):
    fields = {"experiment": "toy", "backbones": ["test_resnet"], "seeds": 1, "recipe": {"size": 16, "epochs": 1}}
    fields |= {"pretraining": {"size": 16, "epochs": 1}}
    return Plan(sources=sources, targets=targets, **(fields | changes))


def known(made):
    return resolve_pairs(made, "sqlite:///mlflow.db")


def measured(made):
    return leakage.find_leaks(known(made), lambda what: None)


@pytest.fixture
def planted(entry):
    """`pond`: clean. `lake`: has five of the pond's test images, three of them exactly, and one of val."""
    pond = arrays(1)
    test, val = pond["test_images"], pond["val_images"]
    again = [jpeg(test[index]) for index in (3, 4)]
    plant = [("train", 9, test[7]), ("val", 2, test[8]), ("train", 11, test[0]), ("train", 20, again[0])]
    plant += [("val", 5, again[1]), ("train", 30, val[6]), ("test", 1, test[15])]  # no network is trained on lake's test
    entry("pond", pond)
    entry("lake", arrays(2, plant))
    entry("sea", arrays(3))


def test_a_source_with_images_of_the_target_is_refused_in_one_sentence(planted):
    made = plan(["lake", "sea", "scratch"], ["pond"])
    found = measured(made)
    (sentence,) = leakage.leak_sentences(found.leaks, allowed=False)
    assert sentence == (
        "not run: lake → pond: 6 images of pond (1 in val and 5 in test; 4 exact copies, 2 near-copies) lie in the training "
        "data of lake too, for example 'test/0', there 'train/11'; drop the source or the target, or set "
        "`allow_leakage: true` in the plan to run it off the ranking"
    )
    assert {cell.source for cell in replace(resolved(made), leaks=found.leaks).cells()} == {"sea", "scratch"}
    assert found.unknown == ()


def test_the_other_way_round_the_images_are_in_no_test_part(planted):
    """The pond's test images lie in the lake's train, which the pond as a source never meets."""
    overlaps = overlap.overlaps_between(catalogue.source("pond").dataset, catalogue.target("lake").dataset, lambda what: None)
    assert overlaps == ()


def test_a_source_is_searched_along_its_whole_chain(planted):
    found = measured(plan(["sea[from=lake]", "sea[from=scratch]"], ["pond"]))
    assert list(found.leaks) == [("sea[from=lake]", "pond")]
    assert "in the training data of lake too" in found.leaks["sea[from=lake]", "pond"]


def test_one_image_is_told_in_the_singular(entry):
    pond = arrays(1)
    entry("pond", pond)
    entry("lake", arrays(2, [("train", 0, pond["test_images"][5])]))
    sentence = measured(plan(["lake"], ["pond"])).leaks["lake", "pond"]
    assert sentence.startswith("1 image of pond (1 in test; 1 exact copy, 0 near-copies) lies in the training data of lake too")


def test_families_are_refused_unseen(entry):
    entry("left", arrays(1), family="twin")
    entry("right", arrays(2), family="twin")
    found = known(plan(["left", "scratch"], ["right"]))
    assert found.leaks == {("left", "right"): "left and right are of one family of data sets, 'twin'"}


def twofold():
    """Two images of test lie in train, one of them coded again; one of val lies in train."""
    made = arrays(1)
    made["test_images"][4] = made["train_images"][3]
    made["test_images"][9] = jpeg(made["val_images"][1])
    made["val_images"][0] = made["train_images"][7]
    return made


def test_a_target_with_images_in_two_parts_is_refused_once_for_all_sources(entry):
    entry("pond", twofold())
    made = plan(["scratch", "digits"], ["pond"])
    (sentence,) = leakage.leak_sentences(measured(made).leaks, allowed=False)
    assert sentence.startswith(
        "not run: scratch, digits → pond: 3 images of pond (1 in val and 2 in test; 2 exact copies, 1 near-copy) lie in an "
        "earlier part too, for example 'test/4', there 'train/3'; `cats check pond --duplicates copies.csv` lists them; write "
        "`duplicates: keep-first`, `drop` or `allow` into the entry of the target"
    )


@pytest.mark.parametrize(("declared", "refused"), [(2, True), (3, False), (9, False)])
def test_a_target_may_have_as_many_duplicates_as_it_declares(entry, declared, refused):
    entry("pond", twofold(), known_duplicates=declared)
    found = measured(plan(["scratch"], ["pond"]))
    assert bool(found.leaks) == refused
    if refused:
        assert found.leaks["scratch", "pond"].endswith("; 2 are declared")


def test_a_second_look_reads_no_image(planted, monkeypatch):
    made = plan(["lake", "sea[from=pond]", "scratch"], ["pond", "sea"])
    assert len(known(made).unknown) == 6 - len(known(made).leaks)  # nothing is measured unasked
    first = measured(made)
    monkeypatch.setattr(store, "load_images", lambda *_: pytest.fail("images were read again"))
    begun = []
    again = leakage.find_leaks(known(made), begun.append)
    assert (again, begun) == (first, [])
    assert known(made) == first


def test_a_new_partner_finds_the_fingerprints_beside_the_images(planted, monkeypatch):
    measured(plan(["lake"], ["pond"]))
    calls, reckon = [], copies.fingerprints_of
    monkeypatch.setattr(copies, "fingerprints_of", lambda images: calls.append(len(images)) or reckon(images))
    measured(plan(["lake", "sea"], ["pond"]))
    assert calls == [80]  # the sea's


def test_other_images_under_the_same_name_are_compared_again(planted, entry):
    made = plan(["lake"], ["pond"])
    assert measured(made).leaks
    entry("lake", arrays(4))
    assert known(made).unknown == (("lake", "pond"),)
    assert measured(made).leaks == {}


def test_data_that_are_not_here_leave_a_pair_unknown(planted, home):
    made = plan(["lake"], ["pond"])
    (home / "data" / "lake.npz").unlink()
    assert known(made).unknown == (("lake", "pond"),)
    with pytest.raises(CatsError, match=r"lake.npz not found"):
        measured(made)


def test_allowing_leakage_changes_no_key(planted):
    fields = {"sources": ["lake", "sea"], "targets": ["pond"]}
    strict = {cell.key: cell for cell in replace(resolved(plan(**fields)), leaks={}).cells()}
    leaks = measured(plan(**fields)).leaks
    free = {cell.key: cell for cell in replace(resolved(plan(**fields, allow_leakage=True)), leaks=leaks).cells()}
    assert free.keys() == strict.keys()
    assert {cell.source: bool(cell.leak) for cell in free.values()} == {"lake": True, "sea": False}


TEXT = """
experiment: toy
sources: [lake, sea, scratch]
targets: [pond]
backbones: [test_resnet]
recipe: {size: 16, epochs: 1, batch_size: 16}
seeds: 2
pretraining: {size: 16, epochs: 1, batch_size: 16}
"""


@pytest.fixture
def cats(planted, cats, tmp_path):
    """The command where its plan lies."""
    (tmp_path / "toy.yaml").write_text(TEXT)
    cats.plan = tmp_path / "toy.yaml"
    return cats


@pytest.mark.slow
def test_a_leaking_pair_is_left_out_and_the_rest_goes_on_until_the_plan_allows_it(cats):
    _, out, _ = cats("plan", "toy.yaml")
    assert "not run: lake → pond: 6 images of pond" in out  # `cats plan` finds what `cats run` will refuse
    code, out, err = cats("run", "toy.yaml")
    assert code == 0, err
    assert "4 cells: 0 were done, 4 made now" in err
    assert "not run: lake → pond: 6 images of pond" in err
    assert "lake → pond is not run: 6 images of pond" in " ".join(out.split())
    _, out, _ = cats("plan", "toy.yaml")
    assert "not run: lake → pond: 6 images of pond" in out
    assert "4 cells of plan 'toy': 4 done, 0 to make" in out
    before = frame()
    assert set(before["source"].dropna()) == {"scratch", "sea"}
    assert before["leak"].isna().all()

    cats.plan.write_text(TEXT + "allow_leakage: true\n")
    code, out, err = cats("run", "toy.yaml")
    assert code == 0, err
    assert "6 cells: 4 were done, 2 made now" in err
    assert "off the ranking: lake → pond: 6 images of pond" in err
    assert "Kept off the ranking" in out
    runs = frame()
    leaking = runs[(runs["kind"] == "cell") & (runs["source"] == "lake")]
    assert MlflowClient("sqlite:///mlflow.db").get_run(leaking["run_id"].iloc[0]).data.tags["cats.leak"].startswith("6 images")
    assert leaking["leak"].str.startswith("6 images of pond").all()
    for asked in (selection_of(known(load_plan("toy.yaml"))), None):
        made = make_board(runs, RunQuery("toy", selection=asked))
        assert {row.source for row in made.targets["pond"]} == {"sea", "scratch"} == {row.source for row in made.overall}
        assert [(row.source, row.target, row.seeds) for row in made.leaking] == [("lake", "pond", 2)]
        assert "Kept off the ranking" in BoardText(made).markdown()
    assert Counter(runs["kind"]) == {"cell": 6, "pretraining": 2}

    cats.plan.write_text(TEXT)  # refused again: what was run is still shown apart
    _, out, _ = cats("board", "toy.yaml", "--format", "markdown")
    assert "| lake | pond |" in out.split("Kept off the ranking")[1]


REFUSALS = {
    "leaks": ("sources: [lake]\ntargets: [pond]\n", "plan 'toy' has no cell to run: not run: lake → pond: 6 images of pond"),
    "copies": (
        "sources: [scratch]\ntargets: [puddle]\n",
        "3 images of puddle (1 in val and 2 in test; 2 exact copies, 1 near-copy)",
    ),
    "classes": ("sources: [scratch]\ntargets: [drop]\n", "drop: the class 'yes' has no image in"),
    "country": ("sources: [scratch]\ntargets: [sea]\ncountry: XYZ\n", "XYZ"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize("database", ["missing", "there"])
def test_a_plan_that_is_refused_leaves_no_empty_experiment_and_cats_plan_says_so_before(cats, entry, home, kind, database):
    entry("puddle", twofold())
    entry("drop", arrays(5) | {"test_labels": np.zeros((20, 1), dtype=int)})
    rest, sentence = REFUSALS[kind]
    cats.plan.write_text(f"experiment: toy\nbackbones: [test_resnet]\nrecipe: {{size: 16, epochs: 1}}\nseeds: 1\n{rest}")
    if database == "there":
        Experiment("sqlite:///mlflow.db", "other")
    for command in ("plan", "run"):
        code, out, err = cats(command, "toy.yaml")
        assert code == 2
        assert sentence in out + err
        assert "Traceback" not in err
    if database == "missing":
        assert not (cats.plan.parent / "mlflow.db").exists()
    else:
        with pytest.raises(NoExperimentError, match="no experiment 'toy'"):
            Experiment("sqlite:///mlflow.db", "toy", create=False)


def test_cats_score_of_pairs_that_leak_alone_is_refused_and_leaves_no_empty_experiment(cats):
    cats.plan.write_text(TEXT.replace("[lake, sea, scratch]", "[lake]"))
    code, out, err = cats("score", "toy.yaml")
    assert (code, out) == (2, "")
    assert "plan 'toy' has no cell to run: not run: lake → pond: 6 images of pond" in err
    assert not (cats.plan.parent / "mlflow.db").exists()


def test_cats_plan_names_the_pairs_that_cats_run_will_leave_out(cats):
    code, out, err = cats("plan", "toy.yaml")
    assert code == 0, err
    assert "not run: lake → pond: 6 images of pond (1 in val and 5 in test; 4 exact copies, 2 near-copies)" in out
    assert "4 cells of plan 'toy': 0 done, 4 to make" in out
    assert "looking for images of pond in lake ..." in err
    assert "looking for" not in cats("plan", "toy.yaml")[2]  # the result is kept


@pytest.mark.slow
def test_what_became_of_copies_is_in_the_record_and_on_the_board(cats, entry):
    """Official parts lose the later copies, and an entry that declares them as known keeps its meaning."""
    entry("puddle", twofold(), duplicates="keep-first")
    entry("known", twofold(), known_duplicates=3)
    text = "sources: [scratch]\ntargets: [puddle, known]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 0}\nseeds: 1\n"
    cats.plan.write_text(f"experiment: toy\n{text}")
    code, out, err = cats("run", "toy.yaml")
    assert code == 0, err
    runs = frame().set_index("target")
    said = (
        "1 image of val, 2 images of test were left out (`duplicates: keep-first`), because images of val and test lay in an "
        "earlier part too: 1 in val and 2 in test; 2 exact copies, 1 near-copy"
    )
    assert runs.loc["puddle", "duplicates"] == said
    assert runs.loc["known", "known_duplicates"] == "3"
    assert runs["duplicates"].isna()["known"]
    assert runs["known_duplicates"].isna()["puddle"]
    assert runs.loc["puddle", ["images_train", "images_val", "images_test"]].tolist() == [40, 19, 18]
    flat = " ".join(out.split())
    assert f"puddle: {said}" in flat
    assert "known: up to 3 images of val and test are in an earlier part of its official split too" in flat


def frame():
    return Experiment("sqlite:///mlflow.db", "toy", create=False).frame()


def test_a_plan_of_leaking_pairs_alone_has_no_cell_left(planted, tmp_path):
    made = plan(["lake"], ["pond"])
    quiet = Watch(lambda what: None, lambda record, state: None)
    tracking = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "toy")
    with pytest.raises(CatsError, match=r"plan 'toy' has no cell to run: not run: lake → pond: 6 images of pond"):
        run(resolved(made), Writer(tracking, Outbox(tmp_path / "outbox")), Local("cpu"), quiet)


DECLARED = {"breastmnist": (22, 40, 1), "pneumoniamnist": (8, 0, 8), "retinamnist": (0, 0, 0)}


@pytest.mark.slow
@pytest.mark.parametrize("name", DECLARED)
def test_the_official_sets_hold_as_many_duplicates_as_their_entries_declare(real_data, name):
    dataset = catalogue.target(name).dataset
    found = overlap.overlaps_within(dataset, lambda what: None)
    counts = {overlap.part: overlap.images for overlap in found}
    assert (counts.get("val", 0), counts.get("test", 0), sum(overlap.exact for overlap in found)) == DECLARED[name]
    assert sum(counts.values()) == dataset.known_duplicates


@pytest.mark.slow
def test_real_sets_of_different_hospitals_share_no_image(real_data):
    names = ("breastmnist", "pneumoniamnist", "retinamnist", "mednist")
    sets = [catalogue.source(name).dataset for name in names]
    for source in sets:
        for target in sets[:3]:
            if source.name != target.name:
                assert overlap.overlaps_between(source, target, lambda what: None) == ()


@pytest.mark.slow
def test_lesions_photographed_again_stay_in_their_part(real_data):
    """HAM10000 split by lesion: its 73 pairs of one photograph all lie inside a part."""
    file = "archives/ham10000_28.npz"
    names = tuple("abcdefg")
    ham = dataset("ham", task="multiclass", classes=names, files=(File(path=file),), read=npz(file), groups="lesion")
    assert overlap.overlaps_within(ham, lambda what: None) == ()
