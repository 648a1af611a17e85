"""The commands that download data and create entries: fetch, new."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import share
from benchmark.cli.places import a_folder
from benchmark.cli.terminal import ask, can_ask, say
from results.error import CatsError
from results.text.console import console
from results.text.plain import plain

app = typer.Typer()


class Kind(StrEnum):
    """Kinds of entries that `cats new` creates."""

    source = "source"
    target = "target"


class Task(StrEnum):
    """Kinds of labels that a data set may have."""

    binary = "binary"
    multiclass = "multiclass"
    multilabel = "multilabel"
    ordinal = "ordinal"


@app.command()
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.entries,
            help="Name of a target, or of a source with a data set.",
        ),
    ],
) -> None:
    """Print the licence of a data set, download its files into CATS_HOME or resume that, and verify their checksums."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from benchmark.entries.fetch import fetch as fetch_entry

    out = console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(plain(what), total=total)
            bar.update(tasks[what], completed=done, total=total)

        fetch_entry(name, lambda text: out.print(plain(text), soft_wrap=True), progress)


@app.command()
def new(
    kind: Annotated[Kind, typer.Argument(help="Kind of the entry; a target can also be used as a source.")],
    name: Annotated[str, typer.Argument(help="Name of the new entry, of lower case letters, digits and _.")],
    *,
    origin: Annotated[
        Path,
        typer.Option(
            "--from",
            help="The data: a folder of one folder per class, an archive of it, a table (.csv, .tsv, .txt, .parquet) "
            "beside the pictures or in an archive (set.zip/labels.csv), or an .npz; DICOM too.",
        ),
    ],
    modality: Annotated[str, typer.Option(help="Modality, for example 'breast ultrasound'.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the pictures.")] = "",
    citation: Annotated[str, typer.Option(help="Citation of the data.")] = "",
    title: Annotated[str, typer.Option(help="Title of one line; by default the name.")] = "",
    task: Annotated[
        Task | None, typer.Option(help="Kind of labels; by default binary for two classes and multiclass for more.")
    ] = None,
    classes: Annotated[
        str,
        typer.Option(help="Names of the classes in the order of the labels, separated by commas; they name labels 0, 1, ..."),
    ] = "",
    path: Annotated[
        str | None, typer.Option(help="Column of a table that names the pictures, or several, as in '{folder}/{file}'.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Names of the columns of a table without a line of names, separated by commas.")
    ] = None,
    strip: Annotated[
        str | None, typer.Option(help="Beginning of the cells that name pictures which is no folder here, such as /home/me/.")
    ] = None,
    marks: Annotated[
        str | None, typer.Option(help="What other contents of columns of 0 and 1 mean: '-1=1,=0'; nothing is a blank cell.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Column of a table that holds the class, or several columns of 0 and 1, separated by commas."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="Column of a table that names patient, slide or lesion; '' if none does. Of folders, and of a table too, a "
            "regular expression on the path whose first bracket is the patient; of DICOM files the attribute that names the "
            "patient."
        ),
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Column of a table that holds the part: train, val or test; '' if none does.")
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(
            help="Words of the part column, or folders: 'cv=test,later=extra'; extra is in no part, - leaves a folder out."
        ),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(
            help="Folders of the pictures, separated by commas, below the folder of the table or beside it (../images)."
        ),
    ] = None,
    ending: Annotated[str | None, typer.Option(help="End of the pictures' names, such as .png.")] = None,
    missing: Annotated[
        str | None,
        typer.Option(
            help="Images without a label: 'drop' leaves out those that look so, '-1,unknown' those with these labels."
        ),
    ] = None,
    labels_separator: Annotated[
        str | None, typer.Option(help="Sign between several labels in one cell; 'none' if each cell is one label.")
    ] = None,
    nothing: Annotated[
        str | None, typer.Option(help="Content of a cell without any of several labels, such as 'No Finding'.")
    ] = None,
    merge_labels: Annotated[
        bool, typer.Option("--merge-labels", help="Labels that differ only in case or white space are one class.")
    ] = False,
    layout: Annotated[
        str | None,
        typer.Option(
            help="What the folders are, from the outside to the inside: class, part, patient, slide, lesion, block, or - for a "
            "folder that says nothing; for example part/class/patient."
        ),
    ] = None,
    include: Annotated[
        str | None, typer.Option(help="Regular expression that the paths of pictures in folders must contain.")
    ] = None,
    broken: Annotated[float | None, typer.Option(parser=share, help="Share of pictures that may be unreadable.")] = None,
    frame: Annotated[
        str | None, typer.Option(help="Frame that is read of DICOM files with several: first, middle, or a number from 1.")
    ] = None,
    values: Annotated[
        str | None, typer.Option(help="Stored numbers that become black and white, as in 0:4095; by default the bits used.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=a_folder("the entry"),
            help="Folder where the entry is written; by default CATS_ENTRIES, or ~/.config/cats-bench.",
        ),
    ] = None,
) -> None:
    """Examine your data and write an entry for them, a YAML file of about ten lines, without copying the data."""
    from benchmark.core.paths import entries_folder, entries_folder_to_write
    from benchmark.entries.infer import infer_entry
    from benchmark.entries.quick import QUICK
    from benchmark.entries.said import Said
    from benchmark.entries.scaffold import Facts, check_name, describe_data
    from benchmark.entries.scaffold import new as new_entry

    folder = to or entries_folder_to_write()
    kinds: Any = f"{kind.value}s"
    check_name(kinds, name, folder)
    facts = {"modality": modality, "licence": licence, "citation": citation}
    absent = [key for key, value in facts.items() if not value.strip()]
    if absent and not can_ask():
        options = " and ".join(f"--{key}" for key in absent)
        raise CatsError(f"{options} must be given, because cats cannot ask for them without a terminal")
    listed = tuple(item.strip() for item in classes.split(",")) if classes else ()
    _require_facts({key: value for key, value in facts.items() if value.strip()})
    said = Said(
        path=path, columns=columns, strip=strip, marks=marks, label=label, group=group, part=part, images=images, ending=ending,
        labels_separator=labels_separator, nothing=nothing, missing=missing, parts=parts, merge_labels=merge_labels,
        layout=layout, include=include, broken=broken, task=task.value if task else None, classes=listed, values=values,
        frame=frame,
    )  # fmt: skip
    inferred = infer_entry(origin, said)
    say(f"{origin}: {describe_data(inferred)}")
    facts |= {key: ask(key) for key in absent}
    _require_facts(facts)
    more = Facts(**facts, title=title, task=said.task, classes=listed)
    written = new_entry(kinds, name, inferred, more, folder)
    elsewhere = "" if folder.absolute() == entries_folder().absolute() else f"CATS_ENTRIES={folder} "
    say(f"wrote {written}, which keeps the promises that need no decoded picture: {', '.join(QUICK)}")
    say(f"next: {elsewhere}cats check {name} --contact-sheet sheets")


def _require_facts(facts: dict[str, str]) -> None:
    """Raises CatsError for a placeholder, which `cats check` would refuse."""
    from benchmark.entries.finding import says_nothing

    for key, value in facts.items():
        if says_nothing(value):
            raise CatsError(
                f"--{key} is '{value}', which says nothing: {key} must be given, for example 'not stated by its authors'"
            )
