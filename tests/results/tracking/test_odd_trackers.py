"""Databases and servers that cannot be used: one sentence at once, from every way to them, and nothing is changed."""

import os
import shutil
import socket
import sqlite3
from contextlib import closing

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.tracking import connection, sqlite_check, web
from results.tracking.experiment import Experiment
from results.tracking.registry import Registry
from results.tracking.schema import revisions
from tests.support.odd_servers import says, server, silent
from tests.support.servers import free_port

WAYS = [
    lambda uri: Experiment(uri, "toy"), lambda uri: Experiment(uri, "toy", create=False), Registry, connection.reach,
]  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No proxy, and no pauses between the tries of MLflow's client."""
    connection.quiet()
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setattr(sqlite_check, "PATIENCE_SECONDS", 0.05)


def sentence(way, uri, why):
    with pytest.raises(CatsError, match=why) as caught:
        way(uri)
    text = str(caught.value)
    assert "\n" not in text
    assert "Error(" not in text
    assert "cannot be used: " in text
    return text


def changed(path, statement):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def folder(path, empty):
    path.mkdir()


def text(path, empty):
    path.write_text("no database at all, but long enough to be one: " * 10)


def encrypted(path, empty):
    path.write_bytes(bytes(range(255, -1, -1)) * 64)


def cut(path, empty):
    path.write_bytes(empty.read_bytes()[:50_000])


def damaged(path, empty):
    content = bytearray(empty.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)


def pipe(path, empty):
    os.mkfifo(path)


def photos(path, empty):
    changed(path, "CREATE TABLE photos (name TEXT)")


def optuna(path, empty):
    changed(path, "CREATE TABLE studies (name TEXT)")
    changed(path, "CREATE TABLE alembic_version (version_num TEXT)")


def newer(path, empty):
    shutil.copy(empty, path)
    changed(path, "UPDATE alembic_version SET version_num = 'ffffffffffff'")


def newer_without_a_table(path, empty):
    newer(path, empty)
    changed(path, "DROP TABLE webhook_events")


def older(path, empty):
    shutil.copy(empty, path)
    known, newest = revisions()
    changed(path, f"UPDATE alembic_version SET version_num = '{min(known - {newest})}'")


def older_without_a_table(path, empty):
    older(path, empty)
    changed(path, "DROP TABLE webhook_events")


def loop(path, empty):
    path.symlink_to(path)


