"""`cats site`: several experiments as a small static site."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, FreshOption, ImagesOption, TrackingOption
from benchmark.cli.places import a_folder
from benchmark.cli.terminal import print_line
from results.text.counts import how_many

app = typer.Typer()


@app.command()
def site(
    plans: Annotated[list[str], typer.Argument(metavar="PLAN|EXPERIMENT", help="Plans, or names of MLflow experiments.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=a_folder("the site"), help="The folder of the site.")
    ] = Path("site"),
    title: Annotated[str, typer.Option(help="Title of the index.")] = "From which source to transfer",
    images: ImagesOption = True,
    fresh: FreshOption = False,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Write a static site of several experiments: an index of all places with filters, and the report of each."""
    from benchmark.answers.judged import Terms
    from benchmark.answers.site import write_site
    from benchmark.cli.query import reader_of

    asked = [(plan, reader_of(plan, tracking_uri)) for plan in dict.fromkeys(plans)]
    files = write_site(asked, output, title, Terms(images=images, fresh=fresh))
    size = sum(file.stat().st_size for file in files) / 1e6
    print_line(f"{output / 'index.html'}: {how_many(len(asked), 'experiment')}, {size:.1f} MB")
