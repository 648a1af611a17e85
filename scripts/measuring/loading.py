"""Loads one file of public code from a folder that the user fetched, with stand-ins for packages that it only mentions."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np

_number = itertools.count()
stood_in: set[str] = set()  # packages that are not installed, and whose stand-in public code has used


def load(folder: Path, file: str, *beside: str) -> Any:
    """The module of a file; modules of the same names in other repositories stay apart.

    folder: of the repository. beside: folders in it from which the file imports others.
    """
    before, text = set(sys.modules), (folder / file).read_text(encoding="utf-8")
    here = [str((folder / file).parent), *(str(folder / each) for each in beside)]
    sys.path[:0] = here
    given = {name: module for name, module in _stand_ins().items() if _absent(name)}
    sys.modules.update(given)
    finder = _Finder({name.partition(".")[0] for name in given})
    sys.meta_path.append(finder)
    try:
        spec = importlib.util.spec_from_file_location(f"peer_{next(_number)}", folder / file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        del sys.path[: len(here)]
        sys.meta_path.remove(finder)
        stood_in.update(name for name in given if name in text)
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if name in given or name.partition(".")[0] in given or (origin and Path(origin).is_relative_to(folder)):
                del sys.modules[name]
    return module


class _Finder:
    """Finds an empty module for every module of packages that are not installed."""

    def __init__(self, packages: set[str]) -> None:
        self.packages = packages

    def find_spec(self, name: str, *_: Any) -> Any:
        """None for modules of other packages."""
        return importlib.util.spec_from_loader(name, self) if name.partition(".")[0] in self.packages else None

    def create_module(self, spec: Any) -> ModuleType:
        """An empty module in which every name exists."""
        return _module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is executed."""


def _absent(name: str) -> bool:
    """Whether a package is not installed, or not so that it can be imported, as a torchvision of another torch."""
    top = name.partition(".")[0]
    if top in stood_in or importlib.util.find_spec(top) is None:
        return True
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001
        for each in [module for module in sys.modules if module.partition(".")[0] == top]:
            del sys.modules[each]
        return True
    return False


def _stand_ins() -> dict[str, ModuleType]:
    """Numba compiles nothing; TensorFlow's functions, as far as they are used, are NumPy's, in double precision."""
    tensorflow = _module("tensorflow", **_tensorflow())
    return {
        "numba": _module("numba", njit=lambda function: function),
        "tensorflow": tensorflow,
        "tensorflow.compat": tensorflow,
        "tensorflow.compat.v1": tensorflow,
        "absl": _module("absl", app=MagicMock(), flags=MagicMock()),
        "stable_transfer": _module("stable_transfer"),
        "stable_transfer.transferability": _module("stable_transfer.transferability"),
        "clip": _module("clip"),
        "torchvision": _module("torchvision"),
    }


def _module(name: str, **content: Any) -> ModuleType:
    made = ModuleType(name)
    made.__path__ = []  # type: ignore[attr-defined]
    made.__getattr__ = lambda attribute: MagicMock(name=attribute)  # type: ignore[method-assign]
    for key, value in content.items():
        setattr(made, key, value)
    return made


def _tensorflow() -> dict[str, Any]:
    return {
        "reduce_sum": np.sum,
        "reduce_mean": np.mean,
        "equal": np.equal,
        "maximum": np.maximum,
        "exp": np.exp,
        "math": SimpleNamespace(log=np.log, reduce_variance=np.var),
        "where": lambda chosen: np.flatnonzero(chosen)[:, None],
        "gather_nd": lambda rows, numbers: rows[numbers[:, 0]],
        "unique": lambda labels: np.unique(labels, return_inverse=True),
    }
