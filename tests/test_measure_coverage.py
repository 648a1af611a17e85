"""The simulation of the intervals of measures: it judges right, and goes on where it was stopped."""

import importlib
import json

import numpy as np
import pytest

from benchmark.specs import catalogue
from tests.support.paths import ROOT


@pytest.fixture
def modules(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return {name: importlib.import_module(f"measure_coverage.{name}") for name in ("cell", "settings", "table")}


def normal(modules, width, taken=0.0):
    """2,000 values around 3 that vary by 0.1, less where a sample takes a share of the population, ± 1.96 width."""
    values = 3 + 0.1 * np.sqrt(1 - taken) * np.random.default_rng(0).standard_normal(2000)
    return modules["cell"].Cell("x", values.tolist(), (values - 1.96 * width).tolist(), (values + 1.96 * width).tolist())


@pytest.mark.parametrize("taken", [0.0, 0.5])
def test_intervals_of_the_right_width_hold_in_95_per_cent(modules, taken):
    share, ratio = modules["cell"].judged(normal(modules, 0.1, taken), taken)
    assert share == pytest.approx(0.95, abs=0.015)
    assert ratio == pytest.approx(1, abs=0.05)
    share, ratio = modules["cell"].judged(normal(modules, 0.05, taken), taken)
    assert share == pytest.approx(0.673, abs=0.03)  # of a normal law inside 0.98 standard deviations
    assert ratio == pytest.approx(0.5, abs=0.03)


def test_a_stopped_simulation_goes_on_and_other_code_begins_again(modules, tmp_path):
    setting, path = modules["settings"].SETTINGS["200x32"](), tmp_path / "nce@200x32.json"
    nce = catalogue.measure("nce")
    first = modules["cell"].simulated(path, nce, "200x32", setting, 2)
    more = modules["cell"].simulated(path, nce, "200x32", setting, 3)
    assert more.values[:2] == first.values
    assert len(more.values) == 3
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "values": [0.0, 0.0], "low": [0.0, 0.0], "high": [0.0, 0.0]}))
    assert modules["cell"].simulated(path, nce, "200x32", setting, 2).values == [0.0, 0.0]
    path.write_text(json.dumps({**kept, "code": "of before", "values": [0.0, 0.0]}))
    assert modules["cell"].simulated(path, nce, "200x32", setting, 2).values == first.values


def test_rows_of_some_measures_are_renewed_and_the_reasons_counted_again(modules):
    table, titles = modules["table"], {"one": ("200 × 32", 0.0)}
    silent = {
        name: modules["cell"].Cell("x", [1.0] * 4, [np.nan] * 4, [np.nan] * 4, {reason: 4})
        for name, reason in (("b", "no interval: saturated"), ("c", "no interval: few"))
    }
    cells = {("a", "one"): normal(modules, 0.1), **{(name, "one"): cell for name, cell in silent.items()}}
    before = table.table(cells, ["a", "b", "c"], titles)
    assert table.renewed(before, table.table(cells, ["a", "b", "c"], titles)).split("\n")[:5] == before.split("\n")[:5]
    made = table.table({("b", "one"): normal(modules, 0.05)}, ["b"], titles, table.usual_samples(before))
    after = table.renewed(before, made)
    assert "| `a` | 95 (1.0" in after
    assert "| `b` | 6" in after
    assert "| `c` | – [1] |" in after
    assert after.endswith("\n1. no interval: few\n")
    assert "2000 samples in each cell" in after
    with pytest.raises(SystemExit, match="give all settings"):
        table.renewed(before, table.table({("b", "two"): normal(modules, 0.05)}, ["b"], {"two": ("400", 0.0)}, 2000))


def test_the_table_says_why_there_is_no_interval(modules):
    nothing = modules["cell"].Cell("x", [1.0] * 4, [np.nan] * 4, [np.nan] * 4, {"no interval: saturated": 4})
    made = modules["table"].table(
        {("a", "one"): normal(modules, 0.1), ("b", "one"): nothing}, ["a", "b"], {"one": ("200 × 32", 0.0)}
    )
    assert "| `a` | 95 (1.0" in made
    assert "| `b` | – [1] |" in made
    assert "1. no interval: saturated" in made
