"""Digests of files are noted under CATS_HOME, and a note that is damaged is not believed."""

import hashlib

import pytest

from benchmark.core.digest import file_digest, remembered
from benchmark.core.paths import digests_folder
from results.files import atomic
from results.files.sealed import sealed

SHA = hashlib.sha256(b"some bytes").hexdigest()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))


def test_a_digest_that_is_noted_is_not_computed_again():
    assert remembered(["state"], lambda: SHA) == SHA
    assert remembered(["state"], pytest.fail) == SHA
    assert remembered(["another state"], lambda: "0" * 64) == "0" * 64


@pytest.mark.parametrize("damage", [b"", b"\0" * 64, b"\xff" * 64, SHA[:32].encode(), SHA.encode() + b"\n", b"g" * 64])
def test_a_note_that_is_no_digest_is_computed_again_and_replaced(damage):
    remembered(["state"], lambda: SHA)
    (note,) = digests_folder().iterdir()
    note.write_bytes(damage)
    assert remembered(["state"], lambda: SHA) == SHA
    assert note.read_bytes() == sealed(SHA.encode())


def test_a_note_does_not_wait_for_the_disk(monkeypatch):
    monkeypatch.setattr(atomic, "flush", pytest.fail)
    assert remembered(["state"], lambda: SHA) == SHA
    assert len(list(digests_folder().iterdir())) == 1


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_both_kinds_of_checksum_are_noted(tmp_path, monkeypatch, algorithm):
    path = tmp_path / "file"
    path.write_bytes(b"some bytes")
    expected = hashlib.new(algorithm, b"some bytes").hexdigest()
    assert file_digest(path, algorithm) == expected
    monkeypatch.setattr(hashlib, "file_digest", pytest.fail)
    assert file_digest(path, algorithm) == expected
