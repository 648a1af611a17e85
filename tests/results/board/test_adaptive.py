"""What a board says of a plan that was run with --adaptive: what is decided, what is not run, and what is not finished."""

import json
from itertools import product

import pytest

from results.board.request import Selection
from results.board.terms import Terms
from tests.support.paths import ROOT
from tests.support.runs import board, run

TERMS = str(Terms(0.95, 0.0, "auc", "min_val_loss"))
GOOD, FAIR, BAD = (0.9, 0.904, 0.897, 0.901, 0.9), (0.898, 0.905, 0.9, 0.9, 0.902), (0.7, 0.704, 0.697, 0.706, 0.7)
NOT_RUN = "cells are not run, because no answer needs them; `cats run` without --adaptive runs them"


def selection(**changes):
    pairs = product(changes.pop("sources", ["good", "fair", "bad"]), changes.pop("backbones", ["net"]))
    fields = {"candidates": list(pairs), "targets": ["a"], "seeds": range(5), "points": ["p"]}
    return Selection(**(fields | {"refused": {}} | changes))


def rows(counts, target="a", terms=TERMS, **changes):
    figures = {"good": GOOD, "fair": FAIR, "bad": BAD}
    return [
        run(source, target, seed, figures[source][seed], adaptive=terms, **changes)
        for source, count in counts.items()
        for seed in range(count)
    ]


def notes(made, **changes):
    query = {name: changes.pop(name) for name in ("metric", "rule") if name in changes}
    return board(made, selection=selection(**changes), **query).notes


def test_a_beaten_source_is_not_run_and_the_contenders_are_named():
    said = notes(rows({"good": 5, "fair": 5, "bad": 3}))
    assert "a: which source is best is not decided after 5 of 5 seeds; still possible: fair, good" in said
    assert f"2 {NOT_RUN}" in said
    assert not [note for note in said if "not finished" in note]


def test_a_decided_target_and_an_open_one_are_told_apart():
    made = [*rows({"good": 3, "bad": 3}), *rows({"good": 3, "fair": 3}, target="b"), run("bad", "b", 0, 0.7)]
    said = notes(made, sources=["good", "bad"], targets=["a"])
    assert "a: good is the best source, decided after 3 of 5 seeds" in said
    assert f"4 {NOT_RUN}" in said
    said = notes(made, sources=["good", "fair"], targets=["b"])
    assert "b: not decided yet after 3 of 5 seeds; still possible: fair, good" in said
    assert "4 of 10 cells are not finished" in said
    assert not [note for note in said if NOT_RUN in note]


def test_the_question_and_the_rate_are_stated():
    said = " ".join(
        notes(rows({"good": 3, "bad": 3}, terms=str(Terms(0.9, 0.0, "auc", "min_val_loss"))), sources=["good", "bad"])
    )
    assert "holds for new seeds on these test images, whose sampling error no seed makes smaller" in said
    assert "a wrong answer in at most 10 % of cases, over all looks and pairs, if the figures of a source are roughly" in said
    assert "intervals, ties and P(best) do not count" in said


def test_a_margin_is_named():
    terms = str(Terms(0.95, 0.05, "auc", "min_val_loss"))
    said = notes(rows({"good": 3, "fair": 3, "bad": 3}, terms=terms))
    assert "a: no source is better than fair by 0.05 or more, decided after 3 of 5 seeds" in said


def test_another_metric_or_rule_of_the_board_changes_no_decision():
    made = [row | {"test_accuracy": 0.5} for row in rows({"good": 3, "bad": 3})]
    for changes in ({"metric": "accuracy"}, {"rule": "max_val_auc"}, {"metric": "brier"}):
        assert f"4 {NOT_RUN}" in notes(made, sources=["good", "bad"], **changes)


def test_a_lower_figure_is_better_where_the_metric_says_so():
    terms = str(Terms(0.95, 0.0, "brier", "min_val_loss"))
    said = notes(rows({"good": 3, "bad": 3}, terms=terms), sources=["good", "bad"])  # its brier score is 1 - auc
    assert "a: good is the best source, decided after 3 of 5 seeds" in said


def test_a_plain_plan_and_a_complete_one_say_nothing_of_it():
    plain = [{**row, "adaptive": None} for row in rows({"good": 3, "bad": 3})]
    said = notes(plain, sources=["good", "bad"])
    assert "4 of 10 cells are not finished" in said
    for made in (plain, rows({"good": 5, "bad": 5})):
        assert not [note for note in notes(made, sources=["good", "bad"]) if "adaptive" in note or "decided" in note]


def test_a_grid_counts_a_seed_when_all_its_points_have_been_tried():
    made = [row | {"point": point, "key": row["key"] + point} for row in rows({"good": 3, "bad": 3}) for point in "pq"]
    assert f"8 {NOT_RUN}" in notes(made, sources=["good", "bad"], points=["p", "q"])
    said = notes(made[:-1], sources=["good", "bad"], points=["p", "q"])
    assert "a: not decided yet after 2 of 5 seeds; still possible: good, bad" in said


def test_a_point_that_no_run_of_the_target_has_is_missing_and_one_of_another_target_is_not():
    made = rows({"good": 3, "bad": 3})
    said = notes(made, sources=["good", "bad"], points=["p", "q"])
    assert "a: not decided yet after 0 of 5 seeds; still possible: good, bad" in said
    assert "14 of 20 cells are not finished" in said
    own = {"a": frozenset("p"), "b": frozenset("q")}
    there = [row | {"point": "q", "key": row["key"] + "q"} for row in rows({"good": 3, "bad": 3}, target="b")]
    said = notes([*made, *there], sources=["good", "bad"], targets=["a", "b"], points=["p", "q"], own_points=own)
    assert [f"{target}: good is the best source, decided after 3 of 5 seeds" in said for target in "ab"] == [True, True]
    assert f"8 {NOT_RUN}" in said
    assert not [note for note in said if "not finished" in note]


