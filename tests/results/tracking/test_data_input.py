"""The target of a run as a data set that MLflow can read."""

import json

import mlflow
import pytest

from results.record import Outcome
from results.tracking.data_input import target_of
from results.tracking.send import send
from tests.support.records import OLD, TABLE

BOTH = TABLE.assign(probability_yes=[0.8, 0.3])

HUB = "hub:" + "owner/name@" + "c" * 40


@pytest.mark.parametrize(
    ("origin", "kind", "content"),
    [
        ("https://zenodo.org/a.npz", "http", {"url": "https://zenodo.org/a.npz"}),
        (HUB, "hugging_face", {"path": "owner/name", "revision": "c" * 40}),
        (None, "code", {"tags": {"mlflow.source.name": "cats-bench", "cats.target": "breastmnist", "cats.data": "d" * 64}}),
    ],
)
def test_mlflow_reads_the_source_the_digest_and_the_profile(tracking, origin, kind, content):
    facts = {"data": "d" * 64} | ({} if origin is None else {"data_source": origin})
    record = OLD.model_copy(update={"facts": facts, "validation": {"images_test": 2.0}})
    run = tracking.client.get_run(send(tracking, Outcome(record, BOTH)))
    (given,) = run.inputs.dataset_inputs
    source = mlflow.data.get_source(given)
    assert source._get_source_type() == kind
    told = source.to_dict()
    assert {name: told[name] for name in content} == content
    assert (given.dataset.name, given.dataset.digest) == ("breastmnist", "d" * 8)
    assert json.loads(given.dataset.profile) == {"num_rows": 2, "num_classes": 2}


def test_a_profile_of_which_nothing_is_known_is_absent():
    record = OLD.model_copy(update={"facts": {"data": "d" * 64}, "validation": {}})
    assert target_of(Outcome(record)).dataset.profile is None


def test_a_waiting_record_says_its_classes_too(tmp_path):
    BOTH.to_parquet(tmp_path / "predictions.parquet")
    record = OLD.model_copy(update={"facts": {"data": "d" * 64}, "validation": {}})
    profile = target_of(Outcome(record, tmp_path / "predictions.parquet")).dataset.profile
    assert json.loads(profile) == {"num_classes": 2}
