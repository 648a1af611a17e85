"""cats-bench: choose a transfer source for a medical target, know how sure the choice is and what it cost.

This module is the interface for authors of entries. A file in `sources/`, `targets/` or `similarity/` imports what it needs
from here, `from benchmark import Dataset, Samples, Source`, and from no other module of cats-bench; measures may also import
the mathematics they share from `benchmark.measures`. A name is loaded when it is first used, so `import benchmark` takes
little time.

- What an entry declares: `Dataset`, `File`, `Source`, `Weights`, `Target`, `Subsample`.
- Readers, from files to `Samples`: `folders`, `table`, `npz`, `hdf5`, `dicom`, `dicom_folders`, `nifti`, `nifti_folders`,
  `hub`. For a reader of your own: `Tree` (a folder or archive), `pictures` (decodes its images), `PICTURE_ENDINGS`,
  `TreeReader` (says which files of a tree it reads).
- Families of entries: `medmnist_target` and `medmnist_volumes` (a set of MedMNIST), `generated` and `Law` (images drawn from a
  seed), `generator` (a numpy generator seeded by names).
- Measures: the decorator `measure`, `Undefined` for a score that does not exist, the types `Array`, `Draws` (bootstrap
  resamples) and `Network`.
- Plans from Python: `Plan`, `Recipe`.
- Errors: `CatsError`, whose sentence is all that a user sees, and `nearest`, the end of such a sentence (`did you mean ...?`).
"""

import importlib
from typing import TYPE_CHECKING, Any

import results  # noqa: F401 - switches the telemetry of libraries off before any of them is loaded

if TYPE_CHECKING:
    from benchmark.core.seed import generator as generator
    from benchmark.data.dataset import Dataset as Dataset
    from benchmark.data.dataset import File as File
    from benchmark.data.readers.dicom import dicom as dicom
    from benchmark.data.readers.dicom import dicom_folders as dicom_folders
    from benchmark.data.readers.file_tree import Tree as Tree
    from benchmark.data.readers.folders import folders as folders
    from benchmark.data.readers.hdf5 import hdf5 as hdf5
    from benchmark.data.readers.hub import hub as hub
    from benchmark.data.readers.nifti import nifti as nifti
    from benchmark.data.readers.nifti import nifti_folders as nifti_folders
    from benchmark.data.readers.npz import npz as npz
    from benchmark.data.readers.picture_format import PICTURE_ENDINGS as PICTURE_ENDINGS
    from benchmark.data.readers.pictures import pictures as pictures
    from benchmark.data.readers.samples import Samples as Samples
    from benchmark.data.readers.samples import TreeReader as TreeReader
    from benchmark.data.readers.table import table as table
    from benchmark.data.split import Subsample as Subsample
    from benchmark.entries.generated import Law as Law
    from benchmark.entries.generated import generated as generated
    from benchmark.entries.medmnist import medmnist_target as medmnist_target
    from benchmark.entries.medmnist import medmnist_volumes as medmnist_volumes
    from benchmark.networks.network import Network as Network
    from benchmark.specs.measure import Draws as Draws
    from benchmark.specs.measure import measure as measure
    from benchmark.specs.needs import Array as Array
    from benchmark.specs.needs import Undefined as Undefined
    from benchmark.specs.plan import Plan as Plan
    from benchmark.specs.recipe import Recipe as Recipe
    from benchmark.specs.source import Source as Source
    from benchmark.specs.source import Weights as Weights
    from benchmark.specs.target import Target as Target
    from results.error import CatsError as CatsError
    from results.error import nearest as nearest

__version__ = "0.2.0"
MODULES = {  # name → the module that defines it
    "Array": "benchmark.specs.needs",
    "CatsError": "results.error",
    "Dataset": "benchmark.data.dataset",
    "Draws": "benchmark.specs.measure",
    "File": "benchmark.data.dataset",
    "Law": "benchmark.entries.generated",
    "Network": "benchmark.networks.network",
    "PICTURE_ENDINGS": "benchmark.data.readers.picture_format",
    "Plan": "benchmark.specs.plan",
    "Recipe": "benchmark.specs.recipe",
    "Samples": "benchmark.data.readers.samples",
    "Source": "benchmark.specs.source",
    "Subsample": "benchmark.data.split",
    "Target": "benchmark.specs.target",
    "Tree": "benchmark.data.readers.file_tree",
    "TreeReader": "benchmark.data.readers.samples",
    "Undefined": "benchmark.specs.needs",
    "Weights": "benchmark.specs.source",
    "dicom": "benchmark.data.readers.dicom",
    "dicom_folders": "benchmark.data.readers.dicom",
    "folders": "benchmark.data.readers.folders",
    "generated": "benchmark.entries.generated",
    "generator": "benchmark.core.seed",
    "hdf5": "benchmark.data.readers.hdf5",
    "hub": "benchmark.data.readers.hub",
    "measure": "benchmark.specs.measure",
    "medmnist_target": "benchmark.entries.medmnist",
    "medmnist_volumes": "benchmark.entries.medmnist",
    "nearest": "results.error",
    "nifti": "benchmark.data.readers.nifti",
    "nifti_folders": "benchmark.data.readers.nifti",
    "npz": "benchmark.data.readers.npz",
    "pictures": "benchmark.data.readers.pictures",
    "table": "benchmark.data.readers.table",
}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
    return getattr(importlib.import_module(MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *MODULES])
