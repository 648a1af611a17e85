"""Rules over hand-made grids."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from benchmark.specs.plan import Plan
from benchmark.training.epoch_choice import EpochChoice
from benchmark.training.protocols.knn import fit_knn
from results.board.request import RunQuery
from results.board.rules import RULES, Rule, choose_runs, rule_in_words
from results.board.sensitivity import sensitivity
from results.board.text import BoardText
from results.error import CatsError
from tests.support.runs import board, run

# point: validation loss, validation AUC, test AUC
GRID = {"p": (0.3, 0.70, 0.60), "q": (0.1, 0.80, 0.70), "r": (0.2, 0.90, 0.65), "s": (0.4, 0.60, 0.90)}


def grid(source="one", target="a", seed=0):
    return [
        run(source, target, seed, test, point=point, val_loss=loss, val_auc=auc, key=f"{source}-{target}-{seed}-{point}")
        for point, (loss, auc, test) in GRID.items()
    ]


@pytest.mark.parametrize(
    ("rule", "point"),
    [("min_val_loss", "q"), ("within_one_se", "q"), ("max_val_auc", "r"), ("last_epoch", "q"), ("oracle_test", "s")],
)
def test_each_rule_chooses_by_its_figure(rule, point):
    assert choose_runs(pd.DataFrame(grid()), rule, "auc")["point"].tolist() == [point]


def test_the_oracle_knows_that_a_brier_score_is_better_when_it_is_lower():
    assert choose_runs(pd.DataFrame(grid()), "oracle_test", "brier")["point"].tolist() == ["s"]


def test_no_rule_but_the_oracle_looks_at_test_scores():
    frame = pd.DataFrame(grid())
    blind = frame.drop(columns=[c for c in frame if c.startswith("test_")])
    for rule in set(RULES) - {"oracle_test"}:
        assert choose_runs(blind, rule, "auc")["point"].tolist() == choose_runs(frame, rule, "auc")["point"].tolist()


def test_every_source_target_backbone_and_seed_chooses_alone():
    rows = [row for s in ("one", "two") for t in "ab" for seed in (0, 1) for row in grid(s, t, seed)]
    found = choose_runs(pd.DataFrame(rows), "min_val_loss", "auc")
    assert len(found) == len(found.drop_duplicates(["source", "target", "seed"])) == 8


def test_equal_figures_are_chosen_by_key_in_any_order():
    rows = [run("one", "a", 0, 0.5, point=p, key=p, val_loss=0.1) for p in "xyz"]
    assert choose_runs(pd.DataFrame(rows), "min_val_loss", "auc")["point"].tolist() == ["x"]
    assert choose_runs(pd.DataFrame(rows[::-1]), "min_val_loss", "auc")["point"].tolist() == ["x"]


def test_of_equal_validation_aucs_the_smaller_loss_counts():
    rows = [run("one", "a", 0, 0.5, point=p, key=p, val_auc=1.0, val_loss=loss) for p, loss in (("x", 0.2), ("y", 0.1))]
    assert choose_runs(pd.DataFrame(rows), "max_val_auc", "auc")["point"].tolist() == ["y"]


def test_an_unknown_rule_has_its_nearest_name():
    with pytest.raises(CatsError, match="there is no rule 'orakel_test'; did you mean 'oracle_test'"):
        choose_runs(pd.DataFrame(grid()), "orakel_test", "auc")


def test_the_oracle_is_called_one_wherever_it_is_shown():
    made = board([row for s in ("one", "two") for seed in (0, 1, 2) for row in grid(s, "a", seed)], rule="oracle_test")
    assert made.verdict("a").startswith("by an oracle, not by choice: ")
    assert rule_in_words("oracle_test") in BoardText(made).markdown()
    assert BoardText(made).csv().splitlines()[1].endswith("oracle_test")
    assert "oracle" not in BoardText(board(grid())).markdown()


def test_another_rule_than_that_of_the_runs_is_said():
    said = "epochs chosen by min_val_loss on validation images, grid points chosen by max_val_auc on validation images"
    assert board(grid(), rule="max_val_auc").choice == said
    assert board(grid(), rule="oracle_test").choice.startswith(said.partition(" max_val_auc")[0])
    assert board(grid()).choice == "epochs and grid points chosen by min_val_loss on validation images"


def test_one_entry_in_the_table_is_all_that_a_rule_needs(monkeypatch):
    """A rule that takes the largest loss: a board, a training and a probe follow it, and its message names its figure."""

    def largest(runs, metric):
        return -runs["val_loss"]

    monkeypatch.setitem(RULES, "worst", Rule("worst", largest, lambda position, loss, auc: loss, "patience"))
    assert choose_runs(pd.DataFrame(grid()), "worst", "auc")["point"].tolist() == ["s"]
    assert "grid points chosen by worst on validation images" in board(grid(), rule="worst").choice
    assert "worst" in sensitivity(pd.DataFrame(grid() + grid("two")), RunQuery("toy")).settings
    choice = EpochChoice("worst")
    assert [choice.prefers(e, loss, 0.5, np.full(4, loss)) for e, loss in enumerate((0.3, 0.5, 0.4))] == [True, True, False]
    assert choice.rule.what == "patience"
    rng = np.random.default_rng(0)
    features = {part: rng.normal(size=(40, 3)) for part in ("train", "val", "test")}
    labels = {part: np.arange(40) % 2 for part in features}
    _, curves, best, *_ = fit_knn(features, labels, (1, 3, 5), "worst")
    assert best == int(np.argmax(curves["val_loss"]))


def test_no_training_follows_the_oracle():
    with pytest.raises(CatsError, match="no training can choose by 'oracle_test', which looks at test images"):
        EpochChoice("oracle_test")


def test_a_plan_may_name_every_rule_but_the_oracle():
    assert set(get_args(Plan.model_fields["rule"].annotation)) == set(RULES) - {"oracle_test"}
