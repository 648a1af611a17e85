"""Hand-made runs with the columns of Experiment.frame(), and boards of them."""

import json
from functools import cache

import pandas as pd

from results.board.board import Board, make_board
from results.board.request import SEEDS, RunQuery
from results.record import Record
from results.tracking.cost_columns import totals
from results.tracking.mlflow_format import figure_names, measurements
from results.tracking.send import STATUS

KWH = 0.003
ENERGY = {"cpu": {"kwh": 0.001, "provenance": "modelled"}, "ram": {"kwh": 0.002, "provenance": "modelled"}}
COSTS = [{"phase": "training", "seconds": 1.0, "energy": ENERGY, "kg_per_kwh": 0.3}]
UNKNOWN = [{"phase": "training", "seconds": 1.0, "energy": {"gpu": {"kwh": None, "provenance": "missing"}}}]


def costing(costs):
    """The columns of an attempt with these costs."""
    text = json.dumps(costs)
    return {"costs": text, **_totals(text)}


_totals = cache(totals)  # thousands of runs have the same costs


def run(source, target, seed, auc, **changes):
    row = {"source": source, "target": target, "backbone": "net", "seed": str(seed), "point": "p", "kind": "cell"}
    row |= {"status": "FINISHED", "key": f"{source}-{target}-{seed}", "started": seed, "test_auc": auc, "test_brier": 1 - auc}
    row |= {"val_loss": 1 - auc, "val_auc": auc, "protocol": "finetune", "size": "32", "rule": "min_val_loss"}
    row |= {"groups": "patient", "pretraining": None, "subsample.train": "None"}
    return row | costing(changes.pop("costs", COSTS)) | changes


def on_net(*sources):
    """The candidates of the sources on the backbone of `run`."""
    return [(source, "net") for source in sources]


def runs(**scores):
    """source=[[scores on target a], [scores on target b]]"""
    return [run(s, "ab"[t], i, v) for s, rows in scores.items() for t, row in enumerate(rows) for i, v in enumerate(row)]


CLEAR = runs(good=[[0.90, 0.91, 0.905], [0.80, 0.81, 0.805]], bad=[[0.70, 0.71, 0.705], [0.60, 0.61, 0.605]])


def board(rows, judging=SEEDS, **query) -> Board:
    return make_board(pd.DataFrame(rows), RunQuery("toy", **query), judging)


def _figures(record: Record) -> dict[str, float]:
    figures = {name: value for name, value, _ in measurements(record)}
    return {column: figures[name] for name, column in figure_names(figures, list(record.curves)).items()}


def frame_of(records: list[Record]) -> pd.DataFrame:
    """What Experiment.frame() would say of records, without MLflow in between (test_importing holds the two together)."""
    return pd.DataFrame(
        {
            **record.settings, **record.names, **_figures(record),
            "status": STATUS[record.status], "started": int(record.started * 1000), "key": record.key, "kind": record.kind,
            "point": record.point, "leak": record.facts.get("leak"), "imported": record.facts.get("imported"),
            "citation": record.facts.get("citation"), "licence": record.facts.get("licence"),
            "groups": None, "pretraining": record.facts.get("pretraining"),
            "known_duplicates": None, "duplicates": None, "data": record.facts.get("data"),
            "split": record.facts.get("split"), "slices": record.facts.get("slices"), "start": record.facts.get("start"),
            "identifiers": record.facts.get("identifiers"), "adaptive": record.facts.get("adaptive"),
            "evaluation_precision": record.facts.get("evaluation_precision") or record.facts.get("precision"),
            "source_images": record.facts.get("source_images"),
            "reasons": record.facts.get("reasons", "{}"),
            "environment": json.dumps(record.environment),
            **costing([cost.model_dump() for cost in record.costs]),
        }
        for record in records
    )  # fmt: skip
