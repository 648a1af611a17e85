"""Real servers: PostgreSQL from the distribution's packages, and `mlflow server` with users, both on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest

from tests.support.missing import missed

PASSWORD = "s3cr3t%+word"  # of everybody; in an address it is written as QUOTED

QUOTED = "s3cr3t%25%2Bword"


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A cluster of databases in a folder of its own; PostgreSQL does not run as root, so root lends it another user."""

    fsync = "off"  # nothing of a test needs to survive the machine

    def __init__(self, programs, folder):
        self.programs, self.folder, self.port = programs, folder, free_port()
        self.as_user = (
            {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        if self.as_user:
            shutil.chown(folder, "nobody")
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        asked = ["-D", folder / "data", "-U", "admin", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8"]
        self.call("initdb", *asked, "--no-sync", "--locale=C")
        self.start()

    def call(self, program, *arguments):
        command = [self.programs / program, *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self.as_user)

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync={self.fsync}"
        for _ in range(20):  # the processes of one that was killed end a little after it
            with suppress(subprocess.CalledProcessError):
                return self.call("pg_ctl", "start", "-w", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options)
            time.sleep(0.5)
        return pytest.fail((self.folder / "log").read_text())

    def kill(self):
        """As when the machine loses its power."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), 9)

    def stop(self):
        with suppress(subprocess.CalledProcessError):
            self.call("pg_ctl", "stop", "-m", "immediate", "-D", self.folder / "data")
        shutil.rmtree(self.folder)

    def uri(self, database, user="admin", password=QUOTED):
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, command, database="postgres"):
        with closing(psycopg.connect(self.uri(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(command)


def new_postgres(kind=Postgres):
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")) or [Path(shutil.which("pg_ctl") or "")]
    if found[-1] == Path():
        missed("PostgreSQL is not installed; on Debian its package is postgresql")
    return kind(found[-1].parent, Path(tempfile.mkdtemp(prefix="cats-postgres-")))


class Web:
    """`mlflow server` with users."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        (folder / "auth.ini").write_text(
            f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/users.db\nadmin_username = admin\n"
            f"admin_password = {PASSWORD.replace('%', '%%')}\n"
            "auth_cache_ttl_seconds = 300\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )

    def start(self):
        more = {"MLFLOW_AUTH_CONFIG_PATH": str(self.folder / "auth.ini"), "MLFLOW_FLASK_SERVER_SECRET_KEY": "of a test"}
        more["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
        options = ["--app-name", "basic-auth", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--workers", "1"]
        options += ["--host", "127.0.0.1", "--port", str(self.port), "--artifacts-destination", str(self.folder / "artifacts")]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *options],
                env={**os.environ, **more}, cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        answers(f"{self.uri}/health", self.process, self.folder / "log")

    def stop(self):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()


def answers(address, process, log):
    """Wait until a user answers at an address."""
    until = time.monotonic() + 250
    while time.monotonic() < until and process.poll() is None:
        with suppress(URLError, ConnectionError, TimeoutError), urlopen(address, timeout=5) as answer:
            return answer.read()
        time.sleep(0.2)
    return pytest.fail(f"{address} does not answer: {log.read_text()[-3000:]}")
