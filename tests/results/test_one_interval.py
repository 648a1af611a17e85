"""One figure has one interval: in `cats agree`, `cats cost`, on the page of `cats report` and on the board."""

import numpy as np
import pandas as pd
import pytest

from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.rankers import IMAGENET, RANDOM, SIZE
from results.agreement.scores import read_scores
from results.agreement.text import measure_lines, statistic_text
from results.board.board import make_board
from results.board.columns import ROW_COLUMNS, cells
from results.board.request import Judging, RunQuery
from results.cost.bill import make_bill
from results.cost.text import tradeoff_lines
from results.cost.tradeoff import ALWAYS, CHANCE, make_tradeoff
from results.report import choice_sections
from results.report.heat import heat
from results.report.sections import per_target
from tests.support.runs import run

SOURCES = {"imagenet": 0.9, "scratch": 0.6, "fractal": 0.85, "textures": 0.7}
SAME = {IMAGENET: ALWAYS, RANDOM: CHANCE, SIZE: SIZE, "fine": "fine", "unsure": "unsure", "part": "part"}  # agree → cost


def rows_of(targets, seeds):
    rng = np.random.default_rng(len(targets))
    for target in targets:
        for source, value in SOURCES.items():
            for seed in range(seeds):
                auc = float(np.clip(value + 0.1 * rng.standard_normal(), 0, 1))
                yield run(source, target, seed, auc, run_id=f"{source}-{target}-{seed}")
            scores = {"fine": value, "unsure": rng.standard_normal(), "source_size": 3 - value}
            if source not in ("scratch", "textures"):
                scores["part"] = -value
            for measure, score in scores.items():
                told = {"kind": "score", "measures": measure, "reasons": "{}", "key": f"{measure}-{source}-{target}"}
                ends = {f"measure_{measure}_low": score - 0.5, f"measure_{measure}_high": score + 0.5}
                ends = ends if measure == "unsure" else {}
                yield run(source, target, 0, float("nan"), **told, **ends, **{f"measure_{measure}": score})


def shares(name, metric, runs):
    """The influence of 60 test images, the same for each caller."""
    rng = np.random.default_rng(len(name))
    return rng.normal(0, 0.01, (60, len(runs))) + rng.normal(0, 0.01, (60, 1)), None


def everything(targets, seeds, images, metric):
    frame, query, judging = pd.DataFrame(rows_of(targets, seeds)), RunQuery("toy", metric), Judging(images)
    decisions = decisions_of(frame, query, judging)
    agreed = judge_measures(decisions, scores_for(decisions, read_scores(frame, "toy")), "toy", metric)
    traded = make_tradeoff(frame, make_bill(frame, "toy"), query, judging)
    return agreed, traded, make_board(frame, query, judging)


@pytest.mark.slow
@pytest.mark.parametrize("targets", ["a", "abc"])
@pytest.mark.parametrize(("seeds", "images"), [(1, None), (1, shares), (2, shares), (3, None)])
@pytest.mark.parametrize("metric", ["auc", "brier"])
def test_a_regret_has_one_interval(targets, seeds, images, metric):
    agreed, traded, _ = everything(targets, seeds, images, metric)
    ways, compared = {way.name: way for way in traded.ways}, 0
    for row in agreed.rows:
        if row.name in SAME:
            ours, theirs = row.mean["regret_1"], ways[SAME[row.name]]
            assert theirs.targets == row.judged
            assert (theirs.regret, theirs.low, theirs.high) == pytest.approx((ours.value, ours.low, ours.high)), row.name
            assert ours.low is None or 0 <= ours.low <= ours.high <= 1
            compared += 1
    assert compared == len(SAME)


def test_every_page_writes_a_regret_alike():
    agreed, traded, _ = everything("abc", 3, shares, "auc")
    page = choice_sections.agreement(agreed.to_dict()).tables[0]
    agree = {line[0]: line for line in measure_lines(agreed)}
    _, _, lines = tradeoff_lines(traded)
    cost = {line[0]: line[1] for line in lines}
    regret = {row[0]: f"{row[2]} ({row[3]})" for row in choice_sections.tradeoff(traded).tables[0].rows}
    for row in agreed.rows:
        text = statistic_text(row.mean["regret_1"], "regret_1")
        assert text in agree[row.name]
        assert text in next(line for line in page.rows if line[0] == row.name)
        if row.name in SAME:
            assert cost[SAME[row.name]] == regret[SAME[row.name]] == text


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3])
@pytest.mark.parametrize("images", [None, shares], ids=["seeds", "images"])
@pytest.mark.parametrize("metric", ["auc", "brier"])
def test_a_mean_has_one_interval_on_the_board_and_on_the_page_and_lies_within_its_bounds(seeds, images, metric):
    _, _, made = everything("ab", seeds, images, metric)
    tips = {name: cell.tip for name, line in heat(made).heat.rows for cell in line[:1]}
    for part, rows in zip(per_target(made).parts, made.targets.values(), strict=True):
        assert [tuple(row) for row in part.tables[0].rows] == [cells(ROW_COLUMNS, row) for row in rows]
        points = part.charts[0].draw.args[0]
        assert [(point.value, point.low, point.high) for point in points] == [(row.mean, row.low, row.high) for row in rows]
        for row in rows:
            assert 0 <= row.low <= row.mean <= row.high <= 1
            assert 0 <= row.p_best <= 1
            assert 1 <= row.rank_low <= row.rank_high <= len(rows)
    for row in made.targets["a"]:
        assert f"{row.mean:.3f}, 95 % {row.low:.3f} – {row.high:.3f}" in tips[row.source]
    for row in made.overall:
        assert 0 <= row.mean_low <= row.mean <= row.mean_high <= 1
        assert 1 <= row.low <= row.mean_rank <= row.high <= len(made.overall)
        assert 0 <= row.p_best <= 1
