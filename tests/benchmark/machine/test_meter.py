import json
import logging
import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.machine import meter as energy
from benchmark.machine import nvml
from benchmark.machine.cost_sharing import own_share, share_costs
from benchmark.machine.meter import Meter, check_country, energies
from results.board.board import make_board
from results.board.request import RunQuery
from results.error import CatsError
from results.record import Cost, Energy
from results.tracking.cost_columns import spent, totals, unpacked


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
    def broken(country, card):
        raise OSError("no sensor")

    monkeypatch.setattr(energy, "tracker", broken)
    monkeypatch.setattr(energy, "cpu_counted", lambda country, card: False)
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


def test_a_phase_on_a_gpu_ends_with_its_work_and_one_that_fails_with_its_own_error(monkeypatch):
    """There need be no GPU here: what is waited for is recorded, and so is when a phase is timed."""
    said = []
    monkeypatch.setattr("benchmark.machine.device.wait_for", lambda device: said.append(f"{device} has done its work"))
    monkeypatch.setattr(energy.nvml, "reading", lambda device: said.append("energy is read"))
    for kind in (Meter, energy.Stopwatch):
        meter = kind("NLD", "cuda:1")
        with meter.phase("evaluation"):
            said.append("kernels wait")
        reads = ["energy is read"] if kind is Meter else []
        assert said == ["cuda:1 has done its work", *reads, "kernels wait", "cuda:1 has done its work", *reads]
        said.clear()

    def broken(device):
        if said:
            raise RuntimeError("CUDA error: device-side assert triggered")
        said.append("began")

    monkeypatch.setattr("benchmark.machine.device.wait_for", broken)
    for phase_error, seen in ((ValueError("broken"), ValueError), (None, RuntimeError)):
        said.clear()
        meter = energy.Stopwatch("NLD", "cuda")
        with pytest.raises(seen), meter.phase("training"):
            if phase_error:
                raise phase_error
        assert [cost.phase for cost in meter.costs] == ["training"]


def test_a_phase_too_short_for_the_counter_of_a_gpu_is_modelled_by_its_power(monkeypatch):
    meter = Meter("NLD", "cuda")
    monkeypatch.setattr(energy, "hardware", lambda country, card: SimpleNamespace(facts={}, watts={}))
    monkeypatch.setattr(energy, "cpu_counted", lambda country, card: False)
    monkeypatch.setattr(energy.nvml, "watts", lambda device: 360.0)
    for seconds, gpu, expected in ((0.5, 0.0, 5e-5), (0.5, 1e-3, 1e-3), (2.0, 0.0, None)):
        found, _ = meter._energies(measured(gpu=gpu), None, 1.0, seconds)
        assert found["gpu"].kwh == (None if expected is None else pytest.approx(expected))
        assert found["gpu"].provenance == ("missing" if expected is None else "modelled" if gpu == 0 else "counter")
    monkeypatch.setattr(energy.nvml, "watts", lambda device: None)
    assert meter._energies(measured(gpu=0.0), None, 1.0, 0.5)[0]["gpu"].kwh is None


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
    with pytest.raises(CatsError, match="codecarbon knows no country 'NLX'; did you mean 'NLD'"):
        check_country("NLX")


def test_a_tracker_that_cannot_even_be_made_leaves_energy_missing_and_the_work_goes_on(monkeypatch):
    """Nothing else is replaced: asking whether the processor is counted needs the tracker too."""

    def broken(country, card):
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
    real = energy.tracker("NLD", None)

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
    def broken(country, card):
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


