"""The board: which source wins on each target of an experiment, how sure that is and what it cost."""

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from results.board.advice import seed_advice
from results.board.basis import Basis, Meanings, basis_of, meanings_of
from results.board.candidates import apart_notes, are_of, labels
from results.board.energy import energy_of
from results.board.exact import exact_notes
from results.board.imported import Imported, choice, origins
from results.board.notes import blind_notes, cell_notes, few_notes, precision_notes
from results.board.outlook import errors_behind, outlook, untested
from results.board.ranking import Impute, Overall, Row, over_targets, rows_of
from results.board.request import SEEDS, Judging, RunQuery, Selection
from results.board.rules import COLUMNS, ORACLE, choose_runs
from results.board.sizes import TRAIN, of_size, size_of, size_text, stated_size
from results.board.standings import oriented, standings_by_target, standings_of
from results.board.versions import of_one_version
from results.error import CatsError, nearest
from results.statistics.rank_tests import Difference
from results.tracking.frame import left_out


@dataclass(frozen=True)
class Leaking:
    """A source that was run on a target although they share images: shown, never ranked.

    Attributes:
        mean, low, high: mean of the metric over `seeds` seeds with its 95 % interval, as in results.board.ranking.Row.
        reason: which images are shared, in words.
    """

    source: str
    target: str
    mean: float
    seeds: int
    reason: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Board:
    """What `cats board` shows.

    Attributes:
        targets: target → its rows, best first. overall: every source over targets, best first.
        notes: sentences about cells that are missing, failed or refused, and about the provenance of energy.
        leaking: pairs that share images, which are kept off the ranking.
        images: targets whose intervals hold the sampling error of the test images too.
        noise: a difference that is stated to be noise.
        difference: tests whether and which sources differ over the ranked targets; None if no target is ranked.
        choice: who chose epochs and settings, in words.
        basis: what the figures rest on: runs, data and versions, of kept off pairs too.
        outlook: what would decide a tie at the top, in words; empty where there is none.
        behind: target → source → how far its mean is from the best one, in standard errors of their difference; None where
            these are unknown.
        meanings: what digests in `basis` stand for: point or pretraining → its settings.
        imported: tables of other people from which runs of the board come, with whom to cite.
        impute: which source of a target a pair counts as that was not measured; None if gaps are left open.
    """

    experiment: str
    metric: str
    rule: str
    targets: dict[str, list[Row]]
    overall: list[Overall]
    notes: list[str]
    leaking: list[Leaking] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    noise: float | None = None
    difference: Difference | None = None
    choice: str = ""
    basis: list[Basis] = field(default_factory=list)
    outlook: str = ""
    behind: dict[str, dict[str, float | None]] = field(default_factory=dict)
    meanings: Meanings = field(default_factory=dict)
    imported: list[Imported] = field(default_factory=list)
    impute: Impute | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return asdict(self)

    def verdict(self, target: str) -> str:
        """Which source wins on a target. A tie has no winner, nor have runs with one seed unless the noise is stated."""
        rows = self.targets[target]
        tied, seeds = [row.source for row in rows if row.tie == 1], min(row.seeds for row in rows)
        basis = [f"{seeds} seeds, 95 %" if seeds > 1 else "1 seed", f"a noise of {self.noise:g} stated" if self.noise else ""]
        oracle = "by an oracle, not by choice: " if self.rule == ORACLE else ""
        if len(rows) == 1:
            return "only one source: no winner"
        if len(tied) == 1:
            return f"{oracle}{tied[0]} wins ({', '.join(filter(None, basis))})"
        if seeds < 2 and not self.noise:
            return f"{oracle}no winner: {untested(rows)}"
        return f"{oracle}no winner: {', '.join(tied)} cannot be told apart ({', '.join(filter(None, basis))})"


def make_board(frame: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS) -> Board:
    """The board of the runs in `frame` (see results.tracking.experiment.Experiment.frame).

    Without a selection all finished cells of the experiment count; they must then share one protocol.
    Raises CatsError if there is nothing to show or the metric was not measured.
    """
    metric, rule, selection = query.metric, query.rule, query.selection
    cells, versions = cells_of(frame, query)
    runs = _judged(cells, query)
    shown = list(dict.fromkeys(selection.targets)) if selection else sorted(runs["target"].unique())
    leaking, over, odd = _leaking(runs, query, judging)
    energy = energy_of(frame, cells.assign(source=labels(cells, runs["backbone"].nunique() > 1)))
    found, ranked = standings_of(runs, query, judging), runs[runs["leaks"].isna()]
    standings = {target: found.by_target[target] for target in map(str, shown) if target in found.by_target}
    blind = {target: found.blind[target] for target in standings if target in found.blind}
    targets = {t: rows_of(one, metric, {s: energy.get((s, t)) for s in one.sources}) for t, one in standings.items()}
    notes = [*left_out(frame), *found.odd, *odd, *versions, *blind_notes(blind), *few_notes(standings, cells)]
    notes += [*apart_notes(ranked), *precision_notes(ranked), *seed_advice(standings, targets, metric)]
    images = [t for t, one in standings.items() if one.measured.images is not None] + [t for t in over if t not in standings]
    figures = [(target, row.source, row.mean, row.low) for target, rows in targets.items() for row in rows]
    notes += exact_notes(figures + [(pair.target, pair.source, pair.mean, pair.low) for pair in leaking], images, metric)
    overall, difference, imputed = over_targets(standings, targets, metric, judging.impute)
    return Board(
        query.experiment, metric, rule, targets, overall, notes + imputed + cell_notes(cells, frame, selection), leaking,
        images, judging.noise, difference,
        choice(cells[cells["status"] == "FINISHED"], rule, metric),
        basis_of(runs, metric),
        outlook(standings, targets, overall, filled=judging.impute is not None),
        {target: errors_behind(one) for target, one in standings.items()},
        meanings_of(runs, frame),
        origins(runs),
        judging.impute,
    )  # fmt: skip


