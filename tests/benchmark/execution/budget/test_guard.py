"""A budget: a wrong one gives one sentence; a right one lets no job begin that does not fit, after any earlier spending."""

import time
from functools import partial

import pandas as pd
import pytest

from benchmark.execution.budget.amounts import known_part
from benchmark.execution.budget.forecast import CostForecast, forecast_of
from benchmark.execution.budget.guard import Guard
from benchmark.execution.budget.history import History
from benchmark.execution.budget.spending import spent_before
from benchmark.machine import meter as energy
from benchmark.specs.budget import UNITS, Budget
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import flat
from results.cost.amount import Amount
from results.error import CatsError
from results.record import Cost, Energy, Record
from tests.support.plans import cells_of
from tests.support.runs import frame_of

PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 4,
    "recipe": {"size": 16, "epochs": 2, "batch_size": 32}, "subsample": {"train": 60},
}  # fmt: skip
TEXT = "sources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 0}\nseeds: 3\n"


def cells(**changes):
    return list(cells_of(Plan(**PLAN | changes)))


def record(cell, kwh=1e-3, status="finished", attempt="a", **changes):
    """An attempt that used this energy in kWh in 36 seconds; None: unknown."""
    energy_used = {"cpu": Energy(kwh=kwh, provenance="missing" if kwh is None else "modelled")}
    costs = (Cost(phase="training", seconds=36.0, energy=energy_used, kg_per_kwh=0.5),)
    names = {"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)}
    settings = flat(cell.recipe) | {f"subsample.{name}": str(value) for name, value in cell.subsample.model_dump().items()}
    content = {
        "kind": "cell", "key": cell.key, "attempt": attempt, "experiment": "e", "status": status, "point": cell.point,
        "names": names, "settings": settings, "facts": {}, "validation": {"epochs_run": 2.0}, "costs": costs,
        "started": 100.0, "ended": 136.0,
    }  # fmt: skip
    return Record(**content | changes)


def forecast(*records):
    """What is known from these records, and from nothing else."""
    history = History()
    for one in records:
        history.count(one)
    return CostForecast(history, "cpu", "NLD")


def admitted(kept, jobs):
    """The jobs that may begin, in their order, up to the first that may not."""
    for job in jobs:
        if (fitting := kept.admit(job)) is None:
            return
        yield fitting


def guard(limits, some, *records):
    made = Guard(Budget(**limits), forecast=forecast(*records))
    made.read(some, frame_of(list(records)) if records else None)
    return made


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{kwh: 0}", "plan.yaml: budget.kwh is 0; allowed is a number above 0"),
        ("{hours: -1}", "plan.yaml: budget.hours is -1; allowed is a number above 0"),
        ("{cells: 1.5}", "plan.yaml: budget.cells is 1.5; allowed is a whole number above 0"),
        ("{co2e_kg: .inf}", "plan.yaml: budget.co2e_kg is inf; allowed is a finite number"),
        ("{kwh: true}", "plan.yaml: budget.kwh is True; allowed is a number, not a truth value"),
        ("{kw: 1}", "plan.yaml: there is no key 'budget.kw'; did you mean 'kwh'?"),
        ("3", "plan.yaml: budget is 3"),
    ],
)
def test_a_wrong_budget_starts_nothing(cats, tmp_path, written, sentence):
    (tmp_path / "plan.yaml").write_text(f"{TEXT}budget: {written}\n")
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("name", ["kwh", "hours", "co2e_kg", "cells"])
def test_a_wrong_flag_starts_nothing(cats, tmp_path, name):
    (tmp_path / "plan.yaml").write_text(TEXT)
    code, _, err = cats("run", "plan.yaml", f"--{name.replace('_', '-')}", "0")
    zero, number = (0, "a whole number") if name == "cells" else (0.0, "a number")
    assert (code, err) == (2, f"cats: the budget: {name} is {zero}; allowed is {number} above 0\n")
    assert not (tmp_path / "mlflow.db").exists()


def test_a_flag_replaces_its_own_limit_alone():
    limited = Plan(**PLAN, budget={"kwh": 1, "hours": 2}).limited(kwh=3.0, cells=None)
    assert limited.budget.limits == {"kwh": 3.0, "hours": 2.0}


def test_every_field_of_a_budget_has_a_unit_and_is_a_part_of_an_amount():
    """A limit that was forgotten in one of these would be accepted and never kept."""
    assert set(UNITS) == set(Budget.model_fields)
    for limit in UNITS.keys() - {"cells"}:
        assert known_part(Amount(modelled=2.0, kg=2.0, seconds=7200.0, figures=1), limit) == 2.0
    kept = guard(dict.fromkeys(UNITS, 1), cells())
    assert set(kept.budget.limits) == set(UNITS)


