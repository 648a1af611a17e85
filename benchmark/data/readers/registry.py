"""Readers by the names that YAML entries use. Each maker takes the reader's options and returns the reader."""

import importlib
from collections.abc import Callable
from typing import Any

from benchmark.data.readers.folders import folders
from benchmark.data.readers.npz import npz
from benchmark.data.readers.samples import Reader


def _later(module: str, name: str) -> Callable[..., Reader]:
    """The maker of a reader whose module is imported when an entry names it."""

    def make(*arguments: Any, **options: Any) -> Reader:
        maker: Callable[..., Reader] = getattr(importlib.import_module(f"benchmark.data.readers.{module}"), name)
        return maker(*arguments, **options)

    return make


READERS: dict[str, Callable[..., Reader]] = {
    "npz": npz,
    "folders": folders,
    "table": _later("table", "table"),
    "hdf5": _later("hdf5", "hdf5"),
    "dicom": _later("dicom", "dicom"),
    "hub": _later("hub", "hub"),
}
