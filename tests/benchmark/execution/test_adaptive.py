"""`cats run --adaptive`: which cells are made, in which order, and what is left. Engines return figures known beforehand."""

import itertools
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest

from benchmark.execution.adaptive import AdaptiveJobs, unneeded_note
from benchmark.execution.adaptive_terms import terms_from
from benchmark.execution.dispatch.dispatcher import dispatch
from benchmark.execution.engine import remainder
from benchmark.execution.execute import cell_attempt
from benchmark.execution.records import finished_in, frame_of, outbox_of
from benchmark.execution.resolution import resolve_plan
from benchmark.execution.runner import run
from benchmark.execution.selection import selection_of
from benchmark.execution.watch import Watch
from benchmark.specs.plan import Plan
from results.board.board import make_board
from results.board.request import RunQuery
from results.error import CatsError
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.writer import Writer
from tests.support.memory_transport import MemoryTransport

pytestmark = pytest.mark.slow

URI = "sqlite:///mlflow.db"
QUIET = Watch(lambda _: None, lambda *_: None, lambda _: None)
PLAN = {
    "experiment": "toy", "sources": ["scratch"], "targets": ["ihc"],
    "backbones": ["test_resnet", "test_efficientnet", "test_convnext"], "seeds": 6, "recipe": {"base": "probe", "size": 32},
}  # fmt: skip
NOISE = (0.0, 0.004, -0.003, 0.001, -0.004, 0.002, 0.003, -0.001)
CLEAR = {"test_resnet": 0.9, "test_efficientnet": 0.8, "test_convnext": 0.7}
CLOSE = {"test_resnet": 0.9, "test_efficientnet": 0.8999, "test_convnext": 0.7}


def made(cell, means, status="finished"):
    record = cell_attempt(cell, "toy").lost("it is said to fail", (float(cell.seed), 1.0)).record
    place = list(CLEAR).index(cell.backbone)
    value = means[cell.backbone] + NOISE[(cell.seed + 3 * place) % len(NOISE)]
    scores = {"auc": value, "accuracy": value}
    changes = {"status": status, "reason": None, "scores": scores, "validation": {"val_loss": 1.0, "val_auc": value}}
    return Outcome(record if status == "failed" else record.model_copy(update=changes))


@dataclass
class Known:
    """Runs nothing: the figure of each cell is known beforehand."""

    means: dict[str, float]
    fails: tuple[tuple[str, int], ...] = ()
    most: int = 1000  # cells, then Ctrl-C
    order: list[tuple[str, int]] = field(default_factory=list)
    device: str = "cpu"
    remote: ClassVar[bool] = False

    def outcomes(self, jobs, control):
        for job in jobs:
            rest = job
            while rest is not None:
                admitted = None if control.stopping else control.admit(rest)
                if admitted is None:
                    return
                yield self.make(admitted)
                rest = remainder(rest, admitted)
                control.stop_requested |= len(self.order) >= self.most

    def make(self, job, worker=None):
        self.order += [(cell.backbone, cell.seed) for cell in job.cells]
        return [
            made(cell, self.means, "failed" if (cell.backbone, cell.seed) in self.fails else "finished") for cell in job.cells
        ]


@dataclass
class Workers(Known):
    """The same by the dispatcher, on three workers whose jobs end in another order than they began."""

    def outcomes(self, jobs, control):
        self.transport = MemoryTransport(self.run, "a", "b", "c")
        yield from dispatch(jobs, control, self.transport)

    def run(self, job, worker):
        return self.make(job)


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def go(engine, pack=1, adaptive=True, level=None, margin=None, **changes):
    plan = Plan(**PLAN | changes)
    terms = terms_from(plan, level, margin, asked=adaptive)
    tracking = Experiment(URI, "toy")
    resolved = replace(resolve_plan(plan, URI), terms=terms)
    return run(resolved, Writer(tracking, outbox_of(URI, "toy"), None), engine, QUIET, pack)


def board(**changes):
    resolved = resolve_plan(Plan(**PLAN | changes), URI)
    return make_board(frame_of(Experiment(URI, "toy")), RunQuery("toy", selection=selection_of(resolved)))


def test_first_one_seed_of_every_source_then_up_to_the_first_look_then_no_more_if_it_is_decided():
    engine = Known(CLEAR)
    state = go(engine)
    assert {seed for _, seed in engine.order[:3]} == {0}
    assert sorted(engine.order) == sorted(itertools.product(CLEAR, range(3)))
    assert (state.cells, state.made, state.unneeded, state.complete) == (18, 9, 9, True)


