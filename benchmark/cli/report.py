"""The command that writes a report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import TARGETS, whole
from benchmark.cli.options import (
    DATABASE,
    ExperimentArgument,
    FreshOption,
    ImagesOption,
    ImputeOption,
    LearnOption,
    NoiseOption,
    RuleOption,
    TrackingOption,
    TrainOption,
)
from benchmark.cli.places import a_file, a_folder
from benchmark.cli.terminal import print_line
from results.text.counts import how_many

if TYPE_CHECKING:
    import pandas as pd

    from results.report.html import Section

app = typer.Typer()


@app.command()
def report(
    plan: ExperimentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", callback=a_file("the report"), help="The HTML file.")] = Path(
        "report.html"
    ),
    figures: Annotated[
        Path | None,
        typer.Option(
            callback=a_folder("the figures"),
            help="Also write every chart as PNG, SVG and PDF and every table as CSV and LaTeX into this folder.",
        ),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    rule: RuleOption = None,
    noise: NoiseOption = None,
    impute: ImputeOption = None,
    images: ImagesOption = True,
    details: Annotated[
        int, typer.Option(parser=whole(0, 10**6), help="The largest number of cells that get curves and ROC.")
    ] = 300,
    over: Annotated[
        int | None,
        typer.Option(
            parser=TARGETS,
            help="Number of targets that share the cost of a pretraining; by default the targets of the experiment.",
        ),
    ] = None,
    combine: Annotated[
        list[str] | None, typer.Option(help="NAME=FORMULA: a combination of measures, as in `cats agree`.")
    ] = None,
    learn_from: LearnOption = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="MODEL",
            help="Folder of a kept classifier of the experiment, whose sheet of explanations the page shows; may be repeated.",
        ),
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
    train: TrainOption = None,
    baseline: Annotated[
        str,
        typer.Option(
            autocompletion=completion.sources,
            help="The source with which curves over the number of training images compare the others.",
        ),
    ] = "scratch",
    fresh: FreshOption = False,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Log the page to MLflow, as a run that boards ignore.")] = True,
) -> None:
    """Write all results into one HTML file that opens offline. Needs only MLflow, neither data nor torch."""
    from benchmark.answers.learned import learning
    from benchmark.answers.page import page_options
    from benchmark.cli.query import reader_of
    from results.board.request import Judging, runs_of_query
    from results.files.output import output as written
    from results.report.explanations import without_pictures
    from results.report.export import write
    from results.report.render import render
    from results.report.whole import whole_page
    from results.tracking.experiment import Experiment
    from results.tracking.log_report import log_page

    reader = reader_of(plan, tracking_uri, metric, rule).of_size(train)
    frame = reader.frame(fresh=fresh)
    sheets = _sheets(model or [], frame, reader.query.experiment)
    judging = Judging(reader.images(fresh=fresh) if images else None, noise, impute.value if impute else None)
    tracking = Experiment(tracking_uri, reader.query.experiment, create=False)
    options: list[tuple[str, object]] = [("training images", train), ("rule", rule)]
    options += [("noise", noise and f"differences up to {noise:g}"), ("missing pairs count as", impute)]
    options += [("a pretraining is shared over", over and how_many(over, "target")), ("combinations", ", ".join(combine or []))]
    options += [("learned from", ", ".join(learn_from or []))]
    facts = [(f"option: {name}", str(value)) for name, value in options if value]
    runs = runs_of_query(frame, reader.query.of_every_size)
    choices = page_options(
        plan, runs, tracking, facts, details=details, over=over, combine=combine or [], baseline=baseline, sections=sheets,
        learn=learning(reader, learn_from or []),
    )  # fmt: skip
    _, page, cells = whole_page(reader, frame, judging, tracking, choices)
    html = render(page)
    with written(output, "the report") as draft:
        draft.write_text(html, encoding="utf-8")
    attempts = how_many(len(cells.rows), "attempt at cells and pretrainings", "attempts at cells and pretrainings")
    print_line(f"{output}: {len(html.encode()) / 1e6:.1f} MB, {attempts}, {len(cells.details):,} with curves and ROC")
    if figures is not None:
        print_line(f"{figures}: {how_many(write(page, cells, figures), 'file')}")
    if log:
        run_id = log_page(tracking, render(without_pictures(page)) if sheets else html)
        print_line(f"logged to MLflow as run {run_id}{', without the pictures' if sheets else ''}")


def _sheets(folders: Sequence[Path], frame: "pd.DataFrame", experiment: str) -> "list[Section]":
    """The section with the sheets of kept classifiers, alone in a list; none without a folder."""
    if not folders:
        return []
    from benchmark.models.explained import explained
    from results.report.explanations import explanations, require_of_experiment

    found = [explained(folder) for folder in folders]
    require_of_experiment(found, set(frame["key"]) if "key" in frame else set(), experiment)
    return [explanations(found)]
