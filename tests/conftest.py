"""Fixtures: every test has a home of its own; real data are used where they are named, and required where CI says so."""

import gc
import itertools
import os
import re
import signal
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmark.machine.cycles import look_seldom
from results.error import CatsError
from results.tracking.gc_pause import uncollected
from tests.support.missing import missed
from tests.support.paths import ROOT

LEFT_OUT: list[int] = []
FOLDERS = itertools.count()  # numbers of the folders of this process; pytest would look through all there are for the next
WAITING = ("tests/integration/", "tests/conformance/test_engines.py", "tests/benchmark/machine/test_own_energy.py")
SPREAD = 0.8  # of the tests; the last ones are quick, so that no process is left alone with a slow one
GIVEN = {name: os.environ.get(name) for name in ("CATS_DATA", "CATS_WEIGHTS")}
HANDS_OUT = "PYTEST_XDIST_WORKER" not in os.environ and "-n" in sys.argv and "0" not in sys.argv[sys.argv.index("-n") :][1:2]
TRUTH = Path(os.environ.get("CATS_TRUTH") or Path(__file__).parents[2] / "shared" / "truth")  # beside the checkout

os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # that of trio loads trio, for a second, and no test uses it
for _name in ("CATS_HOME", "MLFLOW_TRACKING_URI"):  # those of the user: fixtures of a module run before `home` below
    os.environ.pop(_name, None)

import_module("tests.support.loggers").find_loggers_once()
if not HANDS_OUT:  # all but the process that gives its tests to others, which wait for it
    import_module("tests.support.databases").share_tables()


def pytest_configure():
    """Tests hear signals, and so does what they start, also where the shell that began them has some ignored (nohup, a job)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """Gives the tests that wait, for servers and processes, to one process, and spreads the other slow ones over the rest.

    Each process of pytest-xdist gets an equal piece of the list, of which others take the end when they have nothing left.
    While all of them wait, the processors have nothing to do; while one does, the others compute. Slow tests come in the first
    part of a piece: the last ones are quick, so that no process is left alone with a slow one. The tests of a file stay
    together: what they share would be made again for each test that comes between others.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files = [list(tests) for _, tests in itertools.groupby(items, lambda item: item.nodeid.partition("::")[0])]
    slow = {id(file): sum(item.get_closest_marker("slow") is not None for item in file) for file in files}
    light = [item for file in files if not slow[id(file)] for item in file]
    heavy = sorted((file for file in files if slow[id(file)]), key=lambda file: -slow[id(file)])
    waits = {id(file) for file in heavy if file[0].nodeid.startswith(WAITING)}
    pieces: list[list] = [[file for file in heavy if id(file) in waits], *([] for _ in range(processes - 1))]
    for file in heavy:
        if id(file) not in waits:
            min(pieces[1:] or pieces, key=lambda piece: sum(slow[id(each)] for each in piece)).append(file)
    size, items[:] = -(-len(items) // processes), []
    for piece in pieces:
        room = max(size - sum(map(len, piece)), 0) if piece is not pieces[-1] else len(light)
        few, light = light[:room], light[room:]
        step = 0 if piece is pieces[0] and len(pieces) > 1 else int(SPREAD * len(few) / max(len(piece), 1))
        for place, file in enumerate(piece):
            items += [*file, *few[place * step : (place + 1) * step]]
        items += few[len(piece) * step :]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config, specs):
    """All tests are imported once, not by each process of pytest-xdist, if all are chosen."""
    if sys.platform == "linux" and [Path(folder).resolve() for folder in config.args] == [ROOT / "tests"]:
        import_module("tests.support.forked_workers").fork_workers(config, len(specs))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """The search for unused objects leaves out all that the collection makes: a million objects, which stay to the end.

    Python would walk through all of them again and again, half a second each time.
    """
    with uncollected():
        made = yield
    gc.freeze()
    look_seldom()  # the search itself took a fiftieth of the time of the tests
    return made


def pytest_deselected(items):
    """Counts the tests that a choice of marks leaves out; pytest-xdist does not."""
    LEFT_OUT.append(len(items))


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # pytest collects five times at the end, which is two seconds in each process
        session.config.workeroutput["left out"] = sum(LEFT_OUT)
    else:
        gc.unfreeze()  # plugins that are loaded for the summary look for who refers to their objects


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
    from tests.support.databases import PLACE

    own = tmp_path_factory.getbasetemp()
    os.environ[PLACE] = str(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


def new_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A new folder of this name and a number."""
    folder = factory.getbasetemp() / f"{name}{next(FOLDERS)}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def tmp_path(request, tmp_path_factory):
    """As pytest's own."""
    return new_folder(tmp_path_factory, re.sub(r"\W", "_", request.node.name)[:30])


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """An empty CATS_HOME and no settings file; no data and no weights unless a test asks for the real ones."""
    from tests.support.caches import clear_caches
    from tests.support.decoded_images import share_decoded

    folder = new_folder(tmp_path_factory, "home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("CATS_HOME", str(folder))
    monkeypatch.setenv("CATS_ENTRIES", str(folder / "entries"))
    for name in (*GIVEN, "MLFLOW_TRACKING_URI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    clear_caches()
    share_decoded(tmp_path_factory.getbasetemp())
    return folder


@pytest.fixture(scope="session")
def decoded_folder(tmp_path_factory):
    """Decoded images, and what was found out about them, of all tests of this process that ask for `decoded_once`."""
    return tmp_path_factory.mktemp("decoded")


@pytest.fixture(scope="session")
def with_decoded(decoded_folder):
    """`with_decoded(home)` gives a new home the decoded images of earlier tests that this process has run."""

    def given(home):
        home.mkdir(parents=True, exist_ok=True)
        for name in ("images", "digests"):
            (decoded_folder / name).mkdir(exist_ok=True)
            (home / name).symlink_to(decoded_folder / name)

    return given


@pytest.fixture
def decoded_once(home, with_decoded):
    """The home has the decoded images of earlier tests; for tests that are not about how images come there."""
    with_decoded(home)


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
