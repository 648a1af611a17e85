"""No two files import each other, at the top or inside a function: a reader can begin at the bottom."""

import grimp
import networkx


def test_no_files_import_each_other_in_a_circle():
    graph = grimp.build_graph("benchmark", "results", "sources", "targets", "similarity", exclude_type_checking_imports=True)
    arrows = networkx.DiGraph(
        (module, other) for module in graph.modules for other in graph.find_modules_directly_imported_by(module)
    )
    circles = [sorted(circle) for circle in networkx.strongly_connected_components(arrows) if len(circle) > 1]
    assert circles == []
