"""The answer of `cats choose` as sentences, tables, JSON and a section of the report."""

import csv
import io
import json
from dataclasses import replace

import pytest

from results.choosing.answer import CONSTANTS
from results.choosing.choice import Named, Rival, Round, Seat, Spent, Taken, read_choice
from results.choosing.choice_figures import loss_text
from results.choosing.choice_text import ChoiceText, notes, sentences, verdict
from results.error import CatsError
from results.report.chosen import chosen
from results.text.plain import json_text
from results.text.units import USUAL, EnergyUnit, energy_unit
from tests.support.choice_answers import CHOICE, RUNS

RIGHT = "90 % confidence; a set made in this way was right on"
TOOK = "the trainings took 10 % of what all 24 runs of one seed would take"


def test_the_sentences_of_the_answer():
    assert sentences(CHOICE) == [
        "Take imagenet with mobilenetv2_100 and recipe fast, lr=0.003 (val loss 0.310; test AUC .91, .87 to .95).",
        "Tie: imagenet (lr=0.003) and inat_bird (lr=0.003) cannot be told apart by validation loss over 3 seeds.",
        f"A source within .005 of the best is among imagenet, radimagenet ({RIGHT} 12 of 12 targets of the prior).",
        f"The best source is among imagenet, a, b ({RIGHT} 11 of 12 targets of the prior).",
        "P(within .005) = .93.",
        f"Spent 3.5 Wh and 21 min in 2 runs; {TOOK}; 1 attempt failed.",
        "Kept: models/mydata (cats predict, cats watch).",
    ]
    assert notes(CHOICE)[:2] == [
        "ended: the budget of 3 cells holds no further run",
        "with twice the budget: next come inat_bird (lr=0.0003) with seed 0",
    ]


@pytest.mark.parametrize(
    ("loss", "text"),
    [(None, "failed"), (0.31, "0.310"), (0.0004, "0.0004"), (0.0001, "0.0001"), (1e-5, "0.00001"), (0.0, "0.000")],
)
def test_small_losses_of_a_table_can_be_told_apart(loss, text):
    assert loss_text(loss) == text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"taken": None, "ties": {}}, "No answer: no run on mydata has finished."),
        ({"ties": {"b": None}}, "imagenet (lr=0.003) and b were not compared over seeds: whether they tie is not known."),
        (
            {"ties": {"b": None}, "seeds_to_come": 4, "enough_cells": 24},
            "Their further seeds take 4 more runs, which come after all others: a budget of 24 cells is enough for all.",
        ),
        (
            {"ties": {"imagenet (lr=0.0003)": None}},
            "The settings lr=0.003 and lr=0.0003 of imagenet were not compared over seeds: which of them is better is not",
        ),
        (
            {"ties": {"imagenet (lr=0.0003)": 0.4}},
            "Tie: the settings lr=0.003 and lr=0.0003 of imagenet cannot be told apart by validation loss over 3 seeds.",
        ),
        (
            {"taken": Taken("a", "default", 0, 0.3, 1), "ties": {"a (lr=1)": None}},
            "The settings default and lr=1 of a were not compared over seeds",
        ),
        (
            {"taken": Taken("a", "default", 0, 0.3, 1), "ties": {"ab": None}},
            "a and ab were not compared over seeds: whether they tie is not known.",
        ),
        ({"within": 0.41}, "P(within .005) = .41 (below .7 such figures were too modest on public targets)."),
        (
            {"best": Named(("a",), 11, 12, 0.9, 9)},
            f"The best source is among a ({RIGHT} 11 of 12 targets of the prior, which are 9 families).",
        ),
        ({"within": 0.4, "within_targets": 11}, "P(within .005) = .40, corrected by what held on 11 targets of the prior."),
        ({"spent": Spent(None, None, 0.01, 2)}, "Spent 36 s in 2 runs; the energy is missing."),
        ({"spent": Spent(1.11e-4, 1.11e-4, 0.01, 2), "tried": ()}, "Spent 111 mWh and 36 s in 2 runs."),
        ({"spent": Spent(None, 0.2, 3, 1)}, "Spent at least 200 Wh and 3 h in 1 run; a part of the energy is missing."),
        (
            {"spent": Spent(None, None, 1.5, 2, 0, None, 4.0, 8, None, 1.0)},
            "the trainings took 25 % of what all 8 runs of one seed would take.",
        ),
        (
            {"spent": Spent(None, None, 1.5, 16, 0, None, 3.0, 12, None, 4.0)},
            "the trainings took 133 % of what all 12 runs of one seed would take, so that making each of these once would have",
        ),
        ({"untried": ("c", "d")}, "Never tried: c, d."),
        ({"within": None, "unstated": "the prior does not know b"}, "P(within .005) is not stated: the prior does not know b."),
        (
            {"strangers": ("new",)},
            "Of the sources that the prior knows, one that is within .005 of the best of them is among imagenet",
        ),
        ({"strangers": ("new",)}, "Of the sources that the prior knows, the best is among imagenet, a, b (90 % confidence"),
        ({"strangers": ("new",)}, "P(within .005 of the best of the sources that the prior knows) = .93."),
        ({"taken": Taken("a", "default", 0, 0.0003, 1, -0.0002)}, "(val loss 0.0003; test AUC -.0002, no interval is known)."),
        (
            {"taken": Taken("a", "default", 0, 0.007, 1, 1.0)},
            "(val loss 0.007; test AUC 1.00, no interval: every test image is ranked r",
        ),
        (
            {"taken": Taken("a", "default", 0, 2e-5, 1, 0.0)},
            "(val loss 0.00002; test AUC 0.00, no interval: every test image is ranked w",
        ),
        (
            {"spent": Spent(1500.0, None, 1.0, 2, 0, 1.0, 1.0, 12, 0.996, 1.0)},
            "Spent 1500 kWh and 60 min in 2 runs; the trainings took 100 % of",
        ),
        ({"within": 0.0004}, "P(within .005) = .0004 (below"),
        ({"taken": Taken("a", "default", 0, 1.25, 1)}, "Take a with mobilenetv2_100 and recipe fast (val loss 1.250)."),
    ],
)
def test_what_is_not_known_is_said(change, sentence):
    assert sentence in " ".join(sentences(replace(CHOICE, **change)))


