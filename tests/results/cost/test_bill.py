"""Bills of hand-made runs, against sums done by hand."""

import csv
import io
import math
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.cost.amount import Amount, add, amount_of
from results.cost.answer import answer
from results.cost.bill import KG_PER_KM, make_bill
from results.cost.tables import ROUGH, bill_notes, bill_tables
from results.cost.text import CostText
from results.error import CatsError
from tests.support.costs import cell, cost, pretraining, score
from tests.support.runs import costing

UNTESTED = {"test_auc": None, "test_brier": None}  # an attempt that ended before its test images


def share(seconds=20.0, **changes):
    return cost("training", cpu=0.5, gpu="0.25") | {"shared_seconds": seconds} | changes


def bill(*rows, **options):
    return make_bill(pd.DataFrame(list(rows)), "toy", **options)


def test_counted_modelled_and_missing_figures_stay_apart():
    made = amount_of(cost("training", gpu="0.25", cpu=1.0, ram=None))
    assert (made.counter, made.modelled, made.missing) == (0.25, 1.0, 1)
    assert made.kwh is None
    assert made.known == 1.25
    assert made.co2e is None


def test_what_was_not_measured_at_all_is_missing_and_not_zero():
    for made in (amount_of(cost("training")), bill(cell("s", "a")).total):
        assert (made.kwh, made.known, made.co2e, made.missing) == (None, None, None, 1)


def test_carbon_uses_the_intensity_of_each_cost_and_is_missing_without_one():
    assert amount_of(cost("t", kg=0.25, cpu=2.0)).co2e == 0.5
    mixed = add([amount_of(cost("t", kg=0.25, cpu=2.0)), amount_of(cost("t", kg=None, cpu=3.0))])
    assert (mixed.kwh, mixed.kg, mixed.kg_missing, mixed.co2e) == (5.0, 0.5, 3.0, None)


def test_the_phases_of_a_bill_by_hardware():
    made = bill(
        cell("s", "a", cost("training", cpu=1.0, gpu="0.5"), cost("evaluation", cpu=0.25)),
        cell("s", "b", cost("training", cpu=2.0, gpu=None)),
    )
    assert {key: (a.counter, a.modelled, a.missing) for key, a in made.phases.items()} == {
        ("cell", "training", "cpu"): (0.0, 3.0, 0),
        ("cell", "training", "gpu"): (0.5, 0.0, 1),
        ("cell", "evaluation", "cpu"): (0.0, 0.25, 0),
    }
    assert made.total.known == 3.75
    assert made.total.kwh is None
    assert made.total.seconds == 6.0


def test_failed_and_killed_attempts_are_waste_and_in_the_total():
    ends = ((1.0, "FINISHED", {}), (2.0, "FAILED", UNTESTED), (4.0, "KILLED", UNTESTED))
    made = bill(*(cell("s", "a", cost("t", cpu=v), status=s) | scores for v, s, scores in ends))
    assert (made.total.kwh, made.lost.kwh, made.attempts, made.unfinished) == (7.0, 6.0, 3, 2)


def test_what_another_attempt_had_finished_is_made_twice_and_no_waste():
    """Two users made the same cell and pretraining on one server; their second attempts are KILLED."""
    kept = [cell("s", "a", cost("t", cpu=1.0), val_loss=0.5), pretraining("s", cost("t", cpu=8.0), key="p", val_loss=0.5)]
    again = [{**kept[0], **costing([cost("t", cpu=2.0)])}, {**kept[1], **costing([cost("t", cpu=16.0)])}]
    stopped = cell("s", "a", cost("t", cpu=32.0), val_loss=0.5, status="KILLED") | UNTESTED
    alone = cell("s", "b", cost("t", cpu=64.0), val_loss=0.5, status="KILLED")  # no other attempt at its key
    made = bill(*kept, *({**row, "status": "KILLED"} for row in again), stopped, alone)
    assert (made.attempts, made.unfinished, made.lost.kwh, made.twice, made.repeated.kwh) == (6, 2, 96.0, 2, 18.0)
    assert answer(made, None)[0].startswith("toy: 6 attempts (2 of them not finished and 2 of them made twice) took ")
    rows = {line[0]: line[1:3] for line in bill_tables(made)[0].lines}
    assert rows["of these made twice"] == [2, 18.0]
    assert "2 attempts were made twice: another attempt at the same cell or pretraining had finished before" in bill_notes(made)
    assert "of these made twice" not in {line[0] for line in bill_tables(bill(*kept))[0].lines}


