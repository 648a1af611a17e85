"""Connection to a tracking server: short timeouts, no log lines of MLflow, and one line for an error."""

import logging
import os
import warnings

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from results.error import first_line
from results.tracking.uri import DATABASES, scheme, shown


def quiet() -> None:
    """Silence MLflow, which logs every migration and every file, and shorten its retries, which last minutes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")  # seconds; without it a host that is switched off takes minutes
    warnings.filterwarnings("ignore", module="mlflow")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it logs every retry; the result is reported once
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # it prints the traceback of an error and also raises the error


def reach(uri: str) -> None:
    """Connect to a database once: MLflow would try ten times, for minutes, also with a wrong password."""
    if scheme(uri) in DATABASES:
        with create_engine(uri, poolclass=NullPool).connect():
            pass


def reason_of(error: BaseException) -> str:
    """The first line of an error without any password, and what to do about it where that is known."""
    line = shown(first_line(error))
    if "error code 401" in line:
        return "the server requires a valid user and password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return f"{line}; for PostgreSQL install cats-bench[postgres]" if "'psycopg'" in line else line
