"""The commands that list and show entries, and publish pretrained weights: list, show, publish."""

from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli.numbers import SEED
from benchmark.cli.options import DATABASE, TrackingOption
from benchmark.cli.terminal import print_line, print_text, say
from results.error import CatsError
from results.text.hidden import shown
from results.text.plain import json_text

app = typer.Typer()
PROSE = ("title", "licence", "citation")  # columns that are printed on a separate line


class ListFormat(StrEnum):
    """How to print a list."""

    table = "table"
    json = "json"


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
    form: Annotated[ListFormat, typer.Option("--format", help="How to print the list.")] = ListFormat.table,
) -> None:
    """List all sources, targets, measures, plans or recipes."""
    from benchmark.core.paths import entries_missing
    from benchmark.entries.describe import entry_rows

    if entries_missing():
        say(f"cats: only entries of this checkout and of packages are listed{entries_missing()}")
    rows = entry_rows(kind.value)
    if form is ListFormat.json:
        print_text(json_text(rows))
        return
    if not rows:
        print_line(f"there are no {kind.value} here")
    for row in rows:
        facts = [f"{column} {value}" for column, value in row.items() if column not in {"name", *PROSE} and value is not None]
        print_line(f"{row['name']:<16} {' · '.join(facts)}")
        prose = "; ".join(str(row[column]) for column in PROSE if row.get(column))
        if prose:
            print_line(f"{'':<16} {prose}")
    if kind is Kind.sources:
        print_line("every target is a source too")
    broken = [line for row in rows if row.get("kind") == "broken" for line in row["title"].splitlines()]
    if broken:
        raise CatsError(*broken)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of a source, target, measure, plan or recipe.")]) -> None:
    """Show everything that a source, target, measure, plan or recipe declares."""
    from benchmark.entries.describe import description

    print_text(description(name))


@app.command()
def publish(
    source: Annotated[str, typer.Argument(help="Name of a source that was pretrained here.")],
    backbone: Annotated[str, typer.Option(help="The backbone that was pretrained.")],
    plan: Annotated[str | None, typer.Option(help="The plan that pretrained it; by default the source's own settings.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the registered model; by default SOURCE-BACKBONE.")] = None,
    seed: Annotated[
        int | None, typer.Option(parser=SEED, help="Seed of the pretraining, if the plan has one for every seed.")
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Put the pretrained weights of a source into MLflow's model registry, where other plans and users find them."""
    from benchmark.entries.publish import publish as publish_weights

    made = publish_weights(source, backbone, tracking_uri, plan, name, seed)
    print_line(f"{source} for {backbone} is {made} on {shown(tracking_uri)}; write this name into the sources of a plan")
