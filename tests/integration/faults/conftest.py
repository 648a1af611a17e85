import time

import pytest

from tests.integration.faults.driver import Place


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The table of a plan that nobody disturbed, and how long that took."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    begun = time.monotonic()
    place.finish()
    seconds = time.monotonic() - begun
    table = place.table()
    table.attrs["seconds"] = seconds
    return table


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "place")
