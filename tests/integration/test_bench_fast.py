"""The recipe `fast` and the grid are compared seed by seed."""

import sys

import pandas as pd
import pytest

from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "scripts"))
    import bench_fast

    sys.path.remove(str(ROOT / "scripts"))
    return bench_fast


def runs(*some):
    """(seed, status, test AUC, kWh) as a frame of cells; validation says that the later one is better."""
    frame = pd.DataFrame(some, columns=["seed", "status", "test_auc", "kwh"])
    return frame.assign(val_auc=range(len(some)), val_loss=0.0)


def test_seeds_are_paired_by_their_names_and_one_without_a_pair_is_left_out(bench, monkeypatch, capsys):
    """Seed 0 of `fast` failed; by position its seed 1 would meet the grid's seed 0."""
    monkeypatch.setattr(bench, "provenance", lambda frame: ["cpu modelled"])
    made = {
        "grid": runs(*((seed, "FINISHED", 0.6 + int(seed) / 10, 1e-3) for seed in "012" for _ in range(2))),
        "fast": runs(("0", "FAILED", None, 1e-4), ("1", "FINISHED", 0.75, 4e-4), ("2", "FINISHED", 0.9, 2e-4)),
    }
    found = bench.summary("toy", made, {name: bench.best(frame) for name, frame in made.items()})
    assert found["difference"] == pytest.approx([0.05, 0.1])
    assert found["share"] == pytest.approx([0.2, 0.1])
    said = capsys.readouterr().out
    assert "n=2 seeds" in said
    assert [line.split()[:3] for line in said.splitlines() if " runs " in line] == [
        ["grid", "2", "runs"],
        ["fast", "1", "runs"],
    ]


def test_without_a_pair_there_is_nothing_to_compare(bench):
    made = {"grid": runs(("0", "FINISHED", 0.6, 1e-3)), "fast": runs(("1", "FINISHED", 0.6, 1e-3))}
    with pytest.raises(SystemExit, match="toy: no seed has finished runs of both"):
        bench.summary("toy", made, made)
