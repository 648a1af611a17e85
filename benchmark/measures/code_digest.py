"""The digest of the code that computes a measure: with changed code the score is computed again.

A measure's module and every module of ours that its code reaches by name are digested, found by following their imports.
The modules of COMMON are digested too: they compute the inputs, the resamples, the mean over labels and the interval of every
measure. Their own imports are not followed, because they reach most of the product; a change there that gives other numbers
raises TRAINER. Formatting, comments, docstrings and the import statements themselves do not count.
"""

import ast
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from benchmark.specs.measure import Measure
from results.files.digest import digest

EMPTY = ast.Pass()
PACKAGES = {"benchmark", "results", "similarity", "sources", "targets"}
FACE = importlib.import_module("benchmark")  # by name: an import statement would close a circle
COMMON = (
    "benchmark.specs.measure",
    "benchmark.specs.score_interval",
    "benchmark.specs.needs",
    "benchmark.measures.inputs",
    "benchmark.measures.resampling",
)


def code_digest(measure: Measure) -> str:
    """Digest of the code of `measure` and of all that it reaches in our packages, or in the package that it belongs to."""
    name, path = measure.function.__module__, Path(inspect.getfile(measure.function))
    packages = PACKAGES | {name.partition(".")[0]}
    pending, seen = [(name, path)], {name, "benchmark", *COMMON}  # the module `benchmark` itself only forwards names
    texts = _common_texts()
    while pending:
        name, path = pending.pop()
        text, names = _parsed(path, path.stat().st_mtime_ns, name)
        texts.append(text)
        for reached in names:
            found = _module_of(reached, packages)
            if found is not None and found[0] not in seen:
                seen.add(found[0])
                pending.append(found)
    return digest(sorted(texts))


def _common_texts() -> list[str]:
    """The code of each module of COMMON without what does not count."""
    modules = [(name, found[1]) for name in COMMON if (found := _module_of(name, PACKAGES)) is not None]
    return [_parsed(path, path.stat().st_mtime_ns, name)[0] for name, path in modules]


@cache
def _parsed(path: Path, changed: int, name: str) -> tuple[str, list[str]]:  # noqa: ARG001 - the time of change is in the key
    """The code of a module without what does not count, and the dotted names that it imports and uses, not only as types."""
    tree = ast.parse(path.read_bytes())
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    types = {node for annotation in _annotations(tree) for node in ast.walk(annotation)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    only_types = {node.id for node in names if node in types} - {node.id for node in names if node not in types}
    reached = [target for bound, target in _imports(tree, package) if bound not in only_types]
    return ast.unparse(_Stripped().visit(tree)), reached


def _imports(tree: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """(name that an import binds, dotted name that it stands for), of every import statement."""
    for node in _outside_type_checking(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
            for alias in node.names:
                yield alias.asname or alias.name, f"{base}.{alias.name}"


def _outside_type_checking(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below `if TYPE_CHECKING:`, which never run."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield from _outside_type_checking(child)


def _annotations(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node.returns
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation


def _module_of(name: str, packages: set[str]) -> tuple[str, Path] | None:
    """The module that defines a dotted name, and its file; None if it is in none of `packages`."""
    top, _, attribute = name.partition(".")
    if top not in packages:
        return None
    module = FACE.MODULES.get(attribute, name) if top == "benchmark" else name
    while module and not _is_module(module):
        module = module.rpartition(".")[0]
    spec = importlib.util.find_spec(module) if module else None
    return (module, Path(spec.origin)) if spec is not None and spec.origin is not None else None


def _is_module(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module, not a package
        return False


class _Stripped(ast.NodeTransformer):
    """Removes import statements and docstrings, and blocks that held nothing else."""

    def visit_Import(self, node: ast.Import) -> None:
        """Removed."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Removed."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Removed where nothing else than imports depends on the condition, as below `if TYPE_CHECKING:`."""
        self.generic_visit(node)
        return node if node.body != [EMPTY] or node.orelse else None

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Removes the docstring of a module, class or function."""
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = node.body[ast.get_docstring(node, clean=False) is not None :]
        visited = super().generic_visit(node)
        if getattr(visited, "body", None) == []:
            visited.body = [EMPTY]  # type: ignore[attr-defined]
        return visited
