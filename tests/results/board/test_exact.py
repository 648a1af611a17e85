"""Figures without an interval although the test images are known: the reason is that all of them are right, or wrong."""

import numpy as np
import pytest

from results.board.exact import why_exact
from results.board.request import Judging
from results.board.text import BoardText, legend
from results.metrics import metric_of
from results.statistics.influence import shares_of_target
from tests.support.predictions import predictions
from tests.support.runs import board, runs

NO_VARIANCE = "95 %: no interval can be given, because {} and the test images show no variance"


def judged(skills, seeds=1):
    """A board of one target; source → skill, of which 100 ranks every test image rightly and -100 wrongly."""
    rows = runs(**{source: [[{100: 1.0, -100: 0.0}.get(skill, 0.7)] * seeds] for source, skill in skills.items()})
    tables = {
        f"r{i}": predictions(np.random.default_rng(0), 80, 2, model_seed=i, skill=skills[row["source"]])
        for i, row in enumerate(rows)
    }
    rows = [row | {"run_id": f"r{i}"} for i, row in enumerate(rows)]

    def images(name, metric, of):
        return shares_of_target(metric, metric_of(metric).influence_of, of, tables.get)

    return board(rows, judging=Judging(images=images))


@pytest.mark.parametrize(("seeds", "why"), [(1, "there is one seed"), (3, "the seeds do not differ")])
def test_where_every_image_is_ranked_rightly_that_is_the_reason(seeds, why):
    made = judged({"one": 100, "two": 100}, seeds)
    assert NO_VARIANCE.format(why) in legend(made)
    note = "a: one, two have no interval, because every test image is ranked rightly"
    assert note in made.to_dict()["notes"]
    assert note in BoardText(made).markdown()


def test_a_source_without_an_interval_among_others_is_named():
    made = judged({"one": 100, "two": 1, "three": -100})
    assert [row.source for row in made.targets["a"] if row.low is None] == ["one", "three"]
    assert "a: one has no interval, because every test image is ranked rightly" in made.notes
    assert "a: three has no interval, because every test image is ranked wrongly" in made.notes
    assert "the interval holds the test images alone" in made.verdict("a")
    assert "95 %: interval over test images alone, because there is one seed" in legend(made)
    tie = "tie: every source has tie 1, because nothing was tested: that takes two sources with at least two seeds each"
    assert tie in legend(made)
    assert not [sentence for sentence in legend(made) if "Games" in sentence or "mean over seeds" in sentence]


@pytest.mark.parametrize(
    ("metric", "value", "why"),
    [
        ("auc", 1 - 1e-12, "every test image is ranked rightly"), ("auc", 0.999, None),
        ("accuracy", 0.0, "every test image is classified wrongly"), ("brier", 0.0, "the Brier score is exactly 0"),
    ],
)  # fmt: skip
def test_a_figure_at_a_bound_says_what_its_images_have_in_common(metric, value, why):
    assert why_exact(metric, value) == why
