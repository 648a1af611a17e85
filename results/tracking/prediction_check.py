"""Checks the predictions of a run when they are read: others may have damaged or replaced the file."""

from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from results.error import OddRunError, first_line
from results.statistics.influence import check_predictions


def checked(read: Callable[[], pd.DataFrame], run_id: str, server: str) -> pd.DataFrame:
    """The table of predictions that `read` returns; see results.record.Outcome for its columns.

    `server`: whose run it is, for the sentence. Raises FileNotFoundError if there is no file, and OddRunError if it cannot be
    read or holds no predictions.
    """
    try:
        table = read()
        check_predictions(table)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UnicodeError, OverflowError, pa.ArrowException) as error:
        reason = f"the predictions of run {run_id} cannot be read from {server}: {first_line(error)}"
        raise OddRunError(run_id, reason) from error
    return table
