"""What a choice of sources loses: regret of a target is the metric of its best source minus that of the chosen one."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from results.agreement.decisions import Decision, decision_of
from results.agreement.replicates import Replicates
from results.agreement.scores import PREFIX
from results.board.candidates import labels
from results.board.ranking import measured_results
from results.board.request import SEEDS, Judging, RunQuery
from results.board.rules import COLUMNS, choose_runs, rule_of
from results.board.sizes import require_one_size
from results.board.standings import without_odd_runs
from results.board.versions import of_one_version, scores_of_one_version
from results.metrics import metric_of
from results.record import metric_name
from results.statistics.bounded import Bounds
from results.statistics.rank_agreement import choice_statistics, leaves_a_choice

log = logging.getLogger(__name__)
SourceValues = dict[str, dict[str, float]]  # target → source → value, higher is better


def measured_decisions(
    frame: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS, say: Callable[[str], object] = log.warning
) -> tuple[list[Decision], SourceValues]:
    """One decision for each target, and the validation figure of the rule of its sources, mean over seeds, higher is better.

    Of each seed the point of the grid counts that the rule chooses. Left out are pairs that share images, by their record or
    because the query keeps them apart, a target as its own source, and targets with one source. With several backbones a source
    is one on a backbone. `say` gets a sentence about each run that is left out because its predictions cannot be used.
    Raises CatsError if the runs of a target have several numbers of training images: the rule would choose one of them.
    """
    metric, rule, column = query.metric, query.rule, f"test_{query.metric}"
    runs = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")]
    runs = of_one_version(runs, frame, query.selection)[0]
    require_one_size(runs, query.experiment)
    more = [*COLUMNS, "point", "leak", "started", "run_id", column]
    runs = runs.reindex(columns=list(dict.fromkeys([*map(str, runs), *more])))
    pairs = zip(runs["source"], runs["target"], strict=True)
    clean = pd.Series([pair not in query.apart for pair in pairs], index=runs.index, dtype=bool)
    runs = choose_runs(runs[runs["leak"].isna() & clean].dropna(subset=[column]), rule, metric)
    several = _several(frame, query.metric)
    backbone = "" if several else next(iter(runs["backbone"]), "")
    runs = runs.assign(source=labels(runs, several), value=runs[column] * metric_of(metric).sign)
    decisions, counted = [], [runs[:0]]
    for target, here in runs.groupby("target"):
        name = f"{query.experiment}/{target}"
        results = partial(measured_results, name=name, metric=metric, noise=judging.noise, images_of=judging.images)
        (sources, measured, _), used = without_odd_runs(here, results, say)
        counted.append(used)
        decisions.append(decision_of(sources, measured, str(target), str(backbone)))
    runs = pd.concat(counted)
    runs = runs.assign(held=-rule_of(rule).figure(runs, metric))
    validation, held = SourceValues(), runs.groupby(["target", "source"])["held"].mean().reset_index()
    for target, source, value in held.itertuples(index=False, name=None):
        if math.isfinite(value):
            validation.setdefault(str(target), {})[str(source)] = float(value)
    return [decision for decision in decisions if len(decision.sources) > 1], validation


def _several(frame: pd.DataFrame, metric: str) -> bool:
    """Whether sources are named with their backbones: the finished cells with the metric have several."""
    cells, column = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")], f"test_{metric}"
    return column in cells and bool(cells.loc[cells[column].notna(), "backbone"].nunique() > 1)


def values_of(decisions: Sequence[Decision]) -> SourceValues:
    """The measured values of the sources of each target."""
    return {d.target: dict(zip(d.sources, d.values.tolist(), strict=True)) for d in decisions}


def measure_scores(frame: pd.DataFrame, query: RunQuery) -> tuple[dict[str, SourceValues], dict[str, SourceValues]]:
    """Measure → target → source → its newest score, higher is better; and the standard error of the score, 0 where not known.

    Pairs without a score are left out, and so are scores of another version of a target's data than that of its cells.
    """
    scores: dict[str, SourceValues] = {}
    errors: dict[str, SourceValues] = {}
    for name, target, source, value, error in _newest_scores(frame, query):
        scores.setdefault(name, {}).setdefault(target, {})[source] = value
        errors.setdefault(name, {}).setdefault(target, {})[source] = error
    return scores, errors


def _newest_scores(frame: pd.DataFrame, query: RunQuery) -> Iterator[tuple[str, str, str, float, float]]:
    """Measure, target, source, score and its standard error."""
    frame = scores_of_one_version(frame, query.selection)[0]
    runs = frame[(frame["kind"] == "score") & (frame["status"] == "FINISHED")]
    if not len(runs):
        return
    runs = runs.sort_values("started")
    runs = runs.assign(source=labels(runs, _several(frame, query.metric)))
    listed = runs["measures"].fillna("").str.split(";")
    for name in dict.fromkeys(name for some in listed for name in some if metric_name(f"{PREFIX}{name}") in runs):
        newest = runs[[name in some for some in listed]].drop_duplicates(["source", "target"], keep="last")
        ends = [metric_name(f"{PREFIX}{name}{end}") for end in ("", "_low", "_high")]
        for source, target, value, low, high in newest.reindex(columns=["source", "target", *ends]).itertuples(
            index=False, name=None
        ):
            if math.isfinite(value):
                error = (high - low) / 2 / 1.96
                yield name, str(target), str(source), float(value), float(error) if math.isfinite(error) else 0.0


def ordering(truth: SourceValues, scores: SourceValues) -> SourceValues:
    """The scores of the sources whose truth is known, on the targets of which they order any: equal scores choose nothing."""
    known = {t: {s: v for s, v in row.items() if s in truth[t]} for t, row in scores.items() if t in truth}
    return {t: row for t, row in known.items() if len(set(row.values())) > 1}


def source_sizes(frame: pd.DataFrame, metric: str, scores: SourceValues) -> SourceValues:
    """Target → source → log of its images plus one: the score of the measure `source_size`, else what imported runs bring."""
    cells = frame[frame["kind"] == "cell"]
    sizes: SourceValues = {}
    if "source_images" in cells:
        runs = cells.assign(source=labels(cells, _several(frame, metric)))
        runs = runs.dropna(subset=["source_images"]).sort_values("started")
        for target, source, images in runs[["target", "source", "source_images"]].itertuples(index=False, name=None):
            sizes.setdefault(str(target), {})[str(source)] = math.log1p(int(images))
    return {target: sizes.get(target, {}) | scores.get(target, {}) for target in sizes.keys() | scores.keys()}


def regrets(truth: SourceValues, scores: SourceValues) -> dict[str, float]:
    """Target → regret of the source with the highest score; the mean of those that share the highest score.

    Only sources whose truth is known can be chosen; a target without scores is left out.
    """
    lost = {}
    for target, row in truth.items():
        here = {s: v for s, v in scores.get(target, {}).items() if s in row}
        if here:
            first = [row[s] for s, v in here.items() if v == max(here.values())]
            lost[target] = max(0.0, max(row.values()) - math.fsum(first) / len(first))  # a rounding error may lie below 0
    return lost


def drawn_regrets(
    decision: Decision, scores: Mapping[str, float], errors: Mapping[str, float], replicates: Replicates, metric: Bounds
) -> np.ndarray | None:
    """The regret of a choice with other seeds, test images and scores, (REPLICATES,); None where none of their errors is known.

    scores, errors: source → score and standard error; equal scores of all sources choose at random. NaN where a replicate
    leaves nothing to choose.
    """
    every = np.array([scores.get(source, np.nan) for source in decision.sources])
    drawn = replicates.of(decision, every, np.array([errors.get(source, 0.0) for source in decision.sources]))
    if drawn is None:
        return None
    values, guesses = drawn
    able = np.isfinite(every)
    lost = choice_statistics(values, guesses, None, metric)[:, 0]
    if np.ptp(every[able]) > 0:
        lost[~leaves_a_choice(values[:, able], guesses[:, able])] = np.nan
    return np.asarray(lost)
