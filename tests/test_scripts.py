"""Scripts run rarely: what they import from the packages must still have the name that they use."""

import ast
import importlib
import importlib.util

import pytest

from tests.support.paths import ROOT

ROOMS = {"benchmark", "results", "sources", "targets", "similarity", "tests"}
SCRIPTS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").rglob("*.py"))


def imported(code):
    """Module and name of each import from the packages, also of those in programs that a script holds as text."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in ROOMS:
            yield from ((node.module, alias.name) for alias in node.names)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                yield from imported(node.value)
            except SyntaxError:
                continue  # prose


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_script_imports_from_the_packages_exists(script):
    for module, name in imported((ROOT / script).read_text()):
        found = importlib.import_module(module)
        assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{module} has no {name}"
