"""What commands print fits a terminal of 80 columns, with the names that real sources and targets have, and breaks no word."""

import re

import pandas as pd
import pytest

from benchmark.cli.options import Format
from benchmark.cli.printing import print_as
from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import ScoresText, read_scores
from results.agreement.text import AgreementText
from results.board.board import make_board
from results.board.request import RunQuery
from results.board.text import BoardText
from results.choosing.choice import Attempted, Choice, Spent, Taken
from results.choosing.choice_text import ChoiceText
from results.cost.bill import make_bill
from results.cost.text import CostText
from results.cost.tradeoff import make_tradeoff
from results.data_size.text import CurveText
from results.sharing.diff import difference
from results.sharing.diff_text import DifferenceText
from tests.support.data_sizes import SCRATCH, curves, ends_at, line
from tests.support.runs import run

QUERY = RunQuery("toy")
SOURCES = ("torchvision_imagenet_eps", "inat_insect", "dead_leaves[classes=100]", "scratch")
TARGETS = ("histopathologic_cancer", "chest_xray_pneumonia")
MEASURES = ("logme", "mean_class_distance", "otdd")
SIGNS = re.compile(r"[\s─━│┃┏┓┗┛└┘├┤┡┩╇┳┴┬┼]+")


def rows(step):
    cells = [
        run(
            source,
            target,
            seed,
            0.9 - step * place + 0.01 * seed,
            key=f"{place}{target}{seed}",
            run_id=f"{place}{target}{seed}",
        )
        for place, source in enumerate(SOURCES)
        for target in TARGETS
        for seed in (0, 1, 2)
    ]
    told = {"kind": "score", "measures": ";".join(MEASURES), "reasons": "{}"}
    scores = [
        run(s, t, 0, float("nan"), key=f"s{s}{t}", **told, **{f"measure_{m}": n / 7 + k for k, m in enumerate(MEASURES)})
        for n, s in enumerate(SOURCES)
        for t in TARGETS
    ]
    return pd.DataFrame([*cells, *scores])


def choice():
    tried = tuple(Attempted(source, "lr=0.003, batch_size=64", 0, 0.3123, 0.0012, 0.1) for source in SOURCES)
    taken = Taken(SOURCES[0], "lr=0.003, batch_size=64", 0, 0.31, 1)
    return Choice(
        "choose-x", TARGETS[0], "resnet18", "fast", "race", "auc", taken, Spent(None, 0.001, 0.1, 1, 1), tried, "it is used up"
    )


@pytest.fixture(scope="module")
def printed():
    frame = rows(0.05)
    board, other, bill = make_board(frame, QUERY), make_board(rows(0.02), QUERY), make_bill(frame, "toy")
    decisions = decisions_of(frame, QUERY)
    judged = judge_measures(decisions, scores_for(decisions, read_scores(frame, "toy")), "toy", "auc")
    sized = curves(line("torchvision_imagenet_eps", ends_at(100)), SCRATCH)
    return {
        "board": BoardText(board), "agree": AgreementText(judged), "score": ScoresText(read_scores(frame, "toy")),
        "cost": CostText(bill, make_tradeoff(frame, bill, QUERY)), "curve": CurveText(sized), "choose": ChoiceText(choice()),
        "diff": DifferenceText(difference(board, other, ("before.json", "after.json"))),
    }  # fmt: skip


def shown(text, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    print_as(text, Format.table)
    return capsys.readouterr().out


@pytest.mark.parametrize("what", ["board", "agree", "score", "cost", "curve", "choose", "diff"])
def test_a_terminal_of_80_columns_shows_whole_words(printed, what, monkeypatch, capsys):
    narrow, wide = (shown(printed[what], columns, monkeypatch, capsys) for columns in (80, 5000))
    assert max(map(len, narrow.splitlines())) <= 80
    assert set(SIGNS.split(narrow)) <= set(SIGNS.split(wide))
