"""The commands that list and show entries: list, show."""

from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.entries import Task
from benchmark.cli.options import Format
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say, say_error
from results.error import CatsError

app = typer.Typer()


class Kind(StrEnum):
    """Kinds of what `cats list` lists."""

    sources = "sources"
    targets = "targets"
    measures = "measures"
    plans = "plans"
    recipes = "recipes"


@app.command("list")
def list_entries(
    kind: Annotated[Kind, typer.Argument(help="Kind of what is listed.")],
    search: Annotated[
        list[str] | None,
        typer.Argument(metavar="SEARCH", help="Words that must be in the name, the title or another column."),
    ] = None,
    here: Annotated[bool, typer.Option("--here", help="Only entries whose data or weights are on this machine.")] = False,
    modality: Annotated[str, typer.Option(help="Only data of this modality, for example ultrasound.")] = "",
    task: Annotated[Task | None, typer.Option(help="Only data with this kind of labels.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
) -> None:
    """List sources, targets, measures, plans or recipes: all of them, or those that fit what you search for."""
    from benchmark.core.paths import entries_missing
    from benchmark.entries.describe import entry_rows
    from benchmark.entries.entry_table import EntryTable
    from benchmark.entries.wanted import Wanted

    wanted = Wanted(tuple(search or ()), modality, task.value if task else "", here)
    wanted.require_kind(kind.value)
    if entries_missing():
        say(f"cats: only entries of this checkout and of packages are listed{entries_missing()}")
    rows = entry_rows(kind.value)
    broken = [line for row in rows if row.get("kind") == "broken" for line in row["title"].splitlines()]
    wanted.require_known(kind.value, rows)
    fitting = [row for row in rows if wanted.fits(row)]
    print_as(EntryTable(kind.value, fitting), form)
    say(f"{len(fitting)} of {len(rows)} {kind.value}{'; every target is a source too' if kind is Kind.sources else ''}")
    for sentence in wanted.advice(kind.value, fitting):
        say(sentence)
    if broken:  # the others are listed: a part of the answer, as where a file of many cannot be used
        say_error(CatsError(*broken))
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(autocompletion=completion.everything, help="Name of a source, target, measure, plan or recipe.")
    ],
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
) -> None:
    """Show everything that a source, target, measure, plan or recipe declares."""
    from benchmark.entries.describe import facts_of
    from benchmark.entries.entry_table import Description

    print_as(Description(facts_of(name)), form)
