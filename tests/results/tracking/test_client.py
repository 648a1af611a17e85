"""Writers that bring the same rows at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from results.tracking.client import TRIES, Client, repeated
from results.tracking.experiment import Experiment

WRITERS, ROUNDS = 4, 12


def inputs(number):
    return [DatasetInput(Dataset(f"set {number}", f"digest {number}", "cats", "{}"), [InputTag("mlflow.data.context", "test")])]


@pytest.fixture
def tracking(tmp_path):
    return Experiment(f"sqlite:///{tmp_path}/mlflow.db", "toy")


@pytest.mark.slow
@pytest.mark.parametrize(
    "write",
    [
        lambda client, experiment, run, number: client.set_experiment_tag(experiment, f"tag{number}", "a"),
        lambda client, experiment, run, number: client.set_tag(run, f"tag{number}", "a"),
        lambda client, experiment, run, number: client.log_inputs(run, inputs(number)),
        lambda client, experiment, run, number: client.log_batch(
            run, [Metric(f"m{number}", 1.0, 1, 0)], [Param(f"p{number}", "1")], [RunTag(f"tag{number}", "a")]
        ),
    ],
    ids=["tag of an experiment", "tag of a run", "inputs", "batch"],
)
def test_the_same_rows_from_several_writers_at_the_same_moment_are_taken(tracking, write):
    run = tracking.client.create_run(tracking.experiment_id).info.run_id
    together = threading.Barrier(WRITERS)

    def writer(_):
        client = Client(tracking_uri=tracking.uri)
        try:
            for number in range(ROUNDS):
                together.wait()
                write(client, tracking.experiment_id, run, number)
        except BaseException:
            together.abort()  # nobody waits for a writer that failed
            raise

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(writer, range(WRITERS)))


def test_another_refusal_is_not_repeated_and_a_clash_not_for_ever():
    calls = []

    def refused(text):
        calls.append(text)
        raise MlflowException(text)

    with pytest.raises(MlflowException, match="no such run"):
        repeated(refused, "no such run")
    assert len(calls) == 1
    with pytest.raises(MlflowException, match="IntegrityError"):
        repeated(refused, "(sqlite3.IntegrityError) UNIQUE constraint failed")
    assert len(calls) == 1 + TRIES
