"""The ten queries of docs/mlflow.md on PostgreSQL and against `mlflow server`."""

import os

import pytest

from tests.support.queries import fill
from tests.support.query_answers import ANSWERS, check
from tests.support.servers import PASSWORD

pytestmark = pytest.mark.server
FILLED: set[str] = set()  # addresses of servers; that of MLflow stays when pytest makes the fixture once more


@pytest.fixture(scope="module", params=["postgres", "web"])
def uri(request, tmp_path_factory):
    """A server with the experiment of the page."""
    server = request.getfixturevalue(request.param)
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("queries")
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        if request.param == "postgres":
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'migrated'")
            name = f"{folder.name}_{os.getpid()}"  # one for each process of the tests that has some of these, each time
            server.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
            address = server.uri(name)
        else:
            address = server.uri
        if address not in FILLED:
            fill(address)
        FILLED.add(address)
        yield address


@pytest.mark.parametrize("number", ANSWERS)
def test_a_query_of_the_page_gives_what_the_records_say(uri, number):
    check(number, uri)
