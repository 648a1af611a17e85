from types import SimpleNamespace

import pytest

from benchmark import energy
from benchmark.energy import Meter, check_country, energies
from results.board import make_board
from results.error import CatsError
from results.spent import spent, unpacked


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
    assert cost.energy["cpu"].provenance in ("counter", "modelled")
    assert cost.energy["cpu"].kwh > 0
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
    for rounds in (3_000_000, 0):
        with meter.phase("training"):
            sum(i * i for i in range(rounds))
    long, short = (cost.energy["ram"].kwh for cost in meter.costs)
    assert long > short > 0


def test_unknown_country_has_its_nearest_name():
    with pytest.raises(CatsError, match="codecarbon knows no country 'NLX'; did you mean 'NZL'"):
        check_country("NLX")


def test_a_tracker_that_cannot_even_be_made_leaves_energy_missing_and_the_work_goes_on(monkeypatch):
    """Nothing else is replaced: asking whether the processor is counted needs the tracker too."""

    def broken(country):
        raise OSError("no sensor")

    monkeypatch.setattr(energy, "tracker", broken)
    meter, done = Meter("NLD", "cpu"), []
    for _ in range(2):
        with meter.phase("training"):
            done.append(1)
    assert len(done) == 2
    assert [cost.missing for cost in meter.costs] == [["cpu", "ram"]] * 2
    assert all(cost.seconds >= 0 and cost.kg_per_kwh is None for cost in meter.costs)


def test_a_tracker_that_fails_when_it_stops_leaves_energy_missing_and_the_work_goes_on(monkeypatch):
    real = energy.tracker("NLD")

    def broken(task):
        raise OSError("the sensor went away")

    meter, done = Meter("NLD", "cpu"), []
    with monkeypatch.context() as patch:
        patch.setattr(real, "stop_task", broken)
        with meter.phase("training"):
            done.append(1)
    assert done == [1]
    assert meter.costs[0].missing == ["cpu", "ram"]
    with meter.phase("evaluation"):
        sum(range(300_000))
    assert meter.costs[1].missing == []  # the next phase is measured again


def test_what_the_work_raises_is_raised_also_where_energy_is_missing(monkeypatch):
    def broken(country):
        raise OSError("no sensor")

    monkeypatch.setattr(energy, "tracker", broken)
    meter = Meter("NLD", "cpu")
    with pytest.raises(KeyError, match="the work"), meter.phase("training"):
        raise KeyError("the work")
    assert [cost.phase for cost in meter.costs] == ["training"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_phase_that_was_broken_off_has_its_energy_and_the_next_may_begin(stop):
    meter = Meter("NLD", "cpu")
    with pytest.raises(stop), meter.phase("training"):
        sum(range(300_000))
        raise stop
    assert meter.costs[0].energy["ram"].kwh > 0
    with meter.phase("evaluation"):
        pass
    assert [cost.phase for cost in meter.costs] == ["training", "evaluation"]


def test_a_phase_inside_another_is_refused_before_its_work_begins():
    meter, done = Meter("NLD", "cpu"), []
    with pytest.raises(RuntimeError, match="phases do not nest"), meter.phase("one"), meter.phase("two"):
        done.append(1)
    assert done == []
    assert [cost.phase for cost in meter.costs] == ["one"]


def test_zero_of_the_memory_is_missing():
    found, _ = energies(measured(ram=0.0), counted=True, device="cpu")
    assert (found["ram"].kwh, found["ram"].provenance) == (None, "missing")


def test_no_energy_at_all_has_no_carbon_intensity():
    assert energies(measured(0.0, 0.0), counted=False, device="cpu")[1] is None
    assert energies(measured(), counted=False, device="cpu")[1] == pytest.approx(0.25)


def test_a_known_country_passes():
    check_country("NLD")


@pytest.fixture(scope="module")
def chained(tmp_path_factory):
    """All runs of a plan whose pretraining stands on another one, really made."""
    from benchmark.plan import Plan
    from benchmark.runner import Watch, run
    from results.outbox import Outbox
    from results.tracking import Tracking

    folder = tmp_path_factory.mktemp("chained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATS_HOME", str(folder))
        patch.chdir(folder)
        plan = Plan(
            experiment="chain",
            sources=["digits[from=textures]"],
            targets=["ihc"],
            backbones=["test_resnet"],
            seeds=[0],
            recipe={"protocol": "probe", "size": 16},
            pretraining={"size": 16, "epochs": 1},
        )
        tracking = Tracking("sqlite:///mlflow.db", plan.experiment)
        done = run(plan, tracking, Outbox(folder / "outbox"), "cpu", Watch(lambda what: None, lambda record, state: None))
        assert done.made == 1
        return tracking.frame()


def test_every_phase_of_a_real_plan_has_energy_with_where_it_comes_from(chained):
    costs = [cost for attempt in unpacked(chained["costs"]) for cost in attempt]
    assert sorted(cost["phase"] for cost in costs) == ["features", "pretraining", "pretraining", "training"]
    for cost in costs:
        assert set(cost["energy"]) == {"cpu", "ram"}
        assert all(part["kwh"] > 0 and part["provenance"] != "missing" for part in cost["energy"].values())


def test_the_board_shows_the_energy_of_every_pretraining_in_a_chain(chained):
    rows = make_board(chained, "chain", "auc", "min_val_loss").targets["ihc"]
    assert sum(row.energy_kwh for row in rows) == pytest.approx(spent(chained["kwh"]))
