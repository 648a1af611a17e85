"""A ranker is learned from the boards of experiments, and orders the pairs of a plan."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from results.error import CatsError

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.answers.query import RunReader
    from results.agreement.decisions import Decision
    from results.agreement.learned import Ordered
    from results.agreement.more_measures import Learn
    from results.agreement.pools import Pool
    from results.agreement.scores import PairScore
    from results.board.request import RunQuery

ReaderOf = Callable[[str], "RunReader"]


def reader_beside(uri: str, metric: str, say: Callable[[str], None], own: "RunReader | None" = None) -> ReaderOf:
    """How experiments that teach are read: by one metric, and `own` as it is where it is one of them."""
    from benchmark.answers.query import reader_of

    def read(name: str) -> "RunReader":
        found = replace(reader_of(name, uri, metric), say=say)
        return own if own is not None and own.query.experiment == found.query.experiment else found

    return read


def learning(reader: "RunReader", experiments: Sequence[str]) -> "Learn | None":
    """How the sources of a reader's runs are ordered by what these experiments teach; None where none is named."""
    read = reader_beside(reader.uri, reader.query.metric, reader.say, reader)
    return partial(learn_decisions, experiments=experiments, reader_for=read) if experiments else None


def learn_decisions(
    decisions: "Sequence[Decision]", rows: "Sequence[PairScore]", experiments: Sequence[str], reader_for: ReaderOf
) -> "list[Ordered]":
    """The sources of decisions, ordered by what the experiments teach. `rows`: the scores of the decisions' pairs.

    Raises CatsError if an experiment cannot teach, or all of them together hold too few targets.
    """
    from benchmark.specs.family import declared_families
    from results.agreement.learned import order
    from results.agreement.pools import judged_pools

    asked = judged_pools(decisions, rows, declared_families({each.target for each in decisions}))
    return order(asked, teachers_of(experiments, reader_for))


def learn_scores(rows: "Sequence[PairScore]", experiments: Sequence[str], reader_for: ReaderOf) -> "list[Ordered]":
    """The sources of every target with scores, ordered by what the experiments teach; no result of these pairs is needed.

    Raises CatsError as learn_decisions does.
    """
    from benchmark.specs.family import declared_families
    from results.agreement.learned import order
    from results.agreement.pools import scored_pools
    from results.agreement.scores import of_candidates
    from results.board.candidates import across

    one = of_candidates(rows) if across((row.source, row.backbone) for row in rows) else rows
    asked = scored_pools(one, declared_families({row.target for row in one}))
    return order(asked, teachers_of(experiments, reader_for))


def teachers_of(experiments: Sequence[str], reader_for: ReaderOf) -> "list[Pool]":
    """The pools of the targets of all experiments. Raises CatsError for an experiment without cells or without scores."""
    from benchmark.specs.family import declared_families
    from results.agreement.decisions import decisions_of, scores_for
    from results.agreement.pools import judged_pools
    from results.agreement.scores import read_scores
    from results.board.versions import scores_of_one_version

    pools: list[Pool] = []
    for name in dict.fromkeys(experiments):
        try:
            reader = reader_for(name)
            frame = reader.frame()
            query = _with_metric(frame, reader)
            decisions = decisions_of(frame, query, say=reader.say)
            comparable, _ = scores_of_one_version(frame, query.selection)
            rows = scores_for(decisions, read_scores(comparable, query.experiment))
        except CatsError as error:
            raise CatsError(f"nothing can be learned from '{name}': {error}") from error
        pools += judged_pools(decisions, rows, declared_families({each.target for each in decisions}))
    return pools


def _with_metric(frame: "pd.DataFrame", reader: "RunReader") -> "RunQuery":
    """The query of a reader; by another metric where no finished cell has its own: only the order of the sources teaches."""
    from results.metrics import METRICS

    cells = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")] if len(frame) else frame
    held = [name for name in METRICS if f"test_{name}" in cells and cells[f"test_{name}"].notna().any()]
    if not held or reader.query.metric in held:
        return reader.query
    reader.say(f"{reader.query.experiment}: no run has {reader.query.metric}, so that {held[0]} teaches")
    return replace(reader.query, metric=held[0])
