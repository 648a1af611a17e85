"""Runs of older versions, with plain names, are paired with runs that have digests; where that is not possible it is said."""

from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.board.compare import compare
from results.files.sealed import write_note
from results.metrics import metric_of
from results.statistics.influence import shares_of_target
from results.statistics.pairing import APART, KEYS, MIXED
from results.text.identifiers import digested, fingerprint
from results.tracking.run_names import RunNames
from tests.support.predictions import predictions
from tests.support.runs import runs

KEY, OTHER = b"k" * 32, b"o" * 32


def tables(**keys):
    """Predictions of four runs on the same images; the names of some are digests of a key."""
    made = {}
    for number, run_id in enumerate(("r0", "r1", "r2", "r3")):
        groups = [f"p{i // 3}" for i in range(40)]
        table = predictions(np.random.default_rng(0), 40, 2, groups=groups, model_seed=number)
        made[run_id] = digested(table, keys[run_id]) if run_id in keys else table
    return made


def snapshot(path, **keys):
    """A snapshot of these runs, in which older ones have no key."""
    ids = ["r0", "r1", "r2", "r3"]
    marks = [fingerprint(keys[run_id]) if run_id in keys else None for run_id in ids]
    columns = {"run_id": ids, "artifacts": [None] * 4, "target": ["t"] * 4, "identifiers": pa.array(marks, pa.string())}
    content = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), content)
    write_note(path, content.getvalue().to_pybytes(), "a snapshot", durable=False)
    return path


def shares(read):
    return shares_of_target("auc", metric_of("auc").influence_of, {"a": ["r0", "r1"], "b": ["r2", "r3"]}, read)


def read_alike(path, keys, key):
    names, known = RunNames(snapshot(path, **keys), lambda: key), tables(**keys)
    return lambda run_id: names.alike(run_id, known[run_id])


@pytest.mark.parametrize("digests", [("r0",), ("r3",), ("r0", "r2"), ("r1", "r2", "r3"), ("r0", "r1", "r2", "r3"), ()])
def test_old_and_new_runs_are_paired_with_the_key(tmp_path, digests):
    expected, _ = shares(tables().get)
    found, why = shares(read_alike(tmp_path / "runs.parquet", dict.fromkeys(digests, KEY), KEY))
    assert why is None
    assert found.T @ found == pytest.approx(expected.T @ expected, rel=1e-12)


@pytest.mark.parametrize("key", [None, OTHER])
@pytest.mark.parametrize("digests", [("r0",), ("r1", "r2", "r3"), ("r0", "r2")])
def test_without_the_key_it_is_said_and_no_run_is_called_odd(tmp_path, digests, key):
    assert shares(read_alike(tmp_path / "runs.parquet", dict.fromkeys(digests, KEY), key)) == (None, MIXED)


def test_digests_of_two_keys_are_said(tmp_path):
    keys = {"r0": KEY, "r1": KEY, "r2": OTHER, "r3": KEY}
    assert shares(read_alike(tmp_path / "runs.parquet", keys, KEY)) == (None, KEYS)


def test_other_images_are_still_other_images():
    known = tables()
    for run_id in ("r2", "r3"):
        known[run_id] = known[run_id].assign(sample=[f"other{i}" for i in range(40)])
    assert shares(known.get) == (None, APART)


def test_names_stay_plain_where_no_run_of_the_target_has_digests(tmp_path):
    names, table = RunNames(snapshot(tmp_path / "runs.parquet"), lambda: KEY), tables()["r0"]
    assert names.alike("r0", table) is table
    assert names.alike("unknown", table) is table


def test_a_snapshot_of_an_older_version_has_no_keys(tmp_path):
    content = pa.BufferOutputStream()
    pq.write_table(pa.table({"run_id": ["r0"], "artifacts": ["file:///x"]}), content)
    write_note(tmp_path / "old", content.getvalue().to_pybytes(), "a snapshot", durable=False)
    names, table = RunNames(tmp_path / "old", lambda: KEY), tables()["r0"]
    assert names.place("r0") == "file:///x"
    assert names.alike("r0", table) is table


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "patients, DeLong"),
        ({"r2": KEY, "r3": KEY}, f"not counted: {MIXED}"),
        ({"r0": KEY, "r1": KEY, "r2": OTHER, "r3": OTHER}, f"not counted: {KEYS}"),
    ],
)
def test_a_comparison_says_why_images_are_not_paired(keys, said):
    rows = runs(good=[[0.9, 0.91]], bad=[[0.7, 0.72]])
    for number, row in enumerate(rows):
        row["run_id"] = f"r{number}"
    frame = pd.DataFrame(rows).assign(leaks=None)
    made = partial(compare, frame, "auc", ("good", "bad"), "a")(tables(**keys).get)
    assert said in made.method
