"""The command line `cats`. Each command imports heavy libraries inside its function, so that `--help` answers at once."""

import logging
import os
import sys

import typer

from benchmark.cli.agree import app as agreement
from benchmark.cli.board import app as boards
from benchmark.cli.check import app as checks
from benchmark.cli.compare import app as compare
from benchmark.cli.cost import app as costs
from benchmark.cli.entries import app as entries
from benchmark.cli.import_runs import app as imports
from benchmark.cli.listing import app as lists
from benchmark.cli.options import say
from benchmark.cli.plan import app as plans
from benchmark.cli.report import app as reports
from benchmark.cli.run import app as runs
from benchmark.cli.score import app as measures
from benchmark.cli.ui import app as pages
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
app.add_typer(pages)
log = logging.getLogger("cats")


def main() -> None:
    """Run the command line; a CatsError is printed as its sentence, with exit code 2."""
    wait_briefly()  # these two settings must come before torch is loaded, which only some commands do
    large_pages()
    logging.basicConfig(level=os.environ.get("CATS_LOG", "WARNING").upper(), format="%(name)s: %(message)s")
    try:
        if "--help" not in sys.argv:
            check_variables()
        app()
    except CatsError as error:
        say(f"cats: {error}")
        raise SystemExit(2) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
