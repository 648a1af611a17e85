"""Connection to a tracking server: looked at once with short timeouts, no log lines of MLflow, and one line for an error."""

import logging
import os
import re
import warnings
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from alembic.util import CommandError
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]
from mlflow.exceptions import MlflowException
from requests import RequestException
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from results.error import CatsError, first_line
from results.text.hidden import shown
from results.tracking.change_counter import LINK, SQLITE, options_of, sqlite_file
from results.tracking.patience import within
from results.tracking.schema import check_revision
from results.tracking.sqlite_check import check_file
from results.tracking.uri import DATABASES, WEB, scheme
from results.tracking.web import causes, check_server, denied, login, why

# What MLflow's client raises when a server or database fails, refuses or answers with nonsense.
FAILURES = (MlflowException, SQLAlchemyError, CommandError, ParseError, OSError, ImportError)
CONNECT_SECONDS = 30.0  # for a database, with the look-up of its host
FORCED = {
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",  # another host would get the weights and predictions that are sent
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",  # so that the server cannot name another host for them either
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server could ask for hours
}
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PGCONNECT_TIMEOUT": "10",  # seconds; without it a host that is switched off takes minutes
}
STATUS = re.compile(r"failed with error code (\d+) != 200|too many (\d+) error responses|\A(40[13]) Client Error: ")
DELETION = re.compile(r"/delete\b(?!-)")  # the end of the address of a question that needs a higher permission
REGISTRY = re.compile(r"/(registered-models|model-versions)/")  # in the address of a question about a registered model


def quiet() -> None:
    """Silence MLflow, which logs every migration and every file, shorten its retries, and keep it at the named server."""
    os.environ.update(FORCED)
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", module="mlflow")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it logs every retry; the result is reported once
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # it prints the traceback of an error and also raises the error


def reach(uri: str) -> None:
    """Look once at a server or database, for a bounded time: MLflow would try ten times, for minutes, also a wrong password.

    Raises CatsError, in one sentence, if it cannot be reached, if it does not let the user in, if something else than MLflow
    answers, or if its tables are of another version.
    """
    file = sqlite_file(uri)
    if file is not None:
        check_file(Path(file))
    elif scheme(uri) in WEB:
        check_server(uri)
    elif scheme(uri) in {*DATABASES, "sqlite"}:
        try:
            revision = within(CONNECT_SECONDS, lambda: _revision(uri))
        except (*FAILURES, ValueError) as error:
            raise CatsError(f"MLflow at {shown(uri)} cannot be used: {reason_of(error)}") from error
        check_revision(revision, shown(uri))


def _revision(uri: str) -> str | None:
    """The version of MLflow's tables in a database; None if there are none, or if this user may not know."""
    with create_engine(engine_address(uri), poolclass=NullPool).connect() as connection, suppress(SQLAlchemyError):
        if inspect(connection).has_table("alembic_version"):
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    return None


def engine_address(uri: str) -> str:
    """The address of a database as SQLAlchemy and MLflow must be given it, so that they open the file that the user means.

    A ? begins options for SQLAlchemy, which from version 2.1 on also replaces what looks like %41. MLflow would make a folder
    of what it takes for the path of the file; of an address that names the driver it makes none.
    """
    if uri.startswith(SQLITE + LINK):
        return uri.replace("sqlite:", "sqlite+pysqlite:", 1)
    file = sqlite_file(uri)
    if file is None or not {"%", "?"} & set(file):
        return uri
    if make_url(f"{SQLITE}%41").database == "A":
        return f"sqlite+pysqlite:///{quote(file)}{options_of(uri)}"
    return uri if "?" not in file else f"sqlite+pysqlite:///{LINK}{quote(file)}?uri=true"


def reason_of(error: BaseException, experiment: str = "", model: str = "") -> str:
    """The first line of an error without any password, and what to do about it where that is known.

    `experiment` and `model`: the name of the experiment or of the registered model that was read or written, for the sentence
    about a permission that is missing.
    """
    line = shown(first_line(error))
    status = STATUS.search(line)
    code = int(status[status.lastindex or 0]) if status is not None else 0
    if code == HTTPStatus.FORBIDDEN or getattr(error, "error_code", "") == "PERMISSION_DENIED":
        of_model = model if REGISTRY.search(line) else ""
        return denied(experiment, "MANAGE" if DELETION.search(line) else "EDIT", of_model)
    if code:
        return login() if code == HTTPStatus.UNAUTHORIZED else f"the server answered {code}"
    if any(isinstance(each, RequestException) for each in causes(error)):  # whose words name addresses and objects of Python
        return why(error)
    if "readonly database" in line:
        return "the database may only be read; change the rights of the file and its folder, or name another database"
    if "database is locked" in line:
        return "another program holds the database; try again when that one has ended"
    return f"{line}; for PostgreSQL install cats-bench[postgres]" if "'psycopg'" in line else line