@pytest.fixture
def counted(monkeypatch):
    """A meter of a GPU where codecarbon says 2e-3 kWh, as long a phase as asked, and what NVML's counter says of it."""

    def phase(nvml_kwh, seconds):
        clock = iter((0.0, seconds))
        readings = iter((nvml.Reading(1, 0.0), nvml.Reading(1 + round(nvml_kwh * nvml.MILLIJOULES), seconds)))
        monkeypatch.setattr(nvml, "reading", lambda device: next(readings))
        monkeypatch.setattr(energy, "_start", lambda country, card, task: True)
        monkeypatch.setattr(energy, "_stop", lambda country, card, task: measured(gpu=2e-3))
        monkeypatch.setattr(energy, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        meter = Meter("NLD", "cuda:1")
        with meter.phase("training"):
            pass
        return meter.costs[0]

    return phase


def test_a_phase_on_a_gpu_keeps_both_figures(counted):
    cost = counted(nvml_kwh=2.1e-3, seconds=10.0)
    assert cost.energy["gpu"].kwh == 2e-3
    assert cost.nvml_kwh == pytest.approx(2.1e-3, rel=1e-6)


@pytest.mark.parametrize(
    ("nvml_kwh", "seconds", "warned"), [(2.1e-3, 10.0, False), (1e-3, 10.0, True), (3e-3, 10.0, True), (1e-3, 4.0, False)]
)
def test_figures_that_differ_by_more_than_a_fifth_of_a_long_phase_are_warned_of(counted, caplog, nvml_kwh, seconds, warned):
    with caplog.at_level(logging.WARNING, "benchmark.machine.meter"):
        counted(nvml_kwh, seconds)
    expected = [f"GPU energy of training: codecarbon says 0.002 kWh, NVML's counter {nvml_kwh:.3g} kWh"] if warned else []
    assert caplog.messages == expected


def test_work_on_the_processor_does_not_ask_nvml(monkeypatch):
    monkeypatch.setattr(nvml, "counter", lambda device: pytest.fail("asked"))
    meter = Meter("NLD", "cpu")
    with meter.phase("training"):
        pass
    assert meter.costs[0].nvml_kwh is None


def stretch(**changes):
    parts = {"cpu": Energy(kwh=0.5, provenance="modelled"), "gpu": Energy(kwh=8.0, provenance="counter")}
    return Cost(
        **{"phase": "training", "seconds": 10.0, "energy": parts, "kg_per_kwh": 0.25, "nvml_kwh": 4.0, **changes},
    )


def test_a_shared_stretch_is_divided_by_device_time_and_says_so():
    (short,), (long,) = share_costs([stretch()], [1.0, 3.0])
    assert (short.energy["gpu"].kwh, long.energy["gpu"].kwh) == (2.0, 6.0)
    assert (short.seconds, long.seconds, short.nvml_kwh, long.nvml_kwh) == (2.5, 7.5, 1.0, 3.0)
    assert (short.energy["gpu"].provenance, short.energy["cpu"].provenance) == ("counter", "modelled")
    assert (short.phase, short.kg_per_kwh, short.shared, short.shared_seconds) == ("training", 0.25, True, 10.0)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=8), st.floats(0, 1e3), st.floats(1e-9, 1e3))
def test_what_is_shared_adds_up_to_the_whole(seconds, kwh, nvml_kwh):
    whole = stretch(energy={"gpu": Energy(kwh=kwh, provenance="counter")}, nvml_kwh=nvml_kwh)
    parts = [cost for (cost,) in share_costs([whole], seconds)]
    assert len(parts) == len(seconds)
    for figure in (lambda c: c.energy["gpu"].kwh, lambda c: c.nvml_kwh, lambda c: c.seconds):
        assert math.isclose(math.fsum(map(figure, parts)), figure(whole), rel_tol=1e-12, abs_tol=1e-300)


def test_an_attempt_that_was_alone_shares_with_nobody():
    assert share_costs([stretch()], [3.0]) == [(stretch(),)]


def test_where_nobody_took_time_all_take_the_same():
    assert [cost.energy["gpu"].kwh for (cost,) in share_costs([stretch()], [0.0, 0.0])] == [4.0, 4.0]


def test_what_is_missing_is_missing_for_everyone_who_shares_it():
    unknown = stretch(energy={"gpu": Energy(kwh=None, provenance="missing")}, nvml_kwh=None)
    assert [(cost.missing, cost.nvml_kwh) for (cost,) in share_costs([unknown], [1.0, 2.0])] == [(["gpu"], None)] * 2


