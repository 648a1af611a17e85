"""What may be imported when, and to whom the top-level names belong. Each in a fresh interpreter."""

import importlib.metadata
import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "timm", "torchvision", "mlflow", "sklearn", "codecarbon", "dask", "distributed")


def loaded_after(statement):
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "statement",
    [
        "import results",
        "import benchmark",
        "import benchmark.cli.main",
        "import results.board.board, results.statistics.intervals, results.tracking.outbox, results.board.text",
        "from benchmark.specs.plan import load_plan; load_plan('quickstart')",
    ],
)
def test_it_loads_no_heavy_library(statement):
    assert not set(HEAVY) & set(loaded_after(statement))


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


def test_help_loads_neither_torch_nor_mlflow():
    code = "import sys; from benchmark.cli.main import main; sys.argv = ['cats', '--help']"
    modules = loaded_after(f"{code}\ntry:\n    main()\nexcept SystemExit:\n    pass")
    assert not set(HEAVY) & set(modules)


def test_the_five_top_level_names_belong_to_this_distribution_alone():
    owners = importlib.metadata.packages_distributions()
    for name in ("benchmark", "sources", "targets", "similarity", "results"):
        assert set(owners.get(name, ["cats-bench"])) == {"cats-bench"}
