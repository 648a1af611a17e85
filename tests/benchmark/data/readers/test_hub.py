"""The hub: pinned to a commit, never a folder of the same name, never a file from elsewhere."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.data.readers.hub import BUILDERS, hub
from results.error import CatsError

USUAL = {"image": "image", "label": "label", "splits": {"train": "train"}, "revision": "1"}


def encoded(value):
    out = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """`written(images, labels)` makes a folder of Parquet and gives its path."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def made(images, labels):
        (tmp_path / "set").mkdir()
        pd.DataFrame({"image": images, "label": labels}).to_parquet(tmp_path / "set" / "train.parquet")
        return str(tmp_path / "set")

    return made


@pytest.mark.parametrize("revision", ["main", "v1.0", "0123abc", "", "G" * 40])
def test_a_revision_that_may_move_is_refused_before_anything_is_loaded(revision):
    with pytest.raises(CatsError) as caught:
        hub(**USUAL | {"repository": "owner/name", "revision": revision})
    assert f"the revision of owner/name is '{revision}'; it must be a commit" in str(caught.value)


def test_a_folder_with_the_name_of_a_repository_is_not_taken_for_it(written, monkeypatch, tmp_path):
    written([{"bytes": encoded(1), "path": None}], [0])
    (tmp_path / "owner").mkdir()
    (tmp_path / "set").rename(tmp_path / "owner" / "name")
    monkeypatch.chdir(tmp_path)
    asked = []

    def load_dataset(*names, **options):
        asked.append((names, options))
        raise ConnectionError("no network here")

    import datasets

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(CatsError, match="owner/name at a{40} could not be loaded from the hub: no network here"):
        hub(**USUAL | {"repository": "owner/name", "revision": "a" * 40})(tmp_path)
    assert asked == [(("owner/name",), {"revision": "a" * 40, "split": "train"})]


@pytest.mark.parametrize("labels", [["no", "yes"], [0.5, 1.0], [None, 1]])
def test_labels_that_are_no_whole_numbers(written, labels):
    path = written([{"bytes": encoded(i), "path": None} for i in range(2)], labels)
    with pytest.raises(CatsError, match="the column 'label' must hold whole numbers"):
        hub(**USUAL, repository=path)(None)


def test_a_damaged_an_absent_and_a_stray_picture_stand_there_as_errors(written, tmp_path):
    (tmp_path / "secret.png").write_bytes(encoded(9))
    images = [
        {"bytes": encoded(7), "path": None},
        {"bytes": b"nothing", "path": None},
        {"bytes": None, "path": str(tmp_path / "secret.png")},
        {"bytes": None, "path": str(tmp_path / "set" / "gone.png")},
        None,
    ]
    first, *broken = hub(**USUAL, repository=written(images, [0] * 5))(None).images
    assert first.max() == 7
    sentences = ["is not a picture that can be read", "secret.png, which leads out of the data set", "gone.png", "no picture"]
    for number, (error, sentence) in enumerate(zip(broken, sentences, strict=True), 1):
        assert isinstance(error, CatsError)
        assert f"train/{number}" in str(error)
        assert sentence in str(error)


@pytest.mark.parametrize(
    "repository",
    [
        "https://u:hunter2@host/a",
        "hf://datasets/a/b",
        "parquet",
        "../a",
        "a/b/c",
        "s3://bucket/a",
        "file:///etc",
        "~/a",
        "a/",
        "",
        "a b/c",
        "imagefolder",
        "CSV",
        "webdataset",
        ".",
        "..",
        "train.parquet",
        "builder.py",
    ],
)
def test_what_is_no_repository_is_refused_before_the_client_of_the_hub_looks_at_it(repository):
    with pytest.raises(
        CatsError, match="is no repository of the hub; write owner/name, name where it has no owner, or"
    ) as caught:
        hub(repository=repository, revision="c" * 40, image="image", label="label", splits={"train": "train"})
    assert "hunter2" not in str(caught.value)


def test_the_names_of_the_readers_of_the_hubs_client_are_refused():
    from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES

    assert not {name for name in _PACKAGED_DATASETS_MODULES if name not in BUILDERS}


@pytest.mark.parametrize("repository", ["beans", "mnist", "cifar10", "food101", "glas-2015", "owner/parquet"])
def test_a_repository_may_have_no_owner(monkeypatch, tmp_path, repository):
    asked = []

    def load_dataset(*names, **options):
        asked.append((names, options))
        raise ConnectionError("no network here")

    import datasets

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(CatsError, match=f"{repository} at a{{40}} could not be loaded from the hub: no network here"):
        hub(**USUAL | {"repository": repository, "revision": "a" * 40})(tmp_path)
    assert asked == [((repository,), {"revision": "a" * 40, "split": "train"})]


def test_a_folder_with_the_name_of_a_repository_without_owner_is_refused(monkeypatch, tmp_path):
    (tmp_path / "beans").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatsError, match="the folder beans lies here, and the hub's client would read that one"):
        hub(**USUAL | {"repository": "beans", "revision": "a" * 40})(tmp_path)
