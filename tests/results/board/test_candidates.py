"""Sources on several backbones: names, what cannot be told apart, what a plan leaves out, which runs are a plan's."""

import itertools

import pandas as pd
import pytest

from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import read_scores
from results.board.candidates import across, apart_note, candidate_of, names_of, plain_source
from results.board.request import RunQuery, Selection, runs_of_selection
from results.cost.bill import make_bill
from results.cost.text import tradeoff_notes
from results.cost.tradeoff import make_tradeoff
from tests.support.runs import board, costing, run

OWN = [("imagenet", "net"), ("scratch", "net"), ("dino", "vit"), ("clip", "vit2")]
APART = "architecture and source cannot be told apart"


def rows(candidates, target="a", **changes):
    return [
        run(source, target, seed, 0.9 - 0.1 * place + 0.001 * seed, backbone=backbone, **changes)
        | {"key": f"{source}-{backbone}-{target}-{seed}"}
        for place, (source, backbone) in enumerate(candidates)
        for seed in range(3)
    ]


def selection(candidates, **changes):
    return Selection(**({"targets": ["a"], "seeds": range(3), "points": ["p"], "refused": {}} | changes), candidates=candidates)


def test_candidates_are_named_with_their_backbones_where_there_are_several():
    assert names_of(OWN) == ["imagenet on net", "scratch on net", "dino on vit", "clip on vit2"]
    assert names_of(OWN[:2]) == ["imagenet", "scratch"]
    assert [candidate_of(name) for name in names_of(OWN)] == OWN
    assert [plain_source(name) for name in names_of(OWN)] == [source for source, _ in OWN]


def test_a_board_ranks_candidates():
    made = board(rows(OWN))
    assert [row.source for row in made.targets["a"]] == names_of(OWN)
    assert {row.source for row in made.overall} == set(names_of(OWN))


@pytest.mark.parametrize(
    ("candidates", "among_all"),
    [
        (OWN, True),
        (OWN[:2], False),
        ([("a", "x")], False),
        ([("a", "x"), ("a", "y")], True),
        (list(itertools.product("ab", "xy")), False),
        ([*itertools.product("ab", "xy"), ("c", "z")], True),
    ],
)
def test_a_choice_is_one_among_all_candidates_if_a_backbone_has_one_source_alone(candidates, among_all):
    assert across(candidates) is among_all


@pytest.mark.parametrize("candidates", [OWN[:2], list(itertools.product("ab", "xy")), [("a", "x"), ("a", "y"), ("b", "y")]])
def test_sources_that_share_a_backbone_or_are_linked_by_others_can_be_told_apart(candidates):
    assert apart_note(candidates) == []
    assert not [note for note in board(rows(candidates)).notes if APART in note]


def test_the_board_names_the_sources_that_share_no_backbone():
    (note,) = [note for note in board(rows(OWN)).notes if APART in note]
    assert note == (
        f"{APART}: no backbone is shared between clip (on vit2); dino (on vit) and imagenet, scratch (on net), so that a "
        "difference between them may be of the source or of the backbone"
    )


def test_sources_are_linked_by_runs_on_the_same_target_alone():
    """On each target one source is on a backbone of its own; what links the two was run on the other target."""
    here, there = [("dino", "vit"), ("imagenet", "net")], [("dino", "net"), ("imagenet", "net")]
    other = [row | {"target": "b", "key": f"b{row['key']}"} for row in rows(there)]
    (note,) = [note for note in board([*rows(here), *other]).notes if APART in note]
    assert note.startswith(f"a: {APART}: no backbone is shared between dino (on vit) and imagenet (on net)")
    assert not [note for note in board(other).notes if APART in note]


