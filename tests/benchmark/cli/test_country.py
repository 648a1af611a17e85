"""A plan that names no country takes the electricity of the Netherlands, and every command that counts CO2e says so."""

import pytest

PLAN = (
    "experiment: toy\nsources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 1}\nseeds: 1\n"
)
SAID = "the plan names no country, so CO2e is that of electricity in NLD; write `country: XYZ` for yours"


@pytest.mark.slow
@pytest.mark.parametrize(("line", "times"), [("", 1), ("country: NLD\n", 0), ("country: DEU\n", 0)])
def test_the_country_that_is_assumed_is_said_where_co2e_is_counted(cats, tmp_path, line, times):
    (tmp_path / "plan.yaml").write_text(PLAN + "subsample: {train: 60}\n" + line)
    texts = {}
    for command in ("plan", "run", "cost", "board"):
        code, out, err = cats(command, "plan.yaml", *(["--no-images"] if command == "cost" else []))
        assert code == 0, err
        texts[command] = " ".join((out + err).split())
    assert {command: text.count(SAID) for command, text in texts.items()} == {
        "plan": times,
        "run": times,
        "cost": times,
        "board": 0,
    }
    code, out, err = cats("run", "plan.yaml")  # nothing is left to do
    assert (code, (out + err).count(SAID)) == (0, 0)
