"""The commands that list and show entries, and publish pretrained weights: list, show, publish."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, TrackingOption, print_line
from results.error import CatsError
from results.tracking.uri import shown

app = typer.Typer()
PROSE = ("title", "licence", "citation")  # of an entry: printed on a line of their own


class ListFormat(StrEnum):
    """How to print a list."""

    table = "table"
    json = "json"


class Kind(StrEnum):
    """What there are entries of."""

    sources = "sources"
    targets = "targets"
    measures = "measures"
    plans = "plans"
    recipes = "recipes"


@app.command("list")
def list_entries(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    form: Annotated[ListFormat, typer.Option("--format", help="How to print it.")] = ListFormat.table,
) -> None:
    """List what there is: sources, targets, measures, plans, recipes."""
    from benchmark.entries.describe import entry_rows

    rows = entry_rows(kind.value)
    if form is ListFormat.json:
        print_line(json.dumps(rows, indent=2))
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
    broken = [row["title"] for row in rows if row.get("kind") == "broken"]
    if broken:
        raise CatsError("\n".join(broken))


@app.command()
def show(name: Annotated[str, typer.Argument(help="A source, target, measure, plan or recipe.")]) -> None:
    """Show everything declared about a source, a target, a measure, a plan or a recipe."""
    from benchmark.entries.describe import description

    print_line(description(name))


@app.command()
def publish(
    source: Annotated[str, typer.Argument(help="A source that has been pretrained here.")],
    backbone: Annotated[str, typer.Option(help="The backbone that was pretrained.")],
    plan: Annotated[str | None, typer.Option(help="The plan that pretrained it; else the source's own settings.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the registered model; else SOURCE-BACKBONE.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which pretraining, where a plan pretrains anew for every seed.")] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Put the pretrained weights of a source into MLflow's model registry, for other plans and other people."""
    from benchmark.entries.publish import publish as publish_weights

    made = publish_weights(source, backbone, tracking_uri, plan, name, seed)
    print_line(f"{source} for {backbone} is {made} on {shown(tracking_uri)}; name it so among the sources of a plan")