def scored(candidates, target="a"):
    return [
        {"source": source, "backbone": backbone, "target": target, "kind": "score", "status": "FINISHED", "started": 0,
         "measures": "good", "reasons": "{}", "key": f"{source}{backbone}{target}", "measure_good": float(place), **costing([])}
        for place, (source, backbone) in enumerate(candidates)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "on", [{"a": OWN}, {"a": OWN, "b": OWN}, {"a": OWN[:3], "b": [("dino", "net"), ("dino", "vit"), ("scratch", "net")]}]
)
def test_agreement_and_regret_say_it_in_the_words_of_the_board(on):
    every = pd.DataFrame([row for target, here in on.items() for row in [*rows(here, target), *scored(here, target)]])
    every["key"] += every["target"]
    query = RunQuery("toy", "auc")
    said = [note for note in board(every.to_dict("records")).notes if APART in note]
    assert len(said) == 1
    decisions = decisions_of(every, query)
    agreement = judge_measures(decisions, scores_for(decisions, read_scores(every, "toy")), "toy", "auc")
    assert [note for note in agreement.notes if APART in note] == said
    regret = make_tradeoff(every, make_bill(every, "toy"), query)
    assert [note for note in tradeoff_notes(regret) if APART in note] == said == regret.apart


def test_choices_on_one_backbone_each_say_nothing_of_architecture():
    both = list(itertools.product(["imagenet", "scratch"], ["net", "vit"]))
    every = pd.DataFrame([*rows(both), *scored(both)])
    decisions = decisions_of(every, RunQuery("toy", "auc"))
    assert [decision.backbone for decision in decisions] == ["net", "vit"]
    agreement = judge_measures(decisions, scores_for(decisions, read_scores(every, "toy")), "toy", "auc")
    assert not [note for note in agreement.notes if APART in note]
    assert not make_tradeoff(every, make_bill(every, "toy"), RunQuery("toy", "auc")).apart


def test_sources_that_are_linked_late_are_one_group():
    assert apart_note([("a", "x"), ("b", "y"), ("c", "z"), ("b", "x"), ("c", "y")]) == []


def test_a_source_that_is_kept_off_the_ranking_links_nothing():
    links = rows([("both", "vit"), ("both", "net")], leak="images are shared")
    assert [note for note in board([*rows(OWN[:3]), *links]).notes if APART in note]


def test_only_the_candidates_of_a_plan_are_on_its_board():
    every = rows([*OWN, ("dino", "net"), ("imagenet", "vit")])
    made = board(every, selection=selection(OWN))
    assert [row.source for row in made.targets["a"]] == names_of(OWN)
    kept = runs_of_selection(pd.DataFrame(every), selection(OWN))
    assert set(zip(kept["source"], kept["backbone"], strict=True)) == set(OWN)


def test_missing_cells_are_counted_by_candidates():
    made = board(rows(OWN)[:-2], selection=selection(OWN, targets=["a", "b"]))
    assert "14 of 24 cells are not finished" in made.notes


def test_what_a_plan_leaves_out_is_no_missing_cell_and_is_said():
    absent = {("clip", "vit2"): "source clip has no weights for vit2: why"}
    made = board(rows(OWN[:3]), selection=selection(OWN, absent=absent))
    assert "left out by `missing: skip`: source clip has no weights for vit2: why" in made.notes
    assert not [note for note in made.notes if "not finished" in note]


def test_a_candidate_that_has_been_tried_is_not_left_out():
    absent = {("clip", "vit2"): "source clip has no weights for vit2: why"}
    made = board(rows(OWN)[:-1], selection=selection(OWN, absent=absent))
    assert "1 of 12 cells is not finished" in made.notes
    assert not [note for note in made.notes if "left out by" in note]


def test_a_pair_that_shares_images_is_refused_and_not_left_out():
    absent = {("clip", "vit2"): "source clip has no weights for vit2: why"}
    made = board(rows(OWN[:3]), selection=selection(OWN, absent=absent, refused={("clip", "a"): "they share images"}))
    assert "clip → a is not run: they share images" in made.notes
    assert not [note for note in made.notes if "left out by" in note or "not finished" in note]