def test_an_attempt_that_died_at_once_makes_the_total_unknown():
    made = bill(cell("s", "a", cost("t", cpu=1.0)), {"kind": "cell", "key": "k", "status": "KILLED", **costing([])})
    assert (made.total.kwh, made.total.known, made.lost.kwh) == (None, 1.0, None)
    assert list(made.sources) == ["s"]


def test_without_waste_the_waste_is_zero_and_known():
    listed = CostText(bill(cell("s", "a", cost("t", cpu=1.0))), None).tables
    assert listed[0].lines[1][1:3] == [0, 0.0]


@pytest.mark.parametrize(("over", "expected"), [(None, 1.5 + 6.0 / 2), (1, 1.5 + 6.0), (12, 1.5 + 6.0 / 12)])
def test_a_pretraining_is_shared_over_the_targets_of_the_experiment_or_as_many_as_told(over, expected):
    rows = [pretraining("s", cost("pretraining", cpu=4.0)), pretraining("s", cost("pretraining", cpu=2.0), status="FAILED")]
    rows += [cell("s", "a", cost("t", cpu=1.0)), cell("s", "b", cost("t", cpu=2.0)), cell("q", "a", cost("t", cpu=9.0))]
    made = bill(*rows, shared_over=over)
    assert made.pretrainings["s", "net"].kwh == 6.0
    assert made.per_target["s"].kwh == pytest.approx(expected)
    assert made.per_target["q"].kwh == 9.0
    assert made.sources["s"].kwh == 3.0
    assert {t: a.kwh for t, a in made.targets.items()} == {"a": 10.0, "b": 2.0}


def test_a_pretraining_of_another_experiment_is_missing_and_not_free():
    """It was left out without a word, so that a sweep seemed cheaper than it is."""
    own = pretraining("s", cost("pretraining", cpu=4.0), key="p")
    later = pretraining("t", cost("pretraining", cpu=8.0), key="r", pretraining="gone")
    starts = {"s": "p", "t": "r", "u": "absent"}
    rows = [cell(name, "a", cost("t", cpu=1.0), pretraining=starts.get(name)) for name in ("s", "t", "u", "v")]
    made = bill(own, later, *rows)
    assert made.total.kwh == 16.0  # of the attempts of this experiment
    assert {name: amount.kwh for name, amount in made.per_target.items()} == {"s": 5.0, "t": None, "u": None, "v": 1.0}
    assert made.per_target["t"].known == 9.0
    assert made.pretraining_share().kwh is None
    said = "this experiment has no record of a pretraining that they start from, whose energy is missing in every share"
    assert f"t, u: {said}" in bill_notes(made)
    assert list(made.pretrainings) == [("s", "net"), ("t", "net"), ("u", "net")]
    assert not [note for note in bill_notes(bill(own, rows[0], rows[3])) if said in note]
    both = bill(later | {"pretraining": "absent"}, *rows[1:3])  # two start from one that has no record
    assert f"t, u: {said}" in bill_notes(both)
    assert {name: amount.kwh for name, amount in both.per_target.items()} == {"t": None, "u": None}


def test_imported_runs_whose_time_is_unknown_took_no_zero_seconds():
    made = bill(cell("s", "a", cost("t", seconds=0.0, cpu=1.0)))
    assert bill_tables(made)[0].lines[0][-1] is None
    assert bill_tables(bill(cell("s", "a", cost("t", cpu=1.0))))[0].lines[0][-1] == 2.0


def test_a_measure_costs_its_own_phase_and_an_equal_share_of_the_features():
    rows = [
        score(
            "s", "a", "leep;logme", cost("features", cpu=1.0), cost("measure_leep", cpu=0.25), cost("measure_logme", cpu=0.5)
        ),
        score("q", "a", "leep;logme", cost("features", cpu=2.0), cost("measure_logme", cpu=0.5)),  # leep said nothing
        score("r", "a", "leep;logme", cost("features", cpu=8.0), status="FAILED"),
    ]
    made = bill(*rows)
    assert made.measures["leep"].kwh == pytest.approx(0.5 + 0.25 + 4)
    assert made.measures["logme"].kwh == pytest.approx(0.5 + 0.5 + 2 + 0.5 + 4)
    assert add(made.measures.values()).kwh == pytest.approx(made.total.kwh)