def test_contenders_get_every_seed_and_a_beaten_source_no_more():
    engine = Known(CLOSE)
    state = go(engine)
    per_source = {backbone: [seed for name, seed in engine.order if name == backbone] for backbone in CLOSE}
    assert per_source == {
        "test_resnet": [0, 1, 2, 3, 4, 5],
        "test_efficientnet": [0, 1, 2, 3, 4, 5],
        "test_convnext": [0, 1, 2],
    }
    seeds = [seed for _, seed in engine.order]
    assert (seeds[:3], sorted(seeds[3:9]), seeds[9:]) == ([0, 0, 0], [1, 1, 1, 2, 2, 2], [3, 3, 4, 4, 5, 5])
    assert (state.made, state.unneeded) == (15, 3)


def test_within_a_margin_one_of_two_close_sources_is_decided_upon():
    assert go(Known(CLOSE), margin=0.05).made == 9


@pytest.mark.parametrize("most", [1, 4, 10, 14])
def test_an_interrupted_plan_goes_on_as_if_nothing_had_happened(most):
    first, then = Known(CLOSE, most=most), Known(CLOSE)
    go(first)
    go(then)
    assert len(first.order) == most
    assert sorted(first.order + then.order) == sorted(
        [(backbone, seed) for backbone in CLOSE for seed in range(6 if backbone != "test_convnext" else 3)]
    )


def test_workers_make_the_same_cells_each_once_and_wait_for_no_job_that_a_booking_brings():
    engine = Workers(CLOSE)
    state = go(engine)
    assert len(engine.order) == len(set(engine.order)) == 15
    assert (state.made, state.unneeded) == (15, 3)


def test_an_engine_that_reads_all_jobs_beforehand_is_called_again():
    class Greedy(Known):
        def outcomes(self, jobs, control):
            for job in list(jobs):
                if (admitted := control.admit(job)) is None:
                    return
                yield self.make(admitted)

    engine = Greedy(CLEAR)
    assert go(engine).made == len(engine.order) == 9


def test_seeds_side_by_side_are_those_that_are_needed_anyway():
    engine = Known(CLEAR)
    sizes = []
    engine.make, real = lambda job, worker=None: sizes.append(len(job.cells)) or real(job), engine.make
    assert go(engine, pack=4).made == 9
    assert sizes == [1, 1, 1, 2, 2, 2]


def test_a_plain_run_completes_the_matrix_and_then_nothing_is_left_to_say():
    go(Known(CLEAR))
    notes = board().notes
    assert "ihc: scratch on test_resnet is the best source, decided after 3 of 6 seeds" in notes
    assert "9 cells are not run, because no answer needs them; `cats run` without --adaptive runs them" in notes
    assert not [note for note in notes if "not finished" in note]
    plan, tracking = resolve_plan(Plan(**PLAN), URI), Experiment(URI, "toy")
    assert unneeded_note(plan, frame_of(tracking)) == [
        "9 of the cells to make are needed for no answer: `cats run --adaptive` leaves them out"
    ]
    rest = Known(CLEAR)
    state = go(rest, adaptive=False)
    assert unneeded_note(plan, frame_of(tracking)) == []
    assert (state.done, state.made, state.unneeded) == (9, 9, 0)
    assert sorted(rest.order) == sorted(itertools.product(CLEAR, (3, 4, 5)))
    assert not [note for note in board().notes if "adaptive" in note or "decided" in note or "not run" in note]
    again = go(Known(CLEAR))
    assert (again.done, again.made, again.unneeded) == (18, 0, 0)


def test_what_is_decided_is_left_alone_by_the_next_call_whatever_the_budget():
    go(Known(CLEAR))
    again = Known(CLEAR)
    state = go(again, budget={"cells": 9})
    assert (again.order, state.done, state.made, state.unneeded, state.complete) == ([], 9, 0, 9, True)


def test_a_budget_leaves_open_what_it_does_not_reach_and_the_board_says_both():
    state = go(Known(CLOSE), budget={"cells": 11})
    assert (state.made, state.unneeded, state.complete) == (11, 3, False)
    assert "budget of 11" in state.budget
    notes = board().notes
    assert "4 of 18 cells are not finished" in notes
    assert (
        "ihc: not decided yet after 4 of 6 seeds; still possible: scratch on test_resnet, scratch on test_efficientnet" in notes
    )


