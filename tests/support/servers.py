"""Real servers: PostgreSQL from the distribution's packages, and `mlflow server` with users, both on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest
from filelock import FileLock

from tests.support import processes
from tests.support.databases import copied
from tests.support.missing import missed

PASSWORD = "s3cr3t%+word"  # of every user; in an address it is written as QUOTED

QUOTED = "s3cr3t%25%2Bword"


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A cluster of databases in a folder of its own; PostgreSQL does not run as root, so root lends it another user."""

    fsync = "off"  # nothing of a test needs to survive the machine

    def __init__(self, programs, folder, kept=None):
        self.programs, self.folder, self.port = programs, folder, free_port()
        self.as_user = (
            {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        if self.as_user:
            shutil.chown(folder, "nobody")
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        asked = ["-D", folder / "data", "-U", "admin", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8"]
        if kept is None:
            self.call("initdb", *asked, "--no-sync", "--locale=C")
        else:
            subprocess.run(["cp", "-a", kept, folder / "data"], check=True)
        self.start()

    def keep(self, folder):
        """Stop, and leave a copy of all databases in a folder, for servers that begin with these."""
        self.call("pg_ctl", "stop", "-w", "-m", "fast", "-D", self.folder / "data")
        subprocess.run(["cp", "-a", self.folder / "data", folder], check=True)

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


def new_postgres(kind=Postgres, kept=None):
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")) or [Path(shutil.which("pg_ctl") or "")]
    if found[-1] == Path():
        missed("PostgreSQL is not installed; on Debian its package is postgresql")
    return kind(found[-1].parent, Path(tempfile.mkdtemp(prefix="cats-postgres-")), kept)


def migrated_postgres(folder):
    """A PostgreSQL server with a database `migrated` that MLflow has made its tables in.

    What it begins with is kept in a folder, by whichever process of a run of the tests needs it first.
    """
    kept = folder / "postgres"
    with FileLock(folder / "postgres.lock"):
        if not kept.exists():
            first, draft = new_postgres(), folder / "postgres.draft"
            try:
                first.execute("CREATE DATABASE migrated")
                code = "import sys; from results.tracking.experiment import Experiment; Experiment(sys.argv[1], 'first')"
                # In a process of its own: MLflow keeps connections open, and a database in use cannot be copied.
                processes.run(["-c", code, first.uri("migrated")], cwd=first.folder).check_returncode()
                first.keep(draft)
                draft.rename(kept)
            finally:
                first.stop()
    return new_postgres(kept=kept)


# `mlflow server` starts uvicorn, with the same interpreter, and waits for it: here it becomes uvicorn instead. MLflow looks
# whether uvicorn is imported to find out whether it serves.
SERVER = """
import os, runpy, subprocess, sys
import uvicorn
real = subprocess.Popen
def become(command, env=None, **how):
    if command[1:3] != ["-m", "uvicorn"]:
        return real(command, env=env, **how)
    os.environ.update(env)
    sys.argv = command[2:]
    runpy.run_module("uvicorn", run_name="__main__", alter_sys=True)
    sys.exit()
subprocess.Popen = become
runpy.run_module("mlflow", run_name="__main__", alter_sys=True)
"""


def mlflow_server(database, artifacts, port, *options, env=None, **how):
    """`mlflow server` on loopback, as a process of its own that begins at once; `how` as of processes.start."""
    store = f"sqlite:///{database}"
    if not database.exists():
        copied(store)
    where = ["--backend-store-uri", store, "--artifacts-destination", artifacts, "--host", "127.0.0.1", "--port", port]
    more = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **(env or {})}
    command = ["-c", SERVER, "server", *where, "--workers", "1", *options]
    return processes.start(command, env={**os.environ, **more}, start_new_session=True, **how)


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
        place = (self.folder / "mlflow.db", self.folder / "artifacts", self.port)
        with (self.folder / "log").open("a") as log:
            self.process = mlflow_server(*place, "--app-name", "basic-auth", env=more, cwd=self.folder, stdout=log, stderr=log)
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
