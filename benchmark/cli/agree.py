"""The command that judges measures by what was measured."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import DATABASE, Format, NoiseOption, TrackingOption, print_line

if TYPE_CHECKING:
    from results.agreement.result import Agreement

app = typer.Typer()


@app.command()
def agree(
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    combine: Annotated[
        list[str] | None, typer.Option(help="NAME=FORMULA: lpxfu=lp*fu, of scores brought to 0 ... 1 on each target.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    rule: Annotated[str | None, typer.Option(help="Another rule to choose in a grid than the plan's.")] = None,
    noise: NoiseOption = None,
    images: Annotated[bool, typer.Option(help="Count the luck of the test images, in intervals and in top tie groups.")] = True,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Judge measures as decisions: had the source been chosen by them, how good would it be, beside plain constants?"""
    from benchmark.cli.query import asked
    from results.agreement.combine import combine as combined
    from results.agreement.decisions import about, decisions_of
    from results.agreement.judge import agree as judge
    from results.agreement.scores import said
    from results.board.request import Judging

    question = asked(plan, tracking_uri, metric, rule)
    frame = question.frame()
    judging = Judging(question.images() if images else None, noise)
    decisions = decisions_of(frame, question.query, judging)
    rows = about(said(frame, question.experiment), decisions)
    for text in combine or []:
        rows += combined(rows, text)
    _print(judge(decisions, rows, question.experiment, question.metric), form)


def _print(made: "Agreement", form: Format) -> None:
    from rich.console import Console

    from results.agreement.text import comma_separated, markdown, table

    if form is Format.table:
        Console().print(table(made))
    elif form is Format.json:
        print_line(json.dumps(made.to_dict(), indent=2))
    else:
        print_line((comma_separated(made) if form is Format.csv else markdown(made)).rstrip("\n"))
