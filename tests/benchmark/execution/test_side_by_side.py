"""Seeds side by side: which cells share a job, which are stopped, and what they leave."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import torch

from benchmark.execution import side_by_side as pack
from benchmark.execution.engine import Local
from benchmark.execution.runner import run
from benchmark.execution.side_by_side import side_by_side
from benchmark.execution.watch import Watch
from benchmark.machine.cancellation import stop_requested
from benchmark.machine.signals import stop_on_signal
from benchmark.specs.job import jobs_of, packs
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.plans import cells_of, plan_start, resolved
from tests.support.stripes import CPU

PLAN = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3}


@pytest.fixture
def ctrl_c(monkeypatch):
    """Press Ctrl-C once the main thread waits (again) for what runs. A shell's background job would ignore it."""
    waiting, real = threading.Event(), pack.wait
    monkeypatch.setattr(pack, "wait", lambda *rest, **options: (waiting.set(), real(*rest, **options))[1])

    def press():
        assert waiting.wait(10)
        waiting.clear()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield press
    signal.signal(signal.SIGINT, before)


def until_stopped(name):
    for _ in range(1000):
        if stop_requested():
            return f"{name} interrupted"
        time.sleep(0.01)
    return f"{name} went on"


def test_outcomes_come_in_the_order_of_the_works_whichever_ends_first():
    turns = [threading.Event() for _ in range(3)]

    def work(number):
        if number < 2:
            assert turns[number + 1].wait(10)  # all of them are under way at once
        turns[number].set()
        return number

    assert side_by_side([lambda number=number: work(number) for number in range(3)], CPU) == [0, 1, 2]


def test_ctrl_c_lets_every_one_end_as_interrupted(ctrl_c):
    begun = threading.Barrier(3)

    def work(number):
        begun.wait(10)
        if number == 1:
            ctrl_c()
        return until_stopped(number)

    outcomes = side_by_side([lambda number=number: work(number) for number in range(3)], CPU)
    assert outcomes == ["0 interrupted", "1 interrupted", "2 interrupted"]
    assert not stop_requested()  # the next pack may begin


def test_a_second_ctrl_c_does_not_let_them_go_on_nor_lose_what_they_did(ctrl_c):
    pressed = threading.Event()

    def impatient():
        ctrl_c()
        made = until_stopped("one")
        ctrl_c()
        pressed.set()
        return made

    def slow():
        pressed.wait(10)
        time.sleep(0.1)  # the end of an epoch
        return until_stopped("other")

    assert side_by_side([impatient, slow], CPU) == ["one interrupted", "other interrupted"]
    assert not stop_requested()


def test_ctrl_c_before_all_have_begun_stops_those_that_have(monkeypatch):
    outcomes, begun, real = [], [], ThreadPoolExecutor.submit

    def submit(self, *rest):
        begun.append(real(self, *rest))
        if len(begun) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    with pytest.raises(KeyboardInterrupt):
        side_by_side([lambda: outcomes.append(until_stopped("one"))] * 3, CPU)
    assert outcomes == ["one interrupted"] * 2
    assert not stop_requested()


def test_each_has_its_share_of_the_cores_and_they_are_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        assert side_by_side([torch.get_num_threads] * 2, CPU) == [2, 2]
        assert side_by_side([torch.get_num_threads] * 3, CPU) == [1, 1, 1]
        assert side_by_side([torch.get_num_threads] * 8, CPU) == [1] * 8
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_gradients_of_one_are_on_where_another_has_switched_its_own_off():
    off, seen = threading.Barrier(2), threading.Barrier(2)

    def predicting():
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            off.wait(10)
            seen.wait(10)

    def training():
        off.wait(10)
        found = torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")
        seen.wait(10)
        return found

    assert side_by_side([predicting, training], CPU)[1] == (True, False)


