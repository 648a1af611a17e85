import pytest

from tests.faults.driver import Place


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The table of a plan that nobody disturbed."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    place.finish()
    return place.table()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "place")
