"""The engine of one process."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmark.execution import execute
from benchmark.execution.cluster import worker
from benchmark.execution.dispatch.transport import IncompatibleError
from benchmark.execution.engine import Local, RunControl
from benchmark.machine import device
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from results.error import CatsError
from tests.support.plans import cells_of

PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3,
    "recipe": {"size": 16, "epochs": 0},
}  # fmt: skip


CONTROL = RunControl(lambda job: job)


def seeds(job):
    return [cell.seed for cell in job.cells]


def test_the_rest_of_a_job_that_was_admitted_in_part_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(execute, "make", lambda job, device: [outcome("finished", seed) for seed in seeds(job)])
    asked = []

    def first_cell(job):
        asked.append(seeds(job))
        return None if job.cells[0].seed == 2 else replace(job, cells=job.cells[:1])

    made = list(Local("cpu").outcomes(jobs_of(cells_of(Plan(**PLAN)), "e", "NLD", pack=3), RunControl(first_cell)))
    assert [[each.seed for each in one] for one in made] == [[0], [1]]
    assert asked == [[0, 1, 2], [1, 2], [2]]


def outcome(status, seed=0):
    return SimpleNamespace(record=SimpleNamespace(status=status), seed=seed)


def test_a_gpu_that_answers_no_more_ends_the_run_with_what_has_been_made(monkeypatch):
    """There need be no GPU here."""
    ends, asked = iter(["finished", "failed", "failed"]), []
    monkeypatch.setattr(execute, "make", lambda job, device: [outcome(next(ends))])
    monkeypatch.setattr(device, "is_lost", lambda name: asked.append(name) or len(asked) == 2)
    made = []
    with pytest.raises(CatsError, match="cpu answers no more after the last error; run the plan again, in a new process"):
        made.extend(
            each[0].record.status for each in Local("cpu").outcomes(jobs_of(cells_of(Plan(**PLAN)), "e", "NLD"), CONTROL)
        )
    assert made == ["finished", "failed", "failed"]
    assert asked == ["cpu"] * 2


def test_a_worker_whose_gpu_answers_no_more_refuses_jobs(monkeypatch):
    monkeypatch.setattr(device, "is_lost", lambda name: True)
    with pytest.raises(IncompatibleError, match="its cpu answers no more after an error of an earlier job"):
        worker.make_checked(next(iter(jobs_of(cells_of(Plan(**PLAN)), "e", "NLD"))), "cpu")
