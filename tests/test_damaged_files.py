"""Every kind of file below CATS_HOME × every kind of damage: the same figures as before, and one line in the log."""

import logging
import shutil

import numpy as np
import pytest

from benchmark.core.checkpoint_files import keep_costs, unrecorded_costs
from benchmark.core.digest import file_digest
from benchmark.core.paths import home
from benchmark.data.dataset import Dataset, File
from benchmark.data.decoded import load_images
from benchmark.data.identity import official_parts
from benchmark.data.overlap import overlaps_within
from benchmark.data.readers.npz import npz
from benchmark.data.readers.samples import Samples
from benchmark.execution.execute import make_pretraining
from benchmark.machine.meter import Stopwatch
from benchmark.measures.score_cache import load_score, save_score
from benchmark.networks.load import weights_of
from benchmark.specs.measure import Score
from benchmark.specs.plan import load_plan
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start, is_pretrained
from benchmark.training.features import features_of
from results.error import CatsError
from results.record import Cost
from tests.support.damage import DAMAGES, damage_file
from tests.support.paths import ASSETS
from tests.support.pictures import textures
from tests.support.plans import cells_of

COUNT = 24
RECIPE = Recipe(protocol="knn", size=32, precision="fp32")
SCRATCH = Start(kind="random", source="scratch", backbone="test_resnet", seed=0)
PLAN = (
    "experiment: toy\nsources: [digits]\ntargets: [ihc]\nbackbones: [test_resnet]\n"
    "recipe: {base: finetune, size: 16, epochs: 1}\npretraining: {size: 16, epochs: 0}\n"
)


def dataset():
    pictures = textures(COUNT)
    pictures[COUNT - 1] = pictures[0]  # a copy
    samples = Samples(
        images=list(pictures), labels=np.arange(COUNT) % 2, ids=[f"image {n}" for n in range(COUNT)],
        groups=[f"patient {n // 2}" for n in range(COUNT)], parts=(["train"] * 12 + ["val"] * 6 + ["test"] * 6),
    )  # fmt: skip
    return Dataset(
        name="toy", title="t", modality="m", task="binary", classes=("no", "yes"), licence="l", citation="c",
        read=lambda _: samples, duplicates="allow",
    )  # fmt: skip


def decoded():
    found = load_images(dataset(), 32)
    return [np.asarray(each).tobytes() for each in (found.images, found.labels, found.ids, found.groups, found.parts)]


def copies():
    return [each.tobytes() for each in vars(load_images(dataset(), 32).copies()).values()]


def leakage():
    return overlaps_within(dataset(), lambda what: None)


def digest():
    return file_digest(ASSETS / "record-v1.json")


def parts():
    return official_parts(dataset())


def features():
    return features_of(SCRATCH, load_images(dataset(), 32), None, RECIPE, "cpu").tobytes()


def score():
    found = load_score("f" * 64)
    if found is None:
        save_score("f" * 64, Score(0.25), 1.5)
        found = 0.25
    return found if isinstance(found, float) else found[0].value


def pretraining():
    (home() / "plan.yaml").write_text(PLAN)
    start = next(iter(cells_of(load_plan(str(home() / "plan.yaml"))))).start
    if not is_pretrained(start):
        assert make_pretraining(start, "toy", Stopwatch("NLD", "cpu")).record.status == "finished"
    weights_of.cache_clear()
    found = weights_of(start)
    return found.mean, found.std, {name: tensor.numpy().tobytes() for name, tensor in found.state.items()}


