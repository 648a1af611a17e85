"""No command tells a password, wherever it writes; and a server that does not let one in is one sentence."""

import io
import logging
import sqlite3
import sys

import pyarrow.parquet as pq
import pytest

from benchmark.execution.records import outbox_of
from results.error import CatsError
from results.files.sealed import unsealed
from results.record import Outcome
from results.report import export
from results.tracking.experiment import Experiment
from tests.integration.servers.records import PLAN, board_of, records, send_all
from tests.support.drawings import draw_coarsely, draw_once
from tests.support.servers import PASSWORD, QUOTED, free_port

pytestmark = pytest.mark.server

SECRETS = (PASSWORD, QUOTED, "s3cr3t")  # the last is a part of both
COMMANDS = [
    ("plan", "small.yaml"), ("plan", "small.yaml", "--cells"), ("sync", "small.yaml"), ("board", "small"),
    ("board", "small", "--format", "json", "--report", "board"), ("board", "small", "--sensitivity"), ("cost", "small"),
    ("agree", "small"), ("compare", "a", "b", "small", "--target", "x"), ("report", "small", "--figures", "figures"),
    ("import", "--experiment", "small", "--matrix", "matrix.csv"), ("board", "smal"), ("run", "none.yaml"),
    ("publish", "digits", "--backbone", "test_resnet"), ("run", "--help"), ("board", "small", "--metric", "acu"),
]  # fmt: skip


def told(text):
    return [secret for secret in SECRETS if secret in text]


def files(*folders):
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def text_of(path):
    """What a file says; a table's columns are packed, so they are unpacked."""
    if path.suffix == ".parquet":
        table = pq.read_table(io.BytesIO(unsealed(path.read_bytes())))
        return f"{table.schema.metadata} {table.to_pydict()}"
    return path.read_bytes().decode("latin-1")


def test_no_command_tells_the_password_in_what_it_prints_logs_or_writes(database, cats, tmp_path, home, caplog, monkeypatch):
    draw_coarsely(monkeypatch)
    draw_once(monkeypatch)
    monkeypatch.setattr(export, "CELLS", 2)  # the drawings of the other cells are made by the same code
    (tmp_path / "small.yaml").write_text(PLAN)
    (tmp_path / "matrix.csv").write_text("source,x,y\na,0.5,0.6\nb,0.7,0.8\n")
    tracking = Experiment(database, "small")
    send_all(tracking)
    caplog.set_level(logging.DEBUG)
    codes = set()
    for command in COMMANDS:
        more = () if "--help" in command else ("--tracking-uri", database)
        code, out, err = cats(*command, *more)
        codes.add(code)
        assert "Traceback" not in err
        assert told(" ".join([out, err])) == [], command
    assert codes == {0, 2}
    assert told(caplog.text) == []
    found = {path: told(text_of(path)) for path in files(tmp_path, home)}
    assert [path for path, secrets in found.items() if secrets] == []
    names = {path.name for path in found}
    assert {"report.html", "board.json", "runs.parquet"} <= names
    kept = [str([run.data.to_dictionary(), vars(run.info)]) for run in tracking.client.search_runs([tracking.experiment_id])]
    assert len(kept) > 18
    assert told(" ".join(kept)) == []


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"password": "s3cr3t-but-wrong"}, "password authentication failed"),
        ({"password": ""}, "no password supplied"),
        ({"user": "nobody"}, "password authentication failed"),
        ({"database": "absent"}, 'database "absent" does not exist'),
        ({"database": "x?sslmode=bogus"}, "sslmode"),
        ({"port": True}, "Connection refused"),
        ({"driver": True}, "No module named"),
    ],
    ids=["wrong password", "no password", "no such user", "no such database", "bad option", "nobody there", "no such driver"],
)
def test_a_database_that_does_not_let_one_in_is_one_sentence_without_the_password(postgres, cats, tmp_path, wrong, why):
    (tmp_path / "small.yaml").write_text(PLAN)
    given = {name: value for name, value in wrong.items() if name in {"user", "password", "database"}}
    uri = postgres.uri(**({"database": "migrated"} | given))
    if "port" in wrong:
        uri = uri.replace(f":{postgres.port}/", f":{free_port()}/")
    if "driver" in wrong:
        uri = uri.replace("postgresql:", "postgresql+pg8000:")
    for command in ("run", "sync", "board", "plan", "report", "score"):
        code, out, err = cats(command, "small.yaml", "--tracking-uri", uri)
        last = err.splitlines()[-1]
        assert (code, last.startswith("cats: MLflow at postgresql")) == (2, True), (command, out, err)
        assert why in last
        assert len([line for line in err.splitlines() if line.startswith("cats: ")]) == 1
        assert "Traceback" not in err
        assert told(out + err) == []


def test_a_password_may_stand_where_postgresql_looks_for_it_and_the_server_is_the_same(postgres, database, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    bare = database.replace(f":{QUOTED}@", "@")
    assert len(Experiment(bare, "first", create=False).frame()) == 0
    assert outbox_of(bare, "first").folder == outbox_of(database, "first").folder
    assert outbox_of(bare, "first").folder != outbox_of(postgres.uri("other"), "first").folder


def test_without_the_driver_the_sentence_says_what_to_install(monkeypatch):
    class Absent:
        def find_spec(self, name, *_):
            if name == "psycopg":
                raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.delitem(sys.modules, "psycopg")
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(CatsError, match=r"install cats-bench\[postgres\]$"):
        Experiment("postgresql://host/db", "toy")


def refused(read_only, cats, tmp_path):
    """What may only be read shows its board; what has to be written waits, and each command says so in one sentence."""
    (tmp_path / "small.yaml").write_text(PLAN)
    box = outbox_of(read_only, "small")
    box.put(Outcome(records()[0].model_copy(update={"key": "new", "attempt": "new"})))
    assert board_of(Experiment(read_only, "small", create=False))["experiment"] == "small"
    for command in (("sync", "small.yaml"), ("import", "--experiment", "other", "--matrix", "matrix.csv")):
        (tmp_path / "matrix.csv").write_text("source,x,y\na,0.5,0.6\nb,0.7,0.8\n")
        code, out, err = cats(*command, "--tracking-uri", read_only)
        assert code == 2, out
        assert err.startswith("cats: MLflow at ")
        assert err.count("\n") == 1
        assert told(out + err) == []
    assert [outcome.record.key for _, outcome in box] == ["new"]
    return box


def test_a_user_of_postgresql_who_may_only_read_sees_boards_and_loses_nothing(postgres, database, cats, tmp_path):
    send_all(Experiment(database, "small"))
    name = database.rpartition("/")[2]
    postgres.execute(f"CREATE USER reader_{name} PASSWORD '{PASSWORD}'")
    postgres.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{name}", name)
    box = refused(postgres.uri(name, user=f"reader_{name}"), cats, tmp_path)
    code, out, _ = cats("sync", "small.yaml", "--tracking-uri", database)  # the same server, for a user who may
    assert (code, out) == (0, f"1 record sent to small on postgresql://***@127.0.0.1:{postgres.port}/{name}\n")
    assert list(box) == []


def test_a_sqlite_file_that_may_only_be_read_shows_boards_and_loses_nothing(cats, tmp_path):
    send_all(Experiment(f"sqlite:///{tmp_path}/mlflow.db", "small"))
    read_only = f"sqlite:///file:{tmp_path}/mlflow.db?mode=ro&uri=true"
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        sqlite3.connect(f"file:{tmp_path}/mlflow.db?mode=ro", uri=True).execute("DELETE FROM tags")
    refused(read_only, cats, tmp_path)