def test_a_measure_whose_features_are_unknown_has_no_energy():
    made = bill(score("s", "a", "leep", cost("features", gpu=None), cost("measure_leep", cpu=0.25)))
    assert made.measures["leep"].kwh is None
    assert made.measures["leep"].known == 0.25


def test_kilometres_by_car():
    made = bill(cell("s", "a", cost("t", kg=0.4, cpu=10.0)))
    assert made.km_by_car == pytest.approx(4.0 / 0.400 * 1.609344)
    assert pytest.approx(0.2485, abs=1e-4) == KG_PER_KM
    assert bill(cell("s", "a", cost("t", kg=None, cpu=10.0))).km_by_car is None


@pytest.mark.parametrize("over", [0, -1])
def test_a_pretraining_shared_over_no_target_is_refused(over):
    with pytest.raises(CatsError, match=rf"cannot be shared over {over} targets; give 1 or more"):
        bill(cell("s", "a", cost("t", cpu=1.0)), shared_over=over)


def test_an_empty_experiment_is_one_sentence():
    with pytest.raises(CatsError, match="experiment 'toy' holds no run yet; make some with `cats run`"):
        make_bill(pd.DataFrame(), "toy")


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 5, st.integers(0, 5)), min_size=1, max_size=6))
def test_amounts_add_up_in_any_order_and_a_share_of_what_is_missing_is_missing(told):
    amounts = [Amount(c, m, n, kg, kgm, s, n + 1) for c, m, kg, kgm, s, n in told]
    assert add(amounts) == add(amounts[::-1])
    assert add(amounts).share(0.5).missing == sum(n for *_, n in told)
    assert math.isclose(add(amounts).share(0.5).counter, add(amounts).counter / 2)


FULL = (
    pretraining("s", cost("pretraining", cpu=4.0)),
    cell("s", "a", cost("t", cpu=1.0, gpu=None)),
    cell("s|q", "a", cost("t", cpu=1.0)),
    score("s", "a", "leep", cost("features", cpu=1.0), cost("measure_leep", cpu=0.25)),
)


def test_attempts_that_scored_a_pair_are_told_apart_and_so_are_their_missing_figures():
    rows = [*FULL, score("q", "a", "leep", cost("features", gpu=None)), score("r", "a", "leep", cost("features", gpu=None))]
    made = bill(*rows)
    assert (made.attempts, made.scored) == (6, 3)
    text = CostText(made, None).markdown()
    assert "toy: 6 attempts (3 of them scored a pair) took" in text
    assert "2 of the 3 missing figures are those of scored pairs" in text
    assert "scored" not in CostText(bill(*FULL[:3]), None).markdown()


def test_people_read_large_counts_with_commas_and_times_with_a_unit():
    made = CostText(
        bill(cell("s", "a", cost("t", cpu=2500.0, seconds=43_244_388.0)), *[cell("s", "b", cost("t", cpu=1.0))] * 1200), None
    )
    text = made.markdown()
    assert "| all attempts | 1,201 |" in text
    assert "12,013 h |" in text
    assert made.to_dict()["tables"][0]["lines"][0]["seconds"] == pytest.approx(43_244_388 + 2 * 1200)


def test_every_format_says_that_a_figure_is_missing():
    made = bill(*FULL)
    text = CostText(made, None).markdown()
    assert "| s | missing | 0 | 1 | 1 | missing | 2 s |" in text
    assert "s\\|q" in text
    assert "at least 7.25 kWh and 3.62 kg CO2e in all: 1 figure is missing" in text
    rows = list(csv.DictReader(io.StringIO(CostText(made, None).csv())))
    found = {(r["table"], r["line"], r["column"]): r["value"] for r in rows}
    assert found["Sources, cells of all targets", "s", "kWh"] == ""
    assert found["Sources, cells of all targets", "s|q", "kWh"] == "1.0"
    assert found["Pretrainings", "s / net", "kWh"] == "4.0"
    assert CostText(made, None).to_dict()["kwh"] is None
    assert CostText(bill(FULL[0]), None).to_dict()["co2e_kg"] == 2.0