def test_the_verdict_says_what_to_take_why_and_what_may_be_as_good():
    said = sentences(CHOICE)
    assert verdict(CHOICE) == [said[0], "The loss of the validation images chose it, in 2 runs of 2 sources.", said[1]]
    assert verdict(replace(CHOICE, taken=None)) == ["No answer: no run on mydata has finished."]


def test_nothing_is_said_that_is_not_known():
    bare = replace(CHOICE, ties={}, near=None, best=None, within=None, kept="", rivals=(), prior=(), notes=(), then="")
    assert [sentence.split()[0] for sentence in sentences(bare)] == ["Take", "Spent"]


def test_json_is_read_back_as_it_was():
    text = json_text(ChoiceText(CHOICE).to_dict())
    assert read_choice(text) == CHOICE
    lanes = json.loads(text)["sources"]
    assert lanes[0] == {
        "source": "imagenet", "settings": 2, "runs": 2, "best": 0.31, "setting": "lr=0.003", "kwh": pytest.approx(0.0015)
    }  # fmt: skip
    assert json.loads(text)["spent"]["share"] == pytest.approx(0.1)


def test_an_answer_of_an_older_version_is_read():
    """Its sets said what they hold in words, beside the sources."""
    older = json.loads(json_text(CHOICE.to_dict()))
    older["near"]["holds"] = "a source within 0.005 of the best"
    assert read_choice(json.dumps(older)) == CHOICE


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"target": 1}', "nonsense"])
def test_a_damaged_answer_is_one_sentence(text):
    with pytest.raises(CatsError, match="the answer of cats choose in MLflow is damaged"):
        read_choice(text)


