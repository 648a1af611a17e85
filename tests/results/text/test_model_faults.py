"""Mistakes in files are told in words of this project: none of pydantic's sentences, which are about programs, is left."""

import json
import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from benchmark.core.numeric import Numeric
from benchmark.core.parse import parse
from results.error import CatsError, first_line
from results.record import Frozen, Record
from tests.support.paths import ASSETS

PYDANTIC = re.compile(
    r"nput should|validation error|Field required|Extra inputs|should (have|match|be)|pydantic|is not permitted"
)


class Inner(Frozen):
    depth: int = Field(1, ge=1, lt=9)


class Whole(Numeric):
    name: str = Field("n", min_length=1)
    country: str = Field("NLD", pattern="^[A-Z]{3}$")
    share: float = Field(0.5, gt=0, le=1)
    rate: float | None = Field(None, ge=0)
    on: bool = False
    frame: int | Literal["first", "middle"] | None = None
    kind: Literal["red", "green"] = "red"
    inner: Inner | None = None
    recipe: str | dict[str, Any] = "x"
    pair: tuple[float, float] = (0, 1)
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field((), max_length=2)
    names: dict[str, str] = {}
    many: list[Inner] = []


SAID = {
    "name: '' ": "name is ''; allowed is text of length 1 at least",
    "name: no": "name is False; allowed is text; YAML takes the words yes, no, on and off for truth values, unless",
    "country: nld": "country is 'nld'; allowed is an ISO code of three capital letters, such as NLD",
    "share: 2": "share is 2; allowed is a number above 0 and up to 1",
    "share: .nan": "share is nan; allowed is a finite number",
    "share: {a: 1}": "share is {'a': 1}; allowed is a number above 0 and up to 1",
    "rate: -1": "rate is -1; allowed is a number from 0 on",
    "rate: 1_0": "rate is 10",
    "'on': maybe": "on is 'maybe'; allowed is true or false",
    "frame: last": "frame is 'last'; allowed is a whole number or 'first' or 'middle'",
    "kind: gren": "kind is 'gren', allowed are 'red' or 'green'; did you mean 'green'?",
    "inner: 3": "inner is 3; allowed is keys with values; the keys are depth",
    "inner: {depth: 9}": "inner.depth is 9; allowed is a whole number from 1 on and below 9",
    "inner: {dept: 9}": "there is no key 'inner.dept'; did you mean 'depth'?",
    "recipe: [a]": "recipe is ['a']; allowed is text or keys with values",
    "pair: [1]": "pair is [1]; allowed is a list of 2, each a number",
    "pair: [1, 2, 3]": "pair is [1, 2, 3]; allowed is a list of at most 2",
    "hidden: [0]": "hidden.0 is 0; allowed is a whole number from 1 on",
    "hidden: [1, 2, 3]": "hidden is [1, 2, 3]; allowed is a list of at most 2",
    "names: [a]": "names is ['a']; allowed is a mapping from text to text",
    "names: {a: [1]}": "names.a is [1]; allowed is text",
    "many: [{depth: x}]": "many.0.depth is 'x'; allowed is a whole number from 1 on and below 9",
    "many: x": "many is 'x'; allowed is a list, each keys with values",
}


@pytest.mark.parametrize("written", SAID)
def test_every_kind_of_mistake_has_one_sentence_of_ours(written):
    import yaml

    content = yaml.safe_load(written)
    if SAID[written] == "rate is 10":
        assert parse(Whole, content, "f").rate == 10
        return
    with pytest.raises(CatsError) as caught:
        parse(Whole, content, "file.yaml")
    assert str(caught.value).startswith(f"file.yaml: {SAID[written]}")
    assert "\n" not in str(caught.value)
    assert not PYDANTIC.search(str(caught.value))


def refusal_of(text):
    """Why a text is no record; None if it is one."""
    try:
        Record.model_validate_json(text)
    except ValidationError as error:
        return first_line(error)
    return None


def test_every_damage_of_a_record_has_a_sentence_of_ours():
    content = json.loads((ASSETS / "record-v1.json").read_text())
    for name in content:
        for value in (None, "x", -1, [1], {"a": {}}, ...):
            damaged = {key: each for key, each in content.items() if key != name} | ({} if value is ... else {name: value})
            said = refusal_of(json.dumps(damaged))
            assert said is None or (name in said and not PYDANTIC.search(said))


@pytest.mark.parametrize("text", ["{", "3", '{"version": 3}', ""])
def test_what_is_no_record_at_all_is_said_too(text):
    assert not PYDANTIC.search(refusal_of(text))
