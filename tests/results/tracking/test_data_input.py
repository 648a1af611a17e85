"""The images of a run as a data set that MLflow can read."""

import json

import mlflow
import pytest
from mlflow.entities import Dataset, DatasetInput

from results.record import Outcome
from results.tracking.data_input import data_of
from results.tracking.send import send
from tests.support.records import OLD

HUB = "hub:" + "owner/name@" + "c" * 40
COUNTED = {"data_images": "780", "data_classes": "2"}


def given(tracking, record):
    """The data set of the run of a record, as MLflow tells it."""
    (each,) = tracking.client.get_run(send(tracking, Outcome(record))).inputs.dataset_inputs
    return each


def target(attempt="a", **facts):
    return OLD.model_copy(update={"attempt": attempt, "key": attempt, "facts": {"data": "d" * 64, **facts}})


@pytest.mark.parametrize(
    ("origin", "kind", "content"),
    [
        ("https://zenodo.org/a.npz", "http", {"url": "https://zenodo.org/a.npz"}),
        (HUB, "hugging_face", {"path": "owner/name", "revision": "c" * 40}),
        (None, "code", {"tags": {"mlflow.source.name": "cats-bench", "cats.data_set": "breastmnist", "cats.data": "d" * 64}}),
    ],
)
def test_mlflow_reads_the_source_and_the_profile_counts_all_images_of_the_data_set(tracking, origin, kind, content):
    """The number of rows was that of the test images."""
    record = target(**COUNTED, **({} if origin is None else {"data_source": origin}))
    each = given(tracking, record.model_copy(update={"validation": {"images_train": 546.0, "images_test": 156.0}}))
    source = mlflow.data.get_source(each)
    assert source._get_source_type() == kind
    told = source.to_dict()
    assert {name: told[name] for name in content} == content
    assert (each.dataset.name, len(each.dataset.digest)) == ("breastmnist", 8)
    assert json.loads(each.dataset.profile) == {"num_rows": 780, "num_classes": 2}
    assert {tag.key: tag.value for tag in each.tags} == {"mlflow.data.context": "evaluation"}


def test_what_an_entry_said_first_does_not_decide_what_is_said_of_later_runs(tracking):
    """MLflow keeps one entry for each name and digest: earlier ones had no source that it reads, failed attempts no profile."""
    earlier = Dataset("breastmnist", "d" * 8, "cats", json.dumps({"name": "breastmnist"}))
    run = tracking.client.create_run(tracking.experiment_id)
    tracking.client.log_inputs(run.info.run_id, [DatasetInput(earlier, [])])
    failed = given(tracking, target("failed").model_copy(update={"status": "failed", "reason": "no memory"}))
    assert failed.dataset.profile is None
    entries = []
    for attempt in ("a", "b"):
        each = given(tracking, target(attempt, **COUNTED, data_source=HUB))
        assert mlflow.data.get_source(each)._get_source_type() == "hugging_face"
        assert json.loads(each.dataset.profile) == {"num_rows": 780, "num_classes": 2}
        entries.append(each.dataset.digest)
    assert entries[0] == entries[1] != failed.dataset.digest


def test_what_was_pretrained_on_is_the_training_data_of_the_run_by_the_name_of_the_data_set(tracking):
    facts = {"data": "d" * 64, "data_name": "digits", **COUNTED}
    record = OLD.model_copy(
        update={"kind": "pretraining", "names": {"source": "digits[from=imagenet]", "backbone": "net"}, "facts": facts}
    )
    each = given(tracking, record)
    assert (each.dataset.name, {tag.key: tag.value for tag in each.tags}) == ("digits", {"mlflow.data.context": "training"})


def test_a_pretraining_of_an_earlier_version_does_not_say_its_data_set():
    assert data_of(OLD.model_copy(update={"kind": "pretraining", "names": {"source": "digits", "backbone": "net"}})) == []
