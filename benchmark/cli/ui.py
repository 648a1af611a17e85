"""`cats ui`: starts MLflow's own web pages."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, TrackingOption
from benchmark.cli.terminal import say
from results.error import CatsError

app = typer.Typer()
LOOPBACK = "127.0.0.1"  # no option for another host: every visitor of these pages can change and delete records
PATIENCE_SECONDS = 10


@app.command()
def ui(
    tracking_uri: TrackingOption = DATABASE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages; only this machine can reach them.")] = 5000,
) -> None:
    """Start MLflow's own web pages, which show every run, curve and prediction, until you press Ctrl-C."""
    from results.tracking.change_counter import absolute, is_missing
    from results.tracking.uri import WEB, check, scheme, shown

    check(tracking_uri)
    if scheme(tracking_uri) in WEB:
        raise CatsError(f"{shown(tracking_uri)} is a server that shows its own pages; open this address in a browser")
    if is_missing(tracking_uri):
        raise CatsError(f"there is no database {shown(tracking_uri)}; `cats run` creates one, or --tracking-uri names another")
    _check_free(port)
    # The address is passed in the environment, because every user of the machine can read a command line.
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": absolute(tracking_uri),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # jobs would need seven more processes, and cats uses none
    }
    options = ["--host", LOOPBACK, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    command = [sys.executable, "-m", "mlflow", "server", *options]
    # The server has its own process group, so only this process gets Ctrl-C; it then ends the server without a traceback.
    with subprocess.Popen(command, env=environment, start_new_session=True) as server:  # noqa: S603 - all arguments are ours
        say(f"MLflow's pages: http://{LOOPBACK}:{port} (Ctrl-C ends them)")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            _end(server)
    raise CatsError(f"MLflow's pages ended unexpectedly, with exit code {code}")


def _end(server: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, KeyboardInterrupt, subprocess.TimeoutExpired):
            os.killpg(server.pid, number)
            server.wait(PATIENCE_SECONDS)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CatsError(f"port {port} cannot be used: {error.strerror}; choose another port with --port") from error
