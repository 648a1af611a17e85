"""Units of energy and mass: the prefix is chosen once for all figures of a table."""

import re
from pathlib import Path

import pytest

from results.text.units import energy_text, energy_unit, mass_text, significant, three_digits


@pytest.mark.parametrize(
    ("kwh", "name", "texts"),
    [
        ([0.003061, 0.0002405, 0.0], "Wh", ["3.06", "0.24", "0"]),
        ([0.000167, 0.000244], "mWh", ["167", "244"]),
        ([2e-9, 1e-9], "µWh", ["2", "1"]),
        ([3e-13], "µWh", ["0.0003"]),
        ([1.0, 0.0001], "kWh", ["1", "0.0001"]),
        ([1460.2, 8.6], "kWh", ["1460", "8.6"]),
        ([10_000.0, 20.0], "MWh", ["10", "0.02"]),
        ([0.9999], "Wh", ["1000"]),
        ([None, 0.002], "Wh", ["missing", "2"]),
        ([None], "Wh", ["missing"]),
        ([0.0], "Wh", ["0"]),
        ([], "Wh", []),
    ],
)
def test_a_table_has_one_unit_in_which_its_largest_figure_is_short(kwh, name, texts):
    unit = energy_unit(kwh)
    assert (unit.name, [unit.text(value) for value in kwh]) == (name, texts)


def test_a_sign_is_before_the_number_and_the_unit_behind_it():
    assert energy_text(0.0021, "≥ ") == "≥ 2.1 Wh"
    assert energy_text(None) == "missing"


@pytest.mark.parametrize(
    ("kg", "text"), [(221.4, "221 kg"), (1.0, "1 kg"), (0.00863, "8.63 g"), (1.84e-7, "184 µg"), (0, "0 g"), (0.9996, "1000 g")]
)
def test_a_mass_is_in_a_unit_in_which_it_is_short(kg, text):
    assert mass_text(kg) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1234"), (999.6, "1000"), (0.000012345, "0.0000123"), (-2.5, "-2.5"), (12.34, "12.3")],
)
def test_three_digits_have_no_exponent(value, text):
    assert three_digits(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (99.6, 2, "100"), (100.0, 2, "100"), (99.4, 2, "99"), (123.4, 2, "123"), (1.2e-5, 2, "0.000012"),
        (9.99e-5, 1, "0.0001"), (-999.7, 3, "-1000"), (0.0, 2, "0"), (1234567.0, 6, "1234567"),
        (4e-10, 1, "0.0000000004"),
    ],
)  # fmt: skip
def test_significant_digits_have_no_exponent(value, digits, text):
    assert significant(value, digits) == text


def test_no_figure_with_a_unit_is_written_with_an_exponent():
    """`.3g` writes 99.96 % as 1e+02 % and 1234 Wh as 1.23e+03 Wh; `significant` does not."""
    root = Path(__file__).parents[3]
    figure = re.compile(r":\.\dg\}\s+(%|[kmM]?Wh|kg|km|[MG]B|hours|minutes|images|seeds)")
    files = [file for folder in ("benchmark", "results", "scripts") for file in (root / folder).rglob("*.py")]
    assert len(files) > 300
    assert [f"{file.name}: {hit.group()}" for file in files for hit in figure.finditer(file.read_text(encoding="utf-8"))] == []
