"""`cats agree`: judges measures of transferability by the results of training."""

from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, ExperimentArgument, Format, MetricOption, NoiseOption, TrackingOption
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say

app = typer.Typer()


@app.command()
def agree(
    plan: ExperimentArgument,
    combine: Annotated[
        list[str] | None,
        typer.Option(help="Also judge NAME=FORMULA, such as lpxfu=lp*fu, of scores that are scaled to 0 ... 1 on each target."),
    ] = None,
    metric: MetricOption = None,
    rule: Annotated[str | None, typer.Option(help="Rule that chooses among grid points; by default the plan's.")] = None,
    noise: NoiseOption = None,
    images: Annotated[
        bool,
        typer.Option(
            help="Include test-set sampling variance in intervals and top tie groups (reads every run's predictions)."
        ),
    ] = True,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
) -> None:
    """Judge each measure by the source that it would choose, compared with always choosing the same source."""
    from benchmark.cli.query import reader_of
    from results.agreement.combine import combine as combined
    from results.agreement.decisions import decisions_of, scores_for
    from results.agreement.judge import judge_measures
    from results.agreement.scores import read_scores
    from results.agreement.text import AgreementText
    from results.board.board import version_notes
    from results.board.request import Judging
    from results.board.versions import scores_of_one_version
    from results.tracking.frame import left_out

    reader = reader_of(plan, tracking_uri, metric, rule)
    frame = reader.frame()
    judging = Judging(reader.images() if images else None, noise)
    decisions = decisions_of(frame, reader.query, judging, say)
    comparable, notes = scores_of_one_version(frame, reader.query.selection)
    for note in [*left_out(frame), *version_notes(frame, reader.query), *notes]:
        say(note)
    rows = scores_for(decisions, read_scores(comparable, reader.query.experiment))
    for formula in combine or []:
        rows += combined(rows, formula)
    agreement = judge_measures(decisions, rows, reader.query.experiment, reader.query.metric)
    print_as(AgreementText(agreement), form)
