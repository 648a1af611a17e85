"""A draw keeps units whole, has each class in each part where it can be, and is within one unit of each share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.seed import generator
from benchmark.data.draw import deviations, draw, units_of

WHOLE, OF_TRAIN = (14, 3, 3), (17, 3)
SHARES = st.sampled_from([WHOLE, OF_TRAIN])


def drawn(labels, members, shares, name="toy"):
    units = units_of(np.asarray(labels), np.asarray(members))
    return units, draw(units, shares, generator("split", name))


def require_even(units, part, shares):
    """Each class with enough units is in each part, within one unit, in units and in images of its largest one."""
    in_units, in_images = deviations(units, part, shares)
    count = np.bincount(units.label)
    largest = np.zeros(len(count))
    np.maximum.at(largest, units.label, units.images)
    have = np.zeros((len(count), len(shares)), dtype=int)
    np.add.at(have, (units.label, part[units.unit]), 1)
    assert (have[count >= len(shares)] > 0).all()
    limit = np.where((count == 3) & (len(shares) == 3), 1.1, 1.0)[count > 0]  # one unit of 2.1 is the nearest there is
    assert (np.abs(in_units[count > 0]).max(axis=1) <= limit + 1e-9).all()
    assert ((np.abs(in_images[count > 0]) / largest[count > 0, None]).max(axis=1) <= limit + 1e-9).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 120), min_size=1, max_size=12), SHARES)
def test_images_without_groups(counts, shares):
    units, part = drawn(np.repeat(np.arange(len(counts)), counts), np.arange(sum(counts)), shares)
    require_even(units, part, shares)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=40), min_size=1, max_size=6), SHARES)
def test_groups_of_any_size_with_one_class_each(sizes, shares):
    classes = np.repeat(np.arange(len(sizes)), [len(own) for own in sizes])
    every = np.concatenate(sizes)
    units, part = drawn(np.repeat(classes, every), np.repeat(np.arange(len(every)), every), shares)
    require_even(units, part, shares)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(30, 150), st.integers(2, 5), st.integers(1, 25))
def test_groups_of_any_size_with_several_classes(seed, groups, classes, largest):
    rng = np.random.default_rng(seed)
    members = np.repeat(np.arange(groups), rng.integers(1, largest + 1, groups))
    labels = np.concatenate([np.arange(classes).repeat(6), rng.integers(0, classes, len(members))])
    members = np.concatenate([np.arange(6 * classes), members])  # each class has 6 groups or more
    units, part = drawn(labels, members, WHOLE)
    require_even(units, part, WHOLE)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(60, 800), st.integers(1, 14))
def test_several_labels(seed, count, classes):
    rng = np.random.default_rng(seed)
    labels = (rng.random((count, classes)) < np.exp(rng.uniform(np.log(0.005), np.log(0.6), classes))).astype(int)
    units, part = drawn(labels, np.arange(count), WHOLE)
    require_even(units, part, WHOLE)


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1]), (8, [6, 1, 1])]
)
def test_few_images_are_for_training_first(count, expected):
    assert np.bincount(drawn(np.zeros(count, int), np.arange(count), WHOLE)[1], minlength=3).tolist() == expected


def test_a_draw_is_decided_by_the_name_and_takes_other_images_for_another_name():
    labels, members = np.arange(300) % 3, np.arange(300) // 2
    one, same, other = (drawn(labels, members, WHOLE, name)[1] for name in ("toy", "toy", "toi"))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_hundred_thousand_images_and_many_classes_are_drawn_by_kinds():
    """Sixteen kinds of images need sixteen decisions, however many images there are."""
    labels = np.arange(100_000) % 16
    units, part = drawn(labels, np.arange(len(labels)), WHOLE)
    require_even(units, part, WHOLE)
    assert np.abs(np.bincount(part) - [70_000, 15_000, 15_000]).max() <= 1


@pytest.mark.parametrize(("classes", "groups", "count"), [(10, 2000, 20_000), (20, 600, 30_000), (4, 500, 5_000)])
def test_many_groups_of_different_kinds_are_swapped_until_they_are_even(classes, groups, count):
    rng = np.random.default_rng(0)
    members = np.concatenate([np.arange(groups), rng.integers(0, groups, count)])
    units, part = drawn(rng.integers(0, classes, len(members)), members, WHOLE)
    require_even(units, part, WHOLE)


def test_a_group_that_holds_most_images_leaves_the_rest_even():
    members = np.concatenate([np.zeros(800, int), np.arange(1, 61)])
    labels = np.arange(860) % 2
    units, part = drawn(labels, members, WHOLE)
    require_even(units, part, WHOLE)
    assert part[0] == 0
