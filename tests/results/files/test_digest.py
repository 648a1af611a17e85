import pytest

from results.files.digest import digest


def test_the_digest_is_that_of_sorted_json_without_spaces():
    assert digest({"b": [1, 2.5], "a": None}) == "e57f5d37865437a82e1108bafb4e5213dfe7e9085f5c253341ebbab30cac5faf"
    assert digest({"b": 1, "a": "é"}) == digest({"a": "é", "b": 1})


def test_what_is_not_a_number_has_no_digest():
    with pytest.raises(ValueError, match="Out of range"):
        digest([float("nan")])
