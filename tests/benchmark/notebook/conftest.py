"""A working directory whose database holds the experiment `toy`."""

import shutil

import pytest


@pytest.fixture
def toy(home, toy_database, tmp_path, monkeypatch):
    shutil.copy(toy_database, tmp_path)
    (home / "entries").mkdir()  # else sentences about unknown names say that it is no folder
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path