KINDS = {  # file below CATS_HOME → what it is kept for
    "images/toy-32-*/images.npy": decoded,
    "images/toy-32-*/table.npz": decoded,
    "images/toy-32-*/copies-*.npz": copies,
    "images/toy-32-*/fingerprints-*.npz": copies,
    "leakage/*.json": leakage,
    "digests/[0-9a-f]*[0-9a-f]": digest,
    "digests/parts-*.json": parts,
    "features/*.npy": features,
    "scores/*.json": score,
    "pretrained/*.safetensors": pretraining,
}
NOTED = [name for name in KINDS if name.endswith((".npy", ".npz", ".safetensors"))]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a figure is, and a home in which it has been made once."""
    before = {}

    def once(figure):
        if figure not in before:
            value = figure()
            place = tmp_path_factory.mktemp(figure.__name__)
            shutil.copytree(home(), place, dirs_exist_ok=True)
            before[figure] = value, place
        return before[figure]

    return once


def the_file(pattern):
    found = [path for path in home().glob(pattern) if path.suffix != ".sum"]
    assert len(found) == 1
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize("how", [*DAMAGES, "missing"])
@pytest.mark.parametrize("pattern", KINDS)
def test_a_damaged_file_is_made_again_with_one_line_and_gives_the_same_figure(pattern, how, made, caplog):
    before, place = made(KINDS[pattern])
    shutil.copytree(place, home(), dirs_exist_ok=True)
    path = the_file(pattern)
    whole = path.read_bytes()
    path.unlink() if how == "missing" else damage_file(path, how)
    if "fingerprints" in pattern:  # which are read only to find copies
        the_file("images/toy-32-*/copies-*.npz").unlink()
    with caplog.at_level(logging.WARNING):
        assert KINDS[pattern]() == before
    lines = [record.getMessage() for record in caplog.records if str(path) in record.getMessage()]
    assert len(lines) == (how != "missing")
    assert path.read_bytes() == whole
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert KINDS[pattern]() == before
    assert not caplog.records


@pytest.mark.parametrize("how", [*DAMAGES, "missing"])
@pytest.mark.parametrize("pattern", NOTED)
def test_a_damaged_or_missing_checksum_is_made_again_and_the_file_is_used(pattern, how, made):
    before, place = made(KINDS[pattern])
    shutil.copytree(place, home(), dirs_exist_ok=True)
    path = the_file(pattern)
    note = path.with_name(f"{path.name}.sum")
    noted, inode = note.read_bytes(), path.stat().st_ino
    note.unlink() if how == "missing" else damage_file(note, how)
    if "fingerprints" in pattern:
        the_file("images/toy-32-*/copies-*.npz").unlink()
    assert KINDS[pattern]() == before
    assert path.stat().st_ino == inode
    assert note.read_bytes() == noted


def test_costs_that_are_damaged_are_named_and_count_as_nothing(home, caplog):
    keep_costs("f" * 64, (Cost(phase="training", seconds=1.0, energy={}),), 2.0)
    path = home / "checkpoints" / f"{'f' * 64}.json"
    damage_file(path, "one bit flipped")
    with caplog.at_level(logging.WARNING):
        assert unrecorded_costs("f" * 64) == ()
    assert str(path) in caplog.text


def test_a_data_set_that_a_disk_has_damaged_is_named_before_it_is_decoded(home):
    file = home / "data" / "toy.npz"
    file.parent.mkdir()
    arrays = {f"{part}_images": textures(6, seed=n) for n, part in enumerate(("train", "val", "test"))}
    np.savez(file, **arrays, **{f"{part}_labels": np.arange(6).reshape(-1, 1) % 2 for part in ("train", "val", "test")})
    declared = File(path="toy.npz", sha256=file_digest(file))
    made = Dataset(
        name="toy", title="t", modality="m", task="binary", classes=("no", "yes"), licence="l", citation="c",
        files=(declared,), read=npz("toy.npz"),
    )  # fmt: skip
    made.verify()  # the checksum is noted
    damage_file(file, "one bit flipped")
    with pytest.raises(CatsError, match=f"{file} has sha256 .*; it is damaged or another version"):
        load_images(made, 32)


@pytest.mark.parametrize("how", ["empty", "one bit flipped", "a folder instead"])
def test_damaged_images_of_data_that_are_gone_are_one_sentence(home, how):
    file = home / "data" / "toy.npz"
    file.parent.mkdir()
    arrays = {f"{part}_images": textures(6, seed=n) for n, part in enumerate(("train", "val", "test"))}
    np.savez(file, **arrays, **{f"{part}_labels": np.arange(6).reshape(-1, 1) % 2 for part in ("train", "val", "test")})
    made = Dataset(
        name="toy", title="t", modality="m", task="binary", classes=("no", "yes"), licence="l", citation="c",
        files=(File(path="toy.npz", sha256=file_digest(file)),), read=npz("toy.npz"),
    )  # fmt: skip
    before = load_images(made, 32).images.tobytes()
    file.rename(home / "elsewhere.npz")
    assert load_images(made, 32).images.tobytes() == before  # nothing is decoded again
    (images,) = home.glob("images/*/images.npy")
    damage_file(images, how)
    with pytest.raises(CatsError, match=f"the decoded images in {images.parent} are damaged and cannot be made again: toy: "):
        load_images(made, 32)
    assert images.exists()
    (home / "elsewhere.npz").rename(file)
    assert load_images(made, 32).images.tobytes() == before


@pytest.mark.parametrize("pattern", NOTED)
def test_files_of_older_versions_are_used_and_get_a_checksum(pattern, made, caplog):
    before, place = made(KINDS[pattern])
    shutil.copytree(place, home(), dirs_exist_ok=True)
    for note in home().rglob("*.sum"):
        note.unlink()
    if "fingerprints" in pattern:
        the_file("images/toy-32-*/copies-*.npz").unlink()
    with caplog.at_level(logging.WARNING):
        assert KINDS[pattern]() == before
    assert not caplog.records
    assert the_file(pattern).with_name(f"{the_file(pattern).name}.sum").exists()


@pytest.mark.parametrize("how", ["empty", "cut in half", "zeros", "garbage", "longer"])
@pytest.mark.parametrize("pattern", NOTED)
def test_files_of_older_versions_that_a_power_cut_has_damaged_are_made_again(pattern, how, made):
    before, place = made(KINDS[pattern])
    shutil.copytree(place, home(), dirs_exist_ok=True)
    path = the_file(pattern)
    for note in home().rglob("*.sum"):
        note.unlink()
    damage_file(path, how)
    if "fingerprints" in pattern:
        the_file("images/toy-32-*/copies-*.npz").unlink()
    assert KINDS[pattern]() == before
