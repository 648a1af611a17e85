"""Fixtures: plans of jobs, and a scheduler with workers that are started by hand, as processes."""

import pytest

from benchmark.specs.job import jobs_of
from benchmark.specs.plan import load_plan
from tests.integration.cluster.driver import ended, started, table
from tests.integration.cluster.processes import ByHand
from tests.support import processes
from tests.support.plans import cells_of
from tests.support.small_plan import small


@pytest.fixture
def spawned():
    """Workers are new processes, which import all that they need, as they are for a user."""


@pytest.fixture(autouse=True)
def forked(request):
    """Workers are forks of a warm process, unless the test is about how they start."""
    if "spawned" in request.fixturenames:
        yield
    else:
        with processes.forked_workers():
            yield


@pytest.fixture
def jobs(tmp_path):
    """`jobs(seeds)`: one cell for each seed, as many of them at once as is said, of another target if one is named."""

    def of(seeds, pack=1, target="ihc"):
        path = tmp_path / "small.yaml"
        what = {"sources": ["scratch"], "subsample": None, "pretraining": None}
        recipe = {"epochs": 1, "batch_size": None}
        path.write_text(small(**what, targets=[target], recipe=recipe, seeds=seeds))
        return jobs_of(cells_of(load_plan(str(path))), "small", "DEU", pack)

    return of


@pytest.fixture
def by_hand(tmp_path):
    started = ByHand(tmp_path)
    yield started
    started.close()


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A folder with what a single process has left that was not disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATS_HOME", str(folder / "home"))
        ended(started(folder), folder)
    return folder


@pytest.fixture(scope="session")
def undisturbed(alone):
    return table(alone)
