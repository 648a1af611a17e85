"""Kind of the database: altered by SQL as a stranger's program may alter it, or damaged as a file."""

import json
import sqlite3
from random import Random
from typing import Any

from fuzzing.attempt import Attempt
from fuzzing.blobs import damage_file
from fuzzing.kept import OTHERS, SHOWN
from fuzzing.stage import Stage
from fuzzing.trees import damaged
from fuzzing.values import odd_text, shown


def tags(rng: Random, stage: Stage) -> Attempt:
    """The database is altered by SQL: tags, parameters, metrics, times, states and places of a run or an experiment."""
    path, compared = stage.work / "mlflow.db", "figures"
    with sqlite3.connect(path) as database:
        database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        said = []
        for _ in range(rng.choice([1, 1, 1, 2])):
            try:
                words, free = rng.choice(CHANGES)(rng, database)
            except (sqlite3.Error, IndexError):  # the table takes no such value, or the change before has left no table or row
                break
            said.append(words)
            compared = "nothing" if free else compared
    database.close()
    command = rng.choice([*SHOWN, *SHOWN, *OTHERS])
    return Attempt(
        "; ".join(said),
        (command,),
        compared="figures" if compared == "figures" and command in SHOWN else "nothing",
        guarded=True,
    )


FREE = {"source", "target", "backbone", "seed", "protocol", "cats.key", "cats.kind", "cats.point"}  # another run then
VALUES = (float("nan"), float("inf"), -1.0, 2.0, 1e308, 0, None, "x", b"\xff", 10**18)


def _run(rng: Random, database: sqlite3.Connection) -> str:
    return str(rng.choice(database.execute("SELECT run_uuid FROM runs ORDER BY rowid").fetchall())[0])


def _odd(rng: Random, old: Any) -> Any:
    """An odd value of a column; often of another type than the column has, because sqlite takes any."""
    value = rng.choice(
        [odd_text(rng), odd_text(rng), odd_text(rng), str(old)[:-1], f"{old} ", None, -1, 2**62, 0.5, b"\xff\x00"]
    )
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _tag(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    run, table = _run(rng, database), rng.choice(["tags", "tags", "params"])
    rows = database.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ? ORDER BY key", (run,)).fetchall()
    key, old = rng.choice([row for row in rows if row[0].startswith("cats.")] or rows) if table == "tags" else rng.choice(rows)
    if key in {"cats.costs", "cats.reasons"} and rng.random() < 0.6 and old:
        tree, words = damaged(rng, json.loads(old))
        value: Any = json.dumps(tree)[:8000]
    else:
        value = _odd(rng, old)
        words = f"is {shown(value)}"
    database.execute(f"UPDATE {table} SET value = ? WHERE run_uuid = ? AND key = ?", (value, run, key))
    return f"{table} {key} {words}", key in FREE


def _no_tag(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    run, table = _run(rng, database), rng.choice(["tags", "params", "latest_metrics"])
    key = rng.choice(database.execute(f"SELECT key FROM {table} WHERE run_uuid = ? ORDER BY key", (run,)).fetchall())[0]
    database.execute(f"DELETE FROM {table} WHERE run_uuid = ? AND key = ?", (run, key))
    return f"{table} {key} is gone", key in FREE or table == "latest_metrics"


def _more_tags(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    names = ["costs.1", "reasons.1", "duplicates", "leak", "families", "imported", "groups", "data", "x"]
    keys = [*(f"cats.{name}" for name in names), "mlflow.parentRunId"]
    run, key, value = _run(rng, database), rng.choice(keys), _odd(rng, "x")
    database.execute("INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", (key, value, run))
    return f"tag {key} is {shown(value)}", key in {"cats.leak", "cats.imported"}


def _metric(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    run = _run(rng, database)
    key = rng.choice(database.execute("SELECT key FROM latest_metrics WHERE run_uuid = ? ORDER BY key", (run,)).fetchall())[0]
    value, nan = rng.choice(VALUES), rng.random() < 0.1
    for table in ("metrics", "latest_metrics"):
        database.execute(
            f"UPDATE OR REPLACE {table} SET value = ?, is_nan = ? WHERE run_uuid = ? AND key = ?",
            (0 if value is None else value, nan, run, key),
        )
    free = value == 0 or (not key.startswith("test_") and isinstance(value, float) and value in (-1.0, 2.0))
    return f"metric {key} is {'NaN' if nan else shown(value)}", free and not nan


def _of_run(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    column = rng.choice(
        ["status", "start_time", "end_time", "lifecycle_stage", "artifact_uri", "name", "source_type", "user_id", "status"]
    )
    run = _run(rng, database)
    old = database.execute(f"SELECT {column} FROM runs WHERE run_uuid = ?", (run,)).fetchone()[0]
    states = ["RUNNING", "KILLED", "SCHEDULED", "finished", "X"]
    value = rng.choice(states) if column == "status" and rng.random() < 0.7 else _odd(rng, old)
    try:
        database.execute(f"UPDATE runs SET {column} = ? WHERE run_uuid = ?", (value, run))
    except sqlite3.IntegrityError:
        return f"{column} may not be {shown(value)}", False
    return f"{column} of a run is {shown(value)}", column in {"status", "lifecycle_stage"}


def _of_experiment(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    column = rng.choice(["artifact_location", "lifecycle_stage", "creation_time", "name", "last_update_time"])
    value = _odd(rng, "first")
    try:
        database.execute(f"UPDATE experiments SET {column} = ? WHERE name = 'first'", (value,))
    except sqlite3.IntegrityError:
        return f"{column} may not be {shown(value)}", False
    return f"{column} of the experiment is {shown(value)}", True


def _tables(rng: Random, database: sqlite3.Connection) -> tuple[str, bool]:
    table = rng.choice(
        ["tags", "params", "latest_metrics", "experiments", "alembic_version", "inputs", "datasets", "runs", "experiment_tags"]
    )
    statement = rng.choice(
        [
            f"DELETE FROM {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} ADD COLUMN more TEXT",
            "UPDATE alembic_version SET version_num = 'x'",
        ]
    )
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute(statement)
    return statement, True


CHANGES = (
    _tag, _tag, _tag, _tag, _tag, _tag, _no_tag, _more_tags, _more_tags, _metric, _metric, _of_run, _of_run, _of_experiment,
    _tables,
)  # fmt: skip


def database_file(rng: Random, stage: Stage) -> Attempt:
    """The file of the database is damaged as bytes, or something lies beside it."""
    path = stage.work / "mlflow.db"
    if rng.random() < 0.2:
        beside = path.with_name(f"mlflow.db-{rng.choice(['journal', 'wal', 'shm'])}")
        beside.write_bytes(rng.choice([b"", b"x", rng.randbytes(4096)]))
        said = f"{beside.name} of {beside.stat().st_size} bytes beside it"
    else:
        said = damage_file(rng, path)
    return Attempt(said, (rng.choice([*SHOWN, *OTHERS]),))
