"""A choice that goes on with another prior, or other settings, says so."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmark.choosing.background import PUBLIC
from benchmark.choosing.going_on import changed_since
from benchmark.choosing.settings import listed
from results.choosing.prior import Prior
from tests.support.choice_answers import CHOICE

EARLIER = replace(
    CHOICE, prior=("CATS 2024: Juodelyte et al.", PUBLIC, "experiment a (adamw)"), settings=("lr=0.003", "lr=3e-05")
)

CHANGED = "the prior has changed since the last answer"


def said(origin, names, earlier=EARLIER):
    arms = SimpleNamespace(settings=SimpleNamespace(table=dict.fromkeys(names)))
    return changed_since(earlier, replace(Prior.empty(), origin=tuple(origin)), arms)


@pytest.mark.parametrize(
    ("origin", "names", "sentence"),
    [
        (EARLIER.prior, ["lr=3e-05", "lr=0.003"], None),
        (
            [*EARLIER.prior, "experiment b (adamw)"], ["lr=0.003", "lr=0.001"],
            f"{CHANGED} (new in it: experiment b (adamw)); the settings now are lr=0.003, lr=0.001; no longer tried: lr=3e-05",
        ),
        (
            EARLIER.prior[:2], ["lr=0.003", "lr=3e-05"],
            f"{CHANGED} (no longer in it: experiment a (adamw)); the settings now are lr=0.003, lr=3e-05",
        ),
        (
            EARLIER.prior, ["lr=0.003"],
            "the settings are not those of the last answer; the settings now are lr=0.003; no longer tried: lr=3e-05",
        ),
    ],
)  # fmt: skip
def test_what_has_changed_since_the_last_answer_is_one_sentence(origin, names, sentence):
    assert said(origin, names) == sentence


def test_of_an_answer_of_an_older_version_the_prior_alone_is_compared():
    older = replace(EARLIER, settings=())
    assert said(EARLIER.prior, ["lr=1"], older) is None
    assert said([], ["lr=1"], older) == (
        f"{CHANGED} (no longer in it: CATS 2024, experiment a (adamw)); the settings now are lr=1"
    )


def test_many_settings_are_counted():
    assert listed([f"lr={n}" for n in range(10)]) == "lr=0, lr=1, lr=2, lr=3, lr=4, lr=5, lr=6, lr=7 and 2 others"
