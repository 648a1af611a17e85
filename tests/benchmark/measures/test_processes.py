"""Pairs scored in several processes: the same scores and keys as in one, failures of a process, and Ctrl-C.

The processes are forks of a warm one, which has imported already what each of them needs.
"""

import os

import numpy as np
import pytest

from benchmark.execution.watch import Watch
from benchmark.machine.signals import stop_on_signal
from benchmark.measures.inputs import ScoreSettings
from benchmark.measures.processes import number_of_processes
from benchmark.measures.scoring import score_plan
from benchmark.specs.plan import Plan
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.plans import resolved
from tests.support.processes import forked_workers

HEAD = '"""m"""\nimport os, signal, time\nfrom benchmark import measure\n\n\n@measure(grows="1", citation="our own, 2026")\n'
DIES = HEAD + (
    "def dies(labels, source):\n"
    '    """Ends the process of one source, if it is not the one that started it."""\n'
    '    if source.name == "textures" and os.environ["ASKED_BY"] != str(os.getpid()):\n'
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    return float(len(labels))\n"
)
STOPS = HEAD + (
    "def stops(labels):\n"
    '    """Presses Ctrl-C in the process that started this one, and goes on for a minute."""\n'
    '    os.kill(int(os.environ["ASKED_BY"]), signal.SIGINT)\n'
    "    time.sleep(60)\n"
    "    return 1.0\n"
)
MEASURES = ["logme", "knn", "parc", "fu", "source_size", "random", "dies"]


@pytest.fixture
def score(tmp_path, monkeypatch):
    entries = tmp_path / "entries"
    (entries / "similarity").mkdir(parents=True)
    (entries / "similarity" / "dies.py").write_text(DIES)
    (entries / "similarity" / "stops.py").write_text(STOPS)
    monkeypatch.setenv("CATS_ENTRIES", str(entries))
    monkeypatch.chdir(tmp_path)

    def call(processes, measures=MEASURES):
        name = f"e{processes}"
        monkeypatch.setenv("CATS_HOME", str(tmp_path / name))
        monkeypatch.setenv("ASKED_BY", str(os.getpid()))
        asked = Plan(
            experiment=name, sources=["scratch", "textures"], targets=["ihc", "digits"], backbones=["test_resnet"],
            recipe={"size": 16, "epochs": 1}, pretraining={"size": 16, "epochs": 1}, seeds=[0], measures=measures,
            subsample={"train": 60},
        )  # fmt: skip
        records = []
        watch = Watch(lambda what: None, lambda record, state: records.append(record))
        writer = Writer(Experiment("sqlite:///mlflow.db", name), Outbox(tmp_path / f"outbox of {name}"))
        with forked_workers():
            state = score_plan(ScoreSettings(resolved(asked), "cpu", 40, 20), writer, watch, processes)
        return state, {(record.names["source"], record.names["target"]): record for record in records if record.kind == "score"}

    return call


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_two_processes_give_the_scores_and_keys_of_one_and_a_process_that_dies_costs_its_own_pair_alone(score):
    state, alone = score(1)
    assert (state.cells, state.made, state.failed) == (4, 4, [])
    state, beside = score(2)
    assert (state.cells, state.made, len(state.failed)) == (4, 2, 2)
    for pair, one in alone.items():
        other = beside[pair]
        assert other.key == one.key
        if pair[0] == "textures":
            assert other.status == "failed"
            assert "ended early (SIGKILL)" in other.reason
            (lost,) = other.costs  # its time is known, its energy is not
            assert (lost.phase, lost.seconds > 0, lost.energy) == ("features", True, {})
            continue
        assert "seconds_measure_logme" not in one.validation
        assert other.validation == pytest.approx(one.validation, rel=1e-12, nan_ok=True)
        assert other.facts == one.facts
        assert [cost.phase for cost in other.costs] == [cost.phase for cost in one.costs]
        assert np.isfinite([energy.kwh for cost in other.costs for energy in cost.energy.values()]).all()


@pytest.mark.slow
def test_ctrl_c_ends_every_process_and_leaves_a_record_of_what_was_running(score):
    with stop_on_signal():
        state, records = score(2, ["stops"])
    assert state.interrupted
    assert 1 <= len(records) <= 2
    assert {record.status for record in records.values()} == {"interrupted"}


def test_the_number_of_processes_is_bounded_by_cores_and_memory(monkeypatch):
    monkeypatch.setattr("benchmark.measures.processes.usable_cores", lambda: 8)
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 4 * 2**30}))
    assert number_of_processes(10, 16) == 2
    assert number_of_processes(1_000_000, 224) == 1
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 400 * 2**30}))
    assert number_of_processes(500, 64) == 8