def test_a_budget_is_part_of_no_key():
    assert [c.key for c in cells(budget={"kwh": 1, "cells": 1})] == [c.key for c in cells()]


def test_attempts_of_earlier_calls_count_whether_they_failed_or_wait_in_the_outbox_each_once():
    one, two, *_ = some = cells()
    other = cells(seeds=[9])[0]
    sent = [record(one, 1e-3, "failed", "a"), record(one, 2e-3, "finished", "b", started=200.0), record(other, 7e-3)]
    half_sent = record(two, 4e-3, "finished", "c", started=300.0)
    frame = pd.concat([frame_of(sent), frame_of([half_sent]).assign(costs="[]", status="KILLED")], ignore_index=True)
    spent, finished = spent_before(some, frame, [half_sent], forecast())
    assert spent.kwh == pytest.approx(7e-3)
    assert spent.co2e == pytest.approx(3.5e-3)
    assert finished == 2


def test_an_attempt_without_any_figure_counts_as_expected_and_as_unknown_where_nothing_is():
    one, two, *_ = some = cells()
    lost = record(two, status="failed", costs=())
    known = record(one, 3e-3)
    assert spent_before(some, frame_of([known, lost]), [], forecast(known))[0].kwh == pytest.approx(6e-3)
    assert spent_before(some, frame_of([lost]), [], forecast())[0].kwh is None


def test_jobs_end_before_the_one_that_would_exceed_the_budget_with_what_is_on_its_way():
    first, *rest = some = cells()
    kept = guard({"kwh": 3.5e-3}, some, record(first))
    jobs = admitted(kept, jobs_of(rest, "e", "NLD"))
    begun = [next(jobs), next(jobs)]
    assert next(jobs, None) is None
    for job in begun:
        kept.count(record(job.cells[0]))
    assert kept.close() == (
        "the budget of 0.0035 kWh is used up: 0.003 kWh spent and 0.001 kWh expected of the next job, 1 of 4 cells is left; "
        "raise it and run again"
    )


def test_the_records_of_this_call_correct_what_was_expected():
    first, *rest = some = cells()
    kept = guard({"co2e_kg": 2.5e-3}, some, record(first))
    jobs = admitted(kept, jobs_of(rest, "e", "NLD"))
    kept.count(record(next(jobs).cells[0], 3e-3))
    assert next(jobs, None) is None  # 0.002 kg of 0.0025 are spent; the first cell would have fitted again, this one not


def test_hours_are_those_of_this_call():
    first, *rest = some = cells()
    kept = guard({"hours": 0.015}, some, record(first))
    assert len(list(admitted(kept, jobs_of(rest, "e", "NLD")))) == 3
    kept.began = time.monotonic() - 36
    assert list(admitted(kept, jobs_of(rest, "e", "NLD"))) == []
    assert "the budget of 0.015 hours is used up: 0.01 hours spent" in kept.close()


def test_a_job_that_did_not_fit_beside_others_may_begin_when_they_took_less_than_expected():
    first, second, third, _ = some = cells()
    kept = guard({"kwh": 3.5e-3}, some, record(first, 2e-3))
    (one, other) = jobs_of([second, third], "e", "NLD")
    assert kept.admit(one) is None  # 2 of 3.5 Wh are spent, and such a cell took 2
    kept = guard({"kwh": 4.5e-3}, some, record(first, 2e-3))
    assert kept.admit(one) == one
    assert kept.admit(other) is None
    kept.count(record(second, 0.5e-3))
    assert kept.admit(other) == other
    assert kept.close() is None


def test_an_attempt_that_was_cut_off_unheard_counts_as_expected_and_one_that_ended_by_itself_is_unknown():
    one, two, *_ = some = cells()
    known, cut = record(one, 3e-3), record(two, None, "interrupted")
    assert spent_before(some, frame_of([known, cut]), [], forecast(known))[0].kwh == pytest.approx(6e-3)
    assert spent_before(some, frame_of([known, record(two, None, "failed")]), [], forecast(known))[0].kwh is None
    kept = guard({"kwh": 9}, some, known)
    (job,) = jobs_of([two], "e", "NLD")
    kept.admit(job)
    kept.count(cut)
    assert kept.spent.kwh == pytest.approx(6e-3)


def test_a_pretraining_needs_room_for_a_cell_behind_it():
    some = cells(sources=["scratch", "digits"])
    kept = guard({"cells": 4}, some, *[record(cell) for cell in some[:4]])
    assert list(admitted(kept, jobs_of(some[4:], "e", "NLD"))) == []
    assert kept.close().startswith("the budget of 4 cells is used up: 4 cells finished, 4 of 8 cells are left")


