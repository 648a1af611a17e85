"""Readers by the names that YAML entries use, and their options, checked before a reader is made."""

import importlib
import inspect
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from benchmark.data.readers.options import checked
from benchmark.data.readers.samples import Reader


@dataclass(frozen=True)
class Maker:
    """Where a reader is made: a function that takes the reader's options, imported when an entry names it.

    Attributes:
        module, function: in benchmark.data.readers.
        shared: `module.class` of the dataclasses whose fields are options too; the function takes them as `**options`.
    """

    module: str
    function: str
    shared: tuple[str, ...] = ()

    def make(self, options: dict[Any, Any]) -> Reader:
        """The reader. Raises CatsError that names every wrong option."""
        reader: Reader = _named(f"{self.module}.{self.function}")(**checked(self.options(), options))
        return reader

    def options(self) -> type[BaseModel]:
        """The options with their types and defaults."""
        return _options(self)


CONFIG = ConfigDict(extra="forbid", coerce_numbers_to_str=True)  # YAML reads a class called 0 as a number


@cache  # every entry in YAML asks, and pydantic takes a millisecond to make a model
def _options(maker: Maker) -> type[BaseModel]:
    function = _named(f"{maker.module}.{maker.function}")
    hints = get_type_hints(function)
    named = [item for item in inspect.signature(function).parameters.values() if item.kind is not item.VAR_KEYWORD]
    found: dict[str, Any] = {
        item.name: (hints[item.name], ... if item.default is item.empty else item.default) for item in named
    }
    for place in maker.shared:
        kind = _named(place)
        hints = get_type_hints(kind)
        found |= {item.name: (hints[item.name], ... if item.default is MISSING else item.default) for item in fields(kind)}
    return create_model(maker.function, __config__=CONFIG, **found)


def _named(place: str) -> Any:
    module, name = place.split(".")
    return getattr(importlib.import_module(f"benchmark.data.readers.{module}"), name)


READERS = {
    "npz": Maker("npz", "npz", ("scale.Scale",)),
    "folders": Maker("folders", "folders", ("folders.Layout", "scale.Scale")),
    "table": Maker("table", "table", ("table_file.Columns", "scale.Scale")),
    "hdf5": Maker("hdf5", "hdf5", ("scale.Scale",)),
    "dicom": Maker("dicom", "dicom", ("table_file.Columns", "dicom_view.View", "scale.Scale")),
    "dicom_folders": Maker("dicom", "dicom_folders", ("folders.Layout", "dicom_view.View", "scale.Scale")),
    "nifti": Maker("nifti", "nifti", ("table_file.Columns", "nifti_view.VolumeView")),
    "nifti_folders": Maker("nifti", "nifti_folders", ("folders.Layout", "nifti_view.VolumeView")),
    "hub": Maker("hub", "hub", ("scale.Scale",)),
}
