"""`cats board`: shows which source wins on each target."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import (
    DATABASE,
    ExperimentArgument,
    Format,
    FreshOption,
    ImputeOption,
    MetricOption,
    NoiseOption,
    RuleOption,
    TrackingOption,
)
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import print_text, say
from results.error import CatsError
from results.text.plain import json_text

if TYPE_CHECKING:
    from results.board.board import Board


app = typer.Typer()


@app.command()
def board(
    plan: ExperimentArgument,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
    metric: MetricOption = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder where board.md, .csv, .json, .png and ranks.png are written, too.")
    ] = None,
    rule: RuleOption = None,
    noise: NoiseOption = None,
    impute: ImputeOption = None,
    images: Annotated[
        bool,
        typer.Option(help="Include test-set sampling variance in the intervals (reads every run's predictions)."),
    ] = True,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity", help="Instead of the board, show whether another rule or protocol changes the best source."
        ),
    ] = False,
    fresh: FreshOption = False,
) -> None:
    """Show which source wins on each target, how sure that is, and what it cost. Reads MLflow only, no data."""
    from benchmark.cli.query import reader_of
    from results.board.board import make_board
    from results.board.request import Judging
    from results.board.sensitivity import sensitivity as compared
    from results.board.text import BoardText

    reader = reader_of(plan, tracking_uri, metric, rule)
    judging = Judging(reader.images(fresh=fresh) if images else None, noise, impute.value if impute else None)
    if sensitivity:
        if report is not None or form is Format.csv:
            raise CatsError("--sensitivity cannot be used with --report or --format csv; it prints a table or JSON")
        result = compared(reader.frame(fresh=fresh), reader.query, judging)
        print_text(json_text(result.to_dict()) if form is Format.json else result.markdown())
        return
    made = make_board(reader.frame(fresh=fresh), reader.query, judging)
    if report is not None:
        _report(made, report)
    print_as(BoardText(made), form)
    if form is Format.csv:  # which has no place for sentences
        for note in made.notes:
            say(note)


def _report(made: "Board", folder: Path) -> None:
    from results.board.plot import draw_board, draw_ranks
    from results.board.text import BoardText
    from results.files.output import output

    text = BoardText(made)
    texts = {"board.md": text.markdown(), "board.csv": text.csv(), "board.json": json_text(text.to_dict())}
    for name, content in texts.items():
        with output(folder / name, "the report") as draft:
            draft.write_text(content, encoding="utf-8")
    with output(folder / "board.png", "the report") as draft:
        draw_board(made, draft)
    if made.difference is not None and made.difference.friedman_p is not None:
        with output(folder / "ranks.png", "the report") as draft:
            draw_ranks(made.difference, draft)
