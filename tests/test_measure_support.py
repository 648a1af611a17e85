"""The table of which measure works where: every measure is in it, and its entries are what the measures say."""

import importlib.util
import re
import sys

import pytest

from benchmark.specs import catalogue
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "measures_support.md").read_text(encoding="utf-8")
ROWS = {
    cells[1]: cells[2:] for line in PAGE.splitlines() if (cells := re.split(r" ?\| ?", line)) and cells[1:2] and "`" in cells[1]
}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("measure_support", ROOT / "scripts" / "measure_support.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "scripts"))
    spec.loader.exec_module(module)
    sys.path.remove(str(ROOT / "scripts"))
    return module


def test_every_measure_has_a_row_and_every_entry_is_yes_or_a_reason():
    assert {name.strip("`") for name in ROWS} == set(catalogue.shipped("similarity"))
    for name, cells in ROWS.items():
        assert all(cell == "yes" or cell.startswith("no: ") for cell in cells[:5]), name


@pytest.mark.slow
def test_entries_are_what_measures_say(script):
    names = ["leep", "rsa", "s_otdd", "rankme", "fu"]
    lines = [line for line in script.supported(names).splitlines() if "`" in line]
    assert len(lines) == 5
    assert all(line in PAGE for line in lines)
    assert lines[0] == "| `leep` | yes | yes | no: needs the source's classifier | yes | yes |"
