"""What a choice of sources loses: regret of a target is the metric of its best source minus that of the chosen one."""

import math

import pandas as pd

from results.agreement.scores import PREFIX
from results.board.request import RunQuery
from results.board.rules import COLUMNS, choose_runs, rule_of
from results.board.versions import of_one_version, scores_of_one_version
from results.metrics import metric_of
from results.record import metric_name

SourceValues = dict[str, dict[str, float]]  # target → source → value, higher is better


def plain_source(label: str) -> str:
    """The source of a label such as `imagenet on resnet18`."""
    return label.split(" on ", maxsplit=1)[0]


def _labelled(runs: pd.DataFrame, several: bool) -> pd.DataFrame:
    source = runs["source"].astype(str)
    return runs.assign(source=source + " on " + runs["backbone"].astype(str) if several else source)


def measured_values(frame: pd.DataFrame, query: RunQuery) -> tuple[SourceValues, SourceValues]:
    """Test metric, and validation figure of the rule, of each target's sources: means over seeds, higher is better.

    Of each seed the point of the grid counts that the rule chooses. Left out are pairs that share images, by their record or
    because the query keeps them apart, and targets with one source. With several backbones a source is one on a backbone.
    """
    metric, rule, column = query.metric, query.rule, f"test_{query.metric}"
    runs = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")]
    runs = of_one_version(runs, frame, query.selection)[0]
    runs = runs.reindex(columns=list(dict.fromkeys([*map(str, runs), *COLUMNS, "point", "leak", "started", column])))
    pairs = zip(runs["source"], runs["target"], strict=True)
    clean = pd.Series([pair not in query.apart for pair in pairs], index=runs.index, dtype=bool)
    runs = choose_runs(runs[runs["leak"].isna() & clean].dropna(subset=[column]), rule, metric)
    runs = _labelled(runs, runs["backbone"].nunique() > 1)
    runs = runs.assign(truth=runs[column] * metric_of(metric).sign, held=-rule_of(rule).figure(runs, metric))
    means = runs.groupby(["target", "source"])[["truth", "held"]].mean()
    measured, validation = SourceValues(), SourceValues()
    for (target, source), *values in means.itertuples(name=None):
        for table, value in zip((measured, validation), values, strict=True):
            if math.isfinite(value):
                table.setdefault(str(target), {})[str(source)] = float(value)
    return {t: row for t, row in measured.items() if len(row) > 1}, validation


def measure_scores(frame: pd.DataFrame, query: RunQuery) -> dict[str, SourceValues]:
    """Measure → target → source → its newest score; higher is better. Pairs without a score are left out.

    So are scores of another version of a target's data than that of its cells, and targets on which a measure gives the same
    score to every source: that chooses nothing, see results.agreement.judge.
    """
    frame = scores_of_one_version(frame, query.selection)[0]
    runs = frame[(frame["kind"] == "score") & (frame["status"] == "FINISHED")]
    if not len(runs):
        return {}
    runs = _labelled(runs.sort_values("started"), frame.loc[frame["kind"] == "cell", "backbone"].nunique() > 1)
    listed = runs["measures"].fillna("").str.split(";")
    names = dict.fromkeys(name for some in listed for name in some if metric_name(f"{PREFIX}{name}") in runs)
    scores: dict[str, SourceValues] = {name: {} for name in names}
    for name in names:
        newest = runs[[name in some for some in listed]].drop_duplicates(["source", "target"], keep="last")
        columns = ["source", "target", metric_name(f"{PREFIX}{name}")]
        for source, target, value in newest[columns].itertuples(index=False, name=None):
            if math.isfinite(value):
                scores[name].setdefault(str(target), {})[str(source)] = float(value)
    return {name: _choosing(table) for name, table in scores.items()}


def _choosing(table: SourceValues) -> SourceValues:
    return {t: row for t, row in table.items() if len(row) == 1 or len(set(row.values())) > 1}


def source_sizes(frame: pd.DataFrame, scores: SourceValues) -> SourceValues:
    """Target → source → log of its images plus one: the score of the measure `source_size`, else what imported runs bring."""
    cells = frame[frame["kind"] == "cell"]
    sizes: SourceValues = {}
    if "source_images" in cells:
        runs = _labelled(cells, cells["backbone"].nunique() > 1).dropna(subset=["source_images"]).sort_values("started")
        for target, source, images in runs[["target", "source", "source_images"]].itertuples(index=False, name=None):
            sizes.setdefault(str(target), {})[str(source)] = math.log1p(int(images))
    return _choosing({target: sizes.get(target, {}) | scores.get(target, {}) for target in sizes.keys() | scores.keys()})


def regrets(truth: SourceValues, scores: SourceValues) -> dict[str, float]:
    """Target → regret of the source with the highest score; the mean of those that share the highest score.

    Only sources whose truth is known can be chosen; a target without scores is left out.
    """
    lost = {}
    for target, row in truth.items():
        here = {s: v for s, v in scores.get(target, {}).items() if s in row}
        if here:
            first = [row[s] for s, v in here.items() if v == max(here.values())]
            lost[target] = max(row.values()) - math.fsum(first) / len(first)
    return lost
