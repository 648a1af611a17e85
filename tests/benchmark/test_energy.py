from types import SimpleNamespace

import pytest

from benchmark import energy
from benchmark.energy import Meter, check_country, energies
from results.error import CatsError


def measured(cpu=1e-6, ram=2e-6, gpu=0.0):
    total = cpu + ram + gpu
    return SimpleNamespace(cpu_energy=cpu, ram_energy=ram, gpu_energy=gpu, energy_consumed=total, emissions=total * 0.25)


def test_a_phase_is_measured_or_modelled_here():
    meter = Meter("NLD", "cpu")
    with meter.phase("training"):
        sum(i * i for i in range(3_000_000))
    cost = meter.costs[0]
    assert cost.phase == "training"
    assert cost.seconds > 0
    assert set(cost.energy) == {"cpu", "ram"}
    assert cost.energy["ram"].provenance == "modelled"
    assert cost.energy["ram"].kwh > 0
    assert cost.kg_per_kwh == pytest.approx(0.2676, rel=0.2)  # the Netherlands, as codecarbon knows them


def test_a_busy_gpu_without_energy_is_missing_and_not_free():
    found, _ = energies(measured(gpu=0.0), counted=True, device="cuda")
    assert (found["gpu"].kwh, found["gpu"].provenance) == (None, "missing")
    found, _ = energies(measured(gpu=1e-3), counted=True, device="cuda")
    assert (found["gpu"].kwh, found["gpu"].provenance) == (1e-3, "counter")


def test_an_idle_gpu_is_no_part_of_work_on_the_cpu():
    found, _ = energies(measured(gpu=5.0), counted=False, device="cpu")
    assert set(found) == {"cpu", "ram"}
    assert found["cpu"].provenance == "modelled"


def test_a_counted_processor_says_so():
    assert energies(measured(), counted=True, device="cpu")[0]["cpu"].provenance == "counter"


def test_zero_of_the_processor_is_missing():
    assert energies(measured(cpu=0.0), counted=True, device="cpu")[0]["cpu"].provenance == "missing"


def test_a_tracker_that_fails_leaves_energy_missing_and_the_work_goes_on(monkeypatch):
    def broken(country):
        raise OSError("no sensor")

    monkeypatch.setattr(energy, "tracker", broken)
    monkeypatch.setattr(energy, "cpu_counted", lambda country: False)
    meter, done = Meter("NLD", "cuda"), []
    with meter.phase("training"):
        done.append(1)
    assert done == [1]
    assert meter.costs[0].missing == ["cpu", "gpu", "ram"]


def test_the_cost_of_work_that_fails_is_kept():
    meter = Meter("NLD", "cpu")
    with pytest.raises(ValueError, match="broken"), meter.phase("training"):
        raise ValueError("broken")
    assert [cost.phase for cost in meter.costs] == ["training"]


def test_phases_do_not_nest():
    meter = Meter("NLD", "cpu")
    with pytest.raises(RuntimeError, match="phases do not nest"), meter.phase("one"), meter.phase("two"):
        pass


def test_one_phase_after_the_other_each_has_its_own_figures():
    meter = Meter("NLD", "cpu")
    for rounds in (6_000_000, 300_000):
        with meter.phase("training"):
            sum(i * i for i in range(rounds))
    long, short = (cost.energy["ram"].kwh for cost in meter.costs)
    assert long > short > 0


def test_unknown_country_has_its_nearest_name():
    with pytest.raises(CatsError, match="codecarbon knows no country 'NLX'; did you mean 'NZL'"):
        check_country("NLX")
