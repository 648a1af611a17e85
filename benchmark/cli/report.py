"""The command that writes a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import TARGETS, whole
from benchmark.cli.options import DATABASE, FreshOption, ImputeOption, NoiseOption, RuleOption, TrackingOption
from benchmark.cli.terminal import print_line
from results.error import CatsError

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.cli.query import RunReader
    from results.board.board import Board
    from results.board.request import Judging
    from results.report.html import Section

app = typer.Typer()


@app.command()
def report(
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    output: Annotated[Path, typer.Option(help="The HTML file.")] = Path("report.html"),
    figures: Annotated[
        Path | None,
        typer.Option(help="Also write every chart as PNG and SVG and every table as CSV and LaTeX into this folder."),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    rule: RuleOption = None,
    noise: NoiseOption = None,
    impute: ImputeOption = None,
    images: Annotated[
        bool, typer.Option(help="Include test-set sampling variance in the intervals (reads every run's predictions).")
    ] = True,
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
    tracking_uri: TrackingOption = DATABASE,
    fresh: FreshOption = False,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Log the page to MLflow, as a run that boards ignore.")] = True,
) -> None:
    """Write all results into one HTML file that opens offline. Needs only MLflow, neither data nor torch."""
    from benchmark.cli.query import reader_of
    from results.board.board import make_board
    from results.board.request import Judging
    from results.files.output import output as written
    from results.report.build import ReportRequest, build_page
    from results.report.export import write
    from results.report.html import render
    from results.tracking.experiment import Experiment
    from results.tracking.log_report import log_page

    reader = reader_of(plan, tracking_uri, metric, rule)
    frame = reader.frame(fresh=fresh)
    judging = Judging(reader.images(fresh=fresh) if images else None, noise, impute.value if impute else None)
    made = make_board(frame, reader.query, judging)
    tracking = Experiment(tracking_uri, reader.query.experiment, create=False)
    options = [("rule", rule), ("noise", noise and f"differences up to {noise:g}"), ("missing pairs count as", impute)]
    options += [("a pretraining is shared over", over and f"{over} targets"), ("combinations", ", ".join(combine or []))]
    facts = _facts(plan) + [(f"option: {name}", str(value)) for name, value in options if value]
    more = _more(reader, frame, made, _Options(judging, over, combine or []))
    request = ReportRequest(facts, details, more, reader.predictions, reader.query.selection)
    page, cells = build_page(made, frame, tracking, request)
    html = render(page)
    with written(output, "the report") as draft:
        draft.write_text(html, encoding="utf-8")
    print_line(
        f"{output}: {len(html.encode()) / 1e6:.1f} MB, {len(cells.rows)} attempts, {len(cells.details)} with curves and ROC"
    )
    if figures is not None:
        print_line(f"{figures}: {write(page, cells, figures)} files")
    if log:
        print_line(f"logged to MLflow as run {log_page(tracking, html)}")


@dataclass(frozen=True)
class _Options:
    judging: "Judging"
    over: int | None
    combine: Sequence[str]


def _more(reader: "RunReader", frame: "pd.DataFrame", made: "Board", options: _Options) -> "list[Section]":
    """The sections that need more than a board. One that the user did not request may say why it cannot be made."""
    from results.agreement.combine import combine
    from results.agreement.decisions import decisions_of, scores_for
    from results.agreement.judge import judge_measures
    from results.agreement.scores import read_scores
    from results.board.board import judged_runs
    from results.board.request import runs_of_selection
    from results.board.versions import scores_of_one_version
    from results.cost.bill import make_bill
    from results.cost.tradeoff import make_tradeoff
    from results.report.build import left_out
    from results.report.choice_sections import agreement, tradeoff
    from results.report.clinician import clinician
    from results.report.sections import difference
    from results.tracking.predictions import of_trusted_places

    sections = [] if made.difference is None else [difference(made.difference)]
    trusted = [of_trusted_places(each, _said_already) for each in (reader.predictions, reader.validation_predictions)]
    sections.append(clinician(made, judged_runs(frame, reader.query), *trusted))
    runs = runs_of_selection(frame, reader.query.selection)
    bill = make_bill(runs, reader.query.experiment, options.over)
    try:
        sections.append(tradeoff(make_tradeoff(runs, bill, reader.query, options.judging, _said_already)))
    except CatsError as absent:
        sections.append(left_out("regret", absent))
    try:
        decisions = decisions_of(frame, reader.query, options.judging, _said_already)
        comparable, _ = scores_of_one_version(frame, reader.query.selection)
        rows = scores_for(decisions, read_scores(comparable, reader.query.experiment))
        for text in options.combine:
            rows += combine(rows, text)
        sections.append(agreement(judge_measures(decisions, rows, reader.query.experiment, reader.query.metric).to_dict()))
    except CatsError as absent:
        if options.combine:
            raise
        sections.append(left_out("agreement", absent))
    return sections


def _said_already(sentence: str) -> None:
    """The board, which is a part of the page, says which runs are left out."""


def _facts(plan: str) -> list[tuple[str, str]]:
    """The settings of the plan, or the name of the experiment; never a path of this machine."""
    from benchmark.specs.plan import is_plan, load_plan

    if not is_plan(plan):
        return [("experiment", plan), ("plan", "none; all finished cells of the experiment count")]
    facts = load_plan(plan).model_dump(mode="json")
    return [(name, _text(value)) for name, value in facts.items() if value not in (None, [], {})]


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items() if item is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
