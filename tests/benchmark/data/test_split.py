from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.seed import generator
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.identity import SPLIT
from benchmark.data.readers.samples import Samples
from benchmark.data.split import Subsample, draw_rows, proportional_quota, split, split_and_subsample
from results.error import CatsError


def made(labels, groups=None, parts=None, name="toy"):
    labels = np.asarray(labels)
    count = len(labels)
    blank = np.full(count, "")
    images = np.zeros((count, 4, 4, 1), np.uint8)
    ids = np.arange(count).astype(str)
    classes = tuple(map(str, range(max(int(labels.max()) + 1, 2))))
    dataset = Dataset(
        name=name, title="t", modality="m", task="multiclass", classes=classes, licence="l", citation="c", groups="patient",
        read=lambda _: Samples([], labels, []),
    )  # fmt: skip
    groups = blank if groups is None else np.asarray(groups).astype(str)
    return dataset, Decoded(images, labels, ids, groups, blank if parts is None else np.asarray(parts), "digest")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(60, 150), st.integers(2, 4))
def test_adrawn_split_keeps_groups_whole_and_takes_every_image_once(seed, patients, classes):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, patients, 20 * patients)
    labels = np.arange(len(groups)) % classes
    parts = split(*made(labels, groups))
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(labels)))
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        assert not set(groups[parts[one]]) & set(groups[parts[other]])


def test_the_shares_are_70_15_15_and_classes_balanced_in_each():
    labels = np.arange(2000) % 4
    parts = split(*made(labels))
    for part, share in (("train", 0.7), ("val", 0.15), ("test", 0.15)):
        assert abs(len(parts[part]) / 2000 - share) < 0.01
        assert np.ptp(np.bincount(labels[parts[part]])) <= 0.02 * len(parts[part]) + 2


def test_the_split_depends_on_the_name_alone():
    labels = np.arange(400) % 2
    same, again, other = (split(*made(labels, name=name))["test"] for name in ("toy", "toy", "toi"))
    np.testing.assert_array_equal(same, again)
    assert not np.array_equal(same, other)


def test_official_parts_are_taken_as_they_are():
    parts = np.array(["train", "test", "val"] * 6)
    found = split(*made(np.arange(18) % 2, parts=parts))
    for part in ("train", "val", "test"):
        np.testing.assert_array_equal(found[part], np.flatnonzero(parts == part))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.data())
def test_shares_add_up_stay_within_what_there_is_and_leave_no_class_out(counts, data):
    total = data.draw(st.integers(len(counts), sum(counts)))
    given_out = proportional_quota(np.array(counts), total)
    assert given_out.sum() == total
    assert (given_out >= 1).all()
    assert (given_out <= counts).all()


def drawn(subsample, seed=0):
    labels = np.repeat([0, 1], [900, 300])
    parts = np.array(["train", "val", "test"])[np.arange(1200) % 3]
    dataset, images = made(labels, parts=parts)
    return labels, split_and_subsample(dataset, images, subsample, seed)


def test_a_stratifieddraw_keeps_the_shares_of_the_classes():
    labels, parts = drawn(Subsample(train=100, val=20))
    np.testing.assert_array_equal(np.bincount(labels[parts["train"]]), [75, 25])
    assert len(parts["val"]) == 20
    assert len(parts["test"]) == 400  # always whole


def test_adraw_per_class():
    labels, parts = drawn(Subsample(train=30, per_class=True))
    np.testing.assert_array_equal(np.bincount(labels[parts["train"]]), [30, 30])


def test_more_than_there_is_takes_all():
    assert len(drawn(Subsample(train=10_000))[1]["train"]) == 400


