import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.dataset import Dataset, Samples
from benchmark.split import shares, split, subsampled
from benchmark.store import Decoded
from benchmark.target import Subsample


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
    return dataset, Decoded(images, labels, ids, groups, blank if parts is None else np.asarray(parts))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(60, 150), st.integers(2, 4))
def test_a_drawn_split_keeps_groups_whole_and_takes_every_image_once(seed, patients, classes):
    luck = np.random.default_rng(seed)
    groups = luck.integers(0, patients, 20 * patients)
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
    given_out = shares(np.array(counts), total)
    assert given_out.sum() == total
    assert (given_out >= 1).all()
    assert (given_out <= counts).all()


def drawn(subsample, seed=0):
    labels = np.repeat([0, 1], [900, 300])
    parts = np.array(["train", "val", "test"])[np.arange(1200) % 3]
    dataset, images = made(labels, parts=parts)
    return labels, subsampled(dataset, images, subsample, seed)


def test_a_stratified_draw_keeps_the_shares_of_the_classes():
    labels, parts = drawn(Subsample(train=100, val=20))
    np.testing.assert_array_equal(np.bincount(labels[parts["train"]]), [75, 25])
    assert len(parts["val"]) == 20
    assert len(parts["test"]) == 400  # always whole


def test_a_draw_per_class():
    labels, parts = drawn(Subsample(train=30, per_class=True))
    np.testing.assert_array_equal(np.bincount(labels[parts["train"]]), [30, 30])


def test_more_than_there_is_takes_all():
    assert len(drawn(Subsample(train=10_000))[1]["train"]) == 400


def test_every_seed_draws_anew_unless_the_sub_sample_has_its_own():
    free = [drawn(Subsample(train=50), seed)[1]["train"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(free[0], free[1])
    assert not np.array_equal(free[0], free[2])
    fixed = [drawn(Subsample(train=50, seed=24), seed)[1]["train"] for seed in (0, 1)]
    np.testing.assert_array_equal(*fixed)
