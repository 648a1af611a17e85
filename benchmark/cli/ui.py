"""`cats ui`: opens MLflow's own web pages, and starts them if no server shows them."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import whole
from benchmark.cli.options import DATABASE, TrackingOption
from benchmark.cli.pages import Page, is_interactive, links_of
from benchmark.cli.terminal import say
from results.error import CatsError

app = typer.Typer()
LOOPBACK = "127.0.0.1"  # no option for another host: every visitor of these pages can change and delete records
PATIENCE_SECONDS = 10
POLL_SECONDS = 0.1
NEAR = 50  # ports that are tried for the proposal of a free one
# A closed terminal sends SIGHUP, Ctrl-\ SIGQUIT, a system that shuts down SIGTERM. Windows has fewer signals.
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


@app.command()
def ui(
    plan: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN|EXPERIMENT",
            help="The page opens on the runs of this plan or experiment, in the order of its board.",
            autocompletion=completion.plans_and_experiments,
        ),
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
    port: Annotated[
        int, typer.Option(parser=whole(1, 65535), help="Port of the pages; only this machine can reach them.")
    ] = 5000,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser/--no-browser",
            help="Open the page in a browser, if the terminal is one of a person; or print the addresses as the output.",
        ),
    ] = True,
) -> None:
    """Open MLflow's own web pages, which show every run, curve and prediction; those of a database end at Ctrl-C."""
    from results.text.hidden import shown
    from results.tracking.change_counter import absolute, is_missing
    from results.tracking.connection import engine_address, quiet, reach
    from results.tracking.uri import WEB, scheme

    opens = browser and is_interactive()
    if scheme(tracking_uri) in WEB:  # the server shows its pages itself
        quiet()
        reach(tracking_uri)
        root = shown(tracking_uri).rstrip("/")
        Page(f"{root} (of the server)", links_of(root, tracking_uri, plan), opens, not browser).show()
        return
    if is_missing(tracking_uri):
        from benchmark.answers.query import no_database

        raise CatsError(no_database(plan, tracking_uri))
    _check_free(port)

    quiet()
    reach(absolute(tracking_uri))  # the server would try for minutes to open what cannot be opened
    root = f"http://{LOOPBACK}:{port}"
    page = Page(f"{root} (Ctrl-C ends them)", links_of(root, tracking_uri, plan), opens, not browser)
    # The address is passed in the environment, because every user of the machine can read a command line.
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": engine_address(absolute(tracking_uri)),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # jobs would need seven more processes, and cats uses none
    }
    options = ["--host", LOOPBACK, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    code = _serve([sys.executable, "-m", "mlflow", "server", *options], environment, port, page.show)
    if code is not None:
        raise CatsError(f"MLflow's pages ended unexpectedly, with exit code {code}")


def _serve(
    command: list[str], environment: dict[str, str], port: int, answered: Callable[[], object] = lambda: None
) -> int | None:
    """Run the server until a signal comes (None) or until the server ends, which gives its exit code.

    `answered` is called once, when the pages can be opened.

    The server has its own process group, so only this process gets a signal; it then ends the server, whatever the signal was.
    """
    stop = threading.Event()
    with _signals(stop):
        server = subprocess.Popen(  # noqa: S603 - all arguments are ours
            command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        reader = threading.Thread(target=_pass_on, args=(server.stdout,), daemon=True)
        try:
            reader.start()
            answers = False
            while server.poll() is None and not stop.wait(POLL_SECONDS):
                if not answers and _answers(port):
                    answers = True
                    answered()
        finally:
            _end(server)
            reader.join(PATIENCE_SECONDS)  # of the last lines
    return None if stop.is_set() else server.returncode


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Inside, a signal that would end this process sets an event, also the second and the third one."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    # A signal that was ignored at the start (nohup, a background job of a shell) stays ignored.
    for each in (each for each, handler in before.items() if handler is not signal.SIG_IGN):
        signal.signal(each, lambda *_: stop.set())
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _pass_on(lines: IO[str]) -> None:
    """Print what the server says, without the password of its database; a terminal that is gone takes nothing."""
    with lines:
        for line in lines:
            with suppress(OSError):
                say(line.rstrip("\n"))


def _end(server: "subprocess.Popen[str]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(server.pid, number)
            server.wait(PATIENCE_SECONDS)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def _check_free(port: int) -> None:
    """Raises CatsError if the port is taken, with a port near it that is free."""
    trouble = _trouble(port)
    if trouble is not None:
        free = next((near for near in range(port + 1, min(port + NEAR, 65536)) if _trouble(near) is None), None)
        which = f"port {free} is free: --port {free}" if free is not None else "choose another port with --port"
        who = ", perhaps by another `cats ui`, whose pages are there" if _answers(port) else ""
        raise CatsError(f"port {port} cannot be used: {trouble}{who}; {which}")


def _trouble(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.strerror or str(error)
    return None
