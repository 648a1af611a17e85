"""The ten queries of docs/mlflow.md on sqlite; tests.integration.servers.test_queries has them on the servers."""

import pytest

from tests.support.queries import BLOCKS, fill
from tests.support.query_answers import ANSWERS, check


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    uri = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(uri)
        yield uri


def test_the_page_has_ten_queries():
    assert len(BLOCKS) == 1 + len(ANSWERS) == 11


@pytest.mark.slow
@pytest.mark.parametrize("number", ANSWERS)
def test_a_query_of_the_page_gives_what_the_records_say(uri, number):
    check(number, uri)
