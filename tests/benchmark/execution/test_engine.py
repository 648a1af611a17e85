"""The engine of one process."""

from dataclasses import replace

from benchmark.execution import execute
from benchmark.execution.engine import Local, RunControl
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from tests.support.plans import cells_of

PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3,
    "recipe": {"size": 16, "epochs": 0},
}  # fmt: skip


def seeds(job):
    return [cell.seed for cell in job.cells]


def test_the_rest_of_a_job_that_was_admitted_in_part_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(execute, "make", lambda job, device: seeds(job))
    asked = []

    def first_cell(job):
        asked.append(seeds(job))
        return None if job.cells[0].seed == 2 else replace(job, cells=job.cells[:1])

    made = list(Local("cpu").outcomes(jobs_of(cells_of(Plan(**PLAN)), "e", "NLD", pack=3), RunControl(first_cell)))
    assert made == [[0], [1]]
    assert asked == [[0, 1, 2], [1, 2], [2]]