FILES = [
    (folder, "it is a folder"), (text, "it is no database of sqlite"), (encrypted, "it is no database of sqlite"),
    (cut, "it is damaged|its disk does not give it back"), (damaged, "it is damaged|it is no database"),
    (pipe, "it is no file that can hold"),
    (photos, "it belongs to another program and holds photos"), (optuna, "it belongs to another program and holds studies"),
    (newer, "it was made by a newer MLflow"), (newer_without_a_table, "it was made by a newer MLflow"),
    (older, "it was made by an older MLflow.* run `mlflow db upgrade"),
    (older_without_a_table, "it was made by an older MLflow"),
    (loop, "Too many levels of symbolic links"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("make", "why"), FILES, ids=[make.__name__ for make, _ in FILES])
def test_a_file_that_is_no_database_of_mlflow_is_one_sentence_and_stays_as_it_is(tmp_path, empty, make, why, way):
    path = tmp_path / "odd.db"
    make(path, empty)
    before = path.read_bytes() if path.is_file() else None
    if make is loop and way is Registry:  # where nothing is
        with pytest.raises(CatsError, match="there is no database"):
            way(f"sqlite:///{path}")
    else:
        assert str(path) in sentence(way, f"sqlite:///{path}", why)
    assert before is None or path.read_bytes() == before
    assert [left.name for left in tmp_path.iterdir()] == ["odd.db"]


@pytest.mark.parametrize("way", WAYS)
def test_a_database_that_another_program_holds_is_one_sentence(tracking, way):
    with closing(sqlite3.connect("mlflow.db")) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        sentence(way, tracking.uri, "another program holds it")


def test_a_database_that_another_program_has_left_in_the_middle_of_a_change_is_opened(tracking, tmp_path):
    """Its journal lies beside it, and the first process that opens it undoes the change."""
    with closing(sqlite3.connect("mlflow.db", isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_spill = 1")
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN")
        for number in range(200):
            writer.execute("INSERT INTO experiments (name, lifecycle_stage) VALUES (?, ?)", (f"{number}{'x' * 200}", "active"))
        for name in ("mlflow.db", "mlflow.db-journal"):
            shutil.copy(name, tmp_path / name.replace("mlflow", "left"))
    assert Experiment(f"sqlite:///{tmp_path}/left.db", "toy", create=False).experiment_id == tracking.experiment_id


@pytest.mark.parametrize("place", ["file/mlflow.db", "file/deeper/mlflow.db", f"{'x' * 300}.db", f"{'x' * 300}/mlflow.db"])
def test_a_place_where_no_database_can_be_made_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("")
    sentence(WAYS[0], f"sqlite:///{tmp_path}/{place}", "Not a directory|File name too long")


def test_a_database_that_may_only_be_read_takes_nothing_and_says_so(tracking, tmp_path):
    read_only = f"sqlite:///file:{tmp_path}/mlflow.db?mode=ro&uri=true"
    assert Experiment(read_only, "toy", create=False).frame().empty
    sentence(lambda uri: Experiment(uri, "new"), read_only, "the database may only be read")
    sentence(WAYS[0], f"sqlite:///file:{tmp_path}/none.db?mode=ro&uri=true", "unable to open database file")
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


PAGE = b"<html><head><title>Login</title></head><body>" + b"x" * 100_000 + b"</body></html>"
ANSWERS = [
    ("page", says(200, PAGE, Content_Type="text/html"), "the answer is not one of MLflow"),
    ("empty", says(200), "the answer is not one of MLflow"),
    ("list", says(200, b"[]", Content_Type="application/json"), "the answer is not one of MLflow"),
    ("number", says(200, b"5"), "the answer is not one of MLflow"),
    ("nested", says(200, b"[" * 100_000), "the answer is not one of MLflow"),
    ("bytes", says(200, bytes(range(256)) * 20), "the answer is not one of MLflow"),
    ("packed", says(200, b"no gzip", Content_Encoding="gzip"), "."),
    ("nothing", says(204), "the answer is not one of MLflow"),
    ("login", says(302, Location="/login"), "the server leads to /login"),
    ("loop", says(307, Location="/api/2.0/mlflow/experiments/search"), "the server leads to /api"),
    ("nowhere", says(301), "the server leads to another place"),
    ("secret", says(302, Location="http://me:hunter2@elsewhere/?token=hunter2"), "the server leads to http://"),
    ("401", says(401, b"who are you"), "not know user 'me' with this password; correct MLFLOW_TRACKING_USERNAME and MLFLOW_"),
    ("401 asks", says(401, WWW_Authenticate='Basic realm="hunter"'), "; correct MLFLOW_TRACKING_USERNAME"),
    ("403", says(403, PAGE), "the server refuses user 'me' \\(403\\)"),
    ("404", says(404, PAGE), "the server answered 404 \\(Not Found\\); check host, port and path"),
    ("418", says(418), "the server answered 418"),
    ("500", says(500, PAGE), "the server answered 500 \\(Internal Server Error\\) again and again"),
    ("503", says(503, b"", Retry_After="86400"), "the server answered 503 \\(Service Unavailable\\) again and again"),
    ("429", says(429, b"", Retry_After="86400"), "the server answered 429 \\(Too Many Requests\\) again and again"),
    ("599", says(599), "the server answered 599"),
    ("hangs up", lambda request: None, "the server ended the connection without an answer|not one"),
    ("ssh", lambda request: request.wfile.write(b"SSH-2.0-OpenSSH\r\n"), "."),
    ("half", lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"), "."),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("reply", "why"), [each[1:] for each in ANSWERS], ids=[each[0] for each in ANSWERS])
def test_a_web_server_that_is_not_mlflow_or_lets_nobody_in_is_one_short_sentence(monkeypatch, reply, why, way):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    with server(reply) as made:
        text_of = sentence(way, made.url, why)
        assert len(text_of) < 400
        assert "hunter2" not in text_of
        assert len(made.asked) < 5


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_answers_every_question_with_an_empty_object_is_one_sentence(way):
    """The first question is answered as MLflow would; the others are not."""
    with server(says(200, b'{"experiment": 5, "experiments": 5}', Content_Type="application/json")) as made:
        if way in WAYS[:2]:
            sentence(way, made.url, ".")
        else:
            way(made.url)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_never_answers_is_left_after_one_wait(monkeypatch, way):
    monkeypatch.setattr(web, "ANSWER_SECONDS", 0.1)
    with server(silent) as made:
        sentence(way, made.url, "the server did not answer in time")
        assert len(made.asked) == 1


def test_a_server_that_answers_for_ever_is_left(monkeypatch):
    monkeypatch.setattr(web, "WHOLE_SECONDS", 0.3)

    def drop_by_drop(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not request.server.over.wait(0.02):
            request.wfile.write(b" ")

    with server(drop_by_drop) as made:
        sentence(WAYS[0], made.url, "the server did not answer in time")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("http://127.0.0.1:{free}", "Connection refused"), ("http://nobody.invalid:5000", "there is no host of this name"),
        ("https://127.0.0.1:{plain}", "the server speaks no TLS"), ("http://" + "a" * 64 + ".example", "."),
        ("http://a..b:5000", "."), ("postgresql://me:hunter2@127.0.0.1:{free}/db", "Connection refused"),
        ("postgresql://me:hunter2@nobody.invalid/db", "."),
        ("mysql://me:hunter2@127.0.0.1:{free}/db", "No module named|refused"),
        ("mysql+pymysql://me:hunter2@127.0.0.1:{free}/db", "No module named|refused"),
        ("mssql+pyodbc://me:hunter2@127.0.0.1/db", "."),
        ("postgresql+nodriver://me:hunter2@127.0.0.1/db", "."), ("postgresql://me:hunter2@127.0.0.1:{free}/db?hunter2x=1", "."),
    ],
)  # fmt: skip
def test_a_server_that_cannot_be_reached_is_one_sentence_without_the_password(uri, why):
    with server(says(200, b"{}")) as plain:
        given = uri.format(free=free_port(), plain=plain.server_port)
        for way in WAYS:
            assert "me:hunter2" not in sentence(way, given, why)
            assert "hunter2@" not in sentence(way, given, why)


def test_a_database_that_never_answers_is_left(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        uri = f"postgresql://me:hunter2@127.0.0.1:{listening.getsockname()[1]}/db"
        assert "hunter2" not in sentence(connection.reach, uri, "no whole answer within 0.3 seconds")


def test_a_server_that_is_gone_in_the_middle_of_the_work_is_named_by_the_reason_alone():
    """MLflow's own error quotes the address of the question and objects of Python."""
    with pytest.raises(MlflowException, match="Max retries exceeded") as caught:
        MlflowClient(f"http://127.0.0.1:{free_port()}").set_tag("run", "name", "value")
    assert connection.reason_of(caught.value) == "[Errno 111] Connection refused"
