"""Machines whose libraries decode other pixels draw other splits of the same data: a difference is refused, never mixed."""

import numpy as np
import pytest

from benchmark.data import decoded
from benchmark.data.copies import Copies, stored_copies
from benchmark.data.decoded import load_images_cached
from benchmark.data.split import split_digest
from benchmark.execution.cluster.worker import check_files
from benchmark.execution.dispatch.transport import IncompatibleError
from benchmark.execution.prepare import with_split
from benchmark.specs import catalogue
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from results.tracking.experiment import Experiment
from tests.support.plans import cells_of

TEXT = """
experiment: toy
sources: [scratch]
targets: [digits, ihc]
backbones: [test_resnet]
recipe: {{size: 16, epochs: 0}}
seeds: {seeds}
"""
PLAN = {"experiment": "toy", "sources": ["scratch"], "targets": ["digits"], "backbones": ["test_resnet"], "seeds": 1}


@pytest.fixture
def another_library(monkeypatch):
    """From here on other pixels are decoded: images 0 to 29 are copies of each other."""

    def change():
        pairs = np.stack([np.zeros(29, dtype=np.int64), np.arange(1, 30)], axis=1)
        found = Copies(pairs, np.zeros(29, dtype=bool), np.ones(29, dtype=np.float32))
        monkeypatch.setattr(decoded, "stored_copies", lambda images: found if len(images) > 30 else stored_copies(images))
        load_images_cached.cache_clear()
        split_digest.cache_clear()

    return change


def test_the_digest_says_which_images_are_in_which_part(home, another_library):
    drawn, official = (catalogue.target(name).dataset for name in ("digits", "ihc"))
    before = split_digest(drawn, 16)
    assert split_digest(official, 16) == ""
    assert split_digest(drawn, 32) == before
    another_library()
    assert split_digest(drawn, 16) not in {"", before}
    assert split_digest(official, 16) == ""


def test_a_worker_that_draws_another_split_gets_no_job(home, another_library):
    (job,) = jobs_of(cells_of(Plan(**PLAN | {"recipe": {"size": 16, "epochs": 0}})), "toy", "NLD")
    compared = with_split(job)
    check_files(compared)
    another_library()
    check_files(job)  # a job that names no split
    with pytest.raises(IncompatibleError, match="its drawn split of digits is not that of the driver, because its image libr"):
        check_files(compared)


@pytest.mark.slow
def test_runs_of_two_splits_of_the_same_data_are_not_mixed(home, cats, tmp_path, another_library):
    (tmp_path / "toy.yaml").write_text(TEXT.format(seeds=1))
    code, _, err = cats("run", "toy.yaml")
    assert code == 0, err
    runs = Experiment("sqlite:///mlflow.db", "toy", create=False).frame().set_index("target")
    assert runs["split"].notna().to_dict() == {"digits": True, "ihc": False}
    (tmp_path / "toy.yaml").write_text(TEXT.format(seeds=2))
    another_library()
    code, _, err = cats("run", "toy.yaml")
    assert code == 2
    assert "digits: 1 finished run of the experiment has another drawn split of the same data than this machine draws" in err
    assert cats("board", "toy.yaml")[0] == 0
