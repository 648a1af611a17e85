"""One alarm from several tests, in words; what would be a mistake is refused in a sentence."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.data.decoded import Decoded
from benchmark.models.change import LEAST, MOST, find_change
from benchmark.models.change_text import ChangeText
from benchmark.models.distance import Distance
from benchmark.models.incoming import Incoming
from benchmark.models.keep import _reference
from benchmark.models.model import Outputs
from benchmark.models.sample import Sample
from benchmark.models.sampling import new_sample
from results.error import CatsError
from results.statistics.multiple_testing import holm
from results.text.counts import how_many
from tests.support.kept_models import images, kept_model

CLASSES = ("benign", "malignant")
STATISTICS = np.array([0.4, 0.2, 0.1, 0.3, 60.0, 60.0], np.float32)


def sample(count, seed, *, features=0.0, positive=0.3, unlike=0.05, statistics=(0, 0, 0, 0, 0, 0), groups=None):
    """Normal features and statistics; `statistics`: shifts in standard deviations."""
    rng = np.random.default_rng(seed)
    values = STATISTICS * (1 + 0.1 * (rng.normal(size=(count, 6)) + np.array(statistics)))
    predicted = np.eye(2, dtype=bool)[(rng.random(count) < positive).astype(int)]
    return Sample(rng.normal(size=(count, 8)) + features, predicted, rng.random(count) < unlike, values, groups)


def sentence(new, reference=None, **options):
    change = find_change(new, sample(300, 1) if reference is None else reference, permutations=999)
    return ChangeText(change, CLASSES, **options).sentence()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "words"),
    [
        ({"statistics": (2, 0, 0, 0, 0, 0)}, "brighter than the reference (p = .0"),
        ({"statistics": (-2, 0, 0, 0, 0, 0)}, "darker than the reference"),
        ({"statistics": (0, 2, 0, 0, 0, 0)}, "higher in contrast"),
        ({"statistics": (0, -2, 0, 0, 0, 0)}, "lower in contrast"),
        ({"statistics": (0, 0, 2, 0, 0, 0)}, "sharper than"),
        ({"statistics": (0, 0, -2, 0, 0, 0)}, "blurrier than"),
        ({"statistics": (0, 0, 0, 2, 0, 0)}, "more colourful"),
        ({"statistics": (0, 0, 0, -2, 0, 0)}, "less colourful"),
        ({"statistics": (0, 0, 0, 0, 2, 2)}, "larger than"),
        ({"statistics": (0, 0, 0, 0, -2, -2)}, "smaller than"),
        ({"statistics": (0, 0, 0, 0, 2, -2)}, "narrower for their height"),
        ({"statistics": (0, 0, 0, 0, -2, 2)}, "wider for their height"),
        ({"features": 1.0}, "the network's features differ in a way that no other test names (p = .0"),
    ],
)
def test_each_change_is_told_in_its_direction_and_nothing_else_is(shift, words):
    new = sample(100, 2, **shift)
    text = ChangeText(find_change(new, sample(300, 1), permutations=999), CLASSES)
    told = text.sentence()
    assert told.startswith(f"changed: {words}")
    assert told.count("p = ") == told.count(", ") + 1 == 1  # what raises no alarm is no change
    count = how_many(new.unlike.sum(), "new image is", "new images are")
    assert f"{count} unlike any training image, not clearly more than among the reference images" in text.notes()


def test_shares_are_told_with_both_sides():
    told = sentence(sample(200, 3, positive=0.8))
    assert "predicted for" in told
    assert "instead of" in told
    text = ChangeText(find_change(sample(200, 3, positive=0.8), sample(300, 1), permutations=999), CLASSES)
    assert any("prevalence" in note for note in text.notes())


def test_images_unlike_the_training_are_counted():
    new = sample(200, 4, unlike=0.3)
    assert f"changed: {new.unlike.sum()} of 200 images unlike any training image (p = .0" in sentence(new)
    text = ChangeText(find_change(new, sample(300, 1), permutations=999), CLASSES)
    assert not any("unlike" in note for note in text.notes())


def test_fewer_unlike_images_are_no_alarm():
    assert sentence(sample(400, 5, unlike=0.0), sample(400, 6, unlike=0.2)).startswith("no change found")


def test_without_a_change_the_sentence_says_what_would_have_been_found():
    told = sentence(sample(100, 2))
    assert told.startswith("no change found: 100 new images against 300 reference images; a shift of 0.")
    assert "in 4 of 5 cases" in told


def test_more_images_find_smaller_shifts():
    shifts = [find_change(sample(count, 2), sample(300, 1), permutations=19).shift for count in (30, 100, 400)]
    assert shifts == sorted(shifts, reverse=True)


def test_adjusted_values_are_at_most_those_of_holm_and_the_answer_is_the_same_twice():
    change, again = (find_change(sample(60, 2), sample(300, 1), permutations=199) for _ in range(2))
    assert change == again
    raw = np.array([finding.p for finding in change.findings])
    adjusted = np.array([finding.adjusted for finding in change.findings])
    assert ((raw <= adjusted) & (adjusted <= holm(raw) + 1e-12)).all()
    assert len(raw) == 10


def test_statistics_that_are_equal_or_unknown_are_no_tests():
    new, reference = sample(60, 2), sample(300, 1)
    for side in (new, reference):
        side.statistics[:, 3] = 0
    reference.statistics[5, 4] = np.nan
    change = find_change(new, reference, permutations=19)
    assert {finding.test for finding in change.findings} == {
        "features", "classifier", "classes", "unlike", "brightness", "contrast", "sharpness",
    }  # fmt: skip
    assert change.unknown == ("size", "shape")
    said = (
        "not tested: size, shape, not known of 1 reference image; keep the classifier again with `cats keep`, which stores them"
    )
    assert said in ChangeText(change, CLASSES).notes()
    new.statistics[:2, 5] = np.nan
    reference.statistics[5, 4] = 60
    notes = ChangeText(find_change(new, reference, permutations=19), CLASSES).notes()
    assert "not tested: size, shape, not known of 2 new images" in notes


@pytest.mark.parametrize("positive", [0.0, 1.0])
def test_one_predicted_class_on_both_sides_is_no_test(positive):
    change = find_change(sample(60, 2, positive=positive), sample(300, 1, positive=positive), permutations=19)
    assert "classes" not in {finding.test for finding in change.findings}


def test_images_of_few_patients_are_no_alarm_where_patients_are_known():
    """Features that patients share: every image for itself would be an alarm."""
    rng = np.random.default_rng(0)
    groups = [np.repeat(np.arange(10), 20), np.repeat(np.arange(30), 20)]
    sides = [sample(len(group), seed) for seed, group in enumerate(groups)]
    for side, group in zip(sides, groups, strict=True):
        side.features[:] += 2 * rng.normal(size=(group.max() + 1, 8))[group]
    alone = find_change(*sides, permutations=999)
    grouped = [Sample(s.features, s.predicted, s.unlike, s.statistics, g) for s, g in zip(sides, groups, strict=True)]
    known = find_change(*grouped, permutations=999)
    assert (alone.changed, known.changed) == (True, False)
    assert (alone.groups, known.groups) == (None, (10, 30))
    told = ChangeText(known, CLASSES, grouped=(True, True)).sentence()
    assert "200 new images of 10 patients against 600 reference images of 30 patients" in told
    assert known.shift > alone.shift


@pytest.mark.parametrize(
    ("grouped", "words"),
    [
        ((False, True), "the patients of the reference are known, and those of the new images are not"),
        ((True, False), "the patients of the new images are known, and those of the reference are not"),
        ((False, False), "every image counts as independent"),
    ],
)
def test_groups_that_are_missing_are_said(grouped, words):
    text = ChangeText(find_change(sample(40, 2), sample(60, 1), permutations=19), CLASSES, grouped=grouped)
    assert any(note.startswith(words) for note in text.notes())


def test_more_images_than_are_compared_are_drawn():
    change = find_change(sample(MOST + 50, 2), sample(60, 1), permutations=19)
    assert (change.new, change.reference) == (MOST + 50, 60)


@pytest.mark.parametrize(
    ("new", "reference", "words"),
    [
        (0, 300, f"0 images are too few to say anything about a change: at least {LEAST} are needed"),
        (1, 300, f"1 image is too few to say anything about a change: at least {LEAST} are needed"),
        (LEAST - 1, 300, f"{LEAST - 1} images are too few"),
        (100, LEAST - 1, f"the classifier keeps {LEAST - 1} validation and test images as reference, too few to compare with"),
    ],
)
def test_too_few_images_are_refused(new, reference, words):
    with pytest.raises(CatsError, match=words):
        find_change(sample(new, 2), sample(reference, 1))


@pytest.mark.parametrize(
    ("new", "reference", "words"), [(4, 9, "the new images come from 4 groups"), (9, 1, "come from 1 group,")]
)
def test_too_few_groups_are_refused(new, reference, words):
    sides = [sample(90, seed, groups=np.arange(90) % count) for seed, count in ((2, new), (1, reference))]
    with pytest.raises(CatsError, match=words):
        find_change(*sides)


def test_plain_data_holds_every_test_and_no_array():
    import json

    text = ChangeText(find_change(sample(200, 3, positive=0.9), sample(300, 1), permutations=999), CLASSES, 3, 5000)
    plain = json.loads(json.dumps(text.to_dict()))
    assert plain["changed"] is True
    assert (plain["images"], plain["reference"], plain["broken"]) == (200, 300, 3)
    assert plain["tests"]["classes"]["class"] in CLASSES
    assert plain["tests"]["classes"]["alarm"] is True
    assert plain["tests"]["brightness"]["effect"] == pytest.approx(0.5, abs=0.1)
    assert any("2,000 of 5,000" in note for note in plain["notes"])


@pytest.mark.parametrize(("declared", "expected"), [((28, 30), (28, 30)), (None, (np.nan, np.nan))])
def test_pictures_of_a_target_have_the_size_of_their_files_not_the_one_they_were_resized_to(declared, expected, tmp_path):
    model = kept_model(tmp_path / "m")
    sides = None if declared is None else np.array(declared) + np.arange(30)[:, None]
    rows = np.arange(29, 9, -1)
    incoming = Incoming([str(number) for number in range(20)], pixels=images(30)[0], rows=rows, sides=sides)
    sampled = new_sample(model, Distance.of(model.reference), incoming, 1)
    np.testing.assert_array_equal(sampled.sample.statistics[:, -2:], np.array(expected) + rows[:, None])


def test_the_reference_of_a_kept_classifier_has_the_sizes_of_the_files():
    sides, blank = np.arange(60).reshape(30, 2) + 20, np.full(30, "")
    decoded = Decoded(images(30)[0], np.arange(30) % 2, np.arange(30).astype(str), blank, blank, "digest", sides=sides)
    rows = {"train": np.arange(10, 20), "val": np.arange(10), "test": np.arange(20, 30)}
    outputs = {part: Outputs(np.zeros((10, 4), np.float32), np.zeros((10, 2), np.float32)) for part in rows}
    kept = _reference(SimpleNamespace(key="0" * 64), SimpleNamespace(images=decoded, rows=rows), outputs)
    expected = sides[np.concatenate([rows["train"], rows["val"], rows["test"]])]
    np.testing.assert_array_equal(kept.statistics[:, -2:], expected)