def test_csv_has_a_line_for_each_run():
    rows = list(csv.DictReader(io.StringIO(ChoiceText(CHOICE).csv())))
    assert [(row["source"], row["val_loss"], row["taken"]) for row in rows] == [
        ("imagenet", "0.31", "True"), ("imagenet", "", "False"), ("inat_bird", "0.42", "False")
    ]  # fmt: skip


def test_markdown_shows_the_sources_and_the_other_ways():
    text = ChoiceText(CHOICE).markdown()
    assert "| imagenet | 2 | 2 | 0.310 | lr=0.003 | 1.5 |" in text
    assert text.splitlines()[8].endswith("| Wh |")
    small = replace(CHOICE, tried=tuple(replace(run, kwh=run.kwh / 100) for run in RUNS), spent=Spent(3.5e-5, 3.5e-5, 0.35, 2))
    assert "| imagenet | 2 | 2 | 0.310 | lr=0.003 | 15 |" in ChoiceText(small).markdown()
    assert ChoiceText(small).markdown().splitlines()[8].endswith("| mWh |")
    assert "| leader | 0.0028 (0.0005 – 0.0055) | 0.0012 (-0.0010 – 0.0030) |" in text


def test_the_section_draws_the_loss_against_the_energy(tmp_path):
    section = chosen(CHOICE, EnergyUnit("mWh", 1e6))
    (chart,) = section.charts
    chart.draw(tmp_path / "choice.svg")
    drawn = (tmp_path / "choice.svg").read_text(encoding="utf-8")
    assert "mWh spent" in drawn
    assert "inat_bird" in drawn
    assert section.tables[-1].rows[1] == ["2", "imagenet", "lr=0.0003", "0", "failed", "0.310", "500", "1500"]
    assert sentences(CHOICE)[0] in section.notes


def test_every_energy_of_the_section_has_the_unit_of_the_page():
    section = chosen(CHOICE, energy_unit([7.0]))
    assert [table.head[-1] for table in section.tables if "kWh" in table.head[-1]] == ["kWh", "spent so far, kWh"]
    assert section.tables[0].rows[0][-1] == "0.0015"
    assert any(note.startswith("Spent 0.0035 kWh and ") for note in section.notes)
    assert "kWh spent" in section.charts[0].title


def test_the_section_shows_how_the_sources_were_halved():
    assert "choice-rounds" not in [table.name for table in chosen(CHOICE, USUAL).tables]
    first = Round((Seat("a", 4, 0.31, True), Seat("b", 4, None, False), Seat("c", 4, 0.25, True)))
    second = Round((Seat("c", 5, 0.24), Seat("a", 0, None)))
    (table,) = [
        table for table in chosen(replace(CHOICE, rounds=(first, second)), USUAL).tables if table.name == "choice-rounds"
    ]
    assert table.rows == [
        ["1", "a", "4", "0.310", "stays"], ["1", "b", "4", "failed", "leaves"], ["1", "c", "4", "0.250", "stays"],
        ["2", "c", "5", "0.240", "–"], ["2", "a", "0", "–", "–"],
    ]  # fmt: skip
    assert table.caption == "Sources as they were halved; – after a round: it has not ended, or no other round follows"
    raced = replace(CHOICE, rounds=(first, second))
    assert read_choice(json_text(ChoiceText(raced).to_dict())) == raced


def test_without_energy_the_runs_are_counted():
    bare = replace(CHOICE, tried=tuple(replace(run, kwh=None) for run in RUNS))
    assert "against runs" in chosen(bare, USUAL).charts[0].title
    assert not chosen(replace(CHOICE, tried=()), USUAL).charts


def test_the_ways_of_choosing_beside_the_policy_are_explained():
    ways = tuple(Rival(name, 0.1) for name in ("race (the policy of this choice)", *CONSTANTS))
    (said,) = [note for note in notes(replace(CHOICE, rivals=ways)) if "leader: " in note]
    assert [part.partition(": ")[0] for part in said.split("; ")] == list(CONSTANTS)
    assert not [note for note in notes(replace(CHOICE, rivals=())) if "leader" in note or "may be negative" in note]
    assert any("a regret in replays may be negative" in note for note in notes(CHOICE))
