"""A copy of a plan is a plan that says the same, with the keys that it leaves out named in a comment."""

import pytest
import yaml

from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.plan_copy import copy_plan, other_keys
from results.error import CatsError


@pytest.mark.parametrize("name", ["first", "quickstart", "guide"])
def test_a_copy_says_the_same(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    copy_plan(name, tmp_path / "mine.yaml")
    assert load_plan("mine.yaml").model_copy(update={"experiment": name}) == load_plan(name)
    text = (tmp_path / "mine.yaml").read_text()
    assert text.startswith(f"# A copy of the plan {name}, to change.\nsources: ")
    assert "two cores" not in text  # a copy is changed, and then takes another time
    written = yaml.safe_load(text)
    named = yaml.safe_load(other_keys(name).split(": ", 1)[1].replace("; ", "\n"))
    assert set(named) <= set(Plan.model_fields) - set(written)
    assert named == {key: Plan.model_fields[key].default for key in named}  # a value can be copied as it stands
    assert "country" in {*named, *written}
    copy_plan("mine.yaml", tmp_path / "new" / "again.yml")
    assert load_plan("new/again.yml").targets == load_plan(name).targets
    assert (tmp_path / "new" / "again.yml").read_text().startswith(text.splitlines()[0])


@pytest.mark.parametrize(
    ("name", "place", "sentence"),
    [
        ("first", "there.yaml", "there.yaml exists; name another file with --output, or remove this one"),
        ("first", "mine.txt", "--output is mine.txt; a plan is a file that ends in .yaml"),
        ("fist", "mine.yaml", "there is no plan file 'fist', and no plan of that name; did you mean 'first'?"),
    ],
)
def test_what_cannot_be_copied(cats, tmp_path, name, place, sentence):
    (tmp_path / "there.yaml").write_text("mine")
    assert cats("plan", name, "-o", place) == (2, "", f"cats: {sentence}\n")
    assert [file.name for file in tmp_path.iterdir()] == ["there.yaml"]
    assert (tmp_path / "there.yaml").read_text() == "mine"


def test_the_command_says_what_comes_next(cats):
    assert cats("plan", "first", "--output", "mine.yaml") == (0, "wrote mine.yaml; change it, then: cats plan mine.yaml\n", "")


def test_a_damaged_plan_is_not_copied(tmp_path):
    (tmp_path / "bad.yaml").write_text("sources: 3")
    with pytest.raises(CatsError):
        copy_plan(str(tmp_path / "bad.yaml"), tmp_path / "mine.yaml")
    assert not (tmp_path / "mine.yaml").exists()
