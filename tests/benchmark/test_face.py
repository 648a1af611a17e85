"""`benchmark` is all that an author of entries needs of ours, and entries use nothing else."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import benchmark

ROOT = Path(__file__).parents[2]
KINDS = ("sources", "targets", "similarity")
OURS = {"benchmark", "results", *KINDS}
ENTRIES = sorted(path for kind in KINDS for path in (ROOT / kind).glob("*.py"))
# A target whose images are those of a source says so: the two are one data set.
ALLOWED = {("targets/digits.py", "sources.digits")}


def imported_modules(path):
    """Modules of ours that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in OURS)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: entries import by full names"
            if (node.module or "").partition(".")[0] in OURS:
                yield node.module


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_entries_import_the_face_alone_and_no_other_entry(path):
    name = f"{path.parent.name}/{path.name}"
    shared = ("benchmark.measures.",) if path.parent.name == "similarity" else ()
    found = {module for module in imported_modules(path) if module != "benchmark" and not module.startswith(shared or ("\0",))}
    assert not {module for module in found if (name, module) not in ALLOWED}


def test_every_name_of_the_face_is_there_and_typed():
    typed = set()
    for node in ast.walk(ast.parse((ROOT / "benchmark" / "__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module != "typing":
            typed |= {(alias.asname, node.module) for alias in node.names}
    assert typed == set(benchmark.MODULES.items())
    for name, module in benchmark.MODULES.items():
        assert getattr(benchmark, name) is getattr(importlib.import_module(module), name)
        assert name in dir(benchmark)
        assert f"`{name}`" in benchmark.__doc__, f"the docstring of benchmark must say what {name} is for"


def test_no_name_of_the_face_hides_a_room():
    folders = {path.name for path in (ROOT / "benchmark").iterdir() if path.is_dir()}
    assert not folders & benchmark.MODULES.keys()


def test_an_unknown_name_of_the_face_is_an_import_error():
    with pytest.raises(ImportError, match="cannot import name 'Datset' from 'benchmark'"):
        exec("from benchmark import Datset", {})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Dataset", "Source", "measure", "medmnist_target"])
def test_a_name_loads_no_torch(name):
    code = f"import sys; from benchmark import {name}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
