"""The whole report of a plan or an experiment: its board, and every section that its runs allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from results.board.answer import judged_by
from results.board.board import Board, judged_runs, make_board
from results.board.request import Judging, RunQuery, runs_of_query
from results.cost.bill import Bill, make_bill
from results.cost.tables import page_unit
from results.error import CatsError
from results.metrics import METRICS
from results.report.attempts import MANY, Cells
from results.report.build import Reason, ReportRequest, build_page, left_out, stored_reason
from results.report.html import Page, Section
from results.report.paper import paper
from results.report.references import Reference
from results.report.shown import part_of
from results.report.tested import counted_in
from results.statistics.influence import ReadPredictions
from results.text.units import EnergyUnit
from results.tracking.experiment import Experiment
from results.tracking.predictions import of_trusted_places

if TYPE_CHECKING:
    from results.agreement.more_measures import Learn

MOST_METRICS = 5  # among which a reader may switch, besides the first one: each is a board of its own


class Reader(Protocol):
    """What a report reads besides the frame of runs, see benchmark.cli.query.RunReader."""

    @property
    def query(self) -> RunQuery:
        """Which runs count, by which metric and rule."""

    @property
    def predictions(self) -> ReadPredictions:
        """The predictions of a run of its test images."""

    @property
    def validation_predictions(self) -> ReadPredictions:
        """The same of its validation images."""


@dataclass(frozen=True)
class PageOptions:
    """What a person may choose about a report.

    Attributes:
        facts: what was run, as names and texts. details: the largest number of cells that get curves and ROC.
        over: number of targets that share the cost of a pretraining; None: the targets of the experiment.
        combine: combinations of measures, NAME=FORMULA. baseline: the source with which curves over data sizes compare.
        learn: how other boards teach one more measure, see results.agreement.more_measures; None: none is learned.
        sections: further sections, such as those of kept classifiers. reason: see results.report.build.ReportRequest.
        used: data sets and weights, for their licences and citations. plan: its YAML, empty for an experiment.
    """

    facts: Sequence[tuple[str, str]] = ()
    details: int = MANY
    over: int | None = None
    combine: Sequence[str] = ()
    learn: "Learn | None" = None
    baseline: str = "scratch"
    sections: Sequence[Section] = ()
    reason: Reason = stored_reason
    used: Sequence[Reference] = ()
    plan: str = ""


def whole_page(
    reader: Reader, frame: pd.DataFrame, judging: Judging, tracking: Experiment, options: PageOptions
) -> tuple[Board, Page, Cells]:
    """The board of the runs in `frame` (see Experiment.frame), its page, and the cells of the browser of the page.

    Raises CatsError if there is no board, or if a section that `options` request cannot be made.
    """
    made = make_board(frame, reader.query, judging)
    bill = make_bill(runs_of_query(frame, reader.query), reader.query.experiment, options.over)
    trusted = of_trusted_places(reader.predictions, _said_already)
    counted = counted_in(made, judged_runs(frame, reader.query), trusted)
    choice, first = _choice(tracking, page_unit(bill))
    more = [
        *choice,
        *_sizes(reader.query, frame, judging, options.baseline),
        *_more(reader, frame, made, bill, judging, options),
        *options.sections,
        paper(made, runs_of_query(frame, reader.query.of_every_size), options.used, options.plan),
    ]
    request = ReportRequest(
        options.facts, options.details, more, reader.predictions, reader.query.selection, options.reason, bill,
        other_boards(frame, reader.query, judging), part_of(frame, reader.query), first, counted,
    )  # fmt: skip
    page, cells = build_page(made, frame, tracking, request)
    return made, page, cells


def other_boards(frame: pd.DataFrame, query: RunQuery, judging: Judging) -> dict[str, Board]:
    """Metric → the board by it, for the further metrics that the runs have: those of results.metrics, at most MOST_METRICS."""
    boards: dict[str, Board] = {}
    for name in METRICS:
        if (
            name == query.metric
            or len(boards) == MOST_METRICS
            or f"test_{name}" not in frame
            or frame[f"test_{name}"].isna().all()
        ):
            continue
        try:
            boards[name] = make_board(frame, replace(query, metric=name), judging)
        except CatsError:  # the finished cells of the query do not have it
            continue
    return boards


def _more(
    reader: Reader, frame: pd.DataFrame, made: Board, bill: Bill, judging: Judging, options: PageOptions
) -> list[Section]:
    """The sections that need more than a board. One that the user did not request may say why it cannot be made."""
    from results.agreement.decisions import decisions_of, scores_for
    from results.agreement.more_measures import judge_with_more
    from results.agreement.scores import read_scores
    from results.board.versions import scores_of_one_version
    from results.cost.tradeoff import make_tradeoff
    from results.report.choice_sections import agreement, tradeoff
    from results.report.clinician import clinician
    from results.report.sections import difference

    sections = [] if made.difference is None else [difference(made.difference, judged_by(made))]
    trusted = [of_trusted_places(each, _said_already) for each in (reader.predictions, reader.validation_predictions)]
    sections.append(clinician(made, judged_runs(frame, reader.query), *trusted))
    runs = runs_of_query(frame, reader.query)
    try:
        sections.append(tradeoff(make_tradeoff(runs, bill, reader.query, judging, _said_already), page_unit(bill)))
    except CatsError as absent:
        sections.append(left_out("regret", absent))
    try:
        decisions = decisions_of(frame, reader.query, judging, _said_already)
        comparable, _ = scores_of_one_version(frame, reader.query.selection)
        rows = scores_for(decisions, read_scores(comparable, reader.query.experiment))
        sections.append(agreement(judge_with_more(decisions, rows, reader.query, options.combine, options.learn).to_dict()))
    except CatsError as absent:
        if options.combine or options.learn:
            raise
        sections.append(left_out("agreement", absent))
    return sections


def _sizes(query: RunQuery, frame: pd.DataFrame, judging: Judging, baseline: str) -> list[Section]:
    """The section of a plan with several numbers of training images, alone in a list; none where no curve can be drawn."""
    if query.selection is None or not query.selection.sizes:
        return []
    from results.data_size.curves import make_curves
    from results.report.data_size import ID, TITLE, data_size

    try:
        return [data_size(make_curves(frame, query, judging, baseline))]
    except CatsError as absent:
        return [Section(ID, TITLE, left_out=f"{absent}.")]


def _choice(tracking: Experiment, unit: EnergyUnit) -> tuple[list[Section], list[str]]:
    """The section of an answer of `cats choose`, and its sentences for the verdict, if the experiment holds an answer."""
    from results.choosing.choice import read_choice
    from results.choosing.choice_text import verdict
    from results.report.chosen import chosen, unreadable
    from results.tracking.log_choice import last_choice

    text = last_choice(tracking)
    if text is None:
        return [], []
    try:
        choice = read_choice(text)
    except CatsError as damaged:
        return [unreadable(damaged)], []
    return [chosen(choice, unit)], verdict(choice)


def _said_already(sentence: str) -> None:
    """The board, which is a part of the page, says which runs are left out."""
