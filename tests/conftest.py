"""Fixtures: every test has a home of its own; real data are used where they are named, and required where CI says so."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

from benchmark.specs import catalogue
from results.error import CatsError
from results.tracking.gc_pause import uncollected
from tests.support import databases
from tests.support.missing import missed

databases.share_tables()

LEFT_OUT: list[int] = []
SPREAD = 0.8  # of the tests; the last ones are quick, so that no process is left alone with a slow one
GIVEN = {name: os.environ.get(name) for name in ("CATS_DATA", "CATS_WEIGHTS")}
TRUTH = Path(os.environ.get("CATS_TRUTH") or Path(__file__).parents[2] / "shared" / "truth")  # beside the checkout
HEAVY_CACHES = (
    ("benchmark.data.decoded", "load_images_cached"),
    ("benchmark.data.split", "split_digest"),
    ("benchmark.networks.load", "weights_of"),
    ("benchmark.networks.load", "cached_backbone"),
)


def pytest_configure():
    """Tests hear Ctrl-C, and so does what they start, also where the shell that began them has it ignored (nohup, a job)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Spreads the slow tests evenly over the processes, and over the first part of what each process begins with.

    Each process of pytest-xdist gets an equal piece of the list. Slow tests at one place would run beside each other, which
    takes them longer, or last, when the other processes have nothing left to do.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    items[:] = []
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for number in range(processes):
        few, many = slow[number::processes], quick[number * len(quick) // processes : (number + 1) * len(quick) // processes]
        step = int(SPREAD * len(many) / max(len(few), 1))
        for place, item in enumerate(few):
            items += [item, *many[place * step : (place + 1) * step]]
        items += many[len(few) * step :]


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """The search for unused objects leaves out all that the collection makes: a million objects, which stay to the end.

    Python would walk through all of them again and again, half a second each time.
    """
    with uncollected():
        made = yield
    gc.collect()
    gc.freeze()
    return made


def pytest_deselected(items):
    """Counts the tests that a choice of marks leaves out; pytest-xdist does not."""
    LEFT_OUT.append(len(items))


def pytest_sessionfinish(session):
    gc.unfreeze()  # plugins that are loaded for the summary look for who refers to their objects
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = sum(LEFT_OUT)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Every process of pytest-xdist leaves out the same tests."""
    LEFT_OUT[:] = [getattr(node, "workeroutput", {}).get("left out", 0)]


def pytest_terminal_summary(terminalreporter, config):
    if sum(LEFT_OUT) and config.getoption("markexpr"):
        terminalreporter.write_line(f"{sum(LEFT_OUT)} tests were left out, chosen were: {config.getoption('markexpr')}")


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory):
    """A folder that all processes of one run of the tests share, those of pytest-xdist too."""
    own = tmp_path_factory.getbasetemp()
    os.environ[databases.PLACE] = str(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """An empty CATS_HOME; no data and no weights unless a test asks for the real ones."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CATS_HOME", str(folder))
    monkeypatch.setenv("CATS_ENTRIES", str(folder / "entries"))
    for name in (*GIVEN, "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    catalogue.source.cache_clear()
    catalogue.target.cache_clear()
    catalogue.measure.cache_clear()
    for module, name in HEAVY_CACHES:
        if module in sys.modules:  # importing them would load torch for every test
            getattr(sys.modules[module], name).cache_clear()
    if "benchmark.training.device_cache" in sys.modules:
        sys.modules["benchmark.training.device_cache"].evict_unused()
    return folder


def real(name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = GIVEN[name]
    if folder is None or not Path(folder).is_dir():
        missed(f"{name} names no folder with the real files")
    monkeypatch.setenv(name, folder)
    return Path(folder)


@pytest.fixture
def real_data(home, monkeypatch):
    """The folder of real data sets, as CATS_DATA."""
    return real("CATS_DATA", monkeypatch)


@pytest.fixture
def real_weights(home, monkeypatch):
    """The folder of real weights, as CATS_WEIGHTS."""
    return real("CATS_WEIGHTS", monkeypatch)


@pytest.fixture
def real_dataset(real_data):
    """`real_dataset(dataset)` is that data set, once its files are seen to lie in CATS_DATA."""

    def at_hand(dataset):
        try:
            dataset.folder()
        except CatsError as absent:
            missed(str(absent))
        return dataset

    return at_hand


@pytest.fixture
def real_weight_file(real_weights):
    """`real_weight_file(name)` is the path of that file, once it is seen to lie in CATS_WEIGHTS."""

    def at_hand(name):
        if not (real_weights / name).is_file():
            missed(f"{name} not found in {real_weights}")
        return real_weights / name

    return at_hand


@pytest.fixture(scope="session")
def truth():
    """The folder of published figures (CATS_TRUTH); cats2024 in it holds the matrix, the scores and the runs of CATS 2024."""
    if not (TRUTH / "cats2024" / "runs.parquet").is_file():
        missed(f"CATS_TRUTH names no folder with cats2024/runs.parquet: {TRUTH}")
    return TRUTH


@pytest.fixture
def cats(tmp_path, monkeypatch, capsys):
    """The command in an empty working directory: arguments → exit code, standard output, standard error."""
    from benchmark.cli import main as cli

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["cats", *map(str, arguments)])
        try:
            code = cli.main() or 0
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return call
