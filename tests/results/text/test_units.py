"""Units of energy and mass: the prefix is chosen once for all figures of a table."""

import pytest

from results.text.units import energy_text, energy_unit, mass_text, three_digits


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


@pytest.mark.parametrize(("kg", "text"), [(221.4, "221 kg"), (1.0, "1 kg"), (0.000863, "0.863 g"), (0.9996, "1000 g")])
def test_a_mass_below_a_kilogram_is_in_grams(kg, text):
    assert mass_text(kg) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1234"), (999.6, "1000"), (0.000012345, "0.0000123"), (-2.5, "-2.5"), (12.34, "12.3")],
)
def test_three_digits_have_no_exponent(value, text):
    assert three_digits(value) == text
