"""A phase that is measured in laps costs what it costs in one piece."""

from types import SimpleNamespace

import pytest

from benchmark.machine import meter as energy
from benchmark.machine.cost_laps import joined
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.machine.pack_costs import PackCosts
from results.record import Cost, Energy

CPU = {"cpu": Energy(kwh=2.0, provenance="modelled"), "ram": Energy(kwh=1.0, provenance="modelled")}
COST = Cost(phase="training", seconds=1.0, energy=CPU, kg_per_kwh=0.2)


@pytest.fixture
def meter(monkeypatch):
    """A meter to which every lap takes 3e-3 kWh, two thirds of it the processor's."""
    figures = SimpleNamespace(cpu_energy=2e-3, ram_energy=1e-3, gpu_energy=0.0, energy_consumed=3e-3, emissions=1e-3)
    monkeypatch.setattr(energy, "_start", lambda country, card, task: True)
    monkeypatch.setattr(energy, "_stop", lambda country, card, task: figures)
    monkeypatch.setattr(energy, "cpu_counted", lambda country, card: True)
    monkeypatch.setattr(energy.cpu_work, "reading", lambda: None)  # so that the figures hold whatever the machine does
    return Meter("NLD", "cpu")


def ram(costs):
    return pytest.approx(sum(cost.energy["ram"].kwh for cost in costs))


def test_laps_of_a_phase_become_one_cost(meter):
    with meter.phase("features"):
        pass
    with meter.phase("training"):
        first = meter.so_far()
        second = meter.so_far()
    assert [cost.phase for cost in meter.costs] == ["features", "training"]
    assert [[cost.phase for cost in costs] for costs in (first, second)] == [["features", "training"]] * 2
    assert [ram(costs) for costs in (first, second, meter.costs)] == [2e-3, 3e-3, 4e-3]
    assert first[1].seconds <= second[1].seconds <= meter.costs[1].seconds
    assert meter.costs[1].kg_per_kwh == pytest.approx(1 / 3)
    assert meter.so_far() == tuple(meter.costs)  # no phase is running


def test_a_phase_that_fails_after_a_lap_has_all_of_its_cost(meter):
    with pytest.raises(ValueError, match="broken"), meter.phase("training"):
        meter.so_far()
        raise ValueError("broken")
    assert ram(meter.costs) == 2e-3
    with meter.phase("evaluation"):
        pass
    assert [cost.phase for cost in meter.costs] == ["training", "evaluation"]


def test_amounts_are_added_and_intensities_weighed():
    double = COST.model_copy(
        update={"kg_per_kwh": 0.4, "energy": {name: e.model_copy(update={"kwh": 3 * e.kwh}) for name, e in CPU.items()}}
    )
    (both,) = joined([COST, double])
    assert (both.phase, both.seconds, both.energy["cpu"].kwh, both.energy["ram"].kwh) == ("training", 2.0, 8.0, 4.0)
    assert both.kg_per_kwh == pytest.approx((3 * 0.2 + 9 * 0.4) / 12)
    assert both.nvml_kwh is None


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "evaluation"},
        {"energy": {}},
        {"energy": CPU | {"cpu": Energy(kwh=None, provenance="missing")}},
        {"energy": CPU | {"cpu": Energy(kwh=2.0, provenance="counter")}},
        {"energy": CPU | {"cpu": Energy(kwh=2.0, provenance="modelled", whole=True)}},
        {"kg_per_kwh": None},
        {"nvml_kwh": 1.0},
        {"shared_seconds": 5.0},
        {"undivided": True},
    ],
    ids=str,
)
def test_costs_of_which_not_the_same_is_known_stay_apart(change):
    other = COST.model_copy(update=change)
    assert joined([COST, other, COST]) == [joined([COST, COST])[0], other]


def test_shares_of_attempts_side_by_side_add_up_while_they_run(meter):
    watches = [Stopwatch("NLD", "cpu") for _ in range(3)]
    pack = PackCosts(meter, watches)
    with meter.phase("together"):
        with watches[0].phase("training"), watches[1].phase("training"), watches[2].phase("pretraining"):
            sum(range(100_000))
            parts = [watch.so_far() for watch in watches]
        assert [[cost.phase for cost in costs] for costs in parts] == [["training"], ["training"], ["pretraining"]]
        for lap, costs in enumerate(parts, 1):
            assert 0 < costs[0].energy["cpu"].kwh < lap * 2e-3
            assert costs[0].shared_seconds > 0
    whole = pack.final()
    assert sum(cost.energy["cpu"].kwh for costs in whole for cost in costs) == pytest.approx(4 * 2e-3)
    assert Stopwatch("NLD", "cpu").so_far() == ()
