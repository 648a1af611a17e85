"""A small experiment, and copies of its runs in which one tag, parameter, metric or place was changed in the database."""

import itertools
import json
import sqlite3
import uuid

import numpy as np

from results.metrics import scores
from results.record import Cost, Energy, Outcome, Record
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.predictions import predictions

SKILL = {"good": 3.0, "fair": 1.0, "bad": 0.2}
TARGETS = ("ihc", "pond")
SEEDS = 2
DEEP = "[" * 3000
GONE = object()
TEXTS = (
    GONE, "", "banana", "nan", "inf", "1e400", "-1", "{}", "[]", "[1]", '{"a": 1}', '"x"', "null", "true", "0", "1" * 4000,
    DEEP, "NaN", "[[]]", '[{"phase": 1}]', "\x00\x1b[31m", "2", "99",
)  # fmt: skip
NUMBERS = (GONE, "banana", "", None, float("inf"), float("-inf"), -1.0, 7.0, 1e300, b"\x00")
COST = {"phase": "training", "seconds": 1.0, "energy": {"cpu": {"kwh": 0.1, "provenance": "modelled"}}}
COSTS = (
    {**COST, "seconds": "1"}, {**COST, "seconds": None}, {**COST, "seconds": -5}, {**COST, "seconds": 1e300},
    {**COST, "energy": []}, {**COST, "energy": {"cpu": 3}}, {**COST, "energy": {"cpu": {"kwh": "1", "provenance": "modelled"}}},
    {**COST, "energy": {"cpu": {"kwh": 1e300, "provenance": "modelled"}}},
    {**COST, "energy": {"cpu": {"kwh": 1.0, "provenance": "guessed"}}}, {**COST, "energy": {"cpu": {"kwh": 1.0}}},
    {**COST, "kg_per_kwh": "x"}, {**COST, "busy_seconds": 1.0}, {**COST, "phase": None}, {**COST, "unheard": 1},
    {"phase": "training"}, 3, None, "x", [],
)  # fmt: skip


def costs(kwh=0.001):
    energy = {"cpu": Energy(kwh=kwh, provenance="modelled")}
    return (Cost(phase="training", seconds=1.0, energy=energy, kg_per_kwh=0.3),)


def fill(tracking):
    """Cells of three sources with predictions, the pretraining of one, scores of two measures. Returns run ids by kind."""
    ids = {"cell": [], "pretraining": [], "score": []}
    common = {"experiment": tracking.name, "status": "finished", "environment": {"torch": "2.0", "trainer": "1"}}
    common |= {"costs": costs(), "started": 1.7e9, "ended": 1.7e9 + 1}

    def put(kind, key, table=None, **fields):
        record = Record(kind=kind, key=key, attempt=uuid.uuid4().hex, **common | fields)
        ids[kind].append(send(tracking, Outcome(record, table), first=True, alone=lambda: True))

    settings = {"protocol": "finetune", "size": "32", "epochs": "2", "rule": "min_val_loss", "subsample.train": "None"}
    settings["momentum"] = "0.9"
    names = {"source": "good", "backbone": "net", "seed": "0"}
    put("pretraining", "before", point="q", names=names, settings={"epochs": "3", "size": "32"}, facts={"data": "d0"})
    for (t, target), (source, skill) in itertools.product(enumerate(TARGETS), SKILL.items()):
        names = {"source": source, "target": target, "backbone": "net"}
        facts = {"data": f"d{target}", "groups": "None", "start": f"s{source}"}
        if source == "good":
            facts["pretraining"] = "before"
        for seed in range(SEEDS):
            table = predictions(np.random.default_rng(t), 40, 2, model_seed=[t, len(source), seed], skill=skill)
            given = table[["probability_0", "probability_1"]].to_numpy()
            put(
                "cell", f"{source}-{target}-{seed}", table, point="p", names=names | {"seed": str(seed)},
                settings=settings, defaults=("momentum",),
                facts=facts, scores=scores("binary", table["label"].to_numpy(), given), curves={"val_auc": [0.5, 0.6]},
                validation={"val_loss": 1.0, "val_auc": 0.6, "best_epoch": 1.0, "epochs_run": 2.0},
            )  # fmt: skip
        figures = {"measure_lp": skill, "measure_lp_low": skill - 0.1, "measure_lp_high": skill + 0.1, "measure_fu": -skill}
        put(
            "score", f"score-{source}-{target}", point="m", names=names | {"seed": "0"},
            settings={"measures": "lp;fu;gone", "images": "100"}, validation=figures,
            facts=facts | {"reasons": json.dumps({"gone": "no classifier"})},
        )  # fmt: skip
    return ids


class Database:
    """The sqlite database of an experiment, whose rows are changed as a user with a database browser would."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path)

    def close(self):
        self.connection.commit()
        self.connection.close()

    def fields(self, run_id):
        """Where and what: everything that a run has, by its names."""
        tables = {"tags": "tags", "params": "params", "metrics": "latest_metrics"}
        for where, table in tables.items():
            for (name,) in self.connection.execute(f"SELECT key FROM {table} WHERE run_uuid = ?", [run_id]):
                if not name.startswith("mlflow."):
                    yield where, name

    def copy(self, run_id):
        """A copy of a run that began a second before it, with a key of its own."""
        made = uuid.uuid4().hex
        for table in ("runs", "tags", "params", "metrics", "latest_metrics"):
            columns = [row[1] for row in self.connection.execute(f"PRAGMA table_info({table})")]
            chosen = ", ".join("?" if column == "run_uuid" else f'"{column}"' for column in columns)
            self.connection.execute(f"INSERT INTO {table} SELECT {chosen} FROM {table} WHERE run_uuid = ?", [made, run_id])
        self.connection.execute("UPDATE runs SET start_time = start_time - 1000 WHERE run_uuid = ?", [made])
        self.change(made, "tags", "cats.key", made)
        return made

    def change(self, run_id, where, name, value):
        if where == "runs":
            self.connection.execute(f"UPDATE runs SET {name} = ? WHERE run_uuid = ?", [value, run_id])
            return
        for table in ("metrics", "latest_metrics") if where == "metrics" else (where,):
            if value is GONE:
                self.connection.execute(f"DELETE FROM {table} WHERE run_uuid = ? AND key = ?", [run_id, name])
            elif value is None:  # not a number, as MLflow keeps it
                self.connection.execute(f"UPDATE {table} SET is_nan = 1 WHERE run_uuid = ? AND key = ?", [run_id, name])
            else:
                self.connection.execute(f"UPDATE {table} SET value = ? WHERE run_uuid = ? AND key = ?", [value, run_id, name])

    def add(self, run_id, where, name, value):
        self.connection.execute(f"INSERT INTO {where} (key, value, run_uuid) VALUES (?, ?, ?)", [name, value, run_id])


def experiment(name="toy"):
    return Experiment("sqlite:///mlflow.db", name)
