"""`cats check`: examines the promises of an entry, and writes contact sheets and lists of copies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import whole
from benchmark.cli.options import DATABASE, TrackingOption
from benchmark.cli.places import a_file, a_folder
from benchmark.cli.terminal import print_line, say
from results.error import CatsError
from results.text.console import console
from results.text.counts import how_many
from results.text.plain import plain

if TYPE_CHECKING:
    from benchmark.data.dataset import Dataset
    from benchmark.entries.finding import Finding

app = typer.Typer()
COLOUR = {"ok": "green", "note": "yellow", "broken": "red"}


@app.command()
def check(
    name: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.entries,
            help="Name of a source or target, with options in brackets if it has any.",
        ),
    ],
    contact_sheet: Annotated[
        Path | None,
        typer.Option(callback=a_folder("the contact sheets"), help="Folder for one PNG of small pictures per class."),
    ] = None,
    duplicates: Annotated[
        Path | None,
        typer.Option(
            callback=a_file("the list of copies"),
            help="CSV file for the pairs of images that show one picture; a PNG of them, NAME.copies.png, is put "
            "beside it. Only an earlier list is overwritten.",
        ),
    ] = None,
    size: Annotated[int, typer.Option(parser=whole(8, 1024), help="Size of the decoded images in pixels.")] = 64,
    backbone: Annotated[
        str | None, typer.Option(help="Backbone for which ready weights are checked; by default all with a file here.")
    ] = None,
    identifier: Annotated[
        str | None,
        typer.Option(help="Only show which image or patient a digest of a record stands for; the first digits suffice."),
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Check every promise of an entry, yours or ours; the exit code is 1 if a promise is broken."""
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.data.dataset import Dataset
    from benchmark.data.listed import listed_once
    from benchmark.entries.copy_list import require_name
    from benchmark.entries.examine import examine, subjects

    datasets = [subject for subject in subjects(name) if isinstance(subject, Dataset)]
    if identifier is not None:
        _show_names(name, datasets, size, identifier)
        return
    if contact_sheet is not None:
        _require_outside(name, datasets, contact_sheet, "a contact sheet")
    if duplicates is not None:
        require_name(duplicates)
        _require_outside(name, datasets, duplicates.parent, "a list of copies")
    findings = []
    with listed_once([]):
        for finding in examine(name, tracking_uri, size, backbone):
            findings.append(finding)
            _print_finding(finding)
        broken = sum(finding.state == "broken" for finding in findings)
        if contact_sheet is not None:
            for dataset in datasets:
                _sheets(dataset, size, contact_sheet, broken)
        if duplicates is not None:
            _list_copies(datasets[0], size, duplicates, broken)
    say(f"{name}: {how_many(len(findings) - broken, 'promise')} kept, {broken} broken")
    if broken:
        raise typer.Exit(1)


def _show_names(name: str, datasets: "list[Dataset]", size: int, identifier: str) -> None:
    from benchmark.entries.named_digest import names_behind

    if not datasets:
        raise CatsError(f"{name} has no pictures, so that no digest stands for one of them")
    for sentence in names_behind(datasets[0], size, identifier):
        print_line(sentence)


def _require_outside(name: str, datasets: "list[Dataset]", folder: Path, what: str) -> None:
    """Raises CatsError if there are no pictures, or for a folder among them, where `what` would be a picture too."""
    if not datasets:
        raise CatsError(f"{name} has no pictures for {what}")
    for dataset in datasets:
        if dataset.tree and folder.resolve().is_relative_to(dataset.folder().resolve()):
            raise CatsError(f"{folder} lies among the pictures of {dataset.name}; name a folder elsewhere for {what}")


def _print_finding(finding: "Finding") -> None:
    from rich.text import Text

    sentence = plain(finding.sentence)
    line = Text.assemble((f"{finding.state:<7}", COLOUR[finding.state]), f"{finding.promise:<10} ", sentence)
    console().print(line, soft_wrap=True)


def _sheets(dataset: "Dataset", size: int, folder: Path, broken: int) -> None:
    from benchmark.data.decoded import load_images
    from benchmark.entries.contact_sheet import contact_sheets

    try:
        written = contact_sheets(dataset, load_images(dataset, size), folder)
    except CatsError as error:
        if not broken:
            raise
        say(f"no contact sheet: {error}")
        return
    say(f"{len(written)} contact sheets: {written[0]} ...")


def _list_copies(dataset: "Dataset", size: int, path: Path, broken: int) -> None:
    from benchmark.entries.copy_list import write_copies

    try:
        say(write_copies(dataset, size, path))
    except CatsError as error:
        if not broken:
            raise
        say(f"no list of copies: {error}")
