"""Kinds of what cats keeps as files: those of CATS_HOME, and predictions of runs."""

import json
from contextlib import suppress
from pathlib import Path
from random import Random

from fuzzing.attempt import Attempt
from fuzzing.blobs import damage_file
from fuzzing.stage import Stage
from fuzzing.trees import damaged
from fuzzing.values import odd_text, shown

SHOWN = (
    ("board", "first.yaml", "--format", "csv"), ("board", "first", "--format", "json"), ("board", "theirs", "--format", "csv"),
    ("cost", "first.yaml"), ("agree", "first.yaml", "--format", "csv"), ("agree", "theirs"),
    ("compare", "scratch", "spots", "first.yaml", "--target", "sheet"), ("board", "first", "--sensitivity"),
    ("board", "first.yaml", "--fresh", "--format", "json"),
)  # fmt: skip
OTHERS = (
    ("report", "first.yaml", "--no-log"),
    ("run", "first.yaml"),
    ("plan", "first.yaml", "--detect", "0.05"),
    ("sync", "first.yaml"),
)
MADE = (("run", "again.yaml"), ("board", "again.yaml", "--no-test-variance", "--format", "json"))
SCORED = (("score", "again.yaml", "--sample", "40", "--draws", "10", "--format", "json"),)


def home(rng: Random, stage: Stage) -> Attempt:
    """A file of CATS_HOME is damaged; what is made from it is the same, or a sentence says more."""
    folder = stage.work / "home"
    files = [path for path in by_age(folder, "*") if path.suffix != ".lock" and "weights" not in path.parts]
    folders = sorted({path.relative_to(folder).parts[0] for path in files})
    inside = rng.choice(folders)
    path = rng.choice([path for path in files if path.relative_to(folder).parts[0] == inside])
    said = f"{inside}/…/{_damage_kept(rng, path)}"
    if inside == "outbox":
        return Attempt(said, (rng.choice([("sync", "first.yaml"), ("run", "first.yaml"), ("board", "first.yaml")]),))
    if inside == "snapshots":
        return Attempt(said, (rng.choice(SHOWN),), compared="figures")
    if inside in {"images", "leakage", "digests"} and rng.random() < 0.5:
        return Attempt(said, (("check", rng.choice(["spots", "boxes", "crates"]), "--size", "16"),), compared="figures")
    return Attempt(said, SCORED if inside in {"features", "scores"} else MADE, compared="figures")


def by_age(folder: Path, pattern: str) -> list[Path]:
    """Files below a folder, oldest first: names of folders hold ids that are others in each stage."""
    return sorted(
        (path for path in folder.rglob(pattern) if path.is_file()), key=lambda path: (path.stat().st_mtime_ns, path.name)
    )


def _damage_kept(rng: Random, path: Path) -> str:
    if rng.random() < 0.08:
        stranger = path.with_name(rng.choice(["x", ".x", "x.json", ".DS_Store", "a b", "x.part"]))
        stranger.mkdir() if rng.random() < 0.3 else stranger.write_bytes(rng.randbytes(20))
        return f"{stranger.name} of nobody"
    if path.suffix == ".json" and rng.random() < 0.5:
        with suppress(ValueError):  # else the file holds more than JSON
            tree, said = damaged(rng, json.loads(path.read_text(encoding="utf-8")))
            path.write_text(json.dumps(tree), encoding="utf-8")
            return f"{path.name}: {said}"
    return damage_file(rng, path)


def predictions(rng: Random, stage: Stage) -> Attempt:
    """The predictions of a run are damaged, as bytes or as a table."""
    path = rng.choice(by_age(stage.work / "mlruns", "predictions.parquet"))
    said = damage_file(rng, path) if rng.random() < 0.5 else _damage_predictions(rng, path)
    commands = [
        *SHOWN[:2],
        SHOWN[6],
        ("board", "first.yaml", "--fresh", "--format", "csv"),
        ("report", "first.yaml", "--no-log", "--fresh"),
    ]
    command = rng.choice(commands)
    if rng.random() < 0.7:  # what was computed of them before is gone
        for kept in (stage.work / "home" / "snapshots").rglob("*.npz"):
            kept.unlink()
    return Attempt(said, (command,), compared="nothing" if command[0] == "report" else "figures")


def _damage_predictions(rng: Random, path: Path) -> str:
    import numpy as np
    import pandas as pd

    table = pd.read_parquet(path)
    column = rng.choice(list(table))
    row = rng.randrange(len(table))
    match rng.choice(["value", "value", "column", "type", "rows", "twice", "none", "names", "more"]):
        case "value":
            table[column] = table[column].astype(object)
            numbers = [np.nan, np.inf, -1.0, 2.0, 10**9, None, odd_text(rng).encode("utf-8", "replace").decode()]
            value = rng.choice(numbers)
            table.iloc[row, list(table).index(column)] = value
            if not isinstance(value, str):
                table[column] = (
                    pd.to_numeric(table[column], errors="coerce")
                    if column.startswith(("label", "prob"))
                    else table[column].astype(str)
                )
            else:
                table[column] = table[column].astype(str)
            said = f"row {row} of {column} is {shown(value)}"
        case "column":
            table, said = table.drop(columns=column), f"no column {column}"
        case "type":
            table[column], said = table[column].astype(str), f"{column} is text"
        case "rows":
            table, said = table.iloc[:row], f"{row} rows"
        case "twice":
            table, said = pd.concat([table, table.iloc[[row]]]), f"row {row} twice"
        case "none":
            table, said = table.iloc[:0], "no row"
        case "names":
            table, said = table.rename(columns={column: "x\x1b[31m"}), f"{column} is called otherwise"
        case _:
            table["probability_more"], said = 0.5, "one more class"
    table.to_parquet(path, index=False)
    return f"{path.name}: {said}"
