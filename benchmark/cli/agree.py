"""`cats agree`: judges measures of transferability by the results of training."""

from typing import Annotated

import typer

from benchmark.cli.options import (
    DATABASE,
    ExperimentArgument,
    Format,
    ImagesOption,
    LearnOption,
    MetricOption,
    NoiseOption,
    RuleOption,
    TrackingOption,
    TrainOption,
)
from benchmark.cli.printing import print_as

app = typer.Typer()


@app.command()
def agree(
    plan: ExperimentArgument,
    combine: Annotated[
        list[str] | None,
        typer.Option(help="Also judge NAME=FORMULA, such as lpxfu=lp*fu, of scores that are scaled to 0 ... 1 on each target."),
    ] = None,
    learn_from: LearnOption = None,
    metric: MetricOption = None,
    rule: RuleOption = None,
    noise: NoiseOption = None,
    images: ImagesOption = True,
    train: TrainOption = None,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
) -> None:
    """Judge each measure by the source that it would choose, compared with always choosing the same source."""
    from benchmark.answers.judged import Terms, agreement_of
    from benchmark.cli.query import reader_of
    from results.agreement.text import AgreementText

    reader = reader_of(plan, tracking_uri, metric, rule).of_size(train)
    print_as(AgreementText(agreement_of(reader, Terms(images, noise), combine or [], learn_from or [])), form)
