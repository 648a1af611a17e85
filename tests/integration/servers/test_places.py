"""A PostgreSQL database that names a host of a stranger, or has tables of another version of MLflow."""

import pandas as pd
import pytest

from results.error import CatsError
from results.record import Outcome
from results.tracking.artifacts import PlaceError
from results.tracking.experiment import Experiment
from results.tracking.registry import Registry
from results.tracking.schema import revisions
from results.tracking.send import send
from tests.integration.servers.records import records
from tests.support.odd_servers import says, server
from tests.support.servers import QUOTED

pytestmark = pytest.mark.server
TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})


def test_a_stranger_gets_no_name_no_password_and_no_file(postgres, database, tracking, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "mine")
    sent = send(tracking, Outcome(records()[0], TABLE))
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"weights")
    with server(says(200, b"{}")) as stranger:
        name = database.rpartition("/")[2]
        postgres.execute(f"UPDATE runs SET artifact_uri = '{stranger.url}/1'", name)
        postgres.execute(f"UPDATE experiments SET artifact_location = '{stranger.url}'", name)
        registry = Registry(database)
        for way in (
            lambda: tracking.predictions(sent), lambda: Experiment(database, "toy"),
            lambda: registry.publish("mine", sent, weights, "{}", {"cats.key": "k"}),
            lambda: send(tracking, Outcome(records()[1], TABLE)),
        ):  # fmt: skip
            with pytest.raises(PlaceError, match="neither a folder of this machine nor an object store") as caught:
                way()
            assert QUOTED not in str(caught.value)
        assert stranger.asked == []
        assert registry.names() == []


@pytest.mark.parametrize(
    ("found", "why"), [("ffffffffffff", "a newer MLflow"), (min(revisions()[0] - {revisions()[1]}), "an older MLflow")]
)
def test_tables_of_another_version_are_one_sentence(postgres, database, found, why):
    postgres.execute(f"UPDATE alembic_version SET version_num = '{found}'", database.rpartition("/")[2])
    for way in (lambda: Experiment(database, "toy"), lambda: Registry(database)):
        with pytest.raises(
            CatsError, match=rf"the database postgresql://\*\*\*@.* cannot be used: it was made by {why}"
        ) as caught:
            way()
        assert QUOTED not in str(caught.value)