SMALL = cell("s", "a", cost("training", kg=0.268, cpu=6.86e-7, gpu=None)), cell("s", "b", cost("training", kg=0.268, cpu=2e-9))


def test_people_read_one_short_unit_and_programs_read_kwh_and_kg():
    made = CostText(bill(*SMALL), None)
    text, rows = made.markdown(), list(csv.DictReader(io.StringIO(made.csv())))
    assert "toy: 2 attempts took at least 688 µWh and 184 µg CO2e" in text
    assert "| what | attempts | µWh | counter µWh | modelled µWh | missing figures | µg CO2e | time |" in text
    assert "| a | missing |" in text
    assert "| b | 2 |" in text
    assert not re.search(r"0\.000|e-0|kWh|kg", text)
    found = {(r["table"], r["line"], r["column"]): r["value"] for r in rows}
    assert float(found["Targets, cells of all sources", "b", "kWh"]) == 2e-9
    assert float(found["Targets, cells of all sources", "b", "kg CO2e"]) == pytest.approx(2e-9 * 0.268)
    assert {"kwh", "co2e_kg", "km_by_car"} <= made.to_dict().keys()


def test_energy_that_shared_hardware_drew_is_about_in_a_bill_and_no_bound():
    whole = [cost("t", cpu=4.0) | {"undivided": True}, cost("t", cpu=None) | {"undivided": True}]
    made = bill(cell("s", "a", whole[0]), cell("s", "b", whole[1], whole[1]))
    assert (made.total.known, made.total.undivided, made.total.without, made.total.missing) == (4.0, 4.0, 1, 2)
    said = CostText(made, None).notes
    assert f"about 4 kWh and 2 kg CO2e in all, not counting 1 run of unknown energy: {ROUGH}" in said
    assert not [sentence for sentence in said if "at least" in sentence or "shared by device time" in sentence]
    said = CostText(bill(cell("s", "a", whole[0])), None).notes
    assert f"about 4 kWh and 2 kg CO2e in all: {ROUGH}" in said


def test_a_share_of_missing_energy_counts_the_attempts_without_it_in_full():
    made = bill(cell("s", "a", cost("t", cpu=1.0)), cell("s", "b", cost("t", cpu=None, gpu=None)), cell("s", "c"))
    assert (made.total.share(0.5).without, made.total.share(0.5).missing) == (2, 3)


def test_the_table_for_the_terminal_holds_every_title():
    from rich.console import Console

    console = Console(width=200, record=True, file=io.StringIO())
    listed = CostText(bill(*FULL), None).tables
    console.print(CostText(bill(*FULL), None).table())
    text = console.export_text()
    assert all(one.title in text for one in listed)
    assert [one.title.split(",")[0] for one in listed] == [
        "All", "By phase and hardware", "Pretrainings", "Sources", "Sources", "Targets", "Measures",
    ]  # fmt: skip


def test_shared_energy_is_a_part_of_the_amount_and_is_scaled_and_added_like_it():
    amount = amount_of(share())
    assert (amount.kwh, amount.shared, amount_of(cost("t", cpu=1.0)).shared) == (0.75, 0.75, 0.0)
    assert add([amount, amount]).share(0.5).shared == 0.75


def test_a_bill_names_what_is_shared_with_where_it_comes_from():
    said = CostText(bill(cell("s", "a", share()), cell("s", "b", cost("training", cpu=8.0))), None).notes
    (sentence,) = [each for each in said if "shared by device time" in each]
    assert sentence.startswith("750 Wh of attempts that ran together on one device")
    assert sentence.endswith(": cpu modelled (shared), gpu counter (shared)")


def test_a_bill_of_attempts_that_ran_alone_says_nothing_of_sharing_nor_of_nvml():
    said = CostText(bill(cell("s", "a", cost("training", cpu=8.0, gpu="1"))), None).notes
    assert not [each for each in said if "shared by" in each or "NVML" in each]


