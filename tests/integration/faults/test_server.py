"""A tracking server that is killed while cells are made, and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.integration.faults.driver import Place, ended, heard, same

pytestmark = [pytest.mark.slow, pytest.mark.server]


@pytest.fixture
def server(tmp_path):
    """`start()` starts MLflow's server and waits until it answers, `stop()` kills it; and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{tmp_path}/server.db",
             "--artifacts-destination", f"{tmp_path}/artifacts", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )  # fmt: skip
        running.append(process)
        for _ in range(1200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("MLflow's server does not answer")

    def stop():
        while running:
            process = running.pop()
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    yield start, stop, f"http://127.0.0.1:{port}"
    stop()


def test_cells_go_on_while_the_server_is_away_and_their_records_reach_it_later(tmp_path, undisturbed, server):
    start, stop, address = server
    start()
    place = Place(tmp_path / "place", uri=address)
    process = place.start()
    heard(process, "1/4")
    stop()
    told = ended(process, 2)
    assert "0 were done, 4 made now" in told
    assert "records wait in the outbox" in told
    assert "cats: MLflow at" in place.finish("sync", code=2)
    assert "cats: MLflow at" in place.finish(code=2)
    start()
    assert "0 made now" in place.finish()
    same(place.table(), undisturbed)
