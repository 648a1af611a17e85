"""The command that judges measures by what was measured."""

from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, Format, NoiseOption, TrackingOption
from benchmark.cli.printing import print_as

app = typer.Typer()


@app.command()
def agree(
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    combine: Annotated[
        list[str] | None, typer.Option(help="NAME=FORMULA, such as lpxfu=lp*fu, of scores scaled to 0 ... 1 on each target.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    rule: Annotated[str | None, typer.Option(help="Another rule to choose in a grid than the plan's.")] = None,
    noise: NoiseOption = None,
    images: Annotated[
        bool,
        typer.Option(
            help="Include test-set sampling variance in intervals and top tie groups (reads every run's predictions)."
        ),
    ] = True,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Judge measures as decisions: how good would the source be that each of them chooses, compared with constants?"""
    from benchmark.cli.query import reader_of
    from results.agreement.combine import combine as combined
    from results.agreement.decisions import decisions_of, scores_for
    from results.agreement.judge import judge_measures
    from results.agreement.scores import read_scores
    from results.agreement.text import AgreementText
    from results.board.request import Judging

    reader = reader_of(plan, tracking_uri, metric, rule)
    frame = reader.frame()
    judging = Judging(reader.images() if images else None, noise)
    decisions = decisions_of(frame, reader.query, judging)
    rows = scores_for(decisions, read_scores(frame, reader.query.experiment))
    for text in combine or []:
        rows += combined(rows, text)
    agreement = judge_measures(decisions, rows, reader.query.experiment, reader.query.metric)
    print_as(AgreementText(agreement), form)
