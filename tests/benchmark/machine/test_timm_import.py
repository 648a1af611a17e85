"""In fresh interpreters, because an import cannot be taken back."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_torchvision_and_timm_can_be_imported():
    code = "import benchmark.machine.timm_import, torchvision, timm; timm.create_model('test_resnet'); print('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "fine", done.stderr


def test_operators_that_are_there_are_left_alone():
    code = """
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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
