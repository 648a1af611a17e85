import pandas as pd
import pytest

from results.board.request import RunQuery
from results.board.sensitivity import sensitivity
from results.error import CatsError
from tests.support.runs import run


def grid(scores, protocol="finetune"):
    """scores: source → (test AUC of the point with the best loss, of the point with the best AUC), three seeds."""
    return [
        run(s, "a", seed, value + seed / 1000, protocol=protocol, point=f"{protocol}{point}", key=f"{s}{seed}{point}{protocol}",
            val_loss=loss, val_auc=auc)
        for s, values in scores.items() for seed in range(3)
        for point, value, loss, auc in (("p", values[0], 0.1, 0.5), ("q", values[1], 0.2, 0.9))
    ]  # fmt: skip


def found(rows):
    return sensitivity(pd.DataFrame(rows), RunQuery("toy"))


def test_a_target_whose_winner_depends_on_the_rule_says_so():
    made = found(grid({"one": (0.9, 0.6), "two": (0.7, 0.8)}))
    assert {name: top.best for name, top in made.targets["a"].items()} == {
        "min_val_loss": "one", "max_val_auc": "two", "oracle_test": "one",
    }  # fmt: skip
    assert made.change("a") == "changes (min_val_loss: one; max_val_auc: two); no source is at the top in all"


def test_the_oracle_counts_for_no_change():
    rows = grid({"one": (0.9, 0.9), "two": (0.7, 0.7)})
    rows += [row | {"point": "r", "key": row["key"] + "r", "val_loss": 9.0, "val_auc": 0.1, "test_auc": 0.99}
             for row in rows if row["source"] == "two" and row["point"].endswith("p")]  # fmt: skip
    made = found(rows)
    assert made.targets["a"]["oracle_test"].best == "two"
    assert made.change("a") == "one is best in all"
    assert any("oracle" in note for note in made.notes)


def test_what_ties_in_all_is_named():
    noisy = grid({"one": (0.80, 0.78), "two": (0.79, 0.80)})
    for row in noisy:
        row["test_auc"] += 0.05 * (int(row["seed"]) % 2)
    assert found(noisy).change("a").endswith("; one, two cannot be told apart from the best in any")


def test_protocols_stand_side_by_side():
    rows = grid({"one": (0.9, 0.9), "two": (0.7, 0.7)}) + grid({"one": (0.6, 0.6), "two": (0.8, 0.8)}, "probe")
    made = found(rows)
    assert made.settings[0] == "min_val_loss, finetune"
    assert made.targets["a"]["min_val_loss, finetune"].best == "one"
    assert made.targets["a"]["min_val_loss, probe"].best == "two"
    assert "changes (" in made.change("a")
    assert "| a | one |" in made.markdown()
    assert made.to_dict()["changes"]["a"] == made.change("a")


def test_a_setting_without_the_metric_is_left_out_with_its_reason():
    rows = grid({"one": (0.9, 0.9), "two": (0.7, 0.7)})
    rows += [row | {"test_auc": float("nan")} for row in grid({"one": (0.6, 0.6)}, "probe")]
    made = found(rows)
    assert [name for name in made.settings if "probe" in name] == []
    assert any(note.startswith("min_val_loss, probe: ") for note in made.notes)


def test_one_point_leaves_rules_nothing_to_choose():
    rows = [row for row in grid({"one": (0.9, 0.6), "two": (0.7, 0.8)}) if row["point"].endswith("p")]
    assert any("rules have nothing to choose" in note for note in found(rows).notes)


def test_an_empty_experiment_says_how_to_fill_it():
    with pytest.raises(CatsError, match="holds no cell yet"):
        found([])
