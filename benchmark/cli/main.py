"""The command line `cats`. Each command imports heavy libraries inside its function, so that `--help` answers at once."""

import logging
import os
import sys
from contextlib import suppress
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from benchmark import __version__
from benchmark.cli.again import resume
from benchmark.cli.agree import app as agreement
from benchmark.cli.archive import app as archives
from benchmark.cli.board import app as boards
from benchmark.cli.card import app as cards
from benchmark.cli.check import app as checks
from benchmark.cli.choose import app as choices
from benchmark.cli.command import LOOK, CatsCommand, QuietOption, VerboseOption
from benchmark.cli.compare import app as compare
from benchmark.cli.config import app as configuration
from benchmark.cli.cost import app as costs
from benchmark.cli.counts import shown_count
from benchmark.cli.curve import app as curves
from benchmark.cli.diff import app as differences
from benchmark.cli.entries import app as entries
from benchmark.cli.explain import app as explanations
from benchmark.cli.export import app as exports
from benchmark.cli.import_runs import app as imports
from benchmark.cli.keep import app as keeps
from benchmark.cli.listing import app as lists
from benchmark.cli.merge import app as merges
from benchmark.cli.plan import app as plans
from benchmark.cli.predict import app as predictions
from benchmark.cli.replay import app as replays
from benchmark.cli.report import app as reports
from benchmark.cli.run import app as runs
from benchmark.cli.score import app as measures
from benchmark.cli.site import app as sites
from benchmark.cli.submit import app as submissions
from benchmark.cli.terminal import begin_log, discard, finish, prepare, print_line, say, say_error
from benchmark.cli.ui import app as pages
from benchmark.cli.usage import CatsGroup, UsageError, sentence_of
from benchmark.cli.watch import app as watches
from benchmark.core.paths import check_variables
from benchmark.core.settings import apply_settings
from benchmark.machine.memory import large_pages
from benchmark.machine.threads import wait_briefly
from results.error import CatsError
from results.text.counting import shown_by

PANELS = {
    "Run": (plans, runs, choices, measures, keeps, predictions),
    LOOK: (
        lists,
        boards,
        compare,
        differences,
        costs,
        curves,
        agreement,
        replays,
        reports,
        explanations,
        watches,
        pages,
        configuration,
    ),
    "Add": (entries, checks, imports),
    "Share": (archives, merges, sites, cards, exports, submissions),
}
FIRST_STEPS = (
    "First steps: `cats run quickstart` trains a small plan without any download, `cats board quickstart` shows which source "
    "is best, `cats plan quickstart -o mine.yaml` writes a plan to change, and `cats new target NAME --from FOLDER` adds your "
    "own pictures."
)
app = typer.Typer(
    help="Find the source from which to transfer a network to a medical task, how sure the answer is, and what it cost.",
    cls=CatsGroup,
    epilog=FIRST_STEPS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, members in PANELS.items():
    for member in members:
        for registered in member.registered_commands:
            registered.rich_help_panel = panel
            registered.cls = CatsCommand if registered.cls is TyperCommand else registered.cls
        app.add_typer(member)
log = logging.getLogger("cats")
COMPLETION = "_CATS_COMPLETE"  # set by a shell that wants the words with which a call can go on


def _print_version(given: bool) -> None:
    if given:
        print_line(f"cats {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, expose_value=False, help="Print the version.")
    ] = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the source from which to transfer a network to a medical task, how sure the answer is, and what it cost."""


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
        if error.resumes:
            say(resume())
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
    if COMPLETION in os.environ:
        with suppress(CatsError):
            apply_settings()
    elif not {"--help", "-h", "--version"} & set(sys.argv):
        apply_settings()
        check_variables()
    begin_log()
    try:
        with shown_by(shown_count):
            return int(commands()(prog_name="cats", standalone_mode=False) or 0)
    except typer.Abort:
        say("Aborted.")
        return 1
    except UsageError as error:
        if COMPLETION in os.environ:  # there is nothing to offer, and a terminal at a half-written call is no place for words
            return 0
        if type(error).__name__ != "NoArgsIsHelpError":  # the help has been printed
            if error.ctx is not None:
                say(" ".join(error.ctx.get_usage().split()))
                say(f"Try '{error.ctx.command_path} --help' for help.")
            say(f"cats: {sentence_of(error)}")
        return 2
