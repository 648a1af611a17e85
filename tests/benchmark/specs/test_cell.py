"""Identity: what decides the outcome enters the key, and nothing else does."""

import hashlib
import re
import shutil

import pytest

from benchmark.core.digest import file_digest
from benchmark.core.seed import generator, seed_of
from benchmark.core.trainer_version import TRAINER
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.specs.plan import Plan
from results.error import CatsError
from results.files.digest import digest
from tests.support.plans import cells_of

PLAN = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": [0]}


def cell(**changes):
    return next(iter(cells_of(Plan(**(PLAN | changes)))))


def test_the_key_of_a_known_cell_has_not_changed():
    """A change of this literal makes every old cell a new one: raise TRAINER, or do not change the key."""
    assert cell().key == "ec02c50d2c21a839864493ab0f24c6012dbc960f205b020dd7034931255d51c9"


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
    shared = list(cells_of(Plan(**(PLAN | {"sources": ["digits"], "seeds": [0, 1]}))))
    assert shared[0].start.key == shared[1].start.key
    apart = list(cells_of(Plan(**(PLAN | {"sources": ["digits"], "seeds": [0, 1], "pretraining_seed": None}))))
    assert apart[0].start.key != apart[1].start.key


def test_random_starts_differ_by_seed():
    one, two = cells_of(Plan(**(PLAN | {"seeds": [0, 1]})))
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


def test_the_key_of_a_known_pretraining_has_not_changed():
    """As above, for weights that were made here. The parts of digits are drawn, by the second revision of the split."""
    start = cell(sources=["digits"]).start
    assert start.key == "ddf7e7974301217c75df126ca40d3139fe9b2e6b701577fac95ce92907a1cc99"
    first_revision = type(start)(**{**start.model_dump(), "data": catalogue.source("digits").dataset.digest()})
    assert first_revision.key == "38c41fedc2975f7f92560759edba62d4db9201b1f34da75ae8d27da68d43ea12"


def test_a_key_is_a_sha256_in_hex():
    assert re.fullmatch(r"[0-9a-f]{64}", cell().key)


def test_the_home_the_data_folder_and_the_folder_of_work_leave_the_key(monkeypatch, tmp_path):
    first = cell(sources=["digits"]).key
    for name in ("CATS_HOME", "CATS_DATA", "CATS_WEIGHTS", "CATS_ENTRIES"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    assert cell(sources=["digits"]).key == first


def test_the_same_weights_under_another_name_are_the_same_start(tmp_path, monkeypatch, home):
    folder = home / "entries" / "sources"
    folder.mkdir(parents=True)
    keys = []
    for name in ("one", "other"):
        (folder / f"{name}.yaml").write_text(f"title: t\nlicence: l\ncitation: c\nweights: {{file: {name}}}\n")
        (tmp_path / f"test_resnet.{name}.safetensors").write_bytes(b"weights")
        monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
        keys.append(cell(sources=[name]).key)
    assert keys[0] == keys[1]


def test_what_travels_with_weights_enters_the_key(tmp_path, monkeypatch, home):
    folder = home / "entries" / "sources"
    folder.mkdir(parents=True)
    (tmp_path / "test_resnet.mine.safetensors").write_bytes(b"weights")
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    keys = set()
    for more in ("", ", channels: bgr", ", mean: [0, 0, 0], std: [1, 1, 1]", ", range: [-1, 1]"):
        catalogue.source.cache_clear()
        (folder / "mine.yaml").write_text(f"title: t\nlicence: l\ncitation: c\nweights: {{file: mine{more}}}\n")
        keys.add(cell(sources=["mine"]).key)
    assert len(keys) == 4


def test_one_set_of_images_under_two_names_has_one_key():
    assert cell(targets=["breastmnist[size=28]"]).key == cell(targets=["breastmnist"]).key
    assert cell(targets=["breastmnist[size=64]"]).key != cell(targets=["breastmnist"]).key


@pytest.mark.parametrize("module", ["cell", "start"])
def test_the_trainer_enters_every_key(monkeypatch, module):
    def key():
        made = cell(sources=["digits"])
        return made.key if module == "cell" else made.start.key

    before = key()
    monkeypatch.setattr(f"benchmark.specs.{module}.TRAINER", TRAINER + 1)
    assert key() != before


def test_the_seed_of_a_shared_pretraining_enters_the_key():
    assert cell(sources=["digits"], pretraining_seed=1).key != cell(sources=["digits"], pretraining_seed=0).key


def test_a_longer_chain_is_another_start():
    chain = ["digits", "digits[from=textures]", "digits[from=textures[from=fractal]]", "digits[from=fractal]"]
    assert len({cell(sources=[name]).start.key for name in chain}) == 4


@pytest.mark.parametrize(
    "change",
    [{}, {"recipe": {"lr": 1e-7, "c": [0.1, 1e9]}}, {"sources": ["digits"]}, {"subsample": {"train": 3, "per_class": True}}],
)
def test_json_keeps_every_field_and_key_of_a_cell(change):
    made = cell(**change)
    again = Cell.model_validate_json(made.model_dump_json())
    assert again == made
    assert (again.key, again.point, again.start.key) == (made.key, made.point, made.start.key)


def test_points_are_equal_for_cells_that_may_stand_side_by_side():
    point = cell().point
    assert {cell(**c).point for c in ({"sources": ["digits"]}, {"targets": ["digits"]}, {"seeds": [1]})} == {point}
    assert point not in {cell(**c).point for c in ({"recipe": {"lr": 1}}, {"rule": "last_epoch"}, {"subsample": {"val": 9}})}


def test_a_cell_is_said_in_words():
    assert str(cell()) == "scratch → ihc, test_resnet, seed 0"


def test_missing_weights_name_the_file_the_places_and_the_way_out(home, tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path))
    with pytest.raises(CatsError) as caught:
        cell(sources=["inat_bird"])
    assert str(caught.value) == (
        f"source inat_bird has no weights for test_resnet: test_resnet.inat_bird.safetensors not found in "
        f"{tmp_path} or {home / 'weights'}; set CATS_WEIGHTS to the folder that holds it; turn the int8 network of "
        "google-coral/test_data into floats under timm's names, and put it as mobilenetv2_100.inat_bird.safetensors into "
        "CATS_WEIGHTS"
    )


def test_real_weights_have_the_digest_of_their_file(real_weight_file):
    path = real_weight_file("mobilenetv2_035.imagenet.safetensors")
    start = cell(sources=["imagenet"], backbones=["mobilenetv2_035"]).start
    assert start.kind == "file"
    assert start.weights == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [float("nan"), float("inf"), {1, 2}, b"x"])
def test_what_has_no_canonical_json_has_no_digest(content):
    with pytest.raises((ValueError, TypeError)):
        digest([content])


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1}) != digest({"a": 1, "b": [2, 1]})