def test_a_bill_says_how_often_nvml_differs_and_where_most():
    def asked(kind, gpu, nvml, seconds=6.0):
        return cell("s", "a", cost("training", gpu=str(gpu), seconds=seconds) | {"nvml_kwh": nvml}, kind=kind)

    rows = [asked("cell", 1.0, 1.0), asked("cell", 1.5, 1.0), asked("pretraining", 0.25, 1.0), asked("cell", 9.0, 1.0, 4.0)]
    made = bill(*rows).check
    assert (made.phases, made.apart, made.worst) == (3, 2, ("pretraining", "training", 0.25, 1.0))
    said = CostText(bill(*rows), None).notes
    assert (
        "GPU energy: codecarbon and NVML's counter differ by more than 20 % in 2 of 3 phases of 5 s or more, "
        "most in training of a pretraining: 0.25 and 1 kWh"
    ) in said
    said = CostText(bill(rows[0]), None).notes
    assert "GPU energy: codecarbon and NVML's counter agree within 20 % in every phase of 5 s or more (1 in all)" in said


def test_shares_of_a_long_stretch_are_compared_although_each_is_short():
    rows = [cell("s", "a", share(seconds=2.0, shared_seconds=8.0, nvml_kwh=1.0), seed=n) for n in range(4)]
    assert bill(*rows).check.apart == 4


def own(seconds=1.0, busy=4.0, **changes):
    """A phase on a machine that others use: a part of its work is ours."""
    energy = {
        "cpu": {"kwh": 0.5, "provenance": "modelled", "machine_kwh": 4.0, "watts": 8.0},
        "ram": {"kwh": 0.25, "provenance": "modelled", "machine_kwh": 2.0, "watts": 20.0},
    }
    return cost("training") | {"energy": energy, "cpu_seconds": seconds, "busy_seconds": busy} | changes


def test_a_bill_says_what_part_of_the_machines_work_was_not_ours_and_what_the_machine_took():
    said = CostText(bill(cell("s", "a", own()), cell("s", "b", own(2.0, 2.0))), None).notes
    assert "50 % of this machine's work meanwhile was not ours; its energy is not counted" in said
    assert "the whole machine took 12 kWh meanwhile, with idle cores and the work of others" in said
    assert "modelled from nominal power: processor at full load: 8 W, memory, whatever its load: 20 W" in said
    assert not [each for each in said if "shared by device time" in each]


def test_a_bill_counts_the_own_share_and_says_nothing_of_the_machine_of_older_attempts():
    assert amount_of(own()).kwh == 0.75
    said = CostText(bill(cell("s", "a", cost("training", cpu=8.0))), None).notes
    assert not [each for each in said if "machine" in each or "nominal" in each]


def test_a_phase_that_was_too_short_to_compare_says_nothing_of_others():
    short = own(busy=None)
    assert bill(cell("s", "a", short)).machine.foreign is None
    assert bill(cell("s", "a", short), cell("s", "b", own(3.0, 4.0))).machine.foreign == 0.25


def test_hardware_whose_share_is_unknown_is_counted_whole_and_said():
    gpu = cost("training") | {"energy": {"gpu": {"kwh": 1.0, "provenance": "counter", "undivided": True}}}
    said = CostText(bill(cell("s", "a", gpu)), None).notes
    assert "all energy of gpu is counted where the share of a run is unknown" in said
    assert bill(cell("s", "a", gpu)).kinds == ["gpu counter (share unknown)"]
    assert bill(cell("s", "a", own())).kinds == ["cpu modelled (shared)", "ram modelled (shared)"]
    assert bill(cell("s", "a", gpu)).total.kwh == 1.0


def test_where_there_are_several_backbones_the_sources_of_a_bill_are_candidates():
    rows = [pretraining("s", cost("pretraining", cpu=4.0)), pretraining("s", cost("pretraining", cpu=2.0), backbone="vit")]
    rows += [cell("s", "a", cost("t", cpu=1.0)), cell("s", "a", cost("t", cpu=3.0), backbone="vit"), cell("q", "a", cost("t"))]
    made = bill(*rows)
    assert {name: amount.kwh for name, amount in made.sources.items()} == {"q on net": None, "s on net": 1.0, "s on vit": 3.0}
    assert {name: made.per_target[f"s on {name}"].kwh for name in ("net", "vit")} == {"net": 5.0, "vit": 5.0}
