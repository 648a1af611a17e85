"""Why a measure gives no score when its code, or what it asks, fails: one line that records and boards can quote."""

from results.error import CatsError, first_line
from results.text.brief import short
from results.text.hidden import shown

LONGEST = 300  # characters of an error's text


def failure(error: Exception) -> str:
    """The reason of a failed measure: the sentence of a CatsError or of MLflow, else the class and the first line of the error.

    Texts of libraries may have many lines, and hold addresses with passwords; neither comes into the reason.
    """
    from mlflow.exceptions import MlflowException

    from results.tracking.connection import reason_of

    if isinstance(error, CatsError):
        return f"failed: {error}"
    if isinstance(error, MlflowException):
        return f"failed: MLflow says: {short(reason_of(error), LONGEST)}"
    text = repr(short(shown(first_line(error)), LONGEST)) if str(error).strip() else ""
    return f"failed: {type(error).__name__}({text})"
