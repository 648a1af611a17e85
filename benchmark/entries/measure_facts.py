"""What the file of a shipped measure declares, read from its text: to import all of them takes seconds, because of torch."""

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DECORATOR = "measure"
DECLARED = ("grows", "citation", "multilabel")  # arguments of the decorator that are facts; others may be functions


@dataclass(frozen=True)
class MeasureFacts:
    """What a measure declares; see benchmark.specs.measure.Measure."""

    needs: tuple[str, ...]
    options: dict[str, Any]
    grows: str
    citation: str
    multilabel: str
    text: str


def measure_facts(file: Path) -> MeasureFacts | None:
    """Return what a measure's file declares; None where that is known only once the file is imported."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    function = next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == file.stem), None)
    if function is None:
        return None
    calls = [each for each in function.decorator_list if isinstance(each, ast.Call) and _name(each.func) == DECORATOR]
    arguments = function.args
    try:
        (call,) = calls
        declared = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords if each.arg in DECLARED}
        given = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        options = {each.arg: ast.literal_eval(value) for each, value in given if value is not None}
    except ValueError:  # several decorators, or a value that the file computes
        return None
    needs = tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))
    text = inspect.cleandoc(ast.get_docstring(function, clean=False) or "")
    return MeasureFacts(needs, options, declared["grows"], declared["citation"], declared.get("multilabel", "average"), text)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
