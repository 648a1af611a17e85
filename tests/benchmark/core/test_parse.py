"""What a person wrote, read strictly: one sentence for each mistake, with file, place, value and what is allowed."""

import errno
from typing import Literal

import pytest
from pydantic import Field

from benchmark.core.parse import field_model, parse, read_yaml
from results.error import CatsError, nearest
from results.record import Frozen


class Inner(Frozen):
    depth: int = Field(1, ge=1)


class Outer(Frozen):
    name: str
    colour: Literal["red", "green"] = "red"
    inner: Inner | None = None
    many: tuple[int, ...] = ()


@pytest.fixture
def write(tmp_path):
    def make(content):
        path = tmp_path / "file.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def unread(path):
    with pytest.raises(CatsError) as caught:
        read_yaml(path)
    return str(caught.value)


def refused(**content):
    with pytest.raises(CatsError) as caught:
        parse(Outer, content, "file.yaml")
    return str(caught.value)


def test_a_mapping_is_read_with_its_types(write):
    assert read_yaml(write("a: 1\nb: [x, 2.5]\nc: {d: null}\né: ü\n")) == {"a": 1, "b": ["x", 2.5], "c": {"d": None}, "é": "ü"}


def test_keys_that_come_in_by_reference_may_be_overridden(write):
    assert read_yaml(write("a: &all {x: 1, y: 2}\nb: {<<: *all, y: 3}\n"))["b"] == {"x": 1, "y": 3}


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing but a remark\n", "---\n", "null\n"])
def test_an_empty_file_is_called_empty(write, content):
    path = write(content)
    assert unread(path) == f"{path} is empty"


@pytest.mark.parametrize("content", ["- a\n- b\n", "a sentence\n", "3\n"])
def test_what_is_no_mapping_is_shown(write, content):
    assert "file.yaml must hold keys and values, not " in unread(write(content))


@pytest.mark.parametrize("content", ["a: 1\nb: 2\na: 3\n", "x: {\n\n a: 1, a: 1}\n", "x: 1\ny: 1\n'x': 2\n"])
def test_a_key_given_twice_is_named_with_its_line(write, content):
    assert "file.yaml, line 3 is not valid YAML: key '" in unread(write(content))
    assert "' is given twice" in unread(write(content))


@pytest.mark.parametrize(("content", "line"), [("a: [1, 2\n", 2), ("a: 1\n  b: 2\n", 2), ("a: 1\nb: *nobody\n", 2)])
def test_broken_yaml_is_named_with_its_line(write, content, line):
    assert f"file.yaml, line {line} is not valid YAML" in unread(write(content))


def test_yaml_is_no_code(write, tmp_path):
    told = unread(write(f"a: !!python/object/apply:pathlib.Path.touch [{tmp_path / 'made'}]\n"))
    assert "is not valid YAML" in told
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "content",
    ["? [a, b]\n: 1\n", "a: 2024-13-45\n", "a: !!int x\n", "a: !!float x\n", "a: " + "[" * 3000 + "\n"],
    ids=["list as key", "date without such a month", "no int", "no float", "too deep"],
)
def test_values_that_yaml_cannot_make_are_a_sentence_too(write, content):
    assert "file.yaml" in unread(write(content))


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert unread(tmp_path / "nowhere.yaml") == f"there is no file {tmp_path / 'nowhere.yaml'}"
    assert unread(tmp_path) == f"there is no file {tmp_path}"


@pytest.mark.parametrize("content", [b"\xff\xfea", b"a: \xe9\n"])
def test_a_file_in_another_encoding_is_named(write, content):
    assert "file.yaml is not a text file" in unread(write(content))


def test_a_file_that_may_not_be_read_is_named(write, monkeypatch):
    path = write("a: 1\n")

    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(type(path), "read_text", forbidden)
    assert "file.yaml" in unread(path)


def test_good_content_becomes_the_model():
    made = parse(Outer, {"name": "n", "inner": {"depth": 2}, "many": [1, 2]}, "file.yaml")
    assert made == Outer(name="n", inner=Inner(depth=2), many=(1, 2))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "file.yaml: the key 'name' is missing"),
        ({"name": 3}, "file.yaml: name is 3; allowed is text"),
        ({"name": "n", "colour": "rad"}, "file.yaml: colour is 'rad', allowed are 'red' or 'green'; did you mean 'red'?"),
        ({"name": "n", "color": "red"}, "file.yaml: there is no key 'color'; did you mean 'colour'?"),
        ({"name": "n", "xyz": 1}, "file.yaml: there is no key 'xyz'; allowed are colour, inner, many, name"),
        ({"name": "n", "inner": {"dept": 1}}, "file.yaml: there is no key 'inner.dept'; did you mean 'depth'?"),
        ({"name": "n", "inner": {"depth": 0}}, "file.yaml: inner.depth is 0; allowed is a whole number from 1 on"),
        ({"name": "n", "many": [1, "x"]}, "file.yaml: many.1 is 'x'; allowed is a whole number"),
        ({"name": "n", "many": 1}, "file.yaml: many is 1; allowed is a list, each a whole number"),
        ({"name": "n", "strange": 1}, "file.yaml: there is no key 'strange'"),
        ({"name": "n", "function-like": 1}, "file.yaml: there is no key 'function-like'"),
        ({"name": "n", 1: 2}, "file.yaml: 1 is no text, as every key must be"),
    ],
)
def test_each_mistake_names_file_key_value_and_what_is_allowed(content, sentence):
    with pytest.raises(CatsError) as caught:
        parse(Outer, content, "file.yaml")
    assert str(caught.value).startswith(sentence)


def test_all_mistakes_are_said_at_once_one_per_line():
    lines = refused(colour="rad", inner={"depth": 0}, many=["x"]).splitlines()
    assert [line.split(": ")[1].split(" is ")[0] for line in lines] == ["the key 'name'", "colour", "inner.depth", "many.0"]


def test_the_model_of_a_nested_field_is_found():
    assert field_model(Outer, []) is Outer
    assert field_model(Outer, ["inner"]) is Inner
    assert field_model(Outer, ["many"]) is None
    assert field_model(Outer, ["nowhere"]) is None


@pytest.mark.parametrize(
    ("name", "allowed", "end"),
    [
        ("brestmnist", ["breastmnist", "octmnist"], "; did you mean 'breastmnist'?"),
        ("zzz", ["b", "a"], "; allowed are a, b"),
        (3, ["b"], "; allowed are b"),
        ("x", [], "; there is none"),
    ],
)
def test_a_wrong_name_gets_the_nearest_one_or_all(name, allowed, end):
    assert nearest(name, allowed) == end


def test_half_a_character_is_refused_wherever_it_stands():
    """`"\\ud800"` in a YAML file, or bytes of a command line in another encoding: no file, digest or database takes them."""
    said = refused(name="a\udcff", inner={"depth": 1, "\ud800": 2}, many=[1])
    assert said.splitlines() == [
        "file.yaml: name is 'a\\udcff', which holds a part of a character; write whole characters",
        "file.yaml: inner.\\ud800 is '\\ud800', which holds a part of a character; write whole characters",
    ]
    with pytest.raises(CatsError, match="colours"):
        parse(Outer, {"name": "😀", "colours": "red"}, "file.yaml")
