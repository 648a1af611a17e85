"""The plot of a replay: where its marks and intervals are, and that it is drawn whatever is missing."""

import re
from dataclasses import replace

import numpy as np
import pytest

from results.choosing.replay import ReplayQuestion, replay
from results.choosing.replay_plot import draw_replay
from results.choosing.verdict import policy_regrets
from tests.results.choosing.matrices import drawn, matrix_of

SHARES = (0.25, 0.5, 1.0)


@pytest.fixture(scope="module")
def found():
    return replay(drawn(), ReplayQuestion(("leader", "random"), 2, shares=SHARES))


def svg(found, tmp_path, experiment="toy"):
    draw_replay(found, experiment, tmp_path / "plot.svg")
    return (tmp_path / "plot.svg").read_text(encoding="utf-8")


def test_each_policy_has_an_interval_at_each_share_and_the_file_is_the_same_each_time(found, tmp_path):
    first = svg(found, tmp_path)
    assert [first.count(f'id="interval of {name}"') for name in found.question.policies] == [3, 3]
    assert svg(found, tmp_path) == first


def test_an_interval_is_as_long_as_its_figures_on_the_linear_part_of_the_scale(found, tmp_path):
    """Below eps heights are proportional to regrets; eps above all figures makes the whole scale linear."""
    wide = replace(found, question=replace(found.question, eps=10.0))
    lines = re.findall(r'<g id="interval of (\w+)">\s*<path d="M [\d.]+ ([\d.]+) \nL [\d.]+ ([\d.]+) ', svg(wide, tmp_path))
    heights = [float(low) - float(high) for _, low, high in lines]  # an SVG counts from its top
    means = [mean for policy in policy_regrets(found) for mean in policy.regret]
    lengths = [mean.high - mean.low for mean in means]
    assert len(lines) == len(lengths) == 6
    assert np.array(heights) / max(heights) == pytest.approx(np.array(lengths) / max(lengths), abs=1e-3)


def test_few_targets_have_no_intervals(tmp_path):
    few = replay(
        matrix_of([[[0.9, 0.6], [0.7, 0.8]], [[0.6, 0.9], [0.8, 0.7]]]), ReplayQuestion(("leader",), 1, shares=(0.25, 1.0))
    )
    assert "interval of" not in svg(few, tmp_path)


@pytest.mark.parametrize("eps", [0.0, 1e-9, 0.5])
def test_any_eps_has_a_scale(found, tmp_path, eps):
    assert "<!-- 0 -->" in svg(replace(found, question=replace(found.question, eps=eps)), tmp_path)


def test_names_of_others_stay_text(found, tmp_path):
    assert "x^2" in svg(found, tmp_path, "my $x^2$ experiment")  # a formula has no sign ^
