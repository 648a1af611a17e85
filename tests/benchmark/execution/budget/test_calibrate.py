"""A calibration measures the real code once, predicts the cost of whole trainings, and changes no outcome."""

import numpy as np
import pytest
import torch

from benchmark.execution.budget import calibrate
from benchmark.execution.budget.amounts import estimate
from benchmark.execution.budget.forecast import CostForecast, project
from benchmark.execution.budget.history import History
from benchmark.execution.execute import make_cell
from benchmark.machine.meter import Stopwatch
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from benchmark.specs.source import Weights
from benchmark.specs.start import Start
from results.error import CatsError
from results.record import Cost, Energy
from tests.support.plans import cells_of

PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 1,
    "recipe": {"size": 16, "epochs": 2, "batch_size": 32}, "subsample": {"train": 60},
}  # fmt: skip
FLAT = {"setup": 0, "step": (1, 2, 3), "image": 0.1, "tested": 0.2, "images": {"train": 70, "val": 10, "test": 20, "all": 100}}
ENERGY = {"kwh_per_second": 0.5, "kg_per_kwh": 0.2, "seconds": 1, "kwh": 0.5}


def cells(**changes):
    return list(cells_of(Plan(**PLAN | {"recipe": PLAN["recipe"] | changes.pop("recipe", {})} | changes)))


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(calibrate, "TIMED_SECONDS", 0.0)


def test_what_is_measured_is_positive_grows_with_epochs_and_is_kept():
    (cell,), (longer,) = cells(), cells(recipe={"epochs": 20})
    assert calibrate.cached(cell, "cpu", "NLD") is None
    calibration = calibrate.calibrate(cell, "cpu", "NLD")
    assert calibrate.cached(longer, "cpu", "NLD") == calibration  # epochs do not decide how long a step takes
    assert calibration.images == {"train": 60, "val": 144, "test": 144, "all": 576}
    short, long = calibration.estimate(cell), calibration.estimate(longer)
    for name in ("seconds", "kwh", "co2e"):
        assert 0 < getattr(short.low, name) < getattr(short.likely, name) < getattr(short.high, name)
        assert 2 * getattr(short.low, name) < getattr(long.low, name)
    (wider,) = cells(recipe={"size": 24})
    assert calibrate.cached(wider, "cpu", "NLD") is None


def test_a_training_takes_steps_validations_and_a_test_and_stops_early_at_best():
    calibration = calibrate.Calibration(**FLAT, **ENERGY)
    (cell,), (patient,) = cells(recipe={"epochs": 5}), cells(recipe={"epochs": 5, "patience": 1})
    expected = calibration.estimate(cell)
    assert expected.likely.seconds == pytest.approx(5 * (2 * 2 + 1) + 6)
    assert calibration.estimate(patient).likely.seconds == pytest.approx(expected.likely.seconds)
    assert calibration.estimate(patient).low.seconds == pytest.approx(2 * (2 + 0.9) + 5.4)
    assert expected.likely.kwh == pytest.approx(expected.likely.seconds / 2)
    assert expected.high.co2e == pytest.approx(expected.high.seconds / 10)


@pytest.mark.parametrize("protocol", ["probe", "knn"])
def test_features_are_paid_by_the_first_that_asks_for_them(protocol):
    (first,) = cells(recipe={"protocol": protocol})
    calibration = calibrate.calibrate(first, "cpu", "NLD")
    assert calibration.fit > 0
    assert calibration.estimate(first).low.seconds > calibration.estimate(first, extracted=True).low.seconds
    both = project(jobs_of([first, first], "e", "NLD"), CostForecast(History(), "cpu", "NLD"))
    once = project(jobs_of([first], "e", "NLD"), CostForecast(History(), "cpu", "NLD"))
    assert both.total.high.seconds < 2 * once.total.high.seconds


@pytest.mark.slow
def test_a_pretraining_is_projected_too():
    plan = Plan(**PLAN | {"sources": ["digits"], "pretraining": {"size": 16, "epochs": 1}})
    forecast = CostForecast(History(), "cpu", "NLD", calibrates=True)
    found = project(jobs_of(cells_of(plan), "e", "NLD"), forecast)
    assert (found.cells, found.pretrainings, found.origins["calibrated"]) == (1, 1, 2)
    assert str(found).endswith("for 1 cell and 1 pretraining (2 by calibration)")
    assert len(forecast.calibrations) == 2
    again = CostForecast(History(), "cpu", "NLD", calibrates=True)
    assert project(jobs_of(cells_of(plan), "e", "NLD"), again).total == found.total
    assert again.calibrations == []


def test_a_calibration_changes_no_outcome():
    (cell,) = cells(recipe={"dropout": 0.3, "augment": {"rotate": 10}})
    before = make_cell(cell, "e", Stopwatch("NLD", "cpu")).predictions
    calibrate.calibrate(cell, "cpu", "NLD")
    after = make_cell(cell, "e", Stopwatch("NLD", "cpu")).predictions
    np.testing.assert_array_equal(before.to_numpy(), after.to_numpy())


