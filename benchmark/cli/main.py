"""The command line `cats`. Each command imports heavy libraries inside its function, so that `--help` answers at once."""

import logging
import sys
from functools import cache
from typing import Any

import typer

from benchmark.cli.agree import app as agreement
from benchmark.cli.board import app as boards
from benchmark.cli.card import app as cards
from benchmark.cli.check import app as checks
from benchmark.cli.compare import app as compare
from benchmark.cli.cost import app as costs
from benchmark.cli.entries import app as entries
from benchmark.cli.explain import app as explanations
from benchmark.cli.export import app as exports
from benchmark.cli.import_runs import app as imports
from benchmark.cli.keep import app as keeps
from benchmark.cli.listing import app as lists
from benchmark.cli.plan import app as plans
from benchmark.cli.predict import app as predictions
from benchmark.cli.report import app as reports
from benchmark.cli.run import app as runs
from benchmark.cli.score import app as measures
from benchmark.cli.terminal import begin_log, discard, finish, prepare, say, say_error
from benchmark.cli.ui import app as pages
from benchmark.cli.watch import app as watches
from benchmark.core.paths import check_variables
from benchmark.machine.memory import large_pages
from benchmark.machine.threads import wait_briefly
from results.error import CatsError

app = typer.Typer(
    help="Find the source from which to transfer a network to a medical task, how sure the answer is, and what it cost.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(runs)
app.add_typer(boards)
app.add_typer(plans)
app.add_typer(compare)
app.add_typer(entries)
app.add_typer(checks)
app.add_typer(lists)
app.add_typer(measures)
app.add_typer(costs)
app.add_typer(imports)
app.add_typer(agreement)
app.add_typer(reports)
app.add_typer(keeps)
app.add_typer(explanations)
app.add_typer(exports)
app.add_typer(cards)
app.add_typer(watches)
app.add_typer(pages)
app.add_typer(predictions)
log = logging.getLogger("cats")
# What typer raises for arguments that it does not understand: its own copy of click's exceptions, or click's.
UsageError: Any = typer.BadParameter.__mro__[1]


def main() -> None:
    """Run the command line; a CatsError is printed as its sentence, with exit code 2."""
    wait_briefly()  # these two settings must come before torch is loaded, which only some commands do
    large_pages()
    prepare()
    try:
        code = _command()
        finish()
    except CatsError as error:
        say_error(error)
        code = 2
    except BrokenPipeError:
        discard()
        code = 1
    except OSError as error:
        if error.strerror is None:
            raise
        log.debug("the system refused", exc_info=True)
        say(f"cats: {error.filename or 'the output or a file'} cannot be used: {error.strerror}")
        code = 2
    if code:
        try:
            finish()
        except (OSError, CatsError):
            discard()
        raise SystemExit(code)


@cache
def commands() -> Any:
    """All commands with their options; to make them takes as long as a short command."""
    return typer.main.get_command(app)


def _command() -> int:
    """Run the command and return its exit code."""
    begin_log()
    if "--help" not in sys.argv:
        check_variables()
    try:
        return int(commands()(standalone_mode=False) or 0)
    except typer.Abort:
        say("Aborted.")
        return 1
    except UsageError as error:
        if type(error).__name__ != "NoArgsIsHelpError":  # the help has been printed
            if error.ctx is not None:
                say(" ".join(error.ctx.get_usage().split()))
                say(f"Try '{error.ctx.command_path} --help' for help.")
            say(f"cats: {error.format_message()}")
        return 2
