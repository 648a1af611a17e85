"""`cats ui`: MLflow's own pages of the store that the other commands use, for this machine alone."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.integration.servers.records import records
from tests.support.servers import QUOTED, answers, free_port

pytestmark = pytest.mark.server

UI = [sys.executable, "-m", "benchmark", "ui"]
LISTENS = "0A"


def listening(port):
    """The addresses, as the kernel writes them, at which anybody listens on a port."""
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    found = [fields[1].split(":") for fields in lines if fields[3] == LISTENS]
    return [address for address, its in found if int(its, 16) == port]


def family(pid):
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


@pytest.mark.slow
def test_the_pages_show_the_runs_on_loopback_alone_and_end_at_ctrl_c(database, tmp_path):
    tracking = Experiment(database, "toy")
    send(tracking, Outcome(records()[0]))
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*UI, "--port", str(port), "--tracking-uri", database], stdout=log, stderr=log, start_new_session=True
        )
    try:
        page = answers(f"http://127.0.0.1:{port}/", process, tmp_path / "log")
        assert b"<title>MLflow</title>" in page
        asked = Request(
            f"http://127.0.0.1:{port}/api/2.0/mlflow/runs/search",
            f'{{"experiment_ids": ["{tracking.experiment_id}"]}}'.encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(asked, timeout=30) as answer:
            assert records()[0].key.encode() in answer.read()
        assert listening(port) == ["0100007F"]
        # The address holds a password; what a process was started with every user of the machine can read.
        started = [Path(f"/proc/{pid}/cmdline").read_text() for pid in family(process.pid)]
        assert len(started) > 2
        assert [text for text in started[1:] if QUOTED in text] == []
    finally:
        os.killpg(process.pid, signal.SIGINT)
        code = process.wait(60)
    text = (tmp_path / "log").read_text()
    assert code == 0, text
    assert "Traceback" not in text
    assert QUOTED not in text
    assert listening(port) == []


def test_there_is_no_way_to_let_others_in(cats):
    code, _, err = cats("ui", "--host", "0.0.0.0")
    assert code == 2
    assert "there is no option --host" in err


def test_a_port_in_use_a_database_that_is_not_there_and_a_server_that_does_not_answer_are_one_sentence(cats, tmp_path):
    code, _, err = cats("ui")
    assert (code, err.count("\n")) == (2, 1)
    assert "there is no database sqlite:///mlflow.db" in err
    code, _, err = cats("ui", "--tracking-uri", "http://127.0.0.1:9")
    assert (code, err) == (2, "cats: MLflow at http://127.0.0.1:9 cannot be used: [Errno 111] Connection refused\n")
    (tmp_path / "mlflow.db").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = cats("ui", "--port", port, "--tracking-uri", "sqlite:///mlflow.db")
    assert code == 2
    assert err.startswith(f"cats: port {port} cannot be used: Address already in use, perhaps by another `cats ui`")
    assert err.rstrip("\n").rpartition(" --port ")[2].isdecimal()
    assert err.count("\n") == 1
