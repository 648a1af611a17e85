"""A resolved plan lists its cells without files, entries, server or network."""

import pickle

import pytest

from benchmark.data.dataset import Dataset
from benchmark.specs import catalogue, resolve
from benchmark.specs.plan import Plan
from benchmark.specs.start import Start
from tests.support.plan_walk import walk_of
from tests.support.plans import resolved

PLAN = {
    "experiment": "e", "sources": ["scratch", "digits"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 2,
    "recipe": {"size": 16, "lr": [0.1, 0.2]},
}  # fmt: skip


def test_cells_are_listed_again_without_looking_anything_up(monkeypatch):
    plan = resolved(Plan(**PLAN))
    first = [cell.key for cell in plan.cells()]
    for owner, name in ((Dataset, "digest"), (resolve, "file_digest"), (catalogue, "source"), (catalogue, "target")):
        monkeypatch.setattr(owner, name, lambda *_, name=name: pytest.fail(f"{name} was called"))
    cells = plan.cells()
    assert [cell.key for cell in cells] == [cell.key for cell in cells] == first
    assert len(set(first)) == 8


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("postgresql://me:secret@host:5432/db?sslmode=require", "postgresql://***@host:5432/db?sslmode=require"),
        ("postgresql://host/db?password=secret", "postgresql://host/db?password=***"),
        ("https://mlflow.example:5000", "https://mlflow.example:5000"),
    ],
)
def test_a_job_carries_the_address_of_published_weights_without_user_and_password(address, sent):
    ready = Start(kind="mlflow", source="s", backbone="b", weights="0" * 64, registry=address)
    start = Start(kind="pretraining", source="t", backbone="b", seed=0, start=ready)
    pickled = pickle.dumps(start)
    assert b"secret" not in pickled
    assert pickle.loads(pickle.dumps(pickle.loads(pickled))).start.registry == sent  # a scheduler may pickle a job again
    assert pickle.loads(pickled).key == start.key
    assert ready.server == ready.registry == address


def test_no_text_shows_the_address_of_published_weights():
    start = Start(kind="mlflow", source="s", backbone="b", weights="0" * 64, registry="postgresql://me:secret@host/db")
    assert "secret" not in f"{start} {start!r} {start.model_dump()}"
    assert start.key == start.model_copy(update={"registry": None}).key


@pytest.mark.slow
def test_a_plan_seldom_comes_back_to_a_file_it_had_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))  # walk_of sets both, and monkeypatch takes them back
    walk = walk_of(tmp_path)
    assert walk.returns <= 13, walk.stays
