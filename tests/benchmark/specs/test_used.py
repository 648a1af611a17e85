"""The data sets and weights that runs used, as a report names them."""

import pytest

from benchmark.specs import elsewhere
from benchmark.specs.used import used


@pytest.fixture
def no_timm(monkeypatch):
    """Nobody asks timm whether a name is that of a backbone: that loads torch, which a board of a laptop does not need."""

    def asked(name):
        raise AssertionError(f"timm was asked for {name}")

    monkeypatch.setattr(elsewhere, "_is_backbone", asked)


@pytest.mark.parametrize("name", ["resnet50", "gone2", "1" * 4000, "gone2[size=3]", "x[", "", "\x00"])
def test_what_has_no_entry_is_named_and_torch_is_not_loaded_for_it(no_timm, name):
    assert [(link.role, link.name, link.known) for link in used([name], [name])] == [
        ("target", name, False), ("source", name, False),
    ]  # fmt: skip


def test_entries_are_described_and_random_weights_are_left_out(no_timm):
    made = used(["scratch", "digits", "models:/"], ["ihc", "digits"])
    assert [(link.role, link.name, link.known) for link in made] == [
        ("target", "digits", True), ("target", "ihc", True), ("source", "digits", True), ("source", "models:/", False),
    ]  # fmt: skip
    assert all(link.title and link.licence for link in made if link.known)
