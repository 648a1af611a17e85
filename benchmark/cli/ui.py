"""The command that starts MLflow's own pages."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, TrackingOption, say
from results.error import CatsError

app = typer.Typer()
LOOPBACK = "127.0.0.1"  # and no option for another host: whoever reaches these pages may change and delete everything
PATIENCE_SECONDS = 10


@app.command()
def ui(
    tracking_uri: TrackingOption = DATABASE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of this machine; nobody else's can reach it.")] = 5000,
) -> None:
    """Start MLflow's pages, where every run, curve and prediction can be looked at. Ctrl-C ends them."""
    from results.tracking.change_counter import absolute, is_missing
    from results.tracking.uri import WEB, check, scheme, shown

    check(tracking_uri)
    if scheme(tracking_uri) in WEB:
        raise CatsError(f"{shown(tracking_uri)} is a server with pages of its own; open it in a browser")
    if is_missing(tracking_uri):
        raise CatsError(f"there is no database {shown(tracking_uri)}; make one with `cats run`, or name it with --tracking-uri")
    _check_free(port)
    # The address goes by the environment: a command line can be read by everybody on the machine.
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": absolute(tracking_uri),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven processes more, for what nobody here asks of it
    }
    options = ["--host", LOOPBACK, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    command = [sys.executable, "-m", "mlflow", "server", *options]
    # In a group of its own: Ctrl-C comes here, and here the server is asked to end, which it does without a traceback.
    with subprocess.Popen(command, env=environment, start_new_session=True) as server:  # noqa: S603 - words of ours
        say(f"MLflow's pages: http://{LOOPBACK}:{port} (Ctrl-C ends them)")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            _end(server)
    raise CatsError(f"MLflow's pages ended by themselves, with exit code {code}")


def _end(server: "subprocess.Popen[bytes]") -> None:
    for asked in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, KeyboardInterrupt, subprocess.TimeoutExpired):
            os.killpg(server.pid, asked)
            server.wait(PATIENCE_SECONDS)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CatsError(f"port {port} cannot be used: {error.strerror}; name another with --port") from error