def judged_runs(frame: pd.DataFrame, query: RunQuery) -> pd.DataFrame:
    """The run that counts of each source, target, backbone and seed. The column `leaks` says why a run is kept off the ranking.

    Raises CatsError if there is none, or if none has the metric.
    """
    return _judged(cells_of(frame, query)[0], query)


def _judged(cells: pd.DataFrame, query: RunQuery) -> pd.DataFrame:
    """See judged_runs; `cells`: those of the query."""
    finished = _finished(cells, query)
    runs = choose_runs(finished, query.rule, query.metric).dropna(subset=[f"test_{query.metric}"])
    return runs.assign(leaks=_leaks(runs, query.selection))


def version_notes(frame: pd.DataFrame, query: RunQuery) -> list[str]:
    """Which runs of the query are left out because their data are of another version, see versions.of_one_version."""
    return cells_of(frame, query)[1]


def cells_of(frame: pd.DataFrame, query: RunQuery) -> tuple[pd.DataFrame, list[str]]:
    """The attempts at the cells of the query, on one version of the data, and notes on those of another one.

    Without a selection they must be of one protocol.
    """
    cells = frame[frame["kind"] == "cell"] if len(frame) else frame
    # A run whose process died at once has no params; a database may hold such runs only.
    cells = cells.reindex(columns=list(dict.fromkeys([*map(str, cells), *COLUMNS, "point"])))
    if not len(cells):
        raise CatsError(f"experiment '{query.experiment}' holds no cell yet; make some with {query.maker}")
    if query.selection is not None:
        return of_one_version(cells[_selected(cells, query.selection)], frame, query.selection)
    if query.size is not None:
        cells = of_size(cells, stated_size(query.size), query.experiment)
    cells, notes = of_one_version(cells, frame, None)
    require_one_protocol(cells[cells["status"] == "FINISHED"], query.experiment)
    return cells, notes


def _finished(cells: pd.DataFrame, query: RunQuery) -> pd.DataFrame:
    experiment, metric = query.experiment, query.metric
    finished = cells[cells["status"] == "FINISHED"]
    if not len(finished):
        of_plan = "" if query.selection is None else " of this plan"
        raise CatsError(f"experiment '{experiment}' holds no finished cell{of_plan}; make some with {query.maker}")
    column = f"test_{metric}"
    if column not in finished or finished[column].isna().all():
        known = [c.removeprefix("test_") for c in map(str, finished) if c.startswith("test_")]
        raise CatsError(f"no run of '{experiment}' has the metric '{metric}'{nearest(metric, known)}")
    return finished


def _selected(cells: pd.DataFrame, selection: Selection) -> pd.Series:
    lists = {"target": selection.targets, "seed": [str(seed) for seed in selection.seeds], "point": selection.points}
    mask = are_of(cells, selection.candidates)
    for column, allowed in lists.items():
        mask &= cells[column].isin(list(allowed))
    return mask


def require_one_protocol(cells: pd.DataFrame, experiment: str, besides: str = "") -> None:
    """Raises CatsError if runs differ in a setting that may differ within a plan only. `besides`: a setting that may differ."""
    settings = ("protocol", "size", "rule", *[c for c in map(str, cells) if c.startswith("subsample.")])
    for column in (name for name in settings if name != besides):
        values = sorted(cells[column].dropna().unique()) if column in cells else []
        if len(values) > 1:
            or_size = f", or one of them with --train, such as {size_text(size_of(values[0]))}"
            raise CatsError(
                f"experiment '{experiment}' mixes {column} {' and '.join(values)}, which cannot be on one board; "
                f"name the plan file instead of the experiment{or_size if column == TRAIN else ''}"
            )


def _leaks(chosen: pd.DataFrame, selection: Selection | None) -> pd.Series:
    """Why a run is kept off the ranking: its record says so, or the plan knows it by now; None if it is ranked."""
    known = {**selection.refused, **selection.leaking} if selection is not None else {}
    tags = chosen["leak"] if "leak" in chosen else pd.Series(None, index=chosen.index, dtype=object)
    tags = tags.astype(object).where(tags.notna(), None)
    for (source, target), reason in known.items():
        tags[(chosen["source"] == source) & (chosen["target"] == target)] = reason
    return tags


def _leaking(runs: pd.DataFrame, query: RunQuery, judging: Judging) -> tuple[list[Leaking], list[str], list[str]]:
    """The pairs that share images, best first, the targets whose test images are in their intervals, and Standings.odd."""
    table = oriented(runs, query.metric).assign(leaks=runs["leaks"]).dropna(subset=["leaks"])
    reasons = {(target, source): reason for target, source, reason in table[["target", "source", "leaks"]].to_numpy()}
    standings, _, odd = standings_by_target(table, query, judging, " with shared images")
    leaking = [
        Leaking(row.source, target, row.mean, row.seeds, str(reasons[target, row.source]), row.low, row.high)
        for target, standing in standings.items()
        for row in rows_of(standing, query.metric, {})
    ]
    return leaking, [target for target, standing in standings.items() if standing.measured.images is not None], odd
