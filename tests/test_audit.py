"""The audit of pinned libraries, against a stand-in for the advisory service on loopback that speaks its protocol."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.paths import ROOT

HOLE = {"schema_version": "1.6.0", "id": "PYSEC-2099-1", "summary": "a hole", "affected": [], "aliases": []}


@pytest.fixture
def service():
    """Answers like the service; `service.holes` is what it knows, package → vulnerabilities."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.asked.append(asked["package"]["name"])
            known = self.server.holes.get(asked["package"]["name"])
            body = json.dumps({"vulns": known} if known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.holes, server.asked = {}, []
        server.url = f"http://127.0.0.1:{server.server_port}/v1/query"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def audit(url):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [ROOT / "scripts" / "audit", "--osv-url", url],
        capture_output=True, text=True, env=environment, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
def test_pinned_libraries_without_a_hole_pass_and_all_of_them_are_asked_for(service):
    done = audit(service.url)
    assert (done.returncode, done.stdout) == (0, "audit: no known vulnerability in constraints.txt\n")
    pinned = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    assert len(set(service.asked)) == len(pinned)


@pytest.mark.slow
def test_a_hole_fails_and_is_named(service):
    service.holes = {"mlflow": [HOLE]}
    done = audit(service.url)
    assert done.returncode == 1
    assert "mlflow" in done.stdout
    assert "PYSEC-2099-1" in done.stdout


@pytest.mark.slow
def test_a_service_that_cannot_be_asked_is_one_line_and_no_failure(service):
    service.shutdown()
    service.server_close()
    done = audit(service.url)
    assert done.returncode == 0
    assert done.stdout.startswith("audit not done: ")
    assert done.stdout.count("\n") == 1