def test_every_phase_is_shared_in_its_order():
    for costs in share_costs([stretch(phase="training"), stretch(phase="evaluation")], [1.0, 2.0]):
        assert [cost.phase for cost in costs] == ["training", "evaluation"]


def test_a_share_of_a_share_remembers_the_whole_stretch():
    (first, _) = share_costs([stretch()], [1.0, 1.0])
    assert [cost.shared_seconds for (cost,) in share_costs(first, [1.0, 1.0])] == [10.0, 10.0]


@pytest.mark.parametrize("seconds", [[], [-1.0, 2.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_times_that_cannot_divide_anything_are_refused(seconds):
    with pytest.raises(ValueError, match="divided by the seconds of one attempt or more, each 0 or above"):
        share_costs([stretch()], seconds)


@pytest.fixture(scope="module")
def chained(tmp_path_factory):
    """All runs of a plan whose pretraining starts from another pretraining, really run."""
    from benchmark.execution.engine import Local
    from benchmark.execution.runner import run
    from benchmark.execution.watch import Watch
    from benchmark.specs.plan import Plan
    from results.tracking.experiment import Experiment
    from results.tracking.outbox import Outbox
    from results.tracking.writer import Writer
    from tests.support.plans import resolved

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
        tracking = Experiment("sqlite:///mlflow.db", plan.experiment)
        done = run(
            resolved(plan),
            Writer(tracking, Outbox(folder / "outbox")),
            Local("cpu"),
            Watch(lambda what: None, lambda record, state: None),
        )
        assert done.made == 1
        return tracking.frame()


@pytest.mark.slow
def test_every_phase_of_a_real_plan_has_energy_with_where_it_comes_from(chained):
    costs = [cost for attempt in unpacked(chained["costs"]) for cost in attempt]
    assert sorted(cost["phase"] for cost in costs) == ["features", "pretraining", "pretraining", "training"]
    for cost in costs:
        assert set(cost["energy"]) == {"cpu", "ram"}
        assert all(part["kwh"] > 0 and part["provenance"] != "missing" for part in cost["energy"].values())


@pytest.mark.slow
def test_the_board_shows_the_energy_of_every_pretraining_in_a_chain(chained):
    rows = make_board(chained, RunQuery("chain")).targets["ihc"]
    assert sum(row.energy_kwh for row in rows) == pytest.approx(spent(chained["kwh"]))


def test_jobs_side_by_side_bear_their_part_of_the_machine_and_of_the_card():
    own, both = own_share([stretch()], 0.25, 1)[0], own_share([stretch()], 0.25, 0.5)[0]
    assert (own.energy["cpu"].kwh, own.energy["gpu"].kwh, own.nvml_kwh) == (0.125, 8.0, 4.0)
    assert (both.energy["cpu"].kwh, both.energy["gpu"].kwh, both.nvml_kwh) == (0.125, 4.0, 2.0)
    assert (own.seconds, own.shared, own.shared_seconds) == (10.0, True, 10.0)
    assert own_share([stretch()], 1, 1) == (stretch(),)
    unknown = stretch(energy={"cpu": Energy(kwh=None, provenance="missing")})
    assert own_share([unknown], 0.5, 1)[0].missing == ["cpu"]


@pytest.mark.parametrize(
    ("machine", "card", "text"),
    [
        (1, 1, "cpu modelled;gpu counter"),
        (0.5, 1, "cpu modelled (shared);gpu counter"),
        (1, 0.5, "cpu modelled;gpu counter (shared)"),
        (0.5, 0.5, "cpu modelled (shared);gpu counter (shared)"),
    ],
)
def test_only_what_others_had_a_part_of_is_said_to_be_shared(machine, card, text):
    (cost,) = own_share([stretch()], machine, card)
    assert totals(json.dumps([cost.model_dump()]))["energy"] == text
    assert Cost.model_validate_json(cost.model_dump_json()) == cost
    (packed,) = own_share(
        share_costs([stretch()], [1.0, 1.0])[0], machine, card
    )  # two attempts side by side in one job share all of it
    assert totals(json.dumps([packed.model_dump()]))["energy"] == "cpu modelled (shared);gpu counter (shared)"
