"""Builds the page of a report from the runs of an experiment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd
from mlflow.exceptions import MlflowException

from results.agreement.scores import read_scores, score_grids, score_reasons
from results.board.board import Board
from results.board.request import Selection
from results.board.versions import scores_of_one_version
from results.cost.bill import Bill, make_bill
from results.cost.tables import ROUGH, page_unit
from results.error import CatsError
from results.metrics import written
from results.report.attempts import MANY, POINTS, Cells, attempts, cells_of, detailed_cells, details_of
from results.report.choice_sections import measured
from results.report.chosen import ID as CHOICE
from results.report.clinician import ID as CLINICIAN
from results.report.data_size import ID as DATA_SIZE
from results.report.explanations import ID as EXPLANATIONS
from results.report.heat import heat
from results.report.html import Figure, Page, Section
from results.report.overview import ID as OVERVIEW
from results.report.overview import key_figures, overview, verdict
from results.report.sections import per_target, ranks, what_was_run
from results.report.shown import Part
from results.statistics.influence import ReadPredictions, check_predictions
from results.text.counts import how_many, share_of
from results.tracking.connection import reason_of
from results.tracking.cost_columns import UNDIVIDED, foreign_work, hardware
from results.tracking.experiment import Experiment
from results.tracking.metric_names import name_reader

VERSIONS = ("cats_bench", "trainer", "python", "torch", "timm", "device", "hardware", "gpu", "threads")  # of results.record
ABSENT = {
    "critical": (
        "Critical difference",
        "the diagram needs several targets that have every source; --impute fills gaps.",
    ),
    "regret": ("Regret against energy", "the cost of no way of choosing a source is known."),
    "agreement": ("Agreement of measures", "no measure has been compared with the results."),
}
# The order of the sections by their ids; sections with other ids come before what was run.
ORDER = (OVERVIEW, CHOICE, "heat", "ranks", "critical", "targets", DATA_SIZE, "regret", "agreement", CLINICIAN, EXPLANATIONS,
         "scores", "", "run")  # fmt: skip


Reason = Callable[[Mapping[str, str], Mapping[str, str]], str]


def stored_reason(_: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """The reason of a run, as its record says it."""
    return tags.get("cats.reason", "")


@dataclass(frozen=True)
class ReportRequest:
    """A request for a report.

    Attributes:
        facts: what was run. extra: further sections; one with an id of ABSENT takes the place of the one that is left out.
        read: gives the predictions of a run, from where they have been fetched before; else MLflow is asked.
        selection: the cells of the plan; None without a plan.
        bill: what the runs cost; without it that of all runs. others: metric → the board by it, for readers who switch.
        reason: (parameters, tags) of a run → why it did not finish, as a page may say it.
        part: what the board shows of several numbers of training images. first: sentences with which the verdict begins.
        tested: the numbers of test images and patients, as key figures.
    """

    facts: Sequence[tuple[str, str]]
    details: int = MANY
    extra: Sequence[Section] = ()
    read: ReadPredictions | None = None
    selection: Selection | None = None
    reason: Reason = stored_reason
    bill: Bill | None = None
    others: Mapping[str, Board] = field(default_factory=dict)
    part: Part | None = None
    first: Sequence[str] = ()
    tested: Sequence[Figure] = ()


def build_page(board: Board, frame: pd.DataFrame, tracking: Experiment, request: ReportRequest) -> tuple[Page, Cells]:
    """The page of a board and its runs, and the cells of its browser."""
    bill, part = request.bill or make_bill(frame, board.experiment), request.part
    unit, chosen = page_unit(bill), detailed_cells(frame, request.details)
    details = details_of(chosen, reader(tracking), lenient(request.read or tracking.predictions))
    cells = cells_of(frame, board.metric, unfinished(tracking, request.reason), details, unit)
    given = {section.id for section in request.extra}
    sections = [
        overview(board, bill, request.others), heat(board, request.others), ranks(board),
        per_target(board, request.others, unit),
        *(Section(name, title, left_out=reason) for name, (title, reason) in ABSENT.items() if name not in given),
        *request.extra, scores(frame, board, request.selection),
        what_was_run([*request.facts, *versions(tracking, frame)], _energy(frame)),
    ]  # fmt: skip
    sections.sort(key=lambda section: ORDER.index(section.id if section.id in ORDER else ""))
    finished = int(((frame["kind"] == "cell") & (frame["status"] == "FINISHED")).sum())
    notes = [
        f"{share_of(len(details), finished, 'finished cells', 'has', 'have')} curves and ROC, with up to {POINTS} points each.",
        "One cell of every pair gets them first, then further seeds.",
        f"{cells.unit} is the energy of the attempt alone, without a share of a pretraining.",
        "'missing' means that this energy is unknown, and '≥' that a part of it is unknown.",
    ]
    tried = attempts(frame)
    together = sum(shared for *_, shared in cells.rows)
    if together:
        notes.append(
            f"{how_many(together, 'attempt')} ran together with others on one device; {'its' if together == 1 else 'their'} "
            f"{cells.unit} are a share by device time."
        )
    whole = int(tried["energy"].fillna("").str.contains(UNDIVIDED, regex=False).sum())
    if whole:
        notes.append(f"The {cells.unit} of {how_many(whole, 'attempt')} and their sum are approximate: {ROUGH}.")
    metric = written(board.metric)
    sources, targets = how_many(len(board.overall), "source"), how_many(len(board.targets), "target")
    lead = f"{sources} on {targets}, test {metric}; as of {_newest(frame)}."
    lead = lead if part is None else f"{lead} {part.sentence}"
    page = Page(
        f"{board.experiment}: which source to transfer from", lead, sections, cells.to_dict(), notes,
        verdict(board, bill, part, request.first), key_figures(board, bill, part, request.tested),
        [row.source for row in board.overall], metric,
    )  # fmt: skip
    return page, cells


def left_out(name: str, reason: CatsError) -> Section:
    """One of the sections of ABSENT, with the reason why it cannot be made."""
    return Section(name, ABSENT[name][0], left_out=f"{reason}.")


def scores(frame: pd.DataFrame, board: Board, selection: Selection | None = None) -> Section:
    """The section of the scores of measures, on the version of the data that the board shows."""
    comparable, notes = scores_of_one_version(frame, selection)
    try:
        rows = read_scores(comparable, board.experiment)
    except CatsError as absent:
        return Section("scores", "Scores of measures", left_out=". ".join([*notes, f"{absent}."]))
    return measured(score_grids(rows), [*notes, *score_reasons(rows)])


def unfinished(tracking: Experiment, reason: Reason = stored_reason) -> dict[str, str]:
    """Run id → the reason why the run did not finish."""
    runs = tracking.runs("attributes.status != 'FINISHED' and tags.`cats.key` != ''")
    return {run.info.run_id: reason(run.data.params, run.data.tags) or "no reason is known" for run in runs}


def versions(tracking: Experiment, frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Versions and hardware of the newest finished attempt; other attempts may have used others."""
    done = attempts(frame)
    done = done[done["status"] == "FINISHED"]
    if not len(done):
        return []
    try:
        tags = tracking.client.get_run(done.iloc[-1]["run_id"]).data.tags
    except MlflowException:  # the run has been removed meanwhile
        return []
    parts = [f"{name} {tags[f'cats.{name}']}" for name in VERSIONS if f"cats.{name}" in tags]
    return [("versions, of the newest finished attempt", ", ".join(parts) or "not recorded")]


