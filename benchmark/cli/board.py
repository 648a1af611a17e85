"""`cats board`: shows which source wins on each target."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.options import (
    DATABASE,
    ExperimentArgument,
    Format,
    FreshOption,
    ImagesOption,
    ImputeOption,
    MetricOption,
    NoiseOption,
    RuleOption,
    TrackingOption,
    TrainOption,
)
from benchmark.cli.places import a_folder
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import print_text
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
    target: Annotated[
        str | None,
        typer.Option(
            autocompletion=completion.targets,
            help="Print the table of this target alone; --output and MLflow get all targets.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=a_folder("the report"),
            help="Folder where board.md, .csv, .json, .png and ranks.png are written, too.",
        ),
    ] = None,
    rule: RuleOption = None,
    noise: NoiseOption = None,
    impute: ImputeOption = None,
    images: ImagesOption = True,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity", help="Instead of the board, show whether another rule or protocol changes the best source."
        ),
    ] = False,
    train: TrainOption = None,
    fresh: FreshOption = False,
) -> None:
    """Show which source wins on each target, how sure that is, and what it cost. MLflow shows the board too."""
    from benchmark.cli.query import reader_of
    from benchmark.core.paths import snapshots_folder
    from results.board.board import make_board
    from results.board.one_target import of_target
    from results.board.page import show_in_mlflow
    from results.board.request import Judging
    from results.board.sensitivity import sensitivity as compared
    from results.board.text import BoardText

    reader = reader_of(plan, tracking_uri, metric, rule).of_size(train)
    judging = Judging(reader.images(fresh=fresh) if images else None, noise, impute.value if impute else None)
    if sensitivity:
        if output is not None or form is Format.csv or target is not None:
            raise CatsError("--sensitivity cannot be used with --output, --target or --format csv; it prints a table or JSON")
        result = compared(reader.frame(fresh=fresh), reader.query, judging)
        print_text(json_text(result.to_dict()) if form is Format.json else result.markdown())
        return
    frame = reader.frame(fresh=fresh)
    made = make_board(frame, reader.query, judging)
    shown = made if target is None else of_target(made, target)
    if images and not any((metric, rule, noise, impute, train)):  # with the terms of the plan alone
        show_in_mlflow(made, tracking_uri, frame, snapshots_folder(), always=fresh)
    if output is not None:
        _report(made, output)
    print_as(BoardText(shown), form)


def _report(made: "Board", folder: Path) -> None:
    from results.board.answer import judged_by
    from results.board.export import FILE, board_json
    from results.board.plot import draw_board, draw_ranks
    from results.board.text import BoardText
    from results.files.output import output

    text = BoardText(made)
    texts = {"board.md": text.markdown(), "board.csv": text.csv(), FILE: board_json(made)}
    for name, content in texts.items():
        with output(folder / name, "the report") as draft:
            draft.write_text(content, encoding="utf-8")
    with output(folder / "board.png", "the report") as draft:
        draw_board(made, draft)
    if made.difference is not None and made.difference.friedman_p is not None:
        with output(folder / "ranks.png", "the report") as draft:
            draw_ranks(made.difference, draft, judged_by(made))
