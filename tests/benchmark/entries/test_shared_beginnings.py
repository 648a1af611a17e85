"""Names of files that tell the patient: `cats new` names the option that keeps the pictures of a patient together."""

import re

import pytest

from benchmark.entries.shared_beginnings import shared_beginnings
from tests.support.new_folders import new, put

TOLD = {
    "numbers": [f"{'ab'[i % 2]}/{10250 + i // 4}_x{i}_y7.png" for i in range(40)],
    "letters": [f"a/PAT{i // 4}-{i}.png" for i in range(40)],
    "words": [f"patient_{i // 4:03d}_view{i % 4}.png" for i in range(40)],
}
NOT_TOLD = {
    "each its own": [f"a/{i}_left.png" for i in range(40)],
    "numbers of pictures": [f"a/IMG_{i:04d}.png" for i in range(40)],
    "classes": [f"{'ab'[i % 2]}/benign_{i:03d}.png" for i in range(40)],
    "few": [f"a/{i // 10}_{i}.png" for i in range(40)],
    "years": [f"a/{2001 + i // 4}_{i}.png" for i in range(40)],
    "one without": [*TOLD["numbers"], "a/overview.png"],
    "grades": [f"a/grade{i // 4}_{i}.png" for i in range(40)],
}


@pytest.mark.parametrize("names", TOLD.values(), ids=TOLD)
def test_numbers_that_pictures_share_are_told_with_the_option_that_finds_them(names):
    sentence = shared_beginnings(names, 2)
    assert "begin with 10 names or numbers that several pictures share" in sentence
    pattern = re.search(r"--group '(.*)'$", sentence)[1]
    assert len({re.search(pattern, name)[1] for name in names}) == 10


@pytest.mark.parametrize("names", NOT_TOLD.values(), ids=NOT_TOLD)
def test_other_names_are_not_taken_for_patients(names):
    assert shared_beginnings(names, 2) == ""


def test_the_option_that_is_named_can_be_typed(call, own):
    for i in range(24):
        put(own / "set" / "ab"[i % 2] / f"{70 + i // 4}_{i}.png", i)
    code, out, err = new(call)
    assert code == 0, err
    said = " ".join((out + err).split())
    pattern = re.search(
        r"begin with 6 names or numbers that several pictures share, such as 70: .* say --group '([^']*)'", said
    )[1]
    (own / "entries/targets/mine.yaml").unlink()
    code, out, err = new(call, "--group", pattern)
    assert code == 0, err
    assert "groups by patient; folders are read as class, with 6 patients" in " ".join((out + err).split())