def test_a_cell_that_fails_is_tried_once_in_a_call_and_keeps_no_seed_from_being_compared():
    engine = Known(CLEAR, fails=(("test_resnet", 1),))
    state = go(engine)
    assert engine.order.count(("test_resnet", 1)) == 1
    expected = {"test_resnet": 4, "test_efficientnet": 4, "test_convnext": 3}  # with two common seeds nothing is decided
    assert sorted(engine.order) == sorted((name, seed) for name, count in expected.items() for seed in range(count))
    assert (state.made, len(state.failed), state.unneeded, state.complete) == (10, 1, 7, False)
    again = Known(CLEAR)
    go(again)
    assert again.order[0] == ("test_resnet", 1)


def test_a_source_that_always_fails_is_no_contender():
    engine = Known(CLEAR, fails=tuple(("test_resnet", seed) for seed in range(6)))
    go(engine)
    assert max(seed for _, seed in engine.order) == 2
    decided = "ihc: scratch on test_efficientnet is the best source, decided after 3 of 6 seeds"
    silent = "not compared, because the first 3 seeds gave no result: scratch on test_resnet"
    assert f"{decided}; {silent}" in board().notes


def test_pairs_that_share_images_are_run_once_and_decide_nothing():
    changes = {"sources": ["scratch", "digits"], "targets": ["digits"], "backbones": ["test_resnet"], "allow_leakage": True}
    resolved = replace(
        resolve_plan(Plan(**PLAN | changes), URI), terms=terms_from(Plan(**PLAN | changes), None, None, asked=True)
    )
    jobs = AdaptiveJobs(resolved, frame_of(Experiment(URI, "toy")), [])
    assert [(job.cells[0].source, job.cells[0].seed) for job in jobs if job.cells] == [("scratch", 0), ("digits", 0)]
    assert jobs.unneeded() == 10


def test_no_key_of_a_cell_changes():
    go(Known(CLEAR))
    keys = {cell.key for cell in resolve_plan(Plan(**PLAN), URI).cells()}
    assert finished_in(frame_of(Experiment(URI, "toy"))) <= keys


@pytest.mark.parametrize(
    ("options", "changes", "sentence"),
    [
        ({"level": 1.0}, {}, "--level is 1; give a probability between 0 and 1, such as 0.95"),
        ({"level": 0.0}, {}, "--level is 0; give a probability between 0 and 1, such as 0.95"),
        ({"level": float("nan")}, {}, "--level is nan; give a probability between 0 and 1, such as 0.95"),
        ({"margin": -0.1}, {}, "--margin is -0.1; give a difference in auc from 0 up to less than 1"),
        ({"margin": 1.0}, {}, "--margin is 1; give a difference in auc from 0 up to less than 1"),
        ({"margin": 2.0}, {"metric": "kappa"}, "--margin is 2; give a difference in kappa from 0 up to less than 2"),
        ({}, {"seeds": 1}, "plan 'toy' has one; write `seeds: 5` or more"),
        ({}, {"backbones": ["test_resnet"]}, "plan 'toy' has one source and one backbone; name a second one"),
        ({"asked": False, "level": 0.9}, {}, "--level needs --adaptive"),
        ({"asked": False, "margin": 0.1}, {}, "--margin needs --adaptive"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_a_sentence(options, changes, sentence):
    options = {"level": None, "margin": None, "asked": True} | options
    with pytest.raises(CatsError, match=sentence.replace("(", "\\(")):
        terms_from(Plan(**PLAN | changes), options["level"], options["margin"], asked=options["asked"])


def test_every_number_of_training_images_is_decided_on_its_own():
    """At 40 images one backbone is clearly the best; with all images two are close, and get every seed."""

    class Sized(Known):
        def make(self, job, worker=None):
            self.order += [(cell.subsample.train, cell.backbone, cell.seed) for cell in job.cells]
            return [made(cell, CLEAR if cell.subsample.train == 40 else CLOSE) for cell in job.cells]

    engine = Sized({})
    state = go(engine, subsample={"train": [40, "all"]})
    few = [(backbone, seed) for size, backbone, seed in engine.order if size == 40]
    many = [(backbone, seed) for size, backbone, seed in engine.order if size is None]
    assert sorted(few) == sorted(itertools.product(CLEAR, range(3)))
    assert len(many) == len(set(many)) == 15
    assert (state.cells, state.made, state.unneeded, state.complete) == (36, 24, 12, True)
    again = Sized({})
    assert go(again, subsample={"train": [40, "all"]}).made == 0
    assert again.order == []
    assert any("3 cells are not run" in note for note in board(subsample={"train": [40, "all"]}).notes)