def test_what_cannot_be_calibrated_is_unknown_and_named(caplog):
    (cell,) = cells(recipe={"protocol": "knn", "k": [500]})
    with pytest.raises(CatsError, match="k is 500, but there are only 60"):
        calibrate.calibrate(cell, "cpu", "NLD")
    found = project(jobs_of([cell], "e", "NLD"), CostForecast(History(), "cpu", "NLD", calibrates=True))
    assert found.origins["nothing"] == 1
    assert "k is 500" in caplog.text


def test_a_fit_is_timed_on_as_many_images_as_its_k_needs(monkeypatch):
    monkeypatch.setattr(calibrate, "FITTED_IMAGES", 20)
    (cell,) = cells(recipe={"protocol": "knn", "k": [30]})
    assert calibrate.calibrate(cell, "cpu", "NLD").fit > 0


def test_a_sum_of_expectations_is_that_of_its_ends():
    one = estimate([1, 2, 3], [4, 5, 6], [7, 8, 9])
    assert [amount.seconds for amount in vars(one + one).values()] == [2, 4, 6]
    assert [amount.co2e for amount in vars(one + one).values()] == [14, 16, 18]


def test_what_is_unknown_of_one_part_is_unknown_of_the_sum():
    nan = float("nan")
    known, no_energy, no_carbon = (estimate([1.0] * 3, [kwh] * 3, [kg] * 3) for kwh, kg in ((2.0, 3.0), (nan, nan), (2.0, nan)))
    assert (known + no_energy).likely.kwh is None
    assert ((known + no_carbon).likely.kwh, (known + no_carbon).likely.co2e) == (4.0, None)
    assert (known + no_carbon + no_energy).high.seconds == 3.0


def test_a_trial_of_torch_compile_says_nothing_of_how_long_the_next_cell_takes():
    (cell,) = cells()
    outcome = make_cell(cell, "e", Stopwatch("NLD", "cpu"))
    cost = Cost(phase="training", seconds=36.0, energy={"cpu": Energy(kwh=1e-3, provenance="modelled")}, kg_per_kwh=0.5)
    plain, tried = History(), History()
    for history, costs in ((plain, (cost,)), (tried, (cost.model_copy(update={"phase": "compiling"}), cost))):
        history.count(outcome.record.model_copy(update={"costs": costs}))
    assert tried.estimate(cell) == plain.estimate(cell)
    assert plain.estimate(cell).likely.seconds == pytest.approx(36.0)


def begins_with(cell, arguments):
    weights = Weights(file="tiny", arguments=arguments)
    return cell.model_copy(update={"start": Start(kind="file", source="tiny", backbone="test_vit", weights="0", input=weights)})


@pytest.mark.slow
@pytest.mark.parametrize("pretrained", [False, True])
def test_the_network_that_is_timed_is_built_as_its_weights_want(pretrained):
    (cell,) = cells(backbones=["test_vit"])
    work = begins_with(cell, {"depth": 2})
    if pretrained:
        start = Start(kind="pretraining", source="p", backbone="test_vit", recipe=cell.recipe, start=work.start)
        work = cell.model_copy(update={"start": start})
    timed, _ = calibrate._network(work, 2, work.recipe, torch.device("cpu"))
    assert len(timed.backbone.blocks) == 2
    assert len(calibrate._network(cell, 2, cell.recipe, torch.device("cpu"))[0].backbone.blocks) == 6
    assert calibrate._path(work, "cpu", "NLD") != calibrate._path(cell, "cpu", "NLD")


def test_blocks_are_counted_in_the_network_that_runs():
    (cell,) = cells(backbones=["test_vit"], recipe={"protocol": "partial", "blocks": 8})
    with pytest.raises(CatsError, match="blocks is 8, but backbone test_vit has 6 blocks"):
        calibrate.calibrate(cell, "cpu", "NLD")
    assert calibrate.calibrate(begins_with(cell, {"depth": 8}), "cpu", "NLD").step[1] > 0


@pytest.mark.parametrize("rough", [False, True])
def test_a_source_whose_entry_builds_another_network_has_a_cost_of_its_own(rough):
    (cell,) = cells()
    outcome = make_cell(cell, "e", Stopwatch("NLD", "cpu"))
    giant = "vit_giant_patch14_224"
    own, plain, other = (cell.model_copy(update={"backbone": giant, "source": name}) for name in ("uni2h", "scratch", "gone"))
    history = History()
    history.count(outcome.record.model_copy(update={"names": {**outcome.record.names, "source": "uni2h", "backbone": giant}}))
    assert history.estimate(own, rough=rough) is not None
    assert history.estimate(plain, rough=rough) is None
    history.count(outcome.record.model_copy(update={"names": {**outcome.record.names, "backbone": giant}}))
    assert history.estimate(plain, rough=rough) is not None
    assert history.estimate(other, rough=rough) == history.estimate(plain, rough=rough)
