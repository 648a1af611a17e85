"""A cell is the same however it is made: at once, after an interruption, or beside others."""

import gc
import itertools
import math
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.execution import execute as make
from benchmark.execution.execute import make_cell, make_cells
from benchmark.machine import cancellation
from benchmark.machine import meter as energy
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.specs.plan import Plan
from benchmark.training import checkpoint, device_cache, train
from benchmark.training.protocols import finetune
from results.error import CatsError
from results.record import Cost
from tests.support.epochs import before_validation
from tests.support.plans import cells_of
from tests.support.stripes import CPU

PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3,
    "recipe": {
        "size": 16, "epochs": 4, "batch_size": 16, "precision": "fp32", "dropout": 0.3, "hidden": [8], "ema": 0.9,
        "augment": {"rotate": 10, "mixup": 0.2},
    },
    "subsample": {"train": 60, "val": 30},
}  # fmt: skip


def cells(**changes):
    return list(cells_of(Plan(**PLAN | changes)))


def watch():
    return Stopwatch("NLD", "cpu")


@pytest.fixture
def metered(monkeypatch):
    """A meter to which every phase takes 3e-3 kWh, two thirds of it the processor's."""
    figures = SimpleNamespace(cpu_energy=2e-3, ram_energy=1e-3, gpu_energy=0.0, energy_consumed=3e-3, emissions=1e-3)
    monkeypatch.setattr(energy, "_start", lambda country, card, task: True)
    monkeypatch.setattr(energy, "_stop", lambda country, card, task: figures)
    monkeypatch.setattr(energy, "cpu_counted", lambda country, card: True)
    monkeypatch.setattr(energy.cpu_work, "reading", lambda: None)  # so that nothing is known of the work of others
    return Meter("NLD", "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_a_cell_that_was_interrupted_and_made_again_is_the_one_made_at_once_bit_for_bit(monkeypatch, epoch):
    (cell, *_), validated = cells(), []

    def interrupted(network):
        validated.append(1)
        if len(validated) == epoch:
            raise KeyboardInterrupt

    whole = make_cell(cell, "e", watch())
    with monkeypatch.context() as patch:
        before_validation(patch, interrupted)
        stopped = make_cell(cell, "e", watch())
    assert (stopped.record.status, stopped.record.reason, stopped.predictions) == ("interrupted", "stopped by the user", None)
    assert (stopped.record.key, stopped.record.scores) == (cell.key, {})
    assert [cost.phase for cost in stopped.record.costs] == ["training"]
    torch.manual_seed(99)  # whatever else the process does with torch's global generator
    np.random.seed(99)  # noqa: NPY002
    again = make_cell(cell, "e", watch())
    assert (whole.record.status, again.record.status) == ("finished", "finished")
    pd.testing.assert_frame_equal(again.predictions, whole.predictions, check_exact=True)
    assert again.record.curves == whole.record.curves
    assert again.record.scores == whole.record.scores


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_pack_that_was_stopped_goes_on_and_gives_the_same_bit_for_bit(monkeypatch, metered):
    chosen = cells(recipe=PLAN["recipe"] | {"epochs": 6})[:2]
    whole = make_cells(chosen, "e", metered)
    for name, value in (("SECONDS", 0.0), ("RATE", math.inf), ("SHARE", math.inf)):
        monkeypatch.setattr(checkpoint, name, value)
    asked = itertools.count()
    with monkeypatch.context() as patch:
        patch.setattr(train, "stop_requested", lambda: next(asked) >= 2 * 2)  # about two epochs of each
        stopped = make_cells(chosen, "e", metered)
    assert [outcome.record.status for outcome in stopped] == ["interrupted"] * 2
    again = make_cells(chosen, "e", metered)
    assert sum(outcome.record.validation.get("epochs_resumed", 0) for outcome in again) == 4
    for one, other in zip(whole, again, strict=True):
        pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
        assert (one.record.scores, one.record.curves) == (other.record.scores, other.record.curves)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("count", [2, 3])
def test_seeds_side_by_side_are_what_they_are_one_by_one(metered, count):
    chosen = cells()[:count]
    together = make_cells(chosen, "e", metered)
    for cell, packed in zip(chosen, together, strict=True):
        alone = make_cell(cell, "e", watch())
        assert (packed.record.status, packed.record.key) == ("finished", cell.key)
        assert packed.record.scores == pytest.approx(alone.record.scores, abs=1e-4)
        assert packed.record.facts == alone.record.facts
        assert packed.record.curves.keys() == alone.record.curves.keys()
        for name, curve in alone.record.curves.items():
            assert packed.record.curves[name] == pytest.approx(curve, abs=1e-4), name
        columns = [name for name in alone.predictions if name.startswith("probability_")]
        np.testing.assert_allclose(packed.predictions[columns], alone.predictions[columns], atol=1e-4)
        assert list(packed.predictions["sample"]) == list(alone.predictions["sample"])
    assert len({tuple(outcome.record.curves["val_loss"]) for outcome in together}) == count


@pytest.mark.slow
def test_costs_of_seeds_side_by_side_are_shares_that_add_up_to_the_whole(metered):
    made = make_cells(cells(), "e", metered)
    (whole,) = metered.costs
    assert whole.phase == "together"
    costs = [cost for outcome in made for cost in outcome.record.costs]
    assert [[cost.phase for cost in outcome.record.costs] for outcome in made] == [["training", "evaluation"]] * 3
    assert {cost.shared_seconds for cost in costs} == {whole.seconds}
    assert sum(cost.seconds for cost in costs) == pytest.approx(whole.seconds)
    for name in ("cpu", "ram"):
        assert sum(cost.energy[name].kwh for cost in costs) == pytest.approx(whole.energy[name].kwh)
    assert {cost.energy["cpu"].provenance for cost in costs} == {"counter"}
    assert {cost.kg_per_kwh for cost in costs} == {whole.kg_per_kwh}


@pytest.mark.slow
def test_who_took_more_of_the_time_has_more_of_the_costs(monkeypatch, metered):
    """A watch to which a training takes three seconds and an evaluation one: of two seeds 8 in all."""

    class Known(Stopwatch):
        @contextmanager
        def phase(self, name):
            yield
            self.costs.append(Cost(phase=name, seconds={"training": 3.0, "evaluation": 1.0}[name], energy={}))

    monkeypatch.setattr(make, "Stopwatch", Known)
    made = make_cells(cells()[:2], "e", metered)
    for outcome in made:
        kwh = [cost.energy["cpu"].kwh for cost in outcome.record.costs]
        assert kwh == pytest.approx([2e-3 * 3 / 8, 2e-3 / 8])
        seconds = [cost.seconds for cost in outcome.record.costs]
        assert seconds == pytest.approx([metered.costs[0].seconds * 3 / 8, metered.costs[0].seconds / 8])


@pytest.mark.slow
def test_a_cell_alone_keeps_its_costs_to_itself(metered):
    (made,) = make_cells(cells()[:1], "e", metered)
    assert [(cost.phase, cost.shared, cost.energy["cpu"].kwh) for cost in made.record.costs] == [
        ("training", False, 2e-3), ("evaluation", False, 2e-3),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("error", [CatsError("it failed"), ValueError("it failed")])
def test_a_seed_that_fails_does_not_hurt_its_neighbours(monkeypatch, metered, error):
    chosen, real = cells(), finetune.initial_network
    alone = [make_cell(cell, "e", watch()) for cell in chosen]

    def broken(start, *rest):
        if start.seed == 1:
            raise error
        return real(start, *rest)

    monkeypatch.setattr(finetune, "initial_network", broken)
    made = make_cells(chosen, "e", metered)
    assert [outcome.record.status for outcome in made] == ["finished", "failed", "finished"]
    assert "it failed" in made[1].record.reason
    assert made[1].predictions is None
    assert [cost.phase for cost in made[1].record.costs] == ["training"]
    for i in (0, 2):
        assert made[i].record.scores == pytest.approx(alone[i].record.scores, abs=1e-4)
    costs = [cost for outcome in made for cost in outcome.record.costs]
    assert sum(cost.energy["cpu"].kwh for cost in costs) == pytest.approx(2e-3)


def test_a_pack_that_is_told_to_stop_leaves_interrupted_cells_with_what_they_cost(monkeypatch, metered):
    """Asked before the second epoch of each."""
    before_validation(monkeypatch, lambda network: cancellation._stop.set())
    made = make_cells(cells(recipe=PLAN["recipe"] | {"epochs": 100_000}), "e", metered)
    assert [outcome.record.status for outcome in made] == ["interrupted"] * 3
    assert [outcome.record.reason for outcome in made] == ["stopped by the user"] * 3
    assert not cancellation.stop_requested()
    costs = [cost for outcome in made for cost in outcome.record.costs]
    assert {cost.phase for cost in costs} == {"training"}
    assert sum(cost.energy["cpu"].kwh for cost in costs) == pytest.approx(2e-3)


def test_images_of_a_part_are_put_on_the_device_once():
    dataset = make.catalogue.target("ihc").dataset
    first, again, other = (device_cache.cached_images(dataset, 16, np.arange(n), CPU) for n in (5, 5, 6))
    assert again is first
    assert other is not first
    assert len(other) == 6


@pytest.mark.slow
def test_cells_of_several_seeds_and_points_upload_their_images_once(monkeypatch):
    """Four seeds, each with other training and validation images, and the same test images."""
    gc.collect()  # an earlier test may have left a circle of references that holds some of these images
    device_cache.evict_unused()
    uploads, real = [], device_cache.on_device
    monkeypatch.setattr(device_cache, "on_device", lambda *rest: (uploads.append(1), real(*rest))[1])
    recipe = PLAN["recipe"] | {"epochs": 0, "lr": [1e-3, 2e-3, 3e-3, 4e-3]}
    made = [make_cell(cell, "e", watch()) for cell in cells(recipe=recipe, seeds=4)]
    assert {outcome.record.status for outcome in made} == {"finished"}
    assert (len(made), len(uploads)) == (16, 9)
