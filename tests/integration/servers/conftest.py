"""Fixtures of servers: databases on PostgreSQL, and `mlflow server` over HTTP."""

import os
import time
from pathlib import Path

import pytest

from results.tracking.experiment import Experiment
from tests.support import databases
from tests.support.servers import PASSWORD, Web, migrated_postgres


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server with a database `migrated` that MLflow has made its tables in."""
    server = migrated_postgres(Path(os.environ[databases.PLACE]))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def database(postgres, tmp_path, monkeypatch):
    """The address of a new MLflow database on PostgreSQL."""
    monkeypatch.chdir(tmp_path)
    name = f"test_{time.monotonic_ns()}"
    # A test that looked into `migrated` may have left a connection open, and a database in use cannot be copied.
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'migrated'")
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
    return postgres.uri(name)


@pytest.fixture
def tracking(database):
    return Experiment(database, "toy")


@pytest.fixture(scope="session")
def web(tmp_path_factory):
    """`mlflow server` over HTTP, whose administrator is `admin`."""
    server = Web(tmp_path_factory.mktemp("web"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def user(web, tmp_path, monkeypatch):
    """The server, with user and password where MLflow looks for them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    return web
