"""A key at the wrong level of a plan or an entry: the sentence names the level where it belongs."""

import pytest
import yaml

from benchmark.core.parse import parse
from benchmark.specs.plan import load_plan
from benchmark.specs.target import Target
from results.error import CatsError, first_of, nearest

PLAN = {"sources": ["scratch"], "targets": ["digits"], "backbones": ["resnet18"]}


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({"epochs": 3}, "there is no key 'epochs'; did you mean recipe.epochs?"),
        ({"epoch": 3}, "there is no key 'epoch'; did you mean recipe.epochs?"),
        ({"flip": True}, "there is no key 'flip'; did you mean recipe.augment.flip?"),
        ({"base": "fast"}, "there is no key 'base'; did you mean recipe.base?"),
        ({"kwh": 3}, "there is no key 'kwh'; did you mean budget.kwh?"),
        ({"train": 3}, "there is no key 'train'; did you mean subsample.train?"),
        ({"sedes": 3}, "there is no key 'sedes'; did you mean 'seeds'?"),
        ({"target": ["digits"]}, "there is no key 'target'; did you mean 'targets'?"),
        ({"budget": {"seeds": 3}}, "there is no key 'budget.seeds'; did you mean seeds?"),
        (
            {"recipe": {"seeds": 3}},
            "recipe: there is no key 'seeds'; did you mean the key seeds of the plan, outside of recipe?",
        ),
        ({"recipe": {"kwh": 3}}, "there is no key 'kwh'; did you mean the key budget.kwh of the plan, outside of recipe?"),
        ({"recipe": {"flip": True}}, "recipe: there is no key 'flip'; did you mean augment.flip?"),
        ({"recipe": {"epoc": 3}}, "recipe: there is no key 'epoc'; did you mean 'epochs'?"),
        (
            {"zzzzzz": 3},
            "; allowed are allow_leakage, backbones, budget, candidates, country, experiment, keep, measures and 10 more",
        ),
    ],
)
def test_keys_of_plans(tmp_path, monkeypatch, more, end):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN | more))
    with pytest.raises(CatsError) as refused:
        load_plan("plan.yaml")
    assert str(refused.value).startswith("plan.yaml: ")
    assert str(refused.value).endswith(end)


@pytest.mark.parametrize(
    ("content", "end"),
    [
        ({"modality": "x"}, "there is no key 'modality'; did you mean dataset.modality?"),
        ({"dataset": {"subsample": 3}}, "there is no key 'dataset.subsample'; did you mean subsample?"),
    ],
)
def test_keys_of_entries(content, end):
    with pytest.raises(CatsError) as refused:
        parse(Target, {"name": "x", **content}, "targets/x.yaml")
    assert any(line == f"targets/x.yaml: {end}" for line in str(refused.value).splitlines())


def test_eight_mistakes_are_named_and_the_others_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN | {f"wrong{number:02}": 1 for number in range(20)}))
    with pytest.raises(CatsError) as refused:
        load_plan("plan.yaml")
    lines = str(refused.value).splitlines()
    assert len(lines) == 9
    assert lines[-1] == "plan.yaml: and 12 more"


@pytest.mark.parametrize(
    ("name", "allowed", "end"),
    [
        ("imag", ["imagenet_21k", "imagenet", "image"], "; did you mean 'image'?"),  # the shortest that begins so
        ("imagenet_2", ["imagenet", "imagenet_21k"], "; did you mean 'imagenet_21k'?"),  # not the one with one letter less
        ("IMAGENET", ["imagenet", "mage"], "; did you mean 'imagenet'?"),
        ("imagnet", ["imagenet", "magnets"], "; did you mean 'imagenet'?"),
        ("z", ["zebra", "a"], "; allowed are a, zebra"),
        ("q", "abcdefgh", "; allowed are a, b, c, d, e, f, g, h"),
        ("q", "abcdefghi", "; allowed are a, b, c, d, e, f, g, h and 1 more"),
        ("q", [], "; there is none"),
    ],
)
def test_the_nearest_name(name, allowed, end):
    assert nearest(name, allowed) == end


def test_a_list_of_names_is_cut():
    assert first_of(map(str, range(20))) == "0, 1, 2, 3, 4, 5, 6, 7 and 12 more"
    assert first_of("ab") == "a, b"
