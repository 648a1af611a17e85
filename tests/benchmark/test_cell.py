"""Identity: what decides the outcome enters the key, and nothing else does."""

import shutil

import pytest

from benchmark.cell import Cell
from benchmark.digest import file_digest
from benchmark.plan import Plan
from benchmark.seed import generator, seed_of

PLAN = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": [0]}


def cell(**changes):
    return next(iter(Plan(**(PLAN | changes)).cells()))


def test_the_key_of_a_known_cell_has_not_changed():
    """A change of this literal makes every old cell a new one: raise TRAINER, or do not change the key."""
    assert cell().key == "2951753b772e7be1d355d7768701513811809e6e90cd572ea01b481be7755537"


@pytest.mark.parametrize(
    "change",
    [
        {"sources": ["digits"]},
        {"targets": ["digits"]},
        {"backbones": ["resnet18"]},
        {"seeds": [1]},
        {"recipe": {"lr": 0.5}},
        {"recipe": {"augment": {"flip": 0.1}}},
        {"rule": "max_val_auc"},
        {"subsample": {"train": 50}},
        {"subsample": {"train": 50, "seed": 24}},
    ],
)
def test_whatever_decides_the_outcome_changes_the_key(change):
    assert cell(**change).key != cell().key


@pytest.mark.parametrize(
    "change", [{"experiment": "other"}, {"country": "FRA"}, {"metric": "f1"}, {"pretraining": {"epochs": 3}}]
)
def test_what_decides_nothing_leaves_the_key(change):
    assert cell(**change).key == cell().key


def test_the_pretraining_recipe_enters_the_key_of_what_stands_on_it():
    assert cell(sources=["digits"], pretraining={"epochs": 3}).key != cell(sources=["digits"]).key
    assert cell(sources=["digits[from=textures]"]).key != cell(sources=["digits"]).key


def test_one_pretraining_serves_all_seeds_unless_the_plan_wants_one_each():
    shared = list(Plan(**(PLAN | {"sources": ["digits"], "seeds": [0, 1]})).cells())
    assert shared[0].start.key == shared[1].start.key
    apart = list(Plan(**(PLAN | {"sources": ["digits"], "seeds": [0, 1], "pretraining_seed": None})).cells())
    assert apart[0].start.key != apart[1].start.key


def test_random_starts_differ_by_seed():
    one, two = Plan(**(PLAN | {"seeds": [0, 1]})).cells()
    assert one.start.key != two.start.key


def test_weights_count_by_content_and_not_by_place(tmp_path, monkeypatch):
    keys = []
    for place, content in (("a", b"weights"), ("b", b"weights"), ("c", b"others!")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "test_resnet.imagenet.safetensors").write_bytes(content)
        monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / place))
        keys.append(cell(sources=["imagenet"]).key)
    assert keys[0] == keys[1] != keys[2]


def test_data_count_by_checksum_and_not_by_place(real_data, tmp_path, monkeypatch):
    first = cell(targets=["breastmnist"]).key
    (tmp_path / "medmnist").mkdir()
    shutil.copy(real_data / "medmnist" / "breastmnist.npz", tmp_path / "medmnist")
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    assert cell(targets=["breastmnist"]).key == first


def test_a_cell_survives_json_with_its_key():
    made = cell(sources=["digits[from=textures]"])
    assert Cell.model_validate_json(made.model_dump_json()).key == made.key


def test_a_changed_file_has_another_digest_although_the_old_one_is_remembered(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"one")
    first = file_digest(path)
    assert file_digest(path) == first
    path.write_bytes(b"three")
    assert file_digest(path) != first


def test_the_same_names_give_the_same_numbers_and_others_others():
    assert seed_of("a", 1) == seed_of("a", 1) == seed_of("a", "1")
    assert len({seed_of("a", 1), seed_of("a", 2), seed_of("b", 1), seed_of("a1")}) == 4
    assert generator("x").random() == generator("x").random() != generator("y").random()
    assert 0 <= seed_of("a") < 2**63
