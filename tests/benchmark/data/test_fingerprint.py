"""Which pictures count as the same: planted copies are found, unrelated pictures are not, and blocks change nothing."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmark.data import fingerprint
from benchmark.data.fingerprint import FLAT, NEAR, SAME, SIDE, find_duplicates, fingerprints_of, near_pairs
from benchmark.data.squares import resized_square
from benchmark.machine import threads
from tests.support.pictures import jpeg, textures


def at_32(images):
    return np.stack([resized_square(image, SIDE) for image in images])


def halved(image):
    side, half = image.shape[0], image.shape[0] // 2
    small = Image.fromarray(image).resize((half, half), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR))


def brighter(image):
    return np.clip(np.rint(image * 1.1), 0, 255).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("side", [28, 64, 224])
@pytest.mark.parametrize("change", [jpeg, halved, brighter])
def test_a_copy_that_was_coded_again_halved_or_made_brighter_is_found(change, side):
    originals = textures(100, side)
    index, exact = find_duplicates(
        fingerprints_of(at_32(originals)), fingerprints_of(at_32([change(image) for image in originals]))
    )
    assert (index == np.arange(100)).mean() >= 0.98
    assert exact.mean() < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 1.2, 2.0])  # white noise, photographs, clouds
def test_unrelated_pictures_give_no_alarm(slope):
    one, other = (fingerprints_of(textures(2000, seed=seed, slope=slope)[..., None]) for seed in (1, 2))
    index, _ = find_duplicates(one, other)
    assert (index == -1).all()


def test_copies_are_exact_also_in_colour_and_where_a_picture_is_all_symmetry():
    grey = textures(50)
    ramp = np.broadcast_to(np.linspace(0, 255, SIDE).astype(np.uint8), (1, SIDE, SIDE))
    grey = np.concatenate([grey, ramp, ramp.transpose(0, 2, 1)])
    colour = np.repeat(grey[..., None], 3, axis=-1)
    index, exact = find_duplicates(fingerprints_of(grey[..., None]), fingerprints_of(colour[::-1]))
    assert index.tolist() == list(range(52))[::-1]
    assert exact.all()


def test_nearly_constant_pictures_have_no_twin_and_do_not_flood():
    rng = np.random.default_rng(0)
    black = np.zeros((300, SIDE, SIDE, 1), dtype=np.uint8)
    paper = rng.integers(245, 256, size=(300, SIDE, SIDE, 1), dtype=np.uint8)
    paper[1:] = paper[0]
    picture = textures(1)[..., None]
    images = np.concatenate([black, paper, picture])
    assert images[300].std() < FLAT
    index, exact = find_duplicates(fingerprints_of(images), fingerprints_of(images))
    assert np.flatnonzero(index >= 0).tolist() == [600]
    assert exact.sum() == 1


def test_of_several_copies_the_exact_one_is_named():
    original = textures(1, 64)
    copies = np.concatenate([jpeg(original[0])[None], textures(3, 64, seed=5), original, original])
    index, exact = find_duplicates(fingerprints_of(at_32(copies)), fingerprints_of(at_32(original)))
    assert (index.tolist(), exact.tolist()) == ([4], [True])


def test_no_picture_on_one_side_is_no_twin():
    some, none = fingerprints_of(textures(3)[..., None]), fingerprints_of(textures(0)[..., None])
    assert find_duplicates(none, some)[0].tolist() == [-1, -1, -1]
    assert find_duplicates(some, none)[0].tolist() == []


def scattered(seed, count, centres):
    """Words near `centres`: some bits of each are turned, around the limit."""
    rng = np.random.default_rng(seed)
    bits = np.unpackbits(centres[rng.integers(len(centres), size=count)].view(np.uint8), axis=1)
    for row in bits:
        row[rng.choice(128, size=rng.integers(0, NEAR + 4), replace=False)] ^= 1
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64)


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 60), st.integers(1, 64))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_search_finds_what_looking_at_every_pair_finds(monkeypatch, seed, rows, columns, block):
    centres = np.random.default_rng(seed).integers(0, 2**64, size=(3, 2), dtype=np.uint64)
    one, other = scattered(seed, rows, centres), scattered(seed + 1, columns, centres)
    monkeypatch.setattr(fingerprint, "COLUMNS", block)
    expected = {
        (i, j)
        for i in range(rows)
        for j in range(columns)
        if sum((int(a) ^ int(b)).bit_count() for a, b in zip(one[i], other[j], strict=True)) <= NEAR
    }
    i, j = near_pairs(one, other)
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == expected
    assert len(i) == len(expected)


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(1, 60))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_twins_are_what_looking_at_every_pair_finds(monkeypatch, seed, unrelated, copied):
    rng = np.random.default_rng(seed)
    base = textures(copied, seed=seed)
    noisy = np.clip(base + rng.normal(0, rng.uniform(0, 25, size=(copied, 1, 1)), base.shape), 0, 255).astype(np.uint8)
    one = fingerprints_of(np.concatenate([base, textures(unrelated, seed=seed + 1)])[..., None])
    other = fingerprints_of(rng.permutation(np.concatenate([noisy, base[:3]]))[..., None])
    monkeypatch.setattr(fingerprint, "COLUMNS", 8)
    monkeypatch.setattr(fingerprint, "PAIRS", 3)
    index, exact = find_duplicates(one, other)
    for i in range(len(other.flat)):
        bits = np.array([sum((int(a) ^ int(b)).bit_count() for a, b in zip(w, other.words[i], strict=True)) for w in one.words])
        cosine = one.shape.astype(np.float64) @ other.shape[i].astype(np.float64)
        if (np.abs(cosine - SAME) < 1e-5).any():
            continue  # which side of the limit is a matter of rounding
        same = (bits <= NEAR) & (cosine >= SAME) & ~one.flat & ~other.flat[i]
        assert (index[i] >= 0) == same.any()
        if same.any():
            assert same[index[i]]
            assert exact[i] == (one.pixels[same] == other.pixels[i]).any()
            assert exact[i] or cosine[index[i]] == pytest.approx(cosine[same].max(), abs=1e-6)


def test_no_more_threads_search_than_the_quota_of_a_container_allows(tmp_path, monkeypatch):
    """A container with two cores of a machine with 64: the affinity names all 64, the control group two."""
    (tmp_path / "cgroup").write_text("0::/box\n")
    (tmp_path / "mounted" / "box").mkdir(parents=True)
    (tmp_path / "mounted" / "box" / "cpu.max").write_text("200000 100000\n")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setattr(threads.usable_cores, "__defaults__", (tmp_path / "cgroup", tmp_path / "mounted"))
    pools, real = [], fingerprint.ThreadPoolExecutor
    monkeypatch.setattr(fingerprint, "ThreadPoolExecutor", lambda number: pools.append(number) or real(number))
    prints = fingerprints_of(at_32(textures(4, SIDE)))
    find_duplicates(prints, prints)
    assert pools == [2]
