"""The queries of docs/mlflow.md, run as they are printed, on an experiment whose answers are known."""

import ast
import re

import mlflow

from benchmark.specs.recipe import at_default
from results.board.board import make_board
from results.board.page import page_of
from results.board.request import RunQuery
from results.record import Outcome, Record
from results.tracking.experiment import Experiment
from results.tracking.log_board import log_board
from results.tracking.send import send
from tests.support.paths import ASSETS, ROOT

PAGE = (ROOT / "docs" / "mlflow.md").read_text(encoding="utf-8")
EXPERIMENT = "queries"  # for the page's `first`, since other tests use that name on the same server
BLOCKS = [text.replace('["first"]', f"['{EXPERIMENT}']") for text in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)]
LEAK = "they share 3 images"
OLDER = [Record.model_validate_json(line) for line in (ASSETS / "records-v1.json").read_text().splitlines()]
LEAKING = next(record for record in OLDER if record.kind == "cell" and record.names["source"] == "good").model_copy(
    update={
        "key": "near", "attempt": "near", "names": OLDER[1].names | {"source": "near"},
        "facts": OLDER[1].facts | {"leak": LEAK}, "scores": OLDER[1].scores | {"auc": 0.99},
        "costs": tuple(cost.model_copy(update={"undivided": True}) for cost in OLDER[1].costs),
    }
)  # fmt: skip
RECORDS = [*OLDER, LEAKING]


def fill(uri):
    """The experiment of the queries: cells, of which one leaks and one failed, a pretraining, scores, and its board."""
    tracking = Experiment(uri, EXPERIMENT)
    for record in RECORDS:
        changes = {"version": 2, "experiment": EXPERIMENT, "defaults": at_default(record.settings)}
        send(tracking, Outcome(record.model_copy(update=changes)), first=True, alone=lambda: True)
    log_board(tracking, page_of(make_board(tracking.frame(), RunQuery(EXPERIMENT))))


def answer(number, uri):
    """What the query of a number gives, 1 to 10."""
    mlflow.set_tracking_uri(uri)
    try:
        names = {}
        exec(BLOCKS[0], names)
        *before, last = ast.parse(BLOCKS[number]).body
        exec(compile(ast.Module(before, []), "docs/mlflow.md", "exec"), names)
        return eval(compile(ast.Expression(last.value), "docs/mlflow.md", "eval"), names)
    finally:
        mlflow.set_tracking_uri(None)  # it has set MLFLOW_TRACKING_URI, which fixtures of other modules would read


def cells():
    """The records of finished cells."""
    return [record for record in RECORDS if record.kind == "cell" and record.status == "finished"]
