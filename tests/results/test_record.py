import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from results.record import Cost, Energy, Record

OLD = Path(__file__).parents[1] / "assets"


@pytest.mark.parametrize("path", sorted(OLD.glob("record-v*.json")), ids=lambda path: path.stem)
def test_records_of_every_version_stay_readable(path):
    record = Record.model_validate_json(path.read_text())
    assert record.names["source"] == "imagenet"
    assert math.isnan(record.scores["kappa"])
    assert record.costs[0].missing == ["gpu"]


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="extra"):
        Energy(kwh=1.0, provenance="counter", colour="green")


def test_energy_is_summed_by_where_it_comes_from_and_missing_is_not_zero():
    energy = {"cpu": Energy(kwh=1.0, provenance="counter"), "ram": Energy(kwh=0.5, provenance="modelled")}
    cost = Cost(phase="training", seconds=1.0, energy=energy | {"gpu": Energy(kwh=None, provenance="missing")})
    assert (cost.kwh("counter"), cost.kwh("modelled"), cost.missing) == (1.0, 0.5, ["gpu"])