def test_every_seeddraws_again_unless_the_sub_sample_has_its_own():
    free = [drawn(Subsample(train=50), seed)[1]["train"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(free[0], free[1])
    assert not np.array_equal(free[0], free[2])
    fixed = [drawn(Subsample(train=50, seed=24), seed)[1]["train"] for seed in (0, 1)]
    np.testing.assert_array_equal(*fixed)


def refused(*arguments, **options):
    with pytest.raises(CatsError) as caught:
        split(*made(*arguments, **options))
    return str(caught.value)


def test_the_split_of_a_known_set_has_not_changed():
    """Other images here mean other scores under the same key: raise SPLIT in data.identity, or find what moved them."""
    assert SPLIT == 2
    assert split(*made(np.arange(40) % 2))["test"].tolist() == [0, 16, 21, 24, 27, 35]


def test_the_order_of_the_parts_and_of_their_images_is_fixed():
    parts = split(*made(np.arange(200) % 3))
    assert list(parts) == ["train", "val", "test"]
    for chosen in parts.values():
        assert (np.diff(chosen) > 0).all()


def test_images_in_no_part_are_left_out():
    parts = np.array(["train", "test", "val", "extra"] * 6)
    found = split(*made(np.arange(24) // 4 % 2, parts=parts))
    assert sorted(np.concatenate(list(found.values()))) == np.flatnonzero(parts != "extra").tolist()


def test_without_official_val_it_isdrawn_from_train_by_whole_groups_and_test_stays():
    parts = np.array(["train"] * 400 + ["test"] * 40)
    groups = np.concatenate([np.arange(400) // 4, 100 + np.arange(40)])
    found = split(*made(np.arange(440) % 2, groups, parts))
    np.testing.assert_array_equal(found["test"], np.arange(400, 440))
    assert len(found["val"]) == 60
    assert sorted([*found["train"], *found["val"]]) == list(range(400))
    assert not set(groups[found["train"]]) & set(groups[found["val"]])


@pytest.mark.parametrize(("one", "other"), [("train", "val"), ("train", "test"), ("val", "test")])
def test_a_group_in_two_official_parts_is_named_with_both(one, other):
    parts = np.array(["train", "test", "val"] * 8)
    groups = np.array([f"patient-{i}" for i in range(24)])
    groups[parts == one] = np.where(np.arange(8) == 3, "shared", groups[parts == one])
    groups[parts == other] = np.where(np.arange(8) == 5, "shared", groups[parts == other])
    message = refused(np.arange(24) // 3 % 2, groups, parts)
    assert message.startswith(f"toy: patient 'shared' is in {one} and in {other}; it must be in one part only: put its images")
    assert message.endswith("so that parts are drawn in which each patient is whole")


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_class_that_is_absent_from_an_official_part_is_named(part):
    parts = np.array(["train", "test", "val"] * 8)
    labels = np.where(parts == part, 0, np.arange(24) // 3 % 2)
    assert refused(labels, parts=parts) == f"toy: the class '1' has no image in {part}; use more images"


def counts_of(labels, groups=None, **options):
    """Images of each class, (C, 3), in train, val and test."""
    parts = split(*made(labels, groups, **options))
    return np.stack([np.bincount(labels[rows], minlength=labels.max() + 1) for rows in parts.values()], axis=1)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([30, 30], [[21, 4.5, 4.5], [21, 4.5, 4.5]]),  # the sixfold folds of before gave a test part of 6 and 3
        ([100, 8], [[70, 15, 15], [5.6, 1.2, 1.2]]),  # of 8 images 2 were for training
        ([100, 12], [[70, 15, 15], [8.4, 1.8, 1.8]]),  # was refused
        ([15, 15, 15], [[10.5, 2.25, 2.25]] * 3),  # was refused: no class had 20
        ([3, 3], [[1, 1, 1]] * 2),
        ([4, 5, 6, 7], [[2, 1, 1], [3, 1, 1], [4, 1, 1], [5, 1, 1]]),
        ([9] * 100, [[6.3, 1.35, 1.35]] * 100),
    ],
)
def test_small_classes_are_in_every_part_within_one_image_of_their_share(counts, expected):
    labels = np.repeat(np.arange(len(counts)), counts)
    found = counts_of(labels)
    assert (found > 0).all()
    assert (np.abs(found - np.array(expected)) < 1).all()


def test_shares_of_all_images_are_kept_where_every_class_is_rounded():
    found = counts_of(np.arange(900) % 100).sum(axis=0)
    assert found.tolist() == [630, 135, 135]


def test_nineteen_patients_with_all_classes_are_enough():
    found = counts_of(np.arange(400) % 2, np.arange(400) % 19)
    assert (np.abs(found - np.array([0.7, 0.15, 0.15]) * 200) <= 11).all()  # the largest patient has 11 images of a class


@pytest.mark.parametrize(
    ("labels", "groups", "sentence"),
    [
        ([0] * 100 + [1] * 2, None, "it has 2 different images, and a drawn split needs at least 3 of each class"),
        ([0] * 100 + [1], None, "it has 1 different image, and a drawn split needs at least 3 of each class"),
        ([0, 1] * 40, [0, 1] * 40, "it has 1 patient, and a drawn split needs at least 3 of each class"),
        (
            [0, 1, 0, 2, 1, 2] + [0, 1, 2] * 2, [0, 0, 1, 1, 2, 2] + [3] * 3 + [3] * 3,
            "its 3 patients hold other classes too, so that no division was found that has every class in every part",
        ),
    ],
)  # fmt: skip
def test_a_class_that_cannot_be_in_three_parts_is_named_with_the_reason(labels, groups, sentence):
    message = refused(np.array(labels), None if groups is None else np.array(groups))
    assert message.startswith("toy: the class '")
    assert sentence in message


def of_several_labels(labels):
    dataset, images = made(np.arange(len(labels)) % 2)
    changes = {"task": "multilabel", "classes": tuple("xyz")}
    return dataset.model_copy(update=changes), replace(images, labels=labels)


def test_several_labels_are_split_with_about_as_many_findings_in_each_part():
    labels = np.random.default_rng(0).integers(0, 2, (600, 3))
    parts = split(*of_several_labels(labels))
    assert sorted(np.concatenate(list(parts.values()))) == list(range(600))
    means = [labels[chosen].sum(axis=1).mean() for chosen in parts.values()]
    assert np.ptp(means) < 0.1


def test_a_finding_that_is_absent_from_a_part_is_allowed_if_images_have_several_labels():
    labels = np.zeros((100, 3), int)
    labels[:, 0] = 1
    assert len(split(*of_several_labels(labels))["test"]) == 15


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 200), st.integers(0, 9))
def test_a_stratifieddraw_takes_the_shares_of_the_classes_and_nothing_else(counts, wanted, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    chosen = np.arange(len(labels))[seed % 2 :: 1 + seed % 2] if len(labels) > 10 else np.arange(len(labels))
    there = np.bincount(labels[chosen], minlength=len(counts))
    drawn_rows = draw_rows(labels, chosen, wanted, Subsample(train=wanted), generator("x", seed))
    assert (np.diff(drawn_rows) > 0).all()
    assert set(drawn_rows) <= set(chosen)
    expected = proportional_quota(there[there > 0], min(wanted, len(chosen)))
    np.testing.assert_array_equal(np.bincount(labels[drawn_rows], minlength=len(counts))[there > 0], expected)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 80), st.booleans())
def test_adraw_per_class_takes_as_many_of_each_as_there_are(counts, wanted, stratified):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    subsample = Subsample(train=wanted, per_class=True, stratified=stratified)
    rows = draw_rows(labels, np.arange(len(labels)), wanted, subsample, generator("x"))
    np.testing.assert_array_equal(np.bincount(labels[rows]), np.minimum(counts, wanted))


@given(st.integers(1, 60), st.integers(1, 80), st.integers(0, 99))
def test_a_blinddraw_takes_as_many_as_wanted_each_once(count, wanted, seed):
    chosen = np.arange(5, 5 + count)
    labels = np.zeros(5 + count, int)
    rows = draw_rows(labels, chosen, wanted, Subsample(train=wanted, stratified=False), generator("x", seed))
    assert len(rows) == len(set(rows)) == min(wanted, count)
    assert set(rows) <= set(chosen)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.data())
def test_shares_are_proportional_up_to_one_image_where_no_class_is_too_small(counts, data):
    total = data.draw(st.integers(len(counts), sum(counts)))
    exact = np.array(counts) * total / sum(counts)
    found = proportional_quota(np.array(counts), total)
    if (exact >= 1).all():
        assert (np.abs(found - exact) < 1).all()
    assert found[np.argmax(counts)] >= found[np.argmin(counts)]


@given(st.lists(st.integers(1, 9), min_size=2, max_size=8), st.integers(0, 1))
def test_fewer_images_than_classes_are_one_of_each(counts, total):
    np.testing.assert_array_equal(proportional_quota(np.array(counts), total), np.ones(len(counts)))


def test_adraw_is_a_part_of_its_part_and_parts_stay_apart():
    parts = drawn(Subsample(train=50, val=50))[1]
    official = np.arange(1200) % 3
    for number, part in enumerate(("train", "val", "test")):
        assert set(official[parts[part]]) == {number}
    assert len(parts["val"]) == 50


def test_adraw_depends_on_the_name_of_the_data_set_and_on_the_part():
    labels = np.arange(1200) % 2
    parts = np.array(["train", "val", "test"])[np.arange(1200) % 3]
    one, other = (
        split_and_subsample(*made(labels, parts=parts, name=name), Subsample(train=50, val=50), 0) for name in ("toy", "toi")
    )
    assert not np.array_equal(one["train"], other["train"])
    assert not np.array_equal(one["train"] // 3, one["val"] // 3)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("stratified", [True, False])
def test_the_images_of_a_small_number_are_among_those_of_a_larger_one_of_two_classes(seed, stratified):
    dataset, images = made(np.arange(700) % 7 < 2)
    drawn = [
        set(split_and_subsample(dataset, images, Subsample(train=n, stratified=stratified), seed)["train"].tolist())
        for n in (*range(20, 120), None)
    ]
    assert all(small < large for small, large in pairwise(drawn))
