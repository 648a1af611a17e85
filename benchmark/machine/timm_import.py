"""Import timm also beside a build of torch that torchvision's compiled library does not fit: import `timm` from here.

torchvision from the default package index is built for the CUDA build of torch. Beside a CPU build its library does not
load, and `import torchvision` then dies with "operator torchvision::nms does not exist", because it describes operators
that only the library declares. Declaring the two schemas lets the import pass. The operators themselves stay absent: only
detection models call them, and such a call fails with torch's own clear error.
"""

import importlib.util
from pathlib import Path

import torch

SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: list[torch.library.Library] = []  # a Library withdraws its schemas when it is collected


def declare_missing() -> None:
    """Declare the operators that torchvision needs at import, unless its library provides them. Call before importing it."""
    spec = importlib.util.find_spec("torchvision")
    if _declared or spec is None or spec.origin is None:
        return
    for compiled in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(compiled))
        except OSError:
            continue
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, schema in SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
            _declared.append(library)


declare_missing()

import timm  # noqa: E402 - it imports torchvision

__all__ = ["declare_missing", "timm"]
