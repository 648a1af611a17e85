"""A power cut: what is damaged is made again, nothing else is lost, and the table is that of an undisturbed run."""

import shutil

import pytest
from sklearn.metrics import roc_auc_score

from tests.integration.faults.driver import Place, ended, same
from tests.integration.faults.power import STOPPING, Double, Ext4, goes_on, loop_mounts, stopped

pytestmark = pytest.mark.slow
MOMENTS, EVERY = 10, 4  # power cuts at least, and renames between two of them
COMMANDS = (["board"], ["plan"], ["report", "--no-log", "--output", "page.html"], ["cost"], ["sync"])
LATER = f"""
import sys
from benchmark.cli import main as cli
uri, allowed = sys.argv[1], sys.argv[2].split(",")
for command, *options in {COMMANDS}:
    sys.argv = ["cats", command, "small.yaml", *options, "--tracking-uri", uri]
    try:
        cli.main()
    except SystemExit as stop:
        assert str(stop.code or 0) in allowed, (command, stop.code)
"""


def later(place, *codes):
    """Every command that reads what a plan has left, in one process; each must end with one of these codes."""
    return ended(place.process(["-c", LATER, place.uri, ",".join(map(str, codes))]))


@pytest.fixture
def disk(tmp_path):
    made = (Ext4 if loop_mounts(tmp_path) else Double)(tmp_path / "place", tmp_path, tmp_path / "signs")
    yield made
    made.close()


def test_a_power_cut_at_ten_moments_loses_no_predictions_and_every_later_command_works(disk, undisturbed, tmp_path):
    place = Place(tmp_path / "place")
    process = place.start(program=("-c", STOPPING, tmp_path / "signs", EVERY))
    cuts = []
    while stopped(process):
        cuts.append(disk.cut(len(cuts)))
        goes_on(process)
    ended(process)
    cuts.append(disk.cut(len(cuts)))
    assert len(cuts) >= MOMENTS
    for number, cut in enumerate(cuts):
        disk.restart(cut)
        place.write(place.text)
        later(place, 0, 2)
        place.finish()
        # MLflow keeps a database open that this process reads, so that the disk could not be unmounted: a copy is read.
        seen = Place(place.folder, uri=f"sqlite:///{shutil.copy(place.folder / 'mlflow.db', tmp_path / f'{number}.db')}")
        same(seen.table(), undisturbed)
        whole(seen)
        later(place, 0)


def whole(place):
    """Assert that every finished cell has its predictions, and that they give the score of the table."""
    tracking = place.tracking()
    cells = place.runs().query("kind == 'cell' and status == 'FINISHED'")
    assert len(cells) == 4
    for run_id, auc in zip(cells["run_id"], cells["test_auc"], strict=True):
        told = tracking.predictions(run_id)
        assert roc_auc_score(told["label"], told["probability_stained"]) == pytest.approx(auc)
