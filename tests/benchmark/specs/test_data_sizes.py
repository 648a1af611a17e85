"""The number of training images as an axis of a plan: what may be written, and that a list is no more than its numbers."""

import pytest

from benchmark.data.split import Subsample
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.plan import Plan, load_plan
from results.error import CatsError
from tests.support.plans import cells_of

PLAN = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": [0, 1]}
TEXT = "sources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\n"


def cells(train, **more):
    return list(cells_of(Plan(**PLAN, subsample={"train": train, **more})))


@pytest.mark.parametrize(
    ("written", "sizes"),
    [
        ("25", (25,)), ("all", (None,)), ("null", (None,)), ("[25]", (25,)), ("[50, 25, all, 100]", (25, 50, 100, None)),
        ("[all, 25]", (25, None)), ("'50'", (50,)), ("[25, null]", (25, None)), ("[25.0, 50]", (25, 50)),
    ],
)  # fmt: skip
def test_a_number_all_or_a_list_is_read_in_ascending_order(tmp_path, written, sizes):
    path = tmp_path / "plan.yaml"
    path.write_text(f"{TEXT}subsample: {{train: {written}}}\n")
    assert load_plan(str(path)).subsample.train == sizes


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("[]", "subsample.train: the list is empty; write whole numbers from 1 on, or `all`, such as [25, 50, all]"),
        ("[25, 50, 25]", "subsample.train: 25 is given twice"),
        ("[all, 25, all]", "subsample.train: all is given twice"),
        ("[all, null]", "subsample.train: all is given twice"),
        ("[25, 0]", "subsample.train: 0 is no number of training images; write whole numbers from 1 on, or `all`"),
        ("[25, -3]", "subsample.train: -3 is no number of training images"),
        ("[25, 2.5]", "subsample.train: 2.5 is no number of training images"),
        ("[25, many]", "subsample.train: 'many' is no number of training images"),
        ("[25, [50]]", "subsample.train: [50] is no number of training images"),
        ("[25, true]", "subsample.train is [25, True]; allowed is a number, not a truth value"),
        (f"[25, {10**30}]", "; allowed is a number of at most 16 digits"),
        (f"'{'9' * 5000}'", "; allowed is a whole number from 1 on, `all`, or a list of these"),
        (f"[25, '{'9' * 5000}']", "is no number of training images; write whole numbers from 1 on, or `all`"),
        (".inf", "subsample.train is inf; allowed is a whole number from 1 on, `all`, or a list of these"),
        ("[25, .nan]", "subsample.train: nan is no number of training images"),
        ("every", "subsample.train is 'every'; allowed is a whole number from 1 on, `all`, or a list of these"),
        ("{few: 25}", "subsample.train is {'few': 25}; allowed is a whole number from 1 on, `all`, or a list of these"),
        ("0", "subsample.train is 0; allowed is a whole number from 1 on"),
        ("25, val: [5, 6]", "subsample.val is [5, 6]; allowed is a whole number from 1 on"),
    ],
)
def test_what_is_no_number_of_training_images_is_one_sentence(tmp_path, written, sentence):
    path = tmp_path / "plan.yaml"
    path.write_text(f"{TEXT}subsample: {{train: {written}}}\n")
    with pytest.raises(CatsError) as caught:
        load_plan(str(path))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_plan_of_a_list_is_the_union_of_the_plans_of_its_numbers_key_by_key():
    together = [cell.key for cell in cells([25, 9, "all"], val=7, per_class=True, stratified=False, seed=3)]
    alone = [cell.key for n in (9, 25, "all") for cell in cells(n, val=7, per_class=True, stratified=False, seed=3)]
    assert together == alone
    assert len(set(together)) == 3 * 2


def test_the_order_in_a_list_changes_nothing():
    assert cells([9, 25, "all"]) == cells(["all", 25, 9])


def test_all_images_have_the_key_of_a_plan_without_a_number():
    assert [cell.key for cell in cells("all")] == [cell.key for cell in cells_of(Plan(**PLAN))]


def test_a_plan_has_the_keys_of_a_subsample_and_their_defaults():
    ours, theirs = ({name: field.default for name, field in m.model_fields.items()} for m in (PlanSubsample, Subsample))
    assert list(ours) == list(theirs)
    assert ours | {"train": None} == theirs
    assert PlanSubsample().each == (Subsample(),)


def test_a_plan_is_written_as_it_was_read():
    for train in (25, None, [25, 50, "all"]):
        assert Plan(**PLAN, subsample={"train": train}).model_dump(mode="json")["subsample"]["train"] == train
    written = PlanSubsample(train=[25, "all"], val=4)
    assert PlanSubsample.model_validate(written.model_dump(mode="json")) == written


def test_the_numbers_count_among_the_cells_that_a_plan_may_have(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(f"{TEXT}seeds: 100000\nsubsample: {{train: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, all]}}\n")
    with pytest.raises(CatsError, match="1,100,000 cells"):
        load_plan(str(path))
