"""Every result that a command prints has four forms, which hold the same."""

import csv
import io
import json

import pandas as pd
import pytest
from rich.console import Console

from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import PairScore, ScoresText, read_scores
from results.agreement.text import AgreementText
from results.board.request import RunQuery
from results.board.text import BoardText
from results.cost.bill import make_bill
from results.cost.text import CostText
from results.cost.tradeoff import make_tradeoff
from results.text.printing import TerminalTable, csv_text, guarded, markdown_table
from tests.support.runs import CLEAR, board, costing

QUERY = RunQuery("toy")


def scored():
    return [
        {"source": s, "target": t, "backbone": "net", "kind": "score", "status": "FINISHED", "started": 0, "measures": "good",
         "reasons": "{}", "key": f"good-{s}-{t}", "measure_good": v, **costing([])}
        for t in "ab" for s, v in (("good", 2.0), ("bad", 1.0))
    ]  # fmt: skip


FRAME = pd.DataFrame([*CLEAR, *scored()])


def agreement():
    decisions = decisions_of(FRAME, QUERY)
    return judge_measures(decisions, scores_for(decisions, read_scores(FRAME, "toy")), "toy", "auc")


def cost():
    bill = make_bill(FRAME, "toy")
    return CostText(bill, make_tradeoff(FRAME, bill, QUERY))


RESULTS = {
    "board": lambda: BoardText(board(CLEAR)),
    "agreement": lambda: AgreementText(agreement()),
    "scores": lambda: ScoresText(read_scores(FRAME, "toy")),
    "cost": cost,
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_four_forms_that_name_the_sources_or_measures(name):
    result = RESULTS[name]()
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(result.table())
    forms = {"table": console.export_text(), "markdown": result.markdown(), "csv": result.csv()}
    forms["json"] = json.dumps(result.to_dict())
    assert all("good" in text for text in forms.values()), [form for form, text in forms.items() if "good" not in text]
    assert forms["markdown"].endswith("\n")
    header, *lines = csv.reader(io.StringIO(forms["csv"]))
    assert lines
    assert {len(line) for line in lines} == {len(header)}


def test_a_cell_cannot_break_a_table_of_a_page():
    assert markdown_table(["source", "mean"], [["a|b", "1"]], {"source"}) == [
        "| source | mean |",
        "| --- | ---: |",
        "| a\\|b | 1 |",
    ]
    score = PairScore("t", "<b>|", "net", "m", 1.0, None, None, None, None)
    assert "&lt;b>\\|" in ScoresText([score]).markdown()


def test_a_spreadsheet_has_numbers_in_full_and_nothing_where_there_is_none():
    assert csv_text(["a", "b"], [[1 / 3, None]]) == "a,b\n0.3333333333333333,\n"


def wide(columns=12, sources=36):
    table = TerminalTable("A title", ["measure", *(f"target{number}" for number in range(columns))], ["measure"])
    for number in range(sources):
        table.add_row(f"a_measure_by_name_{number}", *["0.5312 (-0.1234 – 0.9876)"] * columns)
    return table


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80, 100, 120, 300])
@pytest.mark.parametrize("columns", [1, 2, 9, 36])
def test_a_table_has_no_cell_cut_or_broken_and_is_no_wider_than_the_terminal(width, columns):
    """Before, a table of many measures had one letter on each line."""
    table = wide(columns)
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.count("0.5312 (-0.1234 – 0.9876)") for line in lines) == 36 * columns
    assert [number for part in table.parts(width) for number in part[1:]] == list(range(1, columns + 1))
    if width >= 80:
        assert sum("_name_35 " in line for line in lines) == len(list(table.parts(width)))


def test_a_table_in_parts_has_its_title_once_and_dims_the_same_rows():
    table = TerminalTable("A title", ["name", "x", "y"], ["name"])
    table.add_row("one", "1" * 30, "2" * 30)
    table.add_row("two", "3", "4", style="dim")
    console = Console(width=50, record=True, file=io.StringIO())
    console.print(table)
    text = console.export_text(styles=True)
    assert text.count("A title") == 1
    assert text.count("\x1b[2m") >= 2


@pytest.mark.parametrize(
    "text",
    [
        "-0.250 (-0.500 – 0.100)",
        "-0.5 %",
        "-inf",
        "+inf",
        "-0.012",
        "-1e-05 (-2e-05 – 1e-05)",
        "-3 points",
        "-0.1 (2 seeds)",
        "-0.250 (-inf – 0.100)",
        "-0.5 ± 0.1",
        "-nan",
    ],
)
def test_a_figure_of_a_report_has_no_apostrophe(text):
    assert guarded(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "-1 +cmd|' /C calc'!A0",
        "-1 (cmd|'x'!A0)",
        "-1 (A1)",
        "-1 (SUM(A1))",
        "-2+3+cmd|'x'!A0",
        "-1 =A1",
        "-1 * 2",
        "-1 & A1",
        "-1 (1,@A1)",
        "-inf+1",
        "-infinite",
        '+1 (HYPERLINK("http://x"))',
        "-1 (-A1)",
        "-1 ^2",
        "-1 <2",
        "-1 / 2",
        "-1 -A1",
        "-cmd",
        "-1 ;=1+1",
    ],
)
def test_what_a_spreadsheet_would_evaluate_behind_a_number_keeps_its_apostrophe(text):
    assert guarded(text).startswith("'")
