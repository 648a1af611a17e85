"""Numbers on the command line: plain digits within bounds; everything else is one sentence and exit code 2."""

import pytest

OPTIONS = {
    "--pack": ("run", "first"), "--cells": ("run", "first"), "--hours": ("run", "first"), "--kwh": ("plan", "first"),
    "--co2e-kg": ("run", "first"), "--workers": ("run", "first"), "--sample": ("score", "first"), "--draws": ("score", "first"),
    "--detect": ("plan", "first"), "--noise": ("board", "first"), "--over": ("cost", "first"), "--details": ("report", "first"),
    "--size": ("check", "digits"), "--port": ("ui",), "--seed": ("publish", "digits", "--backbone", "x"),
    "--missing": ("import", "--experiment", "e", "--matrix", "m.csv"), "--broken": ("new", "target", "x", "--from", "y"),
}  # fmt: skip
WHOLE = {"--pack", "--cells", "--workers", "--sample", "--draws", "--over", "--details", "--size", "--port", "--seed"}
NONE = ["many", "", "1_0", "٣", "0x10", "1,5", "1e", "--", "9" * 5000 + "x"]
NO_WHOLE = ["1.5", "1e3", "inf", "nan", "9" * 30, "-" + "9" * 30]
SOME = ("--pack", "--hours")  # a whole number and another one, which get every value; the others what Python would take


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "value"),
    [(option, value) for option in OPTIONS for value in (NONE if option in SOME else ["many", "1_0"])]
    + [(option, value) for option in sorted(WHOLE) for value in (NO_WHOLE if option in SOME else ["1.5", "9" * 30])],
)
def test_what_is_no_number_is_said(cats, option, value):
    code, out, err = cats(*OPTIONS[option], f"{option}={value}")
    assert (code, out) == (2, "")
    said = " ".join(err.replace("│", " ").split())
    assert option in said
    assert "is not a" in said
    assert len(said) < 700
    assert "Traceback" not in err


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "1e400", "0"])
@pytest.mark.parametrize("option", ["--hours", "--kwh", "--co2e-kg"])
def test_a_budget_is_finite_and_above_zero(cats, option, value):
    code, out, err = cats("plan", "first", f"{option}={value}")
    assert (code, out) == (2, "")
    assert err.startswith("cats: the budget: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("value", ["nan", "inf", "-0.5", "1"])
def test_a_share_is_below_one(cats, value):
    code, _, err = cats(*OPTIONS["--broken"], f"--broken={value}")
    assert code == 2
    assert "is not a share from 0 to 0.99" in " ".join(err.replace("│", " ").split())
