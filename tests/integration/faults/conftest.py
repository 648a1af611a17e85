import time

import pytest

from tests.integration.faults.driver import Place


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, with_decoded):
    """The table of a plan that was not disturbed, and how long that took."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    with_decoded(place.home)
    begun = time.monotonic()
    place.finish()
    seconds = time.monotonic() - begun
    table = place.table()
    table.attrs["seconds"] = seconds
    return table


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "place")


@pytest.fixture
def decoded(place, with_decoded):
    """The home of the place has decoded images; for tests that are not about how images come there."""
    with_decoded(place.home)
