"""No two files import each other, at the top, inside a function or for types, and no file is too long to be read at once."""

import grimp
import networkx

from tests.support.paths import ROOT


def test_no_files_import_each_other_in_a_circle():
    graph = grimp.build_graph("benchmark", "results", "sources", "targets", "similarity")
    arrows = networkx.DiGraph(
        (module, other) for module in graph.modules for other in graph.find_modules_directly_imported_by(module)
    )
    circles = [sorted(circle) for circle in networkx.strongly_connected_components(arrows) if len(circle) > 1]
    assert circles == []


def test_no_module_is_longer_than_250_lines():
    packages = ("benchmark", "results", "sources", "targets", "similarity")
    modules = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 300
    long = {str(path.relative_to(ROOT)): lines for path in modules if (lines := len(path.read_text().splitlines())) > 250}
    assert long == {}
