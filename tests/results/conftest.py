"""A tracking server for each test: a copy of a database that MLflow has migrated once opens in no time."""

import shutil

import pytest


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    from results.tracking.experiment import Experiment

    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    Experiment(f"sqlite:///{path}", "first")
    return path


@pytest.fixture
def tracking(empty, tmp_path, monkeypatch):
    from results.tracking.experiment import Experiment

    monkeypatch.chdir(tmp_path)
    shutil.copy(empty, tmp_path / "mlflow.db")
    return Experiment(f"sqlite:///{tmp_path}/mlflow.db", "toy")