def test_a_pack_is_of_neighbours_that_differ_in_the_seed_alone():
    plan = Plan(**PLAN | {"targets": ["ihc", "digits"], "recipe": {"lr": [1e-3, 1e-2], "epochs": [1, 2]}})
    cells = list(cells_of(plan))
    made = list(packs(cells, 3))
    assert [cell for together in made for cell in together] == cells
    assert [[cell.seed for cell in together] for together in made] == [[0, 1, 2]] * (2 * 4)
    for together in made:
        assert len({(cell.target, cell.recipe) for cell in together}) == 1
    assert len({(together[0].target, together[0].recipe) for together in made}) == 8


@pytest.mark.parametrize(("most", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (9, [3])])
def test_a_pack_is_no_larger_than_was_asked_for(most, sizes):
    assert [len(together) for together in packs(cells_of(Plan(**PLAN)), most)] == sizes


def test_what_is_done_leaves_a_pack_of_the_rest():
    """Seed 1 of the first point is done; its neighbours stay together, and no other point joins them."""
    cells = list(cells_of(Plan(**PLAN | {"recipe": {"lr": [1e-3, 1e-2]}})))
    made = [[(cell.recipe.lr, cell.seed) for cell in together] for together in packs([cells[0], *cells[2:]], 3)]
    assert made == [[(1e-3, 0), (1e-3, 2)], [(1e-2, 0), (1e-2, 1), (1e-2, 2)]]


def test_a_pack_is_told_with_all_its_seeds():
    names = [str(job) for most in (1, 3) for job in jobs_of(cells_of(Plan(**PLAN)), "e", "NLD", most)]
    assert names == [
        *(f"scratch → ihc, test_resnet, seed {s}" for s in range(3)),
        "scratch → ihc, test_resnet, seed 0 and 1 and 2",
    ]


def test_what_cells_need_is_pretrained_once_and_before_them():
    plan = Plan(**PLAN | {"sources": ["digits[from=textures]", "scratch"], "seeds": 2, "targets": ["ihc"]})
    chained, plain = (plan_start(plan, name, "test_resnet", 0) for name in plan.sources)
    first, second, *cells = jobs_of(cells_of(plan), "e", "NLD")
    assert [first.start, second.start] == [chained.start, chained]
    assert [first.needs, second.needs] == [frozenset(), {chained.start.key}]
    assert [(job.start, [c.source for c in job.cells]) for job in cells] == [(None, [plan.sources[s]]) for s in (0, 0, 1, 1)]
    assert [job.needs for job in cells] == [{chained.start.key, chained.key}] * 2 + [frozenset()] * 2
    assert plain.kind == "random"


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_plan_in_packs_makes_the_same_cells(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = Recipe(size=16, epochs=1, batch_size=16, precision="fp32").model_dump(mode="json", exclude_defaults=True)
    plan = Plan(**PLAN | {"recipe": recipe, "subsample": {"train": 32, "val": 16}})
    found = {}
    for most in (1, 2):
        tracking, begun = Experiment(f"sqlite:///{most}.db", plan.experiment), []
        watch = Watch(begun.append, lambda record, state: None)
        state = run(resolved(plan), Writer(tracking, Outbox(tmp_path / f"outbox{most}")), Local("cpu"), watch, most)
        assert (state.made, state.failed, state.waiting) == (3, [], 0)
        frame = tracking.frame().sort_values("seed")
        found[most] = frame[["key", "seed", "status", "test_auc", "val_loss"]].reset_index(drop=True)
        assert begun[-4 + most :] == {
            1: [f"scratch → ihc, test_resnet, seed {seed}" for seed in range(3)],
            2: ["scratch → ihc, test_resnet, seed 0 and 1", "scratch → ihc, test_resnet, seed 2"],
        }[most]  # fmt: skip
        again = run(resolved(plan), Writer(tracking, Outbox(tmp_path / f"outbox{most}")), Local("cpu"), watch, 3)
        assert (again.done, again.made) == (3, 0)
    assert list(found[1]["key"]) == list(found[2]["key"]) == [cell.key for cell in cells_of(plan)]
    for name in ("test_auc", "val_loss"):
        assert list(found[1][name]) == pytest.approx(list(found[2][name]), abs=1e-4)


def test_attempts_stop_although_other_code_took_the_signal_for_something_else():
    with stop_on_signal():
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop_requested()
    assert not stop_requested()
