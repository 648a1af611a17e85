"""Where a data set can be had: public addresses, and never a place on this machine."""

import json

import pytest

from benchmark.data.dataset import File
from benchmark.data.origin import origin_of
from benchmark.specs import catalogue

COMMIT = "c" * 40


def told(**changes):
    return origin_of(catalogue.target("digits").dataset.model_copy(update=changes))


def hub(repository):
    return json.dumps({"hub": {"repository": repository, "revision": COMMIT}})


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({}, None),
        ({"files": (File(path="a.npz", url="https://zenodo.org/a.npz"),)}, "https://zenodo.org/a.npz"),
        ({"files": (File(path="a"), File(path="b", url="https://x.org/b"))}, "https://x.org/b"),
        ({"files": (File(path="a", url="file:///home/ada/a.npz"),)}, None),
        ({"place": "/home/ada/pictures"}, None),
        ({"options": hub("owner/name")}, f"hub:owner/name@{COMMIT}"),
        ({"options": hub("/home/ada/parquet")}, None),
        ({"options": json.dumps({"folder": {}})}, None),
    ],
)
def test_the_origin_of_a_data_set_is_public_or_unknown(changes, origin):
    assert told(**changes) == origin


def test_a_password_in_an_address_is_hidden():
    assert "hunter2" not in told(files=(File(path="a", url="https://me:hunter2@x.org/a"),))
