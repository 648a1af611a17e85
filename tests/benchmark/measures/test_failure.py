"""The reason of a measure that fails: one line that is whole, without what libraries add."""

import pytest
from mlflow.exceptions import MlflowException

from benchmark.measures.failure import LONGEST, failure
from results.error import CatsError

SQL = "(sqlite3.OperationalError) database is locked\n[SQL: SELECT runs.run_uuid FROM runs]\n(Background on this error: https://x)"
ADDRESS = "no connection to postgresql://me:hidden@host/db\nwhile it was read"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CatsError("knn: k is 0; allowed are 1 to 5"), "failed: knn: k is 0; allowed are 1 to 5"),
        (ZeroDivisionError("division by zero"), "failed: ZeroDivisionError('division by zero')"),
        (ValueError(), "failed: ValueError()"),
        (ValueError("one\ntwo"), "failed: ValueError('one')"),
        (MlflowException("Run 'a' not found\nin any experiment"), "failed: MLflow says: Run 'a' not found"),
        (MlflowException(SQL), "failed: MLflow says: another program holds the database; try again when that one has ended"),
        (MlflowException(ADDRESS), "failed: MLflow says: no connection to postgresql://***@host/db"),
        (OSError(ADDRESS), "failed: OSError('no connection to postgresql://***@host/db')"),
    ],
)
def test_the_reason_is_one_whole_line(error, reason):
    assert failure(error) == reason


def test_a_long_text_ends_inside_its_quotation_marks():
    reason = failure(ValueError("x" * 10_000))
    assert reason.startswith("failed: ValueError('xxx")
    assert reason.endswith("x…')")
    assert len(reason) < LONGEST + 40
