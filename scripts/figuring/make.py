"""Make the tables and pictures of README and docs again, from the records of plans and by the scripts that measure.

Records are read from MLFLOW_TRACKING_URI. The report of CATS 2024 needs its experiment there too (docs/imports.md), pictures of
pages need chromium and chromedriver, and plans need CATS_DATA and CATS_WEIGHTS.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from figuring.kinds import Measurement
from figuring.listed import FIGURES, RUNS

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Make what is named, or all that the records show; list it; or run the plans first."""
    parser = argparse.ArgumentParser(
        prog="scripts/figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a table or picture; by default all that the records show")
    parser.add_argument("--list", action="store_true", help="print each table and picture, where it stands and what makes it")
    parser.add_argument("--run", action="store_true", help="first run and score the plans whose records are shown")
    wishes = parser.parse_args()
    unknown = sorted(set(wishes.names) - {figure.name for figure in FIGURES})
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}; --list names all")
    if wishes.list:
        listing()
        return
    for command in RUNS if wishes.run else ():
        called(command, Path())
    shown = [figure for figure in FIGURES if figure.name in wishes.names or not (wishes.names or figure.named_only)]
    with tempfile.TemporaryDirectory() as folder:
        made: dict[str, str] = {}  # a command → what it has printed
        for figure in shown:
            if figure.command not in made:
                made[figure.command] = called(figure.command, Path(folder), markdown=figure.prints_markdown)
            figure.place(made[figure.command], Path(folder))
            print(f"  {figure.name}: {figure.where}", flush=True)


def listing() -> None:
    """Print every figure: name, place, command, and how long a measurement takes."""
    for figure in FIGURES:
        takes = f" ({figure.takes}; made only if it is named)" if isinstance(figure, Measurement) else ""
        print(f"{figure.name}: {figure.where}: {figure.command}{takes}")


def called(command: str, folder: Path, *, markdown: bool = False) -> str:
    """What a command prints on its standard output: `cats` and `python` are those of this environment and checkout.

    Ends this program if the command does not end with 0.
    """
    print(command, flush=True)
    first, *rest = shlex.split(command.replace("{folder}", str(folder)))
    whole = [
        sys.executable,
        *(["-m", "benchmark"] if first == "cats" else []),
        *rest,
        *(["--format", "markdown"] if markdown else []),
    ]
    around = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(whole, cwd=ROOT, env=around, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command} ended with exit code {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main()
