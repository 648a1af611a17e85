"""Which scores to look at: the sentences below `cats score`."""

import pandas as pd
import pytest

from results.agreement.advice import score_advice
from results.agreement.scores import PairScore, ScoresText
from tests.support.runs import run


def scores(**values):
    """measure=[score of each of four sources]"""
    pairs = [(name, f"s{i}", value) for name, row in values.items() for i, value in enumerate(row)]
    return [PairScore("t", source, "net", name, value, None, None, None, None) for name, source, value in pairs]


NONE = pd.DataFrame()
RAN = pd.DataFrame([run("s0", "t", 0, 0.9), run("s1", "t", 0, 0.8)])


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            NONE,
            "nothing says yet which of these measures choose well on your data: `cats run p.yaml`, then `cats agree p.yaml`",
        ),
        (RAN.head(1), "nothing says yet which of these measures choose well"),
        (RAN.assign(status="FAILED"), "nothing says yet which of these measures choose well"),
        (RAN, "which of these measures choose well on the runs of this plan: `cats agree p.yaml`"),
    ],
)
def test_it_is_said_where_measures_are_judged(frame, said):
    assert any(sentence.startswith(said) for sentence in score_advice(scores(lp=[1, 2, 3, 4]), frame, "p.yaml"))


def test_measures_of_few_pairs_are_named():
    said = score_advice(scores(lp=[1, 2, 3, 4], fu=[1, 2, 3, None], otdd=[1, 2, None, None], fid=[None] * 4), NONE, "p")
    assert said[0] == "a score for less than 75% of the pairs, too few to choose by: otdd, fid"


def test_published_judgements_name_the_measures_that_were_scored():
    names = ["lp", "fu"], ["logme"], ["gbc"]
    both, one, other = (score_advice(scores(**{name: [1, 2, 3, 4] for name in some}), NONE, "p")[-1] for some in names)
    assert "of these, lp*fu, lp, fu have been judged (lp*fu τ 0.52, regret 0.0052; lp τ 0.44, regret 0.0094; fu τ 0.41" in both
    assert "of these, logme has been judged (logme τ 0.33, regret 0.0066)" in one
    assert "none of these measures has been judged, and no measure was ahead of the mean rank" in other
    assert all(said.endswith("(τ 0.56); always imagenet lost 0.0052 auc") for said in (both, one, other))


def test_the_advice_is_printed_below_the_scores():
    text = ScoresText(scores(lp=[1, 2, 3, 4]), ["look at this"])
    assert text.markdown().endswith("- look at this\n")
    assert str(text.table().renderables[-1]) == "· look at this"