def reader(tracking: Experiment) -> Callable[[str, str], list[float]]:
    """(run id, column of the table of runs) → its values by step."""
    name_of = name_reader(tracking)

    def read(run_id: str, metric: str) -> list[float]:
        try:
            history = tracking.client.get_metric_history(run_id, name_of(run_id, metric))
        except (MlflowException, OSError) as error:
            if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":  # the run has been removed meanwhile
                return []
            raise CatsError(
                f"MLflow at {tracking.shown} could not give the curves of a run: {reason_of(error, tracking.name)}"
            ) from error
        points = [point for point in history if isinstance(point.value, float) and isinstance(point.step, int)]
        return [point.value for point in sorted(points, key=lambda point: point.step)]

    return read


def lenient(read: ReadPredictions) -> ReadPredictions:
    """The predictions of a run; None also where they cannot be read: the report is written without them."""

    def predictions(run_id: str) -> pd.DataFrame | None:
        try:
            table = read(run_id)
            if table is not None:
                check_predictions(table)
        except (CatsError, ValueError):
            return None
        return table

    return predictions


def _energy(frame: pd.DataFrame) -> list[str]:
    """The hardware of all attempts, with the source of its energy: counted, modelled or missing."""
    kinds = hardware(frame)
    figures = f"Energy figures: {', '.join(kinds)}." if kinds else "No energy figure is known."
    return [figures, *(f"{sentence}." for sentence in foreign_work(frame))]


def _newest(frame: pd.DataFrame) -> str:
    """The start of the newest run: the same runs give the same page."""
    return datetime.fromtimestamp(float(frame["started"].max()) / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
