"""Every command that computes with torch first looks at what other processes do, before torch is loaded."""

import subprocess
import sys

import pytest

from tests.support.paths import ROOT

CALLS = """
run plan.yaml
plan plan.yaml --calibrate
score plan.yaml
choose digits
check digits
keep plan.yaml
predict model digits --to new.csv
submit model --to new.csv
explain model
watch model digits
export model onnx
register model
"""
PLAN = "experiment: e\nsources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 0}\nseeds: 1\n"
SCRIPT = """
import sys

from benchmark.cli.main import app
from benchmark.machine import shared_cores


class Looked(Exception):
    pass


def look():
    raise Looked


shared_cores.share_cores = look
for call in sys.argv[1:]:
    try:
        app(call.split(), standalone_mode=False)
    except Looked:
        print(call, "torch" in sys.modules)
"""


@pytest.mark.slow
def test_a_command_that_computes_looks_at_other_processes_before_torch_is_loaded(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "mlflow.db").touch()  # `cats keep` says at once that there is none
    calls = CALLS.strip().splitlines()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *calls], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT), "CATS_HOME": str(tmp_path / "home"), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{call} False" for call in calls]