def test_a_target_on_which_every_attempt_has_failed_has_no_result():
    failed = [row | {"status": "FAILED", "test_auc": None} for row in rows({"good": 3, "bad": 3})]
    said = notes([*failed, *rows({"good": 3, "bad": 3}, target="b")], sources=["good", "bad"], targets=["a", "b"])
    assert "a: no source has a result after 3 of 5 seeds" in said
    assert "b: good is the best source, decided after 3 of 5 seeds" in said


def test_leaking_pairs_are_no_contenders_and_their_other_seeds_are_not_run():
    made = [*rows({"good": 3, "bad": 3}), run("fair", "a", 0, 0.99, leak="they share 9 images")]
    assert f"8 {NOT_RUN}" in notes(made)
    assert "a: good is the best source, decided after 3 of 5 seeds" in notes(made)


def test_a_source_that_is_alone_has_nothing_to_win_and_one_without_results_no_say():
    made = [run("good", "a", 0, 0.9, adaptive=TERMS)]
    assert "a: good is the only source that may be ranked, so that there is nothing to decide" in notes(made, sources=["good"])
    made = [*rows({"good": 3}), *(run("bad", "a", seed, 0.0, status="FAILED") for seed in range(3))]
    said = notes(made, sources=["good", "bad"])
    assert "a: only good has results, so that there is nothing to decide" in said
    assert "3 of 10 cells are not finished" in said
    assert f"4 {NOT_RUN}" in said


def failed(source, seeds):
    return [run(source, "a", seed, 0.0, status="FAILED", adaptive=TERMS) for seed in range(seeds)]


SILENT = "; not compared, because the first 3 seeds gave no result: fair"


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (rows({"good": 3, "bad": 3}), f"a: good is the best source, decided after 3 of 5 seeds{SILENT}"),
        (rows({"good": 5, "bad": 5})[:-1], f"a: good is the best source, decided after 3 of 5 seeds{SILENT}"),
        (rows({"good": 3}), "a: only good has results, so that there is nothing to decide"),
    ],
)
def test_sources_whose_first_seeds_all_failed_are_named_beside_the_answer(made, sentence):
    there = {row["source"] for row in made}
    made = [*made, *(each for source in ("good", "fair", "bad") if source not in there for each in failed(source, 3))]
    assert sentence in notes(made)


def test_a_source_with_one_result_among_its_first_seeds_stays_possible():
    made = [*rows({"good": 3, "bad": 3}), *failed("fair", 2), run("fair", "a", 2, 0.9, adaptive=TERMS)]
    assert "a: not decided yet after 3 of 5 seeds; still possible: good, fair" in notes(made)


def test_open_targets_name_silent_sources_too():
    figures = [run("good", "a", seed, GOOD[seed], adaptive=TERMS) for seed in range(3)]
    figures += [run("bad", "a", seed, FAIR[seed], adaptive=TERMS) for seed in range(3)]
    said = notes([*figures, *failed("fair", 3)])
    assert f"a: not decided yet after 3 of 5 seeds; still possible: bad, good{SILENT}" in said


def test_the_page_states_what_its_own_table_shows():
    """Kinds in which sources differ: some mean is larger than the others, and no source leaves the assumptions."""
    page = (ROOT / "docs" / "adaptive.md").read_text()
    table = page.partition("<!-- simulated: begin -->")[2].partition("<!-- simulated: end -->")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.strip().splitlines()[2:]]
    differ = [row for row in cells if not row[0].startswith(("all equal", "outside")) and "--margin" not in row[0]]
    ends = {seeds: [int(row[2].split()[0]) for row in differ if row[1] == seeds] for seeds in ("5", "10")}
    five, ten = (f"{min(found)} to {max(found)} %" for found in ends.values())
    assert f"five seeds save {five} and ten seeds {ten} of the cells where sources differ" in " ".join(page.split())


def test_a_target_whose_sources_are_all_refused_is_not_named():
    refused = {("good", "b"): "they are the same images", ("bad", "b"): "they are the same images"}
    said = notes(rows({"good": 3, "bad": 3}), sources=["good", "bad"], targets=["a", "b"], refused=refused)
    assert f"4 {NOT_RUN}" in said
    assert not [note for note in said if note.startswith("b:")]


def test_several_backbones_are_named():
    made = [row | {"backbone": name, "source": "good"} for name, row in zip("xxxyyy", rows({"good": 3, "bad": 3}), strict=True)]
    said = notes(made, sources=["good"], backbones=["x", "y"])
    assert "a: good on x is the best source, decided after 3 of 5 seeds" in said


def test_the_newest_terms_count():
    made = rows({"good": 3, "bad": 3}, terms=str(Terms(0.5, 0.0, "auc", "min_val_loss")), started=1)
    made[-1] |= {"adaptive": str(Terms(0.99, 0.0, "auc", "min_val_loss")), "started": 2}
    assert any("at most 1 % of cases" in note for note in notes(made, sources=["good", "bad"]))


@pytest.mark.parametrize(
    "text",
    ["", "0.95", "[]", "null", json.dumps({"level": 0.95}), TERMS.replace("0.95", "2"), TERMS.replace("0.95", '"x"'),
     TERMS.replace("auc", "mood"), TERMS.replace("min_val_loss", "chance"), TERMS.replace("0.0", "-1")],
)  # fmt: skip
def test_terms_that_were_edited_by_hand_count_as_none(text):
    said = notes(rows({"good": 3, "bad": 3}, terms=text), sources=["good", "bad"])
    assert "4 of 10 cells are not finished" in said
    assert not [note for note in said if "decided" in note]
