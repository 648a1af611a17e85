"""In fresh interpreters, because an import cannot be taken back: forks of one that has imported torch and nothing more."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

FORKS = """
import os, sys, torch
for code in sys.argv[1:]:
    if not (child := os.fork()):
        exec(code, {})
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
FINE = "import benchmark.machine.timm_import, torchvision, timm; timm.create_model('test_resnet'); print('fine')"
THERE = """
import importlib.util, pathlib, torch
for compiled in pathlib.Path(importlib.util.find_spec("torchvision").origin).parent.glob("_C*.so"):
    try:
        torch.ops.load_library(str(compiled))  # beside the CUDA build of torch it loads and brings them itself
    except OSError:
        mine = torch.library.Library("torchvision", "DEF")
        mine.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        mine.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from benchmark.machine import timm_import as operators
print(operators._declared)
"""


def test_torchvision_and_timm_can_be_imported_and_operators_that_are_there_are_left_alone():
    done = subprocess.run([sys.executable, "-c", FORKS, FINE, THERE], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["fine", "[]"], done.stderr
