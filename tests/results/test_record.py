import json
import math

import pytest
from pydantic import ValidationError

from results.record import Cost, Energy, Record
from tests.support.paths import ASSETS

OLD = ASSETS
OLDEST = Record.model_validate_json((OLD / "record-v1.json").read_text())


@pytest.mark.parametrize("path", sorted(OLD.glob("record-v*.json")), ids=lambda path: path.stem)
def test_records_of_every_version_stay_readable(path):
    record = Record.model_validate_json(path.read_text())
    assert record.names["source"] == "imagenet"
    assert math.isnan(record.scores["kappa"])
    assert record.costs[0].missing == ["gpu"]


@pytest.mark.parametrize("path", sorted(OLD.glob("record-v*.json")), ids=lambda path: path.stem)
def test_what_an_old_record_said_it_still_says(path):
    old = json.loads(path.read_text())
    again = json.loads(Record.model_validate_json(path.read_text()).model_dump_json())
    assert str({name: again[name] for name in old}) == str(old)  # as text, because NaN is not equal to itself


def test_a_record_survives_json_with_what_is_no_number():
    scores = {"auc": 0.1 + 0.2, "kappa": math.nan, "brier": math.inf, "f1": -math.inf}
    made = OLDEST.model_copy(update={"scores": scores, "curves": {"val_auc": [math.nan, 1e-300]}, "reason": "→ é \n \x00"})
    again = Record.model_validate_json(made.model_dump_json())
    assert repr(again) == repr(made)
    assert again.scores["auc"] == 0.1 + 0.2


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="extra"):
        Energy(kwh=1.0, provenance="counter", colour="green")
    with pytest.raises(ValidationError, match="extra"):
        Cost(phase="training", seconds=1.0, energy={}, colour="green")
    with pytest.raises(ValidationError, match="extra"):
        Record.model_validate(OLDEST.model_dump() | {"colour": "green"})


@pytest.mark.parametrize(("field", "value"), [("version", 3), ("status", "running"), ("kind", "measure")])
def test_what_this_version_does_not_know_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        Record.model_validate(OLDEST.model_dump() | {field: value})


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        OLDEST.key = "other"


def test_what_decides_and_when_it_was_made_cannot_be_left_out():
    for field in ("kind", "key", "attempt", "experiment", "status", "point", "names", "settings", "facts", "started", "ended"):
        with pytest.raises(ValidationError, match=field):
            Record.model_validate({k: v for k, v in OLDEST.model_dump().items() if k != field})


def test_energy_is_summed_by_where_it_comes_from_and_missing_is_not_zero():
    energy = {"cpu": Energy(kwh=1.0, provenance="counter"), "ram": Energy(kwh=0.5, provenance="modelled")}
    cost = Cost(phase="training", seconds=1.0, energy=energy | {"gpu": Energy(kwh=None, provenance="missing")})
    assert (cost.kwh("counter"), cost.kwh("modelled"), cost.missing) == (1.0, 0.5, ["gpu"])


def gpu(kwh, nvml_kwh, seconds=10.0, **changes):
    energy = {"gpu": Energy(kwh=kwh, provenance="missing" if kwh is None else "counter")}
    return Cost(phase="training", seconds=seconds, energy=energy, nvml_kwh=nvml_kwh, **changes)


def test_a_cost_without_nvml_and_alone_is_written_as_older_readers_know_it():
    assert set(json.loads(gpu(1.0, None).model_dump_json())) == {"phase", "seconds", "energy", "kg_per_kwh"}
    assert set(gpu(1.0, None).model_dump()) == {"phase", "seconds", "energy", "kg_per_kwh"}


def test_what_nvml_said_and_what_was_shared_survive_json_within_version_1():
    made = OLDEST.model_copy(update={"costs": (gpu(1.0, 0.75, shared_seconds=30.0),)})
    again = Record.model_validate_json(made.model_dump_json())
    assert again.version == 1
    assert again.costs == made.costs
    assert (again.costs[0].nvml_kwh, again.costs[0].shared, again.costs[0].shared_seconds) == (0.75, True, 30.0)


def test_old_costs_were_nobodys_share_and_nvml_was_not_asked():
    assert [(cost.shared, cost.nvml_kwh, cost.gpu_differs) for cost in OLDEST.costs] == [(False, None, None)]


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (gpu(1.19, 1.0), False),
        (gpu(0.81, 1.0), False),
        (gpu(1.21, 1.0), True),
        (gpu(0.79, 1.0), True),
        (gpu(2.0, 1.0, seconds=4.9), None),
        (gpu(2.0, 1.0, seconds=2.5, shared_seconds=5.0), True),
        (gpu(None, 1.0), None),
        (gpu(1.0, None), None),
        (gpu(1.0, 0.0), None),
        (Cost(phase="training", seconds=10.0, energy={}, nvml_kwh=1.0), None),
    ],
)
def test_two_readings_of_a_gpu_differ_by_more_than_a_fifth_where_both_are_long_enough(cost, expected):
    assert cost.gpu_differs is expected


def test_energy_of_an_own_share_survives_and_older_texts_stay_as_they_were():
    own = Energy(kwh=0.5, provenance="modelled", machine_kwh=2.0, watts=8.0)
    whole = Energy(kwh=4.0, provenance="counter", undivided=True)
    made = Cost(phase="training", seconds=1.0, energy={"cpu": own, "gpu": whole}, cpu_seconds=1.0, busy_seconds=4.0)
    assert Cost.model_validate_json(made.model_dump_json()) == made
    older = {"phase": "training", "seconds": 1.0, "energy": {"cpu": {"kwh": 0.5, "provenance": "modelled"}}, "kg_per_kwh": None}
    assert Cost.model_validate(older).model_dump() == older
