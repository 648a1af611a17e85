"""The benchmark of scale runs, in small, and says what it measured."""

import json
import os

import pytest

from tests.support import processes
from tests.support.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


def measured(folder, *arguments):
    """What is printed, and what --json keeps."""
    scripts, kept = ROOT / "scripts", folder / "found.json"
    command = processes.script(scripts / "bench_scale.py", *arguments, "--folder", folder, "--json", kept)
    with processes.forked_workers():
        done = processes.run(command, env={**os.environ, "PYTHONPATH": f"{scripts}:{ROOT}", "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in folder.iterdir()] == ["found.json"]
    return done.stdout, json.loads(kept.read_text())["found"]


def test_every_no_op_is_recorded_once_and_a_finished_plan_makes_nothing(tmp_path):
    said, found = measured(
        tmp_path, "overhead", "resume", "--cells", "10", "--workers", "1", "--repeats", "1", "--stores", "sqlite"
    )
    assert {name: case["made"] for name, case in found["overhead"].items()} == {"sqlite": 10, "sqlite, dask, 1 worker": 10}
    for case in found["overhead"].values():
        assert (case["failed"], case["waiting"], case["calls"]["create_run"]) == (0, 0, 10)
    assert "resume of 10 finished cells" in said
    assert found["resume"]["cells"] == 10


def test_a_cluster_whose_workers_are_killed_makes_every_cell_once(tmp_path):
    some = "--cluster-cells 20 --cluster-workers 4 --cluster-hosts 2 --idle 1 --lull 1 --kills 2 --sleep 0.5 1.25"
    said, found = measured(tmp_path, "cluster", *some.split())
    assert found["cluster"]["reasons"] == []
    assert found["cluster"]["killed"] == 4
    assert "20 of 20 cells made once" in said
