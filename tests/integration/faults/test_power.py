"""A power cut: what is damaged is made again, nothing else is lost, and the table is that of an undisturbed run."""

import json
import shutil

import pytest
from sklearn.metrics import roc_auc_score

from tests.integration.faults.driver import Place, ended, same
from tests.integration.faults.power import STOPPING, Double, Ext4, goes_on, loop_mounts, stopped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MOMENTS, EVERY = 10, 3  # power cuts before the end, and renames between two of them; a cell makes four
FIRST = (["board"], ["plan"])  # what a user may ask before the next run
NEXT = (["run", "--device", "cpu"], ["board"])
LAST = (["report", "--no-log", "--output", "page.html"], ["cost"], ["sync"], ["plan"])
COMMANDS = """
import json, sys
from benchmark.cli import main as cli
uri = sys.argv[1]
for codes, commands in json.loads(sys.argv[2]):
    for command, *options in commands:
        sys.argv = ["cats", command, "small.yaml", *options, "--tracking-uri", uri]
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        assert code in codes, (command, code)
"""


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
        if len(cuts) < MOMENTS:
            cuts.append(disk.cut(len(cuts)))
        goes_on(process)
    ended(process)
    cuts.append(disk.cut(len(cuts)))
    assert len(cuts) == MOMENTS + 1
    for number, cut in enumerate(cuts):
        disk.restart(cut)
        place.write(place.text)
        commands = [((0, 2), FIRST), ((0,), NEXT), *([((0,), LAST)] if cut is cuts[-1] else [])]
        ended(place.process(["-c", COMMANDS, place.uri, json.dumps(commands)]))
        # MLflow keeps a database open that this process reads, so that the disk could not be unmounted: a copy is read.
        seen = Place(place.folder, uri=f"sqlite:///{shutil.copy(place.folder / 'mlflow.db', tmp_path / f'{number}.db')}")
        same(seen.table(), undisturbed)
        whole(seen)


def whole(place):
    """Assert that every finished cell has its predictions, and that they give the score of the table."""
    tracking = place.tracking()
    cells = place.runs().query("kind == 'cell' and status == 'FINISHED'")
    assert len(cells) == 4
    for run_id, auc in zip(cells["run_id"], cells["test_auc"], strict=True):
        told = tracking.predictions(run_id)
        assert roc_auc_score(told["label"], told["probability_stained"]) == pytest.approx(auc)
