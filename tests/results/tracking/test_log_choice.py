"""The answer of `cats choose` in MLflow: logged once, found again, and no part of a board."""

import pytest
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.tracking.experiment import Experiment
from results.tracking.log_choice import last_choice, log_choice


@pytest.fixture
def tracking(tmp_path):
    return Experiment(f"sqlite:///{tmp_path}/mlflow.db", "e")


def test_the_newest_answer_is_found_and_an_equal_one_is_logged_once(tracking):
    assert last_choice(tracking) is None
    first, long = log_choice(tracking, "{}"), '{"why": "' + "é" * 20_000 + '"}'
    assert log_choice(tracking, "{}") == first
    assert last_choice(tracking) == "{}"
    assert log_choice(tracking, long) != first
    assert last_choice(tracking) == long
    assert log_choice(tracking, "{}") != first
    assert last_choice(tracking) == "{}"  # the answer of the last call, though an equal one came before another
    assert len(tracking.frame()) == 0


def test_an_answer_that_mlflow_refuses_is_one_sentence(tracking, monkeypatch):
    def refuses(*_, **__):
        raise MlflowException("the disk is full\nmore")

    monkeypatch.setattr(tracking.client, "create_run", refuses)
    with pytest.raises(CatsError, match="could not store the answer: the disk is full$"):
        log_choice(tracking, "{}")
