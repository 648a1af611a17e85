"""No command tells a password: of an address with a mistake or in a wrong place, in a log, a warning or a traceback."""

import logging
import sys
import threading
import warnings

import pytest
import yaml

from benchmark.cli import main as cli
from benchmark.cli import terminal
from results.error import CatsError
from results.text.hidden import HIDDEN, shown
from results.text.plain_log import PlainRecord

SECRET = "hunter2"
# Each way in which an address is mistyped, with the secret at the place of the password, the user or the token.
MISTYPED = [
    "postgresql:/u:{}@h/db", "postgresql:u:{}@h/db", "postgresql//u:{}@h/db", "postgresql;//u:{}@h/db",
    "postgresql:\\\\u:{}@h/db", "postgresql:///u:{}@h/db", "postgresql://u:{}", "postgresql://u:{}/db",
    "postgresql://u:{}@h:5432x/db", "postgresql://u:{}@h:99999/db", "postgresql://u:{}@@h/db", "postgresql://u:{}@h/d b",
    "postgresql://u:{}@h/db#x", "postgresql://{}@h:x/db", "postgresql:{}@h/db", "postgres://u:{}@h/db", "pg://u:{}@h/db",
    "POSTGRESQL://u:{}@h/db", "postgresql+://u:{}@h/db", "u:{}@h/db", "//u:{}@h/db", " postgresql://u:{}@h/db",
    "postgresql://u:{}@h/db\n", "'postgresql://u:{}@h/db'", "<postgresql://u:{}@h/db>", "mysql:/u:{}@h/db",
    "mysql+pymysql:/u:{}@h/db", "mssql:/u:{}@h", "mssql+pyodbc//u:{}@h", "sqlite://u:{}@h/x.db",
    "sqlite+pysqlcipher://:{}@/x.db", "sqlite+x:///u:{}@h", "sqlite+a+b://u:{}@h", "sqlite:u:{}@h", "http:/u:{}@h",
    "http:u:{}@h", "http://u:{}@h", "https://{}@h:5000", "http:\\\\u:{}@h", "http//u:{}@h", "htp://u:{}@h",
    "http://h:5000?api_key={}", "http://h/?token={}", "http://h:5000#{}", "http://h:{}", "http://h/x?X-Amz-Signature={}&x=1",
    "http://h?%61pi%5Fkey={}", "http://u%3A{}%40h:", "postgresql%3A%2F%2Fu%3A{}%40h", "ftp://u:{}@h", "ssh://u:{}@h",
    "u:{}@h:5000", "databricks://u:{}@h x", "password={} host=h", "h?password={}", "jdbc:postgresql://u:{}@h",
]  # fmt: skip
UNREACHABLE = [
    "postgresql://h/db?password={}&sslmode=bogus", "postgresql://u:{}@127.0.0.1:9/db",
    "postgresql+nodriver://u:{}@127.0.0.1:9/db",
]  # fmt: skip
COMMANDS = [("board", "toy"), ("ui",), ("plan", "first"), ("sync", "first"), ("publish", "digits", "--backbone", "test_resnet")]


def hides(out, err, *, lines=None):
    assert SECRET not in out + err
    assert "Traceback" not in err
    if lines is not None:
        assert err.count("\n") == lines, err


@pytest.mark.parametrize("given", ["option", "variable"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_mistyped_address_is_one_sentence_without_the_secret(cats, monkeypatch, command, given):
    monkeypatch.setattr("benchmark.specs.plan.load_plan", lambda name: pytest.fail("the address comes first"))
    for address in MISTYPED if command == COMMANDS[0] else MISTYPED[::7]:
        text = address.format(SECRET)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", text if given == "variable" else "sqlite:///none.db")
        code, out, err = cats(*command, *(["--tracking-uri", text] if given == "option" else []))
        assert code == 2, (address, out, err)
        hides(out, err, lines=1)


@pytest.mark.parametrize("address", UNREACHABLE)
def test_the_database_at_an_address_that_is_in_order_is_one_sentence_without_the_secret(cats, address):
    for command in COMMANDS[:2]:
        code, out, err = cats(*command, "--tracking-uri", address.format(SECRET))
        assert code == 2
        hides(out, err, lines=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("postgresql://u:hunter2@h/db",), ("board", "postgresql://u:hunter2@h/db"), ("board", "toy", "postgresql://u:hunter2@h/db"),
        ("ui", "--port", "postgresql://u:hunter2@h/db"), ("run", "postgresql://u:hunter2@h/db"), ("fetch", "http://u:hunter2@h/x"),
        ("--postgresql://u:hunter2@h/db",), ("board", "--tracking_uri=postgresql://u:hunter2@h/db"), ("show", "http://h?token=hunter2"),
        ("run", "first", "--scheduler", "tcp://u:hunter2@h:8786"), ("run", "first", "--engine", "http://u:hunter2@h"),
        ("check", "http://u:hunter2@h"), ("report", "http://u:hunter2@h", "--output", "x.html"), ("cost", "u:hunter2@h/db"),
    ],
)  # fmt: skip
def test_an_address_in_the_wrong_place_is_not_told(cats, arguments):
    code, out, err = cats(*arguments)
    assert code == 2
    hides(out, err)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hub", "https://u:hunter2@huggingface.co/x"), ("mlflow", "http://u:hunter2@h/1"), ("revision", "http://h?token=hunter2"),
        ("file", "http://u:hunter2@h/x.pt"), ("timm", {"http://u:hunter2@h": 1}),
    ],
)  # fmt: skip
def test_an_entry_with_a_secret_in_an_address_is_refused_without_it(cats, home, key, value):
    folder = home / "entries" / "sources"
    folder.mkdir(parents=True)
    content = {"weights": {key: value}, "licence": "x", "citation": "x"}
    (folder / "mine.yaml").write_text(yaml.safe_dump(content))
    for command in ("check", "show", "fetch"):
        code, out, err = cats(command, "mine")
        assert code in {1, 2}
        hides(out, err)


