"""MLflow's client, made safe for two processes that write the same row at the same moment: MLflow refuses one of them.

MLflow first looks whether a tag, a parameter or an input is there, and then inserts it. A second process that inserts the same
row in between makes the database refuse the first one, with an error of uniqueness. These writes have the same effect once and
twice, so the refused one is repeated, and finds the row.
"""

from collections.abc import Callable
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

TRIES = 5  # each repetition can meet one more process
REFUSED = ("IntegrityError", "UniqueViolation", "UNIQUE constraint", "Duplicate entry")  # sqlite, PostgreSQL, MySQL, mssql


class Client(MlflowClient):
    """MLflow's client; what is written is written again if another process was in its way."""

    def log_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Write metrics, parameters and tags of a run."""
        return repeated(super().log_batch, *args, **kwargs)

    def log_inputs(self, *args: Any, **kwargs: Any) -> Any:
        """Write the data sets of a run."""
        return repeated(super().log_inputs, *args, **kwargs)

    def set_tag(self, *args: Any, **kwargs: Any) -> Any:
        """Write one tag of a run."""
        return repeated(super().set_tag, *args, **kwargs)

    def set_experiment_tag(self, *args: Any, **kwargs: Any) -> Any:
        """Write one tag of an experiment."""
        return repeated(super().set_experiment_tag, *args, **kwargs)


def repeated(write: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a write that has the same effect once and twice; up to TRIES times, while another process is in its way."""
    for _ in range(TRIES - 1):
        try:
            return write(*args, **kwargs)
        except MlflowException as error:
            if not any(sign in str(error) for sign in REFUSED):
                raise
    return write(*args, **kwargs)
