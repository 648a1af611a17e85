"""A tracking server that is killed while cells are made, and started again."""

import os
import signal

import pytest

from tests.integration.faults.driver import Place, ended, heard, same
from tests.support.servers import answers, free_port, mlflow_server

pytestmark = [pytest.mark.slow, pytest.mark.server]


@pytest.fixture
def server(tmp_path):
    """`start()` starts MLflow's server and waits until it answers, `stop()` kills it; and its address."""
    port, running = free_port(), []

    def start():
        place = (tmp_path / "server.db", tmp_path / "artifacts", port)
        with (tmp_path / "log").open("a") as log:
            running.append(mlflow_server(*place, stdout=log, stderr=log))
        answers(f"http://127.0.0.1:{port}/health", running[-1], tmp_path / "log")

    def stop():
        while running:
            process = running.pop()
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    yield start, stop, f"http://127.0.0.1:{port}"
    stop()


def test_cells_go_on_while_the_server_is_away_and_their_records_reach_it_later(tmp_path, undisturbed, server, with_decoded):
    start, stop, address = server
    start()
    place = Place(tmp_path / "place", uri=address)
    with_decoded(place.home)
    process = place.start()
    heard(process, "1/4")
    stop()
    told = ended(process, 3)
    assert "0 were done, 4 made now" in told
    assert told.count("the records wait in the outbox until it answers") == 1  # said once for all cells of the outage
    assert "cats: MLflow at" in (refused := place.finish("sync", code=2))
    assert "records still wait in the outbox" in refused
    assert "cats: MLflow at" in place.finish(code=2)
    start()
    assert "0 made now" in place.finish()
    same(place.table(), undisturbed)
