"""The columns that docs/notebook.md promises are those of the frames, in their order."""

import re
from dataclasses import fields

import pandas as pd
import pytest

import catsbench
from results.agreement.result import Statistic
from results.agreement.scores import PairScore
from results.choosing.choice import Attempted
from results.notebook.data_sizes import curve_result
from tests.support.data_sizes import SCRATCH, curves
from tests.support.markdown import blocks
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8").split("\n## Columns\n")[1]
ROWS = {
    name: re.findall(r"`(\w+)`", columns)
    for names, columns in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    for name in re.findall(r"`([\w.]+)`", names)
}
TABLE = pd.DataFrame({"model": list("aabb"), "data": list("xyxy"), "auc": [0.9, 0.8, 0.7, 0.6]})
FRAMES = {
    "board": lambda: catsbench.board("toy").frame,
    "board.overall": lambda: catsbench.board("toy").overall,
    "judge": lambda: catsbench.judge(TABLE, item="model", task="data").frame.drop(columns=["model", "data"]),
    "compare": lambda: catsbench.compare("toy", "good", "bad", "ihc").frame,
    "cost": lambda: catsbench.cost("toy").frame,
    "runs": lambda: catsbench.runs("toy").frame,
    "curves": lambda: catsbench.curves("toy").frame,
    "curve": lambda: curve_result(curves(SCRATCH)).frame,
    "public_runs": catsbench.public_runs,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_the_columns_that_the_page_names(toy, name):
    frame, named = FRAMES[name](), ROWS[name]
    assert list(map(str, frame))[: len(named)] == named
    assert name == "runs" or len(frame.columns) == len(named)


def test_columns_of_predictions_and_of_results_that_need_scores_or_trials(toy):
    shown = [re.sub(r"_\d$", "_CLASS", name) for name in catsbench.predictions("toy").frame]
    assert list(dict.fromkeys(shown)) == [name for name in ROWS["predictions"] if name != "label_CLASS"]
    assert ROWS["score"] == [each.name for each in fields(PairScore)]
    assert ROWS["agree"] == ["measure", "constant", "target", "statistic", *[each.name for each in fields(Statistic)]]
    assert ROWS["choose"] == [*[each.name for each in fields(Attempted)], "taken"]


def test_what_is_not_known_is_nan_in_a_column_of_numbers(toy):
    assert catsbench.board("toy").frame["energy_kwh"].dtype == float
    assert catsbench.judge(TABLE, item="model", task="data").frame["low"].dtype == float


def test_the_lines_of_the_page_give_a_board(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.assign(seed=0).to_csv("scores.csv", index=False)
    for code in blocks((ROOT / "docs" / "notebook.md").read_text(encoding="utf-8"), "python")[1:]:
        lines = [line for line in code.splitlines() if line]
        assert len(lines) == 3
        names = {}
        exec("\n".join(lines[:2]), names)
        made = eval(lines[2], names)
        assert made.overall["tie"].iloc[0] == 1
        assert made.overall[["low", "high"]].notna().all(axis=None)
