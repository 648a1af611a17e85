"""Real drivers of a small plan, each in a process of its own, what they say and the table of what they leave."""

import os
import subprocess
from collections import Counter

from results.cost.amount import Amount
from results.cost.bill import make_bill
from results.tracking.experiment import Experiment
from tests.support import processes
from tests.support.small_plan import small

PLAN = small(seeds=4)


def started(folder, *options, plan=PLAN):
    """`cats run` as a process; it writes to `small.db` in the folder, one thread for each worker."""
    (folder / "small.yaml").write_text(plan)
    command = ["run", "small.yaml", "--device", "cpu", "--tracking-uri", f"sqlite:///{folder / 'small.db'}", *options]
    with (folder / "said").open("w") as file:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return processes.start(
            ["-m", "benchmark", *command], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=file
        )


def said(folder):
    """What the last driver of a folder has said up to now."""
    return (folder / "said").read_text()


def ended(process, folder, code=0):
    """What a driver has said by its end, which must be in good order."""
    try:
        process.wait(timeout=250)
    finally:
        process.kill()
    told = said(folder)
    assert process.wait() == code, told
    assert "Traceback" not in told, told
    return told


def attempts(folder):
    return Experiment(f"sqlite:///{folder / 'small.db'}", "small", create=False).frame()


def table(folder, failed=0, lost=(0,)):
    """Key → scores of every cell, after a look that all is there once, none runs and no more attempts failed than is said.

    `lost`: how many attempts may have ended with their workers; each has its time, and its energy is missing.
    """
    runs = attempts(folder)
    done, gone = runs[runs["status"] == "FINISHED"], runs[runs["status"] == "KILLED"]
    assert len(gone) in lost
    assert Counter(runs["status"]) == Counter(FINISHED=9, FAILED=failed, KILLED=len(gone))
    unmeasured = make_bill(runs, "small").total if len(gone) + failed else Amount()
    assert unmeasured.without == len(gone) + failed
    assert not len(gone) or make_bill(gone, "small").total.seconds > 0
    assert Counter(done["kind"]) == {"cell": 8, "pretraining": 1}
    assert done["key"].is_unique
    cells = done[done["kind"] == "cell"]
    return dict(zip(cells["key"], zip(cells["test_auc"], cells["val_loss"], strict=True), strict=True))