def test_a_pack_is_cut_to_the_cells_that_are_left():
    some = cells()
    kept = guard({"cells": 3}, some)
    assert [len(job.cells) for job in admitted(kept, jobs_of(some, "e", "NLD", 2))] == [2, 1]


def test_missing_energy_is_never_zero():
    first, *rest = some = cells()
    with pytest.raises(CatsError, match=r"the budget of 1 kWh cannot be kept.*an earlier attempt is missing; limit hours or"):
        guard({"kwh": 1}, some, record(first, None))
    kept = guard({"kwh": 1}, some, record(first))
    jobs = admitted(kept, jobs_of(rest, "e", "NLD"))
    kept.count(record(next(jobs).cells[0], None))
    assert next(jobs, None) is None
    with pytest.raises(CatsError, match="that of the last attempt is missing; finished work is recorded"):
        kept.close()
    assert guard({"hours": 1, "cells": 9}, some, record(first, None)).finished == 1  # these can be kept all the same


def test_a_budget_of_energy_is_refused_where_nobody_measures_energy(monkeypatch):
    monkeypatch.setattr(energy, "_start", lambda country, card, task: False)
    kept = guard({"kwh": 1}, cells())
    with pytest.raises(CatsError, match=r"cannot be kept here: the figure of cpu and ram is missing; limit hours or cells"):
        kept.require()


def test_what_does_not_hold_the_first_cell_is_refused_and_what_holds_a_part_says_how_much():
    first, *rest = some = cells()
    jobs = partial(jobs_of, rest, "e", "NLD")
    with pytest.raises(CatsError, match=r"does not hold even the first cell: 0.001 kWh spent, 0.001 kWh expected"):
        list(guard({"kwh": 1.5e-3}, some, record(first)).project(jobs))
    sentences = list(guard({"kwh": 3.5e-3}, some, record(first)).project(jobs))
    assert sentences[0] == "expected: 97 to 119 seconds, 2.7 to 3.3 Wh, 1.4 to 1.6 g CO2e for 3 cells (3 by finished ones)"
    assert sentences[1] == "3 of 4 cells are left; about 2 of them fit into the budget of 0.0035 kWh"
    assert len(list(guard({"kwh": 9}, some, record(first)).project(jobs))) == 1


@pytest.mark.slow
def test_a_projection_says_whose_calibration_it_is_where_others_do_the_work():
    some = cells()
    kept = Guard(Budget(hours=9), forecast=forecast_of(None, "cpu", "NLD", calibrates=True))
    jobs = partial(jobs_of, some, "e", "NLD")
    assert "worker" not in next(kept.project(jobs))
    kept.forecast.remote = True
    assert next(kept.project(jobs)).endswith(
        "(4 by calibration); the time is that of one worker, calibrated on the driver's cpu"
    )


@pytest.mark.slow
def test_a_budget_that_cannot_be_kept_to_the_end_hides_nothing_that_was_made(cats, tmp_path, monkeypatch):
    start = energy._start
    monkeypatch.setattr(energy, "_start", lambda *asked: not asked[-1].startswith("training") and start(*asked))
    (tmp_path / "plan.yaml").write_text(TEXT + "budget: {kwh: 100}\n")
    code, _, err = cats("run", "plan.yaml", "--device", "cpu")
    assert code == 2
    assert "3 cells: 0 were done, 1 made now, 0 attempts failed" in err
    assert "cats: the budget of 100 kWh cannot be kept" in err.splitlines()[-1]


@pytest.mark.slow
def test_a_budget_of_two_cells_stops_after_two_and_a_larger_one_goes_on(cats, tmp_path):
    (tmp_path / "plan.yaml").write_text(TEXT + "budget: {cells: 2, kwh: 100}\n")
    code, _, err = cats("run", "plan.yaml", "--device", "cpu")
    assert code == 0
    assert "3 cells: 0 were done, 2 made now" in err
    assert "the budget of 2 cells is used up: 2 cells finished, 1 of 3 cells is left; raise it and run again" in err
    assert err.splitlines()[-1] == "Resume with twice the budget: cats run plan.yaml --device cpu --cells 4"
    code, _, err = cats("run", "plan.yaml", "--device", "cpu")
    assert (code, err.splitlines()[-1].startswith("cats: the budget of 2 cells is used up")) == (2, True)
    code, _, err = cats("run", "plan.yaml", "--device", "cpu", "--kwh", "1e-9")
    assert (code, "the budget of 0.000000001 kWh is used up" in err) == (2, True)
    code, out, _ = cats("plan", "plan.yaml", "--device", "cpu")
    assert code == 2  # `cats run` would not start
    assert "for 1 cell (1 by finished ones)" in out
    code, _, err = cats("run", "plan.yaml", "--device", "cpu", "--cells", "3")
    assert code == 0
    assert "3 cells: 2 were done, 1 made now" in err
    assert "used up" not in err
