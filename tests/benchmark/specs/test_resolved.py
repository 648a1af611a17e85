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


def test_a_worker_gets_the_address_of_published_weights_and_no_text_shows_it():
    start = Start(kind="mlflow", source="s", backbone="b", weights="0" * 64, registry="postgresql://me:secret@host/db")
    assert pickle.loads(pickle.dumps(start)).registry == start.registry
    assert "secret" not in f"{start} {start!r} {start.model_dump()}"
    assert start.key == start.model_copy(update={"registry": None}).key


@pytest.mark.slow
def test_a_plan_seldom_comes_back_to_a_file_it_had_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))  # walk_of sets both, and monkeypatch takes them back
    walk = walk_of(tmp_path)
    assert walk.returns <= 12, walk.stays
