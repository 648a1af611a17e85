"""Notes of a kept classifier: what the number format changes, and no names of private data."""

import pytest

from benchmark.execution import privacy
from benchmark.models.notes import format_notes


def test_the_number_format_of_the_record_is_a_note_with_figures():
    (note,) = format_notes("bfloat16", {"auc": 0.7898, "accuracy": 0.5}, {"auc": 0.8231, "accuracy": 0.5, "brier": 0.1})
    assert "made in bfloat16; the classifier computes in float32, which gives auc 0.823 instead of 0.790 on the same" in note
    assert format_notes("float32", {"auc": 0.7}, {"auc": 0.7}) == []


@pytest.mark.parametrize("names", [{"source": "scratch", "target": "no_such_entry"}])
def test_names_in_a_note_of_private_data_become_digests(names):
    note = "1 image in test is in the training data of mine too, for example 'Smith_01.png', there 'Jones_02.png'"
    hidden = privacy.sentence_without_names(note, names)
    assert "Smith_01" not in hidden
    assert "Jones_02" not in hidden


def test_names_of_public_data_stay():
    note = "for example '1.png', there '2.png'"
    assert privacy.sentence_without_names(note, {"source": "scratch", "target": "ihc"}) == note
