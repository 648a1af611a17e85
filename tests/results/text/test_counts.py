"""A number and its noun go together, in the sentences that people read most."""

import pytest

from benchmark.answers.run import made_in_words, sentences_of
from benchmark.execution.watch import Run
from results.text.counts import how_many, share_of
from tests.support.records import record


@pytest.mark.parametrize(
    ("count", "one", "many", "words"),
    [
        (0, "pair", "", "0 pairs"),
        (1, "pair", "", "1 pair"),
        (1, "pair is", "pairs are", "1 pair is"),
        (1234, "copy has", "copies have", "1,234 copies have"),
    ],
)
def test_one_thing_is_and_several_things_are(count, one, many, words):
    assert how_many(count, one, many) == words


def test_the_verb_of_a_share_is_that_of_its_first_number():
    assert share_of(1, 9, "cells", "is", "are") == "1 of 9 cells is"
    assert share_of(2, 1000, "cells", "is", "are") == "2 of 1,000 cells are"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Run(1, 0, 1), "1 cell: 0 were done, 1 made now, 0 attempts failed"),
        (
            Run(2, 1, 0, unneeded=1),
            "2 cells: 1 was done, 0 made now, 0 attempts failed; 1 is not run, because no answer needs it",
        ),
    ],
)
def test_what_a_run_has_made_is_said_with_right_numbers(state, words):
    assert made_in_words(state) == words


def test_one_failed_attempt_and_one_record_that_waits_are_said_as_one():
    state = Run(3, 2, 0, [record().model_copy(update={"status": "failed", "reason": "out of memory"})], waiting=1, refused=1)
    said = list(sentences_of(state, "mine"))
    assert said[0] == "3 cells: 2 were done, 0 made now, 1 attempt failed"
    assert "1 record waits in the outbox; `cats sync mine` sends it" in said
    assert said[-1].startswith("1 record was set aside for the reasons above; `cats sync mine` tries to send it again")
