"""What the ten queries of docs/mlflow.md must give, from the records alone."""

import math
from statistics import fmean

import pytest

from tests.support.queries import LEAK, LEAKING, RECORDS, answer, cells


def _best(found):
    best = max(cells(), key=lambda record: record.scores["auc"])
    (row,) = found.to_numpy().tolist()
    assert row == [f"{best.names['source']} → ihc s{best.names['seed']}", best.scores["auc"]]


def _means(found):
    wanted = {}
    for record in cells():
        wanted.setdefault(record.names["source"], []).append(record.scores["auc"])
    told = {index[1]: tuple(row) for index, row in zip(found.index, found.to_numpy(), strict=True)}
    assert told == {source: (pytest.approx(fmean(figures)), len(figures)) for source, figures in wanted.items()}
    assert found["mean"].is_monotonic_decreasing


def _ranks(found):
    assert found.to_dict() == {"near": 1.0, "good": 2.0, "scratch": 3.0}


def _sure(found):
    told = found.to_dict()
    assert set(told) == {"metrics.p_best.good", "metrics.p_best.scratch"}
    assert sum(told.values()) == pytest.approx(1)


def _spent(found):
    spent = [record for record in RECORDS if record.kind != "score" and not any(cost.undivided for cost in record.costs)]
    assert set(found.index) == {record.names["source"] for record in spent} == {"good", "scratch"}
    assert {(record.kind, record.status) for record in spent} == {
        ("cell", "finished"), ("cell", "failed"), ("pretraining", "finished"),
    }  # fmt: skip
    for source in found.index:
        costs = [record.costs for record in spent if record.names["source"] == source]
        known = [cost for each in costs if each and not any(cost.missing for cost in each) for cost in each]
        seconds = math.fsum(cost.seconds for each in costs for cost in each)
        kwh = math.fsum(cost.kwh("modelled") + cost.kwh("counter") for cost in known)
        kg = math.fsum((cost.kwh("modelled") + cost.kwh("counter")) * cost.kg_per_kwh for cost in known)
        assert found.loc[source].tolist() == pytest.approx([seconds, kwh, kg])


def _unknown(found):
    unknown = [
        record for record in RECORDS if any(cost.missing or not cost.energy for cost in record.costs) or not record.costs
    ]
    assert len(found) == len(unknown)


def _failed(found):
    assert found.to_numpy().tolist() == [["good → ihc s2", "no memory"]]


def _settings(found):
    made = [record.settings | record.names for record in cells() if record.names["source"] == "scratch"]
    assert found in made


def _leaking(found):
    assert found.to_numpy().tolist() == [[f"near → ihc s{LEAKING.names['seed']}", LEAK]]


def _lost(found):
    wanted = sorted(record.validation["val_auc"] - record.curves["val_auc"][-1] for record in cells())
    assert sorted(found["lost"]) == pytest.approx(wanted)
    assert set(found["metrics.best_epoch"]) == {record.validation["best_epoch"] for record in cells()}


ANSWERS = dict(enumerate((_best, _means, _ranks, _sure, _spent, _unknown, _failed, _settings, _leaking, _lost), start=1))


def check(number, uri):
    """Whether the query of a number gives what it must."""
    ANSWERS[number](answer(number, uri))
