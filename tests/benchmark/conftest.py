"""What tests of entries share: a folder of the user's own, and the command line in this process."""

import sys

import pytest

from benchmark.cli import main as cli
from benchmark.specs import catalogue
from tests.support.databases import made_once


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of the user's own entries, and CATS_HOME beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path / "entries"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for kind in ("sources", "targets"):
        (tmp_path / "entries" / kind).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def call(own, monkeypatch, capsys):
    """`call("check", "mine")` → exit code, stdout, stderr; nothing is remembered from one call to the next."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cats", *map(str, arguments)])
        for remembered in (catalogue.source, catalogue.target):
            remembered.cache_clear()
        try:
            code = cli.main() or 0
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


@pytest.fixture
def one_thread():
    """Torch with one thread, as each attempt of a pack has at the least: with others, sums are rounded in another order."""
    import torch  # of the tests here that need it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def toy_database(shared_folder):
    """A database with the experiment `toy` (tests/support/toy.py); a test that writes copies it."""
    from tests.support.toy import in_folder

    return made_once("toy", in_folder) / "mlflow.db"
