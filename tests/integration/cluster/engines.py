"""Dask engines as these tests use them, and what works.py has noted in their outcomes."""

from benchmark.execution.cluster.engine import Dask
from benchmark.execution.engine import RunControl
from tests.support.outcomes import note_in


def all_of_them():
    return RunControl(lambda job: job)


def own(make, workers=2):
    return Dask("cpu", None, workers, make=make)


def notes(outcomes):
    """The note that works.py has left for each job; what was lost with a worker has none."""
    yield from (note_in(some) for some in outcomes if not some[0].record.given_out_again)
