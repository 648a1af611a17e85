"""cats-bench: choose a transfer source for a medical target, know how sure the choice is and what it cost.

Authors of sources, targets and measures import what they need from here: `from benchmark import Dataset, Samples, Source`.
A name is loaded when it is first used, so that `import benchmark` stays cheap.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.data.dataset import Dataset as Dataset
    from benchmark.data.dataset import File as File
    from benchmark.data.readers.samples import Samples as Samples
    from benchmark.data.split import Subsample as Subsample
    from benchmark.specs.measure import Undefined as Undefined
    from benchmark.specs.measure import measure as measure
    from benchmark.specs.plan import Plan as Plan
    from benchmark.specs.recipe import Recipe as Recipe
    from benchmark.specs.source import Source as Source
    from benchmark.specs.source import Weights as Weights
    from benchmark.specs.target import Target as Target

__version__ = "0.1.0"
_PLACES = {
    "Dataset": "benchmark.data.dataset",
    "File": "benchmark.data.dataset",
    "Plan": "benchmark.specs.plan",
    "Recipe": "benchmark.specs.recipe",
    "Samples": "benchmark.data.readers.samples",
    "Source": "benchmark.specs.source",
    "Subsample": "benchmark.data.split",
    "Target": "benchmark.specs.target",
    "Undefined": "benchmark.specs.measure",
    "Weights": "benchmark.specs.source",
    "measure": "benchmark.specs.measure",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
