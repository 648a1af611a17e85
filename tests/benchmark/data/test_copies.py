"""Copies inside a data set: they are one group of a drawn split, and what an entry says becomes of those of official parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data import decoded as store
from benchmark.data.copies import NONE, Copies, crossing, left_out, refusal
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.fingerprint import SIDE, find_duplicates, find_pairs, fingerprints_of
from benchmark.data.identity import data_digest, official_parts
from benchmark.data.overlap import overlaps_within
from benchmark.data.readers.samples import Samples
from benchmark.data.split import split
from results.error import CatsError
from tests.support.pictures import jpeg, textures

FIELDS = {
    "name": "toy",
    "title": "t",
    "modality": "m",
    "task": "binary",
    "classes": ("a", "b"),
    "licence": "l",
    "citation": "c",
}


def dataset(images, parts=None, groups=None, labels=None, **changes):
    labels = np.arange(len(images)) % 2 if labels is None else labels
    ids = [f"i{number}" for number in range(len(images))]
    return Dataset(**(FIELDS | changes), read=lambda _: Samples(list(images), labels, ids, groups, parts))


def doubled(count=120, copies=40):
    """Textures of which every third one is coded again, one exactly: row 3 · i and row count + i show one picture."""
    made = textures(count, seed=7)
    again = np.stack([jpeg(made[3 * number]) for number in range(copies)])
    again[0] = made[0]
    return np.concatenate([made, again])


def test_pairs_are_what_the_search_between_two_sets_finds():
    images = np.concatenate([doubled(60, 20), np.zeros((5, SIDE, SIDE), np.uint8), textures(1, seed=7)])[..., None]
    prints = fingerprints_of(images)
    pairs, exact, cosine = find_pairs(prints)
    assert pairs.tolist() == [[0, 60], [0, 85], *([3 * number, 60 + number] for number in range(1, 20))]
    assert exact.tolist() == [True, True, *[False] * 19]
    assert (cosine >= 0.985).all()
    index, equal = find_duplicates(prints[pairs[:, 0]], prints[pairs[:, 1]])
    assert (index >= 0).all()
    np.testing.assert_array_equal(equal, exact)


def test_a_thousand_equal_pictures_are_999_pairs():
    pairs, exact, _ = find_pairs(fingerprints_of(np.repeat(textures(1), 1000, axis=0)[..., None]))
    assert len(pairs) == 999
    assert exact.all()
    assert (pairs[:, 0] == 0).all()


def test_a_drawn_split_keeps_copies_in_one_part_and_nothing_is_refused(home):
    made = dataset(doubled())
    images = load_images(made, 16)
    part = np.zeros(len(images.ids), dtype=int)
    for number, rows in enumerate(split(made, images).values()):
        part[rows] = number
    assert (part[np.arange(40) * 3] == part[120:]).all()
    assert overlaps_within(made, lambda _: None) == ()


def test_copies_join_the_groups_that_an_entry_declares(home):
    """Patients of one image each, of which three are joined by copies: 0, 120 and, by the group, 1."""
    groups = [str(number) for number in range(160)]
    groups[1] = "120"
    made = dataset(doubled(), groups=groups)
    parts = split(made, load_images(made, 16))
    where = [name for name, rows in parts.items() if {0, 1, 120} & set(rows.tolist())]
    assert len(where) == 1


def test_val_that_is_drawn_from_train_keeps_copies_whole(home):
    made = dataset(doubled(), parts=["train"] * 60 + ["test"] * 60 + ["train"] * 20 + ["test"] * 20)
    parts = split(made, load_images(made, 16))
    assert len(parts["val"]) == 12
    for number in range(20):
        assert (3 * number in parts["val"]) == (120 + number in parts["val"])
    assert overlaps_within(made, lambda _: None) == ()


OFFICIAL = ["train"] * 80 + ["val"] * 20 + ["test"] * 20 + ["test"] * 30 + ["val"] * 10


@pytest.mark.parametrize(
    ("handling", "sizes", "refused"),
    [
        ("refuse", [80, 30, 50], True),
        ("keep-first", [80, 30, 14], False),
        ("drop", [53, 21, 14], False),
        ("allow", [80, 30, 50], False),
    ],
)
def test_what_an_entry_says_becomes_of_copies_in_official_parts(home, handling, sizes, refused):
    made = dataset(doubled(), parts=OFFICIAL, duplicates=handling)
    parts = split(made, load_images(made, 16))
    found = overlaps_within(made, lambda _: None)
    assert [len(rows) for rows in parts.values()] == sizes
    assert bool(refusal("toy", found, made.duplicates, 0)) == refused
    assert bool(found) == (handling in {"refuse", "allow"})


def test_the_refusal_counts_exact_and_near_copies_apart_and_shows_an_example(home):
    found = overlaps_within(dataset(doubled(), parts=OFFICIAL), lambda _: None)
    assert refusal("toy", found, "refuse", 0) == (
        "36 images of toy (36 in test; 1 exact copy, 35 near-copies) lie in an earlier part too, for example 'i120', there 'i0'"
    )
    assert refusal("toy", found, "refuse", 35).endswith("; 35 are declared")
    assert refusal("toy", found, "refuse", 36) is None


def test_a_chain_of_copies_is_one_group_and_a_link_in_no_part_is_none():
    chain = Copies(np.array([[0, 1], [1, 2]]), np.array([False, False]), np.array([0.99, 0.99], dtype=np.float32))
    parts = {"train": np.array([0]), "val": np.array([1]), "test": np.array([2])}
    assert [rows.tolist() for rows in left_out(chain, parts, "keep-first", 3).values()] == [[], [1], [2]]
    assert [rows.tolist() for rows in left_out(chain, parts, "drop", 3).values()] == [[0], [1], [2]]
    parts["val"] = parts["val"][:0]  # the link is in no part
    assert [rows.tolist() for rows in left_out(chain, parts, "keep-first", 3).values()] == [[], [], []]
    assert crossing(chain, parts, np.array(["a", "b", "c"])) == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 40))
def test_after_keeping_the_first_or_dropping_no_copy_crosses(seed, count):
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(0, count, (count // 2, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    copies = Copies(pairs, np.zeros(len(pairs), dtype=bool), rng.uniform(0.985, 1, len(pairs)).astype(np.float32))
    where = rng.integers(0, 4, count)
    parts = {name: np.flatnonzero(where == number) for number, name in enumerate(("train", "val", "test"))}
    ids = np.arange(count).astype(str)
    before = crossing(copies, parts, ids)
    direct = {(a, b) for a, b in pairs.tolist()} | {(b, a) for a, b in pairs.tolist()}
    expected = sum(any((row, first) in direct for first in parts["train"]) for row in parts["val"])
    expected += sum(any((row, first) in direct for first in [*parts["train"], *parts["val"]]) for row in parts["test"])
    assert sum(overlap.images for overlap in before) == expected
    for handling in ("keep-first", "drop"):
        out = left_out(copies, parts, handling, count)
        kept = {name: np.setdiff1d(rows, out[name]) for name, rows in parts.items()}
        assert crossing(copies, kept, ids) == ()
        assert bool(sum(map(len, out.values()))) == bool(before)


def test_the_digest_of_a_split_changes_where_the_split_does(home):
    def digests(parts=None):
        made = dataset(doubled(), parts=parts, revision=str(parts))
        return made.digest(), [data_digest(made.model_copy(update={"duplicates": h})) for h in HANDLINGS]

    whole, (refuse, first, drop, allow) = digests(OFFICIAL)
    assert refuse == allow == whole  # the official parts are used as they are
    assert len({refuse, first, drop}) == 3
    whole, (refuse, first, drop, allow) = digests()
    assert refuse == first == drop  # a drawn split has nothing to leave out
    assert len({whole, refuse, allow}) == 3
    whole, found = digests(["train"] * 120 + ["test"] * 40)
    assert len({whole, *found}) == 5


HANDLINGS = ("refuse", "keep-first", "drop", "allow")


def test_official_parts_are_read_once_and_those_that_are_declared_not_at_all(home):
    reads = []
    made = Dataset(
        **FIELDS, read=lambda _: reads.append(1) or Samples([], np.zeros(0, int), [], None, ["train", "test", "extra"])
    )
    assert [official_parts(made) for _ in range(2)] == [("extra", "test", "train")] * 2
    assert reads == [1]
    declared = made.model_copy(update={"official": ("train", "val", "test"), "revision": "2"})
    assert data_digest(declared) == declared.digest()
    assert reads == [1]


@pytest.mark.parametrize(
    ("parts", "official", "sentence"),
    [
        (
            ["train"] * 10 + ["test"] * 10,
            ("train", "val", "test"),
            "official parts are train, test; declared are train, val, test",
        ),
        (None, ("train",), "official parts are none; declared are train"),
        (["train"] * 10 + ["test"] * 10, (), "official parts are train, test; declared are none"),
    ],
)
def test_declared_official_parts_are_compared_with_those_that_are_read(home, parts, official, sentence):
    with pytest.raises(CatsError, match=sentence):
        load_images(dataset(textures(20), parts=parts, official=official), 8)


def test_copies_are_searched_once(home, monkeypatch):
    made = dataset(doubled(30, 10))
    split(made, load_images(made, 16))
    monkeypatch.setattr("benchmark.data.copies.find_pairs", lambda _: pytest.fail("copies were searched again"))
    split(made, load_images(made, 24))
    monkeypatch.setattr(store, "stored_copies", lambda _: pytest.fail("an official split was searched for copies"))
    official = dataset(doubled(30, 10), parts=(OFFICIAL[::4]), revision="2")
    split(official, load_images(official, 16))


def test_images_that_no_search_has_seen_have_no_copies():
    assert NONE.components(np.arange(4), 4).tolist() == [0, 1, 2, 3]
    assert NONE.copied(np.arange(4), 4) == (0, 0, 0)
