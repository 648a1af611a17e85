"""What is secret in an address is never shown, and an address that could not be hidden safely is not used."""

import pytest

from results.error import CatsError
from results.tracking.connection import reason_of
from results.tracking.experiment import Experiment
from results.tracking.registry import Registry
from results.tracking.uri import check, identity, shown


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("postgresql://me:secret@host:5432/db", "postgresql://***@host:5432/db"),
        ("postgresql+psycopg://me:secret@host/db", "postgresql+psycopg://***@host/db"),
        ("POSTGRESQL://me:secret@host/db", "POSTGRESQL://***@host/db"),
        ("postgresql://me:sec@secret@host/db", "postgresql://***@host/db"),
        ("postgresql://me:sec/secret@host/db", "postgresql://***@host/db"),
        ("postgresql://host/db?user=me&password=secret&sslmode=require", "postgresql://host/db?user=me&password=***&sslmode=require"),
        ("postgresql://host/db?sslpassword=secret", "postgresql://host/db?sslpassword=***"),
        ("http://me:secret@host:5000", "http://***@host:5000"),
        ("https://secret@host/x", "https://***@host/x"),
        ("ftp://me:secret@host/artifacts", "ftp://***@host/artifacts"),
        ("password=secret host=db", "password=*** host=db"),
        ("mssql+pyodbc:///?odbc_connect=Server%3Ddb%3BUID%3Dme%3BPWD%3Dsec%40ret%3BDatabase%3Dx",
         "mssql+pyodbc:///?odbc_connect=Server%3Ddb%3BUID%3D***%3BPWD%3D***%3BDatabase%3Dx"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3D%7Bsec%3Bret%7D%3BDatabase%3Dx",
         "mssql+pyodbc:///?odbc_connect=PWD%3D***%3BDatabase%3Dx"),
        ("mssql+pyodbc:///?odbc_connect=PWD={sec;ret};Database=x", "mssql+pyodbc:///?odbc_connect=PWD=***;Database=x"),
    ],
)  # fmt: skip
def test_user_and_password_are_not_shown(uri, told):
    assert shown(uri) == told
    assert shown(f"cannot connect to '{uri}', nor \"{uri}\".") == f"cannot connect to '{told}', nor \"{told}\"."


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///mlflow.db", "sqlite:////home/me:x@work/mlflow.db", "file:///home/me@work", "http://host:5000/a",
        "models:/x/1", "postgresql://host/db", "a sentence: with an @ and a / in it", "/home/me@work/x",
    ],
)  # fmt: skip
def test_what_holds_no_secret_is_shown_as_it_is(uri):
    assert shown(uri) == uri


def test_another_user_or_password_leaves_the_server_the_same_and_another_database_is_another(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert identity("postgresql://me:old@host/db") == identity("postgresql://me:new@host/db")
    assert identity("postgresql://me:old@host/db") == identity("postgresql://host/db")
    assert identity("postgresql://me:old@host/db") != identity("postgresql://me:old@host/other")
    odbc = "mssql+pyodbc:///?odbc_connect=Server%3Ddb%3BPWD%3D{}%3BDatabase%3D{}"
    assert identity(odbc.format("old", "x")) == identity(odbc.format("new", "x")) != identity(odbc.format("old", "y"))
    assert identity("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    for first in ("sqlite+pysqlite:///m.db", "sqlite+pysqlite:////data/m.db?timeout=30"):  # records wait under these names
        assert identity(first) == first


@pytest.mark.parametrize("act", [check, Registry, lambda uri: Experiment(uri, "toy")], ids=["check", "registry", "tracking"])
@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://me:sec@secret@host/db", "postgresql://me:sec/secret@host/db", "postgresql://me:sec?secret@host/db",
        "postgresql://me:sec#secret@host/db", "postgresql://me:sec secret@host/db", "mysql://me:sec'secret@host/db",
    ],
)  # fmt: skip
def test_a_sign_that_ends_a_password_too_early_is_one_sentence_without_it(act, uri):
    with pytest.raises(CatsError, match="a character that must be encoded: .* @ as %40") as caught:
        act(uri)
    assert "sec" not in str(caught.value)


def test_user_and_password_of_a_web_server_stand_in_mlflows_own_variables_or_nowhere():
    with pytest.raises(
        CatsError, match=r"http://\*\*\*@host:5000 contains .*set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASS"
    ):
        Experiment("http://me:secret@host:5000", "toy")


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://me:sec%40ret@host:5432/db?sslmode=require", "http://host:5000", "sqlite:///a@b/c@d.db",
        "/data/me@lab/mlruns", "runs/me@lab", "./@x", "//server/share", "//server/share/me@lab", "/data//mlruns",
        "C:\\data\\me@lab",
        "mssql+pyodbc://u:p@SERVER\\SQLEXPRESS/db", "mssql://SERVER\\SQL_1:1433/db?driver=x",
    ],
)  # fmt: skip
def test_an_address_as_it_should_be_is_taken(uri):
    check(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "me@host/db", "me@host", "//me@host/db", "host//db", "postgresql://u:p@SERVER\\NAME/db", "mysql://SERVER\\NAME/db",
        "mssql://u:p@\\\\SERVER/db",
    ],
)  # fmt: skip
def test_an_address_that_could_hold_a_user_or_has_the_wrong_sign_is_refused(uri):
    with pytest.raises(CatsError, match=r"which kind of server|not complete or not in order"):
        check(uri)


def test_the_first_line_of_an_error_holds_no_password():
    error = ValueError("no route to postgresql://me:secret@host/db\npostgresql://me:secret@host/db")
    assert reason_of(error) == "no route to postgresql://***@host/db"
