"""Fixtures: every test has a home of its own; real data are used where they are named, and required where CI says so."""

import os
from pathlib import Path

import pytest

from benchmark import catalogue

GIVEN = {name: os.environ.get(name) for name in ("CATS_DATA", "CATS_WEIGHTS")}


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """An empty CATS_HOME; no data and no weights unless a test asks for the real ones."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CATS_HOME", str(folder))
    for name in (*GIVEN, "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    catalogue.source.cache_clear()
    catalogue.target.cache_clear()
    return folder


def real(name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = GIVEN[name]
    if folder is None or not Path(folder).is_dir():
        sentence = f"{name} names no folder with the real files"
        if os.environ.get("CATS_REQUIRE_DATA") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    monkeypatch.setenv(name, folder)
    return Path(folder)


@pytest.fixture
def real_data(home, monkeypatch):
    """The folder of real data sets, as CATS_DATA."""
    return real("CATS_DATA", monkeypatch)


@pytest.fixture
def real_weights(home, monkeypatch):
    """The folder of real weights, as CATS_WEIGHTS."""
    return real("CATS_WEIGHTS", monkeypatch)
