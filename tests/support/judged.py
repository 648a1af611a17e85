"""Scores of measures and runs of a toy board, and what is judged of them."""

import numpy as np
import pandas as pd

from results.agreement.combine import combine
from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import read_scores
from results.board.request import RunQuery
from tests.support.runs import costing, run

SOURCES = ("imagenet", "scratch", "fractal", "textures")


def scored(measure, target, values, backbone="net", width=None, sources=SOURCES):
    rows = []
    for source, value in zip(sources, values, strict=True):
        row = {"source": source, "target": target, "backbone": backbone, "kind": "score", "status": "FINISHED", "started": 0}
        row |= {"measures": measure, "reasons": "{}", "key": f"{measure}-{source}-{target}-{backbone}", **costing([])}
        if value is not None:
            row[f"measure_{measure}"] = value
        if width is not None:
            row |= {f"measure_{measure}_low": value - width, f"measure_{measure}_high": value + width}
        rows.append(row)
    return rows


def ran(target, values, seeds=1, **changes):
    rng = np.random.default_rng(len(target))
    return [
        run(source, target, seed, value + (0.004 * rng.standard_normal() if seeds > 1 else 0), **changes)
        for source, value in zip(SOURCES, values, strict=True)
        for seed in range(seeds)
    ]


def judged(rows, metric="auc", formulas=()):
    frame = pd.DataFrame(rows)
    decisions = decisions_of(frame, RunQuery("toy", metric))
    scores = scores_for(decisions, read_scores(frame, "toy"))
    for text in formulas:
        scores += combine(scores, text)
    made = judge_measures(decisions, scores, "toy", metric)
    return made, {row.name: row for row in made.rows}