def test_lines_of_the_log_warnings_and_tracebacks_hold_no_secret(monkeypatch, capsys):
    for name in ("excepthook",):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    factory = logging.getLogRecordFactory()
    try:
        terminal.prepare()
        try:
            raise ValueError("no route to postgresql://u:hunter2@h/db\nsecond line with password='hunter2'")
        except ValueError:
            record = logging.makeLogRecord({})
            record = logging.getLogRecordFactory()("x", 10, "f", 1, "to %s", ("mysql:/u:hunter2@h",), sys.exc_info())
            assert isinstance(record, PlainRecord)
            sys.excepthook(*sys.exc_info())
        text = logging.Formatter("%(message)s").format(record)
        assert "Traceback" in text
        assert SECRET not in text + warnings.formatwarning("http://u:hunter2@h", UserWarning, "f", 1)
    finally:
        logging.setLogRecordFactory(factory)
    err = capsys.readouterr().err
    assert "ValueError: no route to postgresql://***@h/db" in err
    assert SECRET not in err


def test_every_sentence_of_ours_hides_what_it_quotes():
    assert str(CatsError("cannot reach http://u:hunter2@h?sig=hunter2", "nor u:hunter2@h")) == (
        "cannot reach http://***@h?sig=***\nnor ***@h"
    )
    assert cli.CatsError is CatsError


@pytest.mark.parametrize(
    "text",
    [
        "u:hunter2@h", "u:hunter2@db.example.pt", "12:hunter2@h/db", "u:hunter2@h.png@db", "u:hun/ter2@h/db", "hub:hunter2@h",
        "me:12@h.example", "http://h?code=hunter2hunter2hunter2", "//hub:hunter2@h",
    ],
)  # fmt: skip
def test_what_only_looks_like_something_harmless_is_hidden(text):
    assert "hunter2" not in shown(text)
    assert shown(text) != text


@pytest.mark.parametrize(
    "piece",
    ["a:", "a:b@", "http://", "//", "password=", "token", "a.", "-", "%3A%2F%2F", "?a=", "\\", "'", "a:/", "=@:", "u:p@h "],
)
def test_a_long_text_takes_no_long_time(piece):
    """A pattern without a bound would take hours; the limit that every test has would end it."""
    text = piece * (200_000 // len(piece))
    found = shown(text)
    assert found == text or HIDDEN in found


@pytest.mark.parametrize(
    "text",
    [
        "owner/name@0123abc", "models:/x/1", "see https://host/a?page=2&q=x", "a sentence: with an @ and a / in it",
        "12:30:15 at 5", "sqlite:////home/me:x@work/mlflow.db", "/home/me@work/x", "name 'x': 3", "leep = 0.5; lr: 0.1",
        "me@host is an address of mail", "C:\\data\\x", "write country: XYZ", "sha256 abc, expected def",
        "tokens of a transformer: 16", "a secret: none", "source a[b=1], target c: d", "images/0001.png: the class @ is odd",
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD", "weights hub:owner/name@main",
        "'hub:owner/name@0123abc' is",
        "scan 12:30@ward.png", "at 12:30:15@ward", "patient:3@left.dcm is", "class: a:b@c.npz", "see https://h/a?code=BIRADS5",
    ],
)  # fmt: skip
def test_a_text_without_a_secret_stays_as_it_is(text):
    assert shown(text) == text
