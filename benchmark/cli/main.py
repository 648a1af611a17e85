"""The command line `cats`. A command's module is loaded when it is called, and imports heavy libraries inside its function."""

import logging
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from benchmark import __version__
from benchmark.cli.again import resume
from benchmark.cli.command import HELP, QuietOption, VerboseOption
from benchmark.cli.commands import CatsGroup
from benchmark.cli.counts import shown_count
from benchmark.cli.terminal import begin_log, discard, finish, prepare, print_line, say, say_error
from benchmark.cli.usage import UsageError, sentence_of
from benchmark.machine.cycles import look_seldom
from benchmark.machine.memory import large_pages
from benchmark.machine.threads import wait_briefly
from results.error import CatsError
from results.text.counting import shown_by

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
    context_settings=HELP,
)
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


def _prepare_environment() -> None:
    """Apply the user's settings and check the environment variables; a shell that asks for words gets them in any case."""
    from benchmark.core.paths import check_variables
    from benchmark.core.settings import apply_settings

    if COMPLETION in os.environ:
        with suppress(CatsError):
            apply_settings()
    else:
        apply_settings()
        check_variables()


def _command() -> int:
    """Run the command and return its exit code."""
    if {"--help", "-h", "--version"} & set(sys.argv):
        look_seldom()
    else:
        _prepare_environment()
    begin_log()
    try:
        with shown_by(shown_count):
            return int(typer.main.get_command(app)(prog_name="cats", standalone_mode=False) or 0)
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
