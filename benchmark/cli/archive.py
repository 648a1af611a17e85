"""`cats archive`: everything of a plan or an experiment in one file."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, ExperimentArgument, FreshOption, ImagesOption, TrackingOption
from benchmark.cli.places import a_file, a_folder
from benchmark.cli.terminal import print_line
from results.text.counts import how_many

app = typer.Typer()


@app.command()
def archive(
    plan: ExperimentArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", callback=a_file("the archive"), help="The zip file; by default EXPERIMENT.zip."),
    ] = None,
    author: Annotated[list[str] | None, typer.Option(help="An author of the results; may be repeated.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the results, such as CC-BY-4.0, or its address.")] = "",
    title: Annotated[str, typer.Option(help="Title of the archive; by default it names the experiment.")] = "",
    hub: Annotated[
        Path | None,
        typer.Option(
            callback=a_folder("the data set"),
            help="Also write a data set in the layout of the Hugging Face hub into this folder.",
        ),
    ] = None,
    push: Annotated[
        str | None, typer.Option(metavar="OWNER/NAME", help="Also push that data set to the hub; a new one is private.")
    ] = None,
    images: ImagesOption = True,
    fresh: FreshOption = False,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Write plan, records, predictions, board, report, versions and citations into one zip file that others can merge."""
    from benchmark.answers.judged import Terms
    from benchmark.answers.share import Words, archive_of, data_set_of
    from benchmark.cli.query import reader_of
    from results.report.export import slug

    words = Words(title, author or [], licence)
    if push is not None:
        from results.sharing.push import require_repository

        require_repository(push)
    reader = reader_of(plan, tracking_uri)
    path = output or Path(f"{slug(reader.query.experiment)}.zip")
    made = archive_of(reader, plan, path, words, Terms(images=images, fresh=fresh))
    print_line(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {how_many(made.runs, 'attempt')}, {len(made.files) + 2:,} files")
    if hub is not None or push is not None:
        for line in data_set_of(path, hub, push, licence):
            print_line(line)
