"""Waiting is no work: what waits for a network or reads images is done before a phase, and once."""

import errno

import pytest

from benchmark.execution.execute import make_cell
from benchmark.execution.watch import Watch
from benchmark.machine import meter as energy
from benchmark.machine.meter import Meter
from benchmark.measures import inputs
from benchmark.measures.inputs import ScoreSettings
from benchmark.measures.scoring import score_plan
from benchmark.networks import load
from benchmark.specs.plan import Plan
from results.agreement.scores import read_scores
from results.error import CatsError
from results.files.atomic import disk_error
from results.tracking.cost_columns import unpacked
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.plans import cells_of, resolved

PLAN = {
    "experiment": "e", "sources": ["scratch", "digits"], "targets": ["ihc"], "backbones": ["test_resnet"],
    "recipe": {"size": 16, "epochs": 1}, "pretraining": {"size": 16, "epochs": 1}, "seeds": [0], "subsample": {"train": 60},
}  # fmt: skip


@pytest.fixture
def running(monkeypatch):
    """The names of the phases that are measured at the moment, at most one."""
    names, start, stop = [], energy._start, energy._stop
    monkeypatch.setattr(energy, "_start", lambda country, card, task: names.append(task) or start(country, card, task))
    monkeypatch.setattr(energy, "_stop", lambda country, card, task: names.remove(task) or stop(country, card, task))
    return names


@pytest.fixture
def unplugged(monkeypatch, running):
    """A hub without a network: each call would wait for minutes. The calls, each with the phase that it was made in."""
    asked = []

    def away(name, *rest):
        asked.append((name, list(running)))
        raise CatsError("the hub is away")

    monkeypatch.setattr(load, "timm_weights", away)
    return asked


def scored(tmp_path, monkeypatch, **changes):
    monkeypatch.chdir(tmp_path)
    tracking = Experiment("sqlite:///mlflow.db", "e")
    setting = ScoreSettings(resolved(Plan(**PLAN | changes)), "cpu", 40, 20)
    score_plan(setting, Writer(tracking, Outbox(tmp_path / "outbox")), Watch(lambda what: None, lambda record, state: None))
    return tracking.frame()


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["kid", "task2vec", "logme", "nce"])
def test_a_hub_that_is_away_is_waited_for_once_and_in_no_phase(tmp_path, monkeypatch, unplugged, measure):
    """Before, every pair waited again, inside the phase that all measures of a run pay for."""
    sources = ["imagenet"] if measure in ("logme", "nce") else ["scratch", "digits"]
    frame = scored(tmp_path, monkeypatch, measures=[measure, "random"], sources=sources)
    assert [phases for _, phases in unplugged] == [[]]
    rows = [row for row in read_scores(frame, "e") if row.measure == measure]
    reasons = {row.reason for row in rows if "comes as weights" not in row.reason and "no images" not in row.reason}
    assert reasons <= {"the hub is away", *(row.reason for row in rows if row.source == "scratch")}
    assert "the hub is away" in reasons
    assert all(row.value is not None for row in read_scores(frame, "e") if row.measure == "random")


@pytest.mark.slow
def test_images_of_a_source_are_read_in_no_phase(tmp_path, monkeypatch, running):
    """Before, the first measure paid for them, one that needs no image too, because resamples are drawn from their labels."""
    real, read = inputs.load_images, []

    def recorded(dataset, size):
        read.append(list(running))
        return real(dataset, size)

    monkeypatch.setattr(inputs, "load_images", recorded)
    frame = scored(tmp_path, monkeypatch, measures=["imagenet_always", "nce", "random"], sources=["digits"])
    assert len(read) >= 2
    assert read == [[]] * len(read)
    phases = [cost["phase"] for cost in unpacked(frame.loc[frame["kind"] == "score", "costs"]).iloc[0]]
    assert phases == ["features", "measure_imagenet_always", "measure_nce", "measure_random"]


@pytest.mark.parametrize(("protocol", "phase"), [("finetune", "training"), ("probe", "features"), ("knn", "features")])
def test_a_cell_waits_for_its_weights_in_no_phase_and_a_failure_has_its_cost(unplugged, protocol, phase):
    (cell,) = cells_of(Plan(**PLAN | {"sources": ["imagenet"], "recipe": {"protocol": protocol, "size": 16}}))
    record = make_cell(cell, "e", Meter("NLD", "cpu")).record
    assert (record.status, record.reason) == ("failed", "the hub is away")
    assert [phases for _, phases in unplugged] == [[]]
    (cost,) = record.costs
    assert (cost.phase, cost.missing) == (phase, [])
    assert cost.cpu_seconds < 1


def test_stored_features_need_no_weights(monkeypatch, running):
    """Offline, a probe on stored features still runs."""
    (cell,) = cells_of(Plan(**PLAN | {"sources": ["scratch"], "recipe": {"protocol": "knn", "size": 16}}))
    assert make_cell(cell, "e", Meter("NLD", "cpu")).record.status == "finished"

    def away(start):
        raise CatsError("the hub is away")

    monkeypatch.setattr(load, "weights_of", away)
    assert make_cell(cell, "e", Meter("NLD", "cpu")).record.status == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["features", "measure"])
def test_a_full_disk_fails_the_pair_and_a_later_call_scores_it(tmp_path, monkeypatch, where):
    """It says nothing of the pair: a finished run without scores would never be repeated."""
    full = OSError(errno.ENOSPC, "No space left on device")

    def refused(*_):
        raise disk_error("features", tmp_path, full) if where == "features" else full

    setting = ScoreSettings(resolved(Plan(**PLAN | {"sources": ["scratch"], "measures": ["class_count"]})), "cpu", 40, 20)
    tracking = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "e")
    writer, watch = Writer(tracking, Outbox(tmp_path / "box")), Watch(lambda what: None, lambda record, state: None)
    with monkeypatch.context() as patch:
        if where == "features":
            patch.setattr(inputs.MeasureInputs, "get", refused)
        else:
            patch.setattr("benchmark.specs.measure.Measure.score", refused)
        state = score_plan(setting, writer, watch)
    assert (state.made, len(state.failed)) == (0, 1)
    assert "No space left on device" in state.failed[0].reason
    assert score_plan(setting, writer, watch).made == 1
