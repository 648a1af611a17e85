"""Entry points of other packages: read once, and again where what is installed has changed."""

import importlib.metadata

import pytest

from results.extension import entry_points

POINTS = "[cats.toys]\nball = toybox:ball\n[cats.games]\nchess = toybox:chess\n"


@pytest.fixture
def install(tmp_path):
    """`install(name)` puts a package with entry points into a folder, which is returned."""

    def put(name):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(POINTS)
        return tmp_path

    return put


def test_all_groups_are_read_at_once_and_once(install, monkeypatch):
    monkeypatch.syspath_prepend(str(install("toybox")))
    real, read = importlib.metadata.entry_points, []
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda: read.append(1) or real())
    for _ in range(2):
        assert [point.name for point in entry_points("cats.toys")] == ["ball"]
        assert [point.value for point in entry_points("cats.games")] == ["toybox:chess"]
    assert len(read) == 1


def test_a_package_that_is_installed_later_is_seen(install, monkeypatch):
    monkeypatch.syspath_prepend(str(install("toybox")))
    assert len(entry_points("cats.toys")) == 1
    install("toychest")
    assert len(entry_points("cats.toys")) == 2
    monkeypatch.syspath_prepend("nowhere")
    assert len(entry_points("cats.toys")) == 2
    assert entry_points("cats.nothing") == []
