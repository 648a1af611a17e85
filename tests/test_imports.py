"""What may be imported when, and to whom the top-level names belong. Each in a fresh interpreter."""

import importlib.metadata
import json
import subprocess
import sys
from functools import cache

import pytest

from benchmark.cli.commands import MODULES, PANELS

HEAVY = ("torch", "timm", "torchvision", "mlflow", "sklearn", "codecarbon", "dask", "distributed")


@cache
def loaded_after(statement):
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "import results",
        "import benchmark",
        "import benchmark.cli.main",
        "import catsbench",
        "import results.board.board, results.statistics.intervals, results.tracking.outbox, results.board.text",
        "from benchmark.specs.plan import load_plan; load_plan('quickstart')",
    ],
)
def test_it_loads_no_heavy_library(statement):
    assert not {"scipy.stats", *HEAVY} & set(loaded_after(statement))


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "from benchmark.specs.plan import load_plan; load_plan('quickstart')",
        "from benchmark.execution import up_to_date",
        "from benchmark.specs import catalogue; catalogue.names('targets')",
    ],
)
def test_what_reads_plans_and_catalogues_needs_neither_scipy_nor_pillow(statement):
    """They would double the time until such a command answers."""
    assert not {"scipy", "PIL", *HEAVY} & set(loaded_after(statement))


@pytest.mark.parametrize("statement", ["import results", "import benchmark", "import benchmark.cli.main"])
def test_it_loads_no_entry(statement):
    modules = loaded_after(statement)
    assert not [m for m in modules if m.startswith(("sources.", "targets.", "similarity."))]


def test_help_loads_no_library_of_arrays_and_nothing_of_choosing():
    """A command loads in its own function what it computes with."""
    code = "import sys; from benchmark.cli.main import main; sys.argv = ['cats', '--help']"
    modules = loaded_after(f"{code}\ntry:\n    main()\nexcept SystemExit:\n    pass")
    assert not {"numpy", "pandas", "pyarrow", "scipy", "matplotlib", *HEAVY} & set(modules)
    assert not [module for module in modules if ".choosing." in module]
    commands = {name for panel in PANELS.values() for name in panel}
    assert not {f"benchmark.cli.{MODULES.get(name, name)}" for name in commands} & set(modules)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "heavy"),
    [("list sources", {"pandas", "pyarrow"}), ("list targets", {"pandas", "pyarrow"}), ("choose nowhere", {"scipy", "mlflow"})],
)
def test_what_needs_no_table_and_no_network_answers_soon(words, heavy):
    """They took twice to eight times as long."""
    code = f"import sys; from benchmark.cli.main import main; sys.argv = ['cats', *{words.split()}]"
    assert not {*heavy, *HEAVY} & set(loaded_after(f"{code}\ntry:\n    main()\nexcept SystemExit:\n    pass"))


@pytest.mark.slow
def test_the_board_loads_nothing_of_choosing():
    modules = loaded_after("import benchmark.cli.query, results.board.board, results.board.text, results.board.adaptive")
    assert not [module for module in modules if ".choosing." in module]


def test_the_face_for_notebooks_loads_no_library_of_arrays():
    assert not {"numpy", "pandas", "pyarrow", "scipy", "matplotlib", *HEAVY} & set(
        loaded_after("import catsbench; dir(catsbench)")
    )


def test_the_top_level_names_belong_to_this_distribution_alone():
    owners = importlib.metadata.packages_distributions()
    for name in ("benchmark", "sources", "targets", "similarity", "results", "catsbench"):
        assert set(owners.get(name, ["cats-bench"])) == {"cats-bench"}
