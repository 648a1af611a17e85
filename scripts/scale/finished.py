"""A plan whose cells are all finished, without making them: one record goes through the product, the others are copies of its
rows inside the sqlite database, each with the key, names and scores of its cell."""

import sqlite3
import sys
from pathlib import Path

from scale.noop import record

from benchmark.plan import Plan, load_plan
from results.record import Outcome
from results.tracking import Tracking

VALUES = """case key when 'source' then source when 'target' then target when 'seed' then seed else value end"""
TAGS = """case key when 'cats.key' then cell when 'cats.attempt' then id when 'cats.start' then start
          when 'cats.data' then data else value end"""


def finish(plan: Plan, database: Path) -> int:
    """Returns how many cells that are."""
    cells = list(plan.cells())
    run = Tracking(f"sqlite:///{database}", plan.experiment).send(Outcome(record(cells[0], plan.experiment)))
    rows = [
        (n, f"{n * 2654435761 % 2**32:08x}{n:024x}", c.key, c.source, c.target, str(c.seed), c.start.key, c.data)
        for n, c in enumerate(cells)
        if n
    ]
    with sqlite3.connect(database) as db:
        db.execute("CREATE TEMP TABLE cells (n INTEGER, id, cell, source, target, seed, start, data)")
        db.executemany("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        new = {"start_time": "start_time + n", "end_time": "end_time + n", "run_uuid": "id"}
        for table, value in (
            ("runs", ""), ("params", VALUES), ("tags", TAGS), ("latest_metrics", "value + n * 7919 % 1000 / 2500.0"),
        ):  # fmt: skip
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            told = ", ".join({**new, "value": value}.get(name, f'{table}."{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            db.execute(f"INSERT INTO {table} ({names}) SELECT {told} FROM {table}, cells WHERE run_uuid = ?", (run,))
    db.close()
    return len(cells)


if __name__ == "__main__":
    print(finish(load_plan(sys.argv[1]), Path(sys.argv[2])))
