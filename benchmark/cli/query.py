"""The reader of the runs of a plan or an experiment, whose sentences go to the terminal."""

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.cli.terminal import say

if TYPE_CHECKING:
    from benchmark.answers.query import RunReader
    from benchmark.specs.resolved import PlanPairs


def reader_of(subject: "str | PlanPairs", tracking_uri: str, metric: str | None = None, rule: str | None = None) -> "RunReader":
    """See benchmark.answers.query.reader_of."""
    from benchmark.answers.query import reader_of as reader

    return replace(reader(subject, tracking_uri, metric, rule), say=say)
