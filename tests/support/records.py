"""Records of attempts as an outbox holds them, and a table of predictions beside them."""

import pandas as pd

from results.record import Record
from tests.support.paths import ASSETS

OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())

TABLE = pd.DataFrame({"sample": ["a", "b"], "label": [0, 1], "probability_no": [0.2, 0.7]})


def record(attempt="a1"):
    return OLD.model_copy(update={"attempt": attempt, "scores": {"auc": 0.9}})
