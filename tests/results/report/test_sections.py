"""The report: what it shows, what it leaves out, and that no text gets out of its place."""

import csv
import io
import json
import math
import re
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, roc_auc_score, roc_curve

from results.board.board import Board, Overall, Row, make_board
from results.board.plot import draw_ranks
from results.board.request import SEEDS, RunQuery
from results.cost.paid_plot import Paid, pareto
from results.cost.tables import ROUGH
from results.error import CatsError
from results.record import Outcome, Record
from results.report import charts as figures
from results.report.attempts import MANY, POINTS, Cells, Detail, cells_of, detailed_cells, details_of, rocs, thinned
from results.report.build import ReportRequest, build_page, scores
from results.report.charts import draw_intervals
from results.report.choice_sections import agreement, measured, regret
from results.report.export import comma_separated, escaped, latex, slug, write
from results.report.heat import heat
from results.report.html import Chart, Page, Picture, Section, Table
from results.report.render import coded, policy, render
from results.report.sections import critical, per_target, ranks, unique, what_was_run
from results.report.shades import shade
from results.report.whole import PageOptions, whole_page
from results.text.plain import json_text
from results.text.units import USUAL
from results.tracking.cost_columns import hardware
from results.tracking.log_choice import log_choice
from results.tracking.log_report import log_page
from results.tracking.send import send
from tests.support.choice_answers import CHOICE
from tests.support.elements import Elements
from tests.support.paths import ASSETS
from tests.support.runs import CLEAR, COSTS, UNKNOWN, board, run, runs

EVIL = "<script>alert(1)</script>\"'&</td>$_{x}"
OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())
PREDICTIONS = pd.DataFrame(
    {"label": [0, 1, 0, 1], "probability_no": [0.9, 0.2, 0.4, 0.5], "probability_yes": [0.1, 0.8, 0.6, 0.5]}
)


def sent(tracking, **changes):
    names = OLD.names | {name: changes.pop(name) for name in ("source", "target", "seed") if name in changes}
    record = OLD.model_copy(update={"key": "-".join(names.values()), "attempt": "a", "names": names} | changes)
    return send(tracking, Outcome(record, PREDICTIONS if record.status == "finished" else None))


def page_of(frame, **changes):
    made = make_board(frame, RunQuery("toy"))
    sections = [heat(made), ranks(made), per_target(made)]
    if made.difference is not None:
        sections.append(
            Section(
                "critical",
                "Critical",
                [Chart("critical", "Ranks", "A sentence of more than a few words.", partial(draw_ranks, made.difference))],
            )
        )
    cells = cells_of(frame, "auc", **({"reasons": {}} | changes))
    return Page("toy", "a lead", sections, cells.to_dict(), ["a note"])


def evil_frame():
    rows = [row | {"source": EVIL if row["source"] == "bad" else "=1+1", "run_id": row["key"]} for row in CLEAR]
    return pd.DataFrame([*rows, run(EVIL, EVIL, 9, 0.5, status="FAILED", run_id="f"), run(EVIL, EVIL, 1, 0.5, run_id="g")])


def test_text_stays_text_wherever_it_stands():
    frame = evil_frame()
    html = render(page_of(frame, reasons={"f": EVIL}))
    seen = Elements(html)
    assert EVIL in "".join(seen.text)
    assert [attributes.get("type") for tag, attributes in seen.tags if tag == "script"] == ["application/json", None]
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    assert (seen.wrong, seen.open) == ([], [])
    held = next(json.loads(text) for text in seen.scripts if text.startswith("{"))
    assert EVIL in held["words"]


def test_data_cannot_close_their_script():
    text = coded({"a": "</script><!-- & \u2028", "b": [float("nan"), 1.5, None]})
    assert not re.search("[<>&\u2028]", text)
    assert json.loads(text) == {"a": "</script><!-- & \u2028", "b": [None, 1.5, None]}


def test_the_page_refers_to_nothing_outside_itself():
    html = render(page_of(evil_frame()))
    links = [
        (tag, value)
        for tag, attributes in Elements(html).tags
        for name, value in attributes.items()
        if name in {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}
    ]
    assert {value[:1] for _, value in links} <= {"#", "d"}
    assert [value for _, value in links if value.startswith("d")] == ["data:,"]
    assert "http:" not in html
    assert "https:" not in html
    assert not re.search(r"@import|url\((?!#)", html)


def test_the_policy_lets_no_request_out_and_no_other_script_in():
    told = dict(part.strip().split(" ", 1) for part in policy("let a = 1;").split(";"))
    assert told["default-src"] == "'none'"
    # echo -n 'let a = 1;' | openssl dgst -sha256 -binary | base64
    assert told["script-src"] == "'sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck='"
    assert "connect-src" not in told


def test_every_id_stands_once_and_every_anchor_leads_somewhere():
    seen = Elements(render(page_of(evil_frame())))
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    anchors = {a["href"][1:] for _, a in seen.tags if a.get("href", "").startswith("#")}
    assert anchors <= set(ids)


def test_every_drawing_has_a_text_and_the_colours_of_the_theme():
    html = render(page_of(pd.DataFrame(CLEAR)))
    drawings = [attributes for tag, attributes in Elements(html).tags if tag == "svg"]
    assert [a["role"] for a in drawings if "role" in a] == ["img"]
    assert all("role" in a or a.get("aria-hidden") == "true" for a in drawings)
    assert all(len(a["aria-label"]) > 40 for a in drawings if "role" in a)
    drawn = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert "var(--soft)" in drawn
    assert not re.search(r"#[0-9a-f]{6}\b", drawn.replace("url(#", ""))


def test_the_heat_map_says_value_interval_and_tie_in_words():
    section = heat(board(CLEAR))
    name, cells = section.heat.rows[1]
    row = board(CLEAR).targets["a"][1]
    assert (name, cells[0].text, cells[0].top, cells[0].depth) == ("bad", "0.705", False, pytest.approx(0))
    far = 0.2 / (2 * 0.005**2 / 3) ** 0.5  # by hand: seeds vary by .005, and each mean is of three
    assert board(CLEAR).behind["a"] == {"good": 0.0, "bad": pytest.approx(far)}
    ends = f"95 % {row.low:.3f} – {row.high:.3f}, {far:.1f} standard errors from the best"
    assert cells[0].tip == f"bad → a: AUC 0.705, {ends}, 3 seeds, rank 2, tie 2"
    assert section.heat.rows[0][1][0].top


def test_the_best_is_bright_also_where_lower_is_better():
    made = board(CLEAR, metric="brier")
    assert [(name, cells[0].depth) for name, cells in heat(made).heat.rows] == [("good", 1.0), ("bad", pytest.approx(0.0))]
    assert "above the best" in heat(made).charts[0].text


def test_ink_on_a_heat_map_has_the_contrast_that_reading_takes():
    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    for depth in np.linspace(0, 1, 101):
        paper, ink = re.fullmatch(r"background:#(\w{6});color:#(000|fff)", shade(float(depth))).groups()
        bright, dark = sorted((light(paper), light(ink * 2)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_a_pair_that_was_not_measured_is_a_dash():
    rows = [row for row in CLEAR if (row["source"], row["target"]) != ("bad", "b")]
    cell = heat(board(rows)).heat.rows[1][1][1]
    assert (cell.text, cell.depth, cell.tip) == ("–", None, "bad → b: not measured")


def test_titles_name_no_winner_inside_a_tie():
    noisy = runs(one=[[0.9, 0.8, 0.85]], two=[[0.88, 0.82, 0.86]])
    assert per_target(board(noisy)).parts[0].charts[0].title == "a: 2 of 2 sources cannot be told apart from the best"
    assert per_target(board(CLEAR)).parts[0].charts[0].title == "a: good is alone in tie 1"
    assert per_target(board(runs(one=[[0.9, 0.8]]))).parts[0].charts[0].title == "a: only one source was measured"


def test_without_a_common_target_there_are_no_ranks_and_a_sentence_says_so():
    section = ranks(board([run("s", "a", 0, 0.9), run("t", "b", 0, 0.9)]))
    assert (list(section.charts), section.notes) == ([], ["No target has every source, so there is no mean rank."])


def test_what_is_left_out_says_why():
    html = render(Page("t", "l", [regret([], "auc"), Section("x", "X", left_out="there is nothing.")]))
    text = "".join(Elements(html).text)
    assert "Regret against energy: no way of choosing a source was compared." in text
    assert "X: there is nothing." in text
    assert 'id="x"' not in html
    assert "Cells" not in text


def test_regret_says_which_costs_are_unknown_and_leaves_them_out_of_the_front():
    points = [
        Paid("habit", 0.0, 0.02, 0.01, 0.03, constant=True),
        Paid("m", 0.1, 0.01, None, None),
        Paid("w", 0.2, 0.015, 0, 1),
    ]
    points += [Paid("x", None, 0.0, None, None), Paid("sweep", 9.0, 0.0, 0.0, 0.0)]
    assert [p.name for p in pareto(points)] == ["habit", "m", "sweep"]
    section = regret(points, "auc")
    assert section.notes == ["The energy of x is missing, so the drawing does not show them."]
    assert [row[1] for row in section.tables[0].rows] == ["0", "0.1", "0.2", "missing", "9"]
    assert "1 habit" in " ".join("".join(Elements(render(Page("t", "l", [section]))).text).split())


def test_the_energy_axis_of_regret_holds_its_points_and_no_tick_close_to_0(monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(figures, "save", lambda figure, *_: drawn.append(figure))
    points = [Paid("habit", 0.0, 0.02, 0.01, 0.03, constant=True), Paid("m", 3e-3, 0.01, None, None)]
    figures.draw_regret([*points, Paid("sweep", 7e-2, 0.0, 0.0, 0.0)], ("a title", "auc"), USUAL, tmp_path / "regret.svg")
    axis = drawn[0].axes[0]
    ticks = axis.get_xticks()
    assert 0 in ticks
    assert all(tick == 0 or 3 <= tick <= axis.get_xlim()[1] for tick in ticks)  # Wh
    assert any(tick > 0 for tick in ticks)
    assert 70 < axis.get_xlim()[1] < 1000
    assert axis.get_xlabel().startswith("Wh to choose")


def test_agreement_shows_measures_beside_constants_and_none_as_a_dash():
    figure = {"value": 0.41234, "low": 0.1, "high": 0.6, "p_holm": 0.012}
    rows = [
        {"name": "logme", "constant": False, "mean": {"weighted_tau": figure, "regret_1": {"value": 0.02, "low": None}}},
        {"name": "random", "constant": True, "mean": {"weighted_tau": {"value": None}, "regret_1": {"value": 0.04}}},
    ]
    section = agreement({"verdict": "no measure is ahead", "notes": ["few targets"], "rows": rows})
    assert section.tables[0].head == ["measure", "constant", "weighted tau", "top-1 regret", "p (Holm)"]
    assert section.tables[0].rows[0] == ["logme", "no", "0.41 (0.10 – 0.60)", "0.0200", "0.012"]
    assert section.tables[0].rows[1] == ["random", "yes", "–", "0.0400", "–"]
    assert "Left out" not in render(Page("t", "l", [section]))


def test_agreement_shows_the_chance_of_the_top_tie_and_the_lead_over_the_static_mean_rank():
    lead = {"value": -0.25, "low": -0.5, "high": 0.1, "p_holm": 0.9}
    rows = [
        {"name": "logme", "constant": False, "mean": {"top_tie": {"value": 0.75, "low": 0.5, "high": 1.0}}, "lead": lead},
        {"name": "random", "constant": True, "mean": {"top_tie": {"value": None}}, "lead": {"value": None}},
    ]
    table = agreement({"verdict": "no measure is ahead", "notes": [], "rows": rows}).tables[0]
    assert table.head == ["measure", "constant", "P(in top tie)", "p (Holm)", "tau ahead of static", "p of the lead (Holm)"]
    assert table.rows[0] == ["logme", "no", "0.75 (0.50 – 1.00)", "–", "-0.25 (-0.50 – 0.10)", "0.9"]
    assert table.rows[1] == ["random", "yes", "–", "–", "–", "–"]
    gain = {"value": 0.0125, "low": -0.01, "high": 0.035, "p_holm": 0.06}
    table = agreement({"verdict": "", "notes": [], "rows": [rows[0] | {"gain": gain}, rows[1]]}).tables[0]
    assert table.head[-2:] == ["less regret than imagenet", "p of the gain (Holm)"]
    assert table.rows[0][-2:] == ["0.0125 (-0.0100 – 0.0350)", "0.06"]
    assert table.rows[1][-2:] == ["–", "–"]


def test_epochs_without_a_number_are_left_out_of_a_curve():
    """MLflow keeps the loss of a training that diverged as NaN, and an infinite one as the largest number there is."""
    frame = pd.DataFrame([row | {"run_id": row["key"], "curve_loss": 0.4, "curve_gone": 0.1} for row in CLEAR[:1]])
    histories = {"curve_loss": [0.5, math.nan, 1.7976931348623157e308, 0.4], "curve_gone": [math.nan]}
    (detail,) = details_of(frame, lambda _, name: histories[name], lambda _: None).values()
    assert (detail.curves, detail.epochs) == ({"loss": [0.5, 0.4]}, {"loss": [1, 4]})


def test_groups_of_a_critical_difference_stand_in_words():
    chart = Chart("critical", "t", "x", lambda path: None, inline=False)
    section = critical(["a", "b", "c"], [1.0, 2.0, 3.5], [["a", "b"], ["b", "c"]], chart, "Friedman p 0.01")
    assert section.tables[0].rows == [("a", "1.00", "1"), ("b", "2.00", "1, 2"), ("c", "3.50", "2")]


def test_scores_of_measures_are_tables_of_their_own():
    section = measured({"a": (["measure", "s"], [["logme", "0.5"]]), "A": (["measure", "s"], [["logme", "0.7"]])}, ["why"])
    assert [part.id for part in section.parts] == ["scores-a", "scores-a-2"]
    assert section.notes[-1] == "why"


def test_scores_are_read_from_the_runs_that_scored():
    told = {"kind": "score", "measures": "logme;leep", "reasons": '{"leep": "no head"}', "measure_logme": 0.25}
    section = scores(pd.DataFrame([*CLEAR, run("good", "a", 0, float("nan"), **told)]), board(CLEAR))
    assert [table.rows for table in section.all_tables()] == [[["logme", "0.25"], ["leep", "–"]]]
    assert section.notes[-1] == "leep: no head"


def test_names_that_would_share_a_file_are_numbered():
    parts = [Section("x", "", tables=[Table("x", "", (), ())]), Section("x-2", ""), Section("x", ""), Section("x", "")]
    assert [part.id for part in unique(parts)] == ["x", "x-2", "x-3", "x-4"]


def test_a_spreadsheet_runs_no_formula():
    table = Table("t", "c", ("=HYPERLINK(1)", "n"), [("+cmd", "-0.5"), ('say "a", b', "+3e-4"), ("@x", "–"), ("-a", "12%")])
    lines = list(csv.reader(io.StringIO(comma_separated(table))))
    assert lines == [["'=HYPERLINK(1)", "n"], ["'+cmd", "-0.5"], ['say "a", b', "+3e-4"], ["'@x", "–"], ["'-a", "12%"]]


def test_latex_prints_every_sign_as_it_stands():
    assert escaped(r"a_b & 50% of $5 #1 {x} ~ ^ \ <y>") == (
        r"a\_b \& 50\% of \$5 \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{} \textless{}y\textgreater{}"
    )
    assert escaped("weighted τ, Spearman's ρ") == r"weighted $\tau$, Spearman's $\rho$"  # LaTeX has no such letters in text
    assert escaped("-0.25 (-1 – 2), 1e-05, 2026-11-29, a-1") == "$-$0.25 ($-$1 -- 2), 1e-05, 2026-11-29, a-1"
    made = latex(Table("t", "100 %", ("source", "n"), [("[x]", "1"), ("*", "2")], frozenset({"source"})))
    assert r"\caption{100 \%}" in made
    assert r"\begin{tabular}{lr}" in made
    assert "{}[x] & 1 \\\\\n{}* & 2 \\\\\n" in made  # a bracket would be an option of the line before


@pytest.mark.slow
def test_every_chart_and_table_is_written_for_papers(tmp_path):
    frame = pd.DataFrame([row | {"run_id": row["key"]} for row in CLEAR])
    made = make_board(frame, RunQuery("toy"))
    details = details_of(detailed_cells(frame.assign(curve_val_auc=0.5), 1), lambda *_: [0.5, 0.6], lambda _: PREDICTIONS)
    cells = cells_of(frame, "auc", {}, details)
    count = write(Page("t", "l", [heat(made), ranks(made), per_target(made), what_was_run([], [])]), cells, tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    drawn = {"heat", "ranks", "target-a", "target-b", "cells/bad-a-net-seed-0-auc", "cells/bad-a-net-seed-0-roc"}
    tables = {"overall", "target-a", "target-b", "run", "cells", "heat-behind"}
    pictures = {f"{n}.{e}" for n in drawn for e in ("png", "svg", "pdf") if e != "pdf" or not n.startswith("cells/")}
    assert names == pictures | {f"{n}.{e}" for n in tables for e in ("csv", "tex")}
    assert count == len(names)
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in names if name.endswith("png"))


def test_a_cost_known_in_part_is_drawn_open_to_the_right_and_said(tmp_path):
    section = regret([Paid("x", 0.5, 0.1, None, None), Paid("sweep", None, 0.05, 0.0, 0.1, known=1460.2)], "auc")
    assert [row[:2] for row in section.tables[0].rows] == [("x", "0.5"), ("sweep", "≥ 1460")]
    assert section.notes == ["≥: a part of this energy is missing; a hollow mark with an arrow shows the known part."]
    section.charts[0].draw(tmp_path / "regret.svg")
    drawn = (tmp_path / "regret.svg").read_text()
    assert "<!-- 1  x -->" in drawn
    assert "<!-- 2  sweep, ≥ 1460 kWh -->" in drawn


def test_a_cost_that_is_about_is_drawn_hollow_without_an_arrow_and_bounds_nothing(tmp_path):
    points = [Paid("x", 0.5, 0.1, None, None), Paid("sweep", None, 0.05, 0.0, 0.1, known=1460.2, rough=True)]
    section = regret(points, "auc")
    assert [row[:2] for row in section.tables[0].rows] == [("x", "0.5"), ("sweep", "≈ 1460")]
    assert section.notes == [f"≈: {ROUGH}; a hollow mark shows the sum."]
    assert r"$\approx$ 1460" in latex(section.tables[0])
    section.charts[0].draw(tmp_path / "regret.svg")
    assert "<!-- 2  sweep, ≈ 1460 kWh -->" in (tmp_path / "regret.svg").read_text()


def test_only_what_left_curves_or_predictions_has_something_behind_it():
    frame = pd.DataFrame([row | {"run_id": row["key"]} for row in runs(curve=[[0.9]], guess=[[0.8]], bare=[[0.7]])])
    frame["curve_val_auc"] = [0.5, None, None]
    left = {"guess-a-0": PREDICTIONS, "bare-a-0": None}
    details = details_of(detailed_cells(frame), lambda *_: [0.4, 0.5], left.get)
    assert {name: (list(one.curves), len(one.rocs)) for name, one in details.items()} == {
        "curve-a-0": (["val_auc"], 0), "guess-a-0": ([], 1),
    }  # fmt: skip
    rows = cells_of(frame, "auc", {}, details).to_dict()["rows"]
    assert sorted(row[-2] for row in rows) == [-1, 0, 1]


def test_the_title_of_a_cell_names_the_settings_that_tell_it_apart():
    rows = [
        run("good", "a", 0, 0.9, key="1", lr="0.001", momentum="0.9"), run("good", "a", 0, 0.9, key="2", lr="3e-05"),
        run("good", "a", 0, 0.9, key="3", lr="3e-05", momentum="0"), run("good", "a", 1, 0.9, key="4", lr="3e-05"),
        run("bad", "a", 0, 0.9, key="5", lr="0.001", momentum="0"),
    ]  # fmt: skip
    frame = pd.DataFrame([row | {"run_id": row["key"], "curve_val_auc": 0.5} for row in rows])
    details = details_of(detailed_cells(frame), lambda *_: [0.4, 0.5], lambda _: None)
    assert {name: detail.title for name, detail in details.items()} == {
        "1": "good → a, net, seed 0, lr=0.001, momentum=0.9", "2": "good → a, net, seed 0, lr=3e-05",
        "3": "good → a, net, seed 0, lr=3e-05, momentum=0", "4": "good → a, net, seed 1", "5": "bad → a, net, seed 0",
    }  # fmt: skip
    assert slug(details["2"].title) == "good-a-net-seed-0-lr-3e-05"


def test_figures_that_cannot_be_written_are_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatsError, match=r"cannot write to .*file"):
        write(Page("t", "l", []), None, tmp_path / "file")


def large(sources, targets):
    """A board made by hand: its statistics are not what is looked at."""
    names = [f"source_{i:02d}" for i in range(sources)]
    rows = [
        Row(name, 0.9 - i / 500, 0.8 - i / 500, 0.95 - i / 500, i + 1, 1 + i // 3, 5, 0.001) for i, name in enumerate(names)
    ]
    overall = [Overall(name, i + 1.0, i + 0.5, i + 2.5, 1.0) for i, name in enumerate(names)]
    return Board("toy", "auc", "min_val_loss", {f"target_{t}": rows for t in range(targets)}, overall, [])


def test_a_long_drawing_holds_the_first_and_says_of_how_many():
    section = ranks(large(45, 2))
    assert len(section.tables[0].rows) == 45
    assert section.charts[0].draw.args[1].endswith("(the first 40 of 45)")


def test_a_dollar_in_a_name_is_no_formula(tmp_path):
    made = board([row | {"source": row["source"] + "$x^{$"} for row in CLEAR])
    per_target(made).parts[0].charts[0].draw(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 1000


def test_the_same_numbers_give_the_same_page():
    assert render(page_of(pd.DataFrame(CLEAR))) == render(page_of(pd.DataFrame(CLEAR)))


def test_rows_of_cells_hold_status_cost_and_reason():
    known = run("s", "a", 0, 0.91239, run_id="1", started=1)
    unknown = run("s", "a", 1, float("nan"), run_id="2", started=2, status="FAILED", costs=UNKNOWN)
    died = run("s", "a", 2, float("nan"), run_id="3", started=3, status="KILLED", costs=[])
    cells = cells_of(pd.DataFrame([died, unknown, known]), "auc", {"2": "out of memory" + "!" * 400})
    rows = cells.table().rows
    assert rows[0] == ["cell", "s", "a", "net", "0", "finished", "0.9124", "1", "3", ""]
    assert rows[1][:9] == ["cell", "s", "a", "net", "1", "failed", "–", "1", "missing"]
    assert len(rows[1][9]) == 300
    assert rows[2][5:] == ["interrupted", "–", "–", "missing", ""]


def test_a_part_that_is_missing_leaves_a_lower_bound():
    half = [{"phase": "p", "seconds": 2.0, "energy": {"cpu": {"kwh": 0.001, "provenance": "modelled"}, **UNKNOWN[0]["energy"]}}]
    assert cells_of(pd.DataFrame([run("s", "a", 0, 0.9, costs=half)]), "auc", {}).table().rows[0][8] == "≥ 1"


def test_shared_energy_says_so_beside_the_figure_and_in_the_energy_of_the_run():
    part = [COSTS[0] | {"shared_seconds": 9.0}]
    frame = pd.DataFrame([run("s", "a", 0, 0.9, costs=part), run("s", "a", 1, 0.9)])
    assert [row[8] for row in cells_of(frame, "auc", {}).table().rows] == ["3 (shared)", "3"]
    assert hardware(frame) == ["cpu modelled", "cpu modelled (shared)", "ram modelled", "ram modelled (shared)"]


def test_roc_points_and_areas_are_scikit_learns():
    yes = next(roc for roc in rocs(PREDICTIONS) if roc.name == "yes")
    assert yes.area == roc_auc_score([0, 1, 0, 1], PREDICTIONS["probability_yes"])
    # By hand: .8 is right, .6 wrong, .5 right, .1 wrong.
    assert list(zip(yes.wrong, yes.right, strict=True)) == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]


def test_corners_of_a_roc_are_scikit_learns():
    rng = np.random.default_rng(0)
    for levels in (1, 2, 3, 7, 1000):  # equal probabilities are one step
        truth, chance = rng.permutation(np.arange(60) % 3 == 0), rng.integers(levels, size=60) / levels
        table = pd.DataFrame({"label": truth.astype(int), "probability_no": 1 - chance, "probability_yes": chance})
        wrong, right, _ = roc_curve(truth, chance)
        found = rocs(table)[-1]
        assert found.wrong == [float(f"{value:.4g}") for value in wrong]
        assert found.right == [float(f"{value:.4g}") for value in right]
        assert found.area == auc(wrong, right)


def test_a_class_without_two_sides_has_no_roc():
    several = pd.DataFrame({"label_x": [1, 1], "label_y": [0, 1], "probability_x": [0.1, 0.2], "probability_y": [0.1, 0.2]})
    assert [(roc.name, roc.area) for roc in rocs(several)] == [("y", 1.0)]


def test_thinned_curves_keep_their_ends():
    assert thinned(3).tolist() == [0, 1, 2]
    assert thinned(0).tolist() == []
    place = thinned(5000)
    assert (len(place), place[0], place[-1]) == (POINTS, 0, 4999)


def test_every_pair_is_looked_into_before_a_second_seed():
    frame = pd.DataFrame([row | {"run_id": row["key"]} for row in CLEAR])
    chosen = detailed_cells(frame, 5)
    assert chosen["seed"].tolist() == ["0", "0", "0", "0", "1"]


@pytest.mark.slow
def test_twenty_thousand_cells_fit_ten_megabytes():
    rows = [
        run(f"source_{s}", f"target_{t}", seed, 0.5 + (s * 7 + t * 13 + seed * 17) % 100 / 250, run_id=f"{s}-{t}-{seed}")
        for s in range(100) for t in range(40) for seed in range(5)
    ]  # fmt: skip
    frame = pd.DataFrame(rows).assign(curve_train_loss=0.1, curve_val_loss=0.1, curve_val_auc=0.1, curve_learning_rate=0.1)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"label": rng.integers(9, size=2000), **{f"probability_{c}": rng.random(2000) for c in range(9)}})
    details = details_of(detailed_cells(frame), lambda *_: rng.random(200), lambda _: table)
    cells = cells_of(frame, "auc", {}, details)
    made = large(100, 40)
    html = render(Page("toy", "l", [heat(made), ranks(made), per_target(made)], cells.to_dict()))
    assert (len(cells.rows), len(cells.details)) == (20000, MANY)
    assert len(html.encode()) < 10e6


@pytest.mark.slow
def test_three_hundred_cells_with_curves_rocs_and_two_sheets_fit_five_megabytes():
    rows = [
        run(f"s{s}", f"t{t}", seed, 0.5, run_id=f"{s}-{t}-{seed}") for s in range(10) for t in range(10) for seed in range(3)
    ]
    frame = pd.DataFrame(rows).assign(curve_train_loss=0.1, curve_val_loss=0.1, curve_val_auc=0.1, curve_learning_rate=0.1)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"label": rng.integers(9, size=300), **{f"probability_{c}": rng.random(300) for c in range(9)}})
    cells = cells_of(frame, "auc", {}, details_of(detailed_cells(frame), lambda *_: rng.random(200), lambda _: table))
    made = large(10, 10)
    sheets = Section("explanations", "Sheets", pictures=[Picture("t", "x", rng.bytes(600_000))] * 2)  # as large as real ones
    html = render(Page("toy", "l", [heat(made), ranks(made), per_target(made), sheets], cells.to_dict()))
    assert len(cells.details) == 300
    assert len(html.encode()) < 5e6


def test_epochs_that_all_curves_share_are_held_once():
    detail = Detail("x", {"a": [1.0], "b": [2.0]}, {"a": [1], "b": [1]})
    other = Detail("x", {"a": [1.0], "b": [2.0]}, {"a": [1], "b": [2]})
    held = [each["epochs"] for each in Cells("auc", [], [], [detail, other]).to_dict()["details"]]
    assert held == [{"": [1]}, {"a": [1], "b": [2]}]


def test_a_report_of_mlflow_holds_curves_predictions_reasons_and_versions(tracking):
    sent(tracking, source="one")
    sent(tracking, source="two", seed="1", status="failed", reason="no <memory>", scores={}, curves={})
    frame = tracking.frame()
    page, cells = build_page(make_board(frame, RunQuery("toy")), frame, tracking, ReportRequest([("experiment", "toy")]))
    assert cells.details[0].curves["val_auc"] == [0.7, 0.8]
    assert [roc.name for roc in cells.details[0].rocs] == ["yes"]
    assert [row[-1] for row in cells.table().rows] == ["", "no <memory>"]
    text = "".join(Elements(render(page)).text)
    assert "torch 2.13.0" in text
    assert "experiment 'toy' holds no scores of measures" in text
    assert "1 of 1 finished cells has curves and ROC" in text


@pytest.mark.slow
def test_the_report_of_a_choice_begins_with_its_answer(tracking):
    sent(tracking, source="one")
    sent(tracking, source="two", seed="1")
    log_choice(tracking, json_text(CHOICE.to_dict()))
    kept = tracking.predictions
    reader = SimpleNamespace(query=RunQuery("toy"), predictions=kept, validation_predictions=kept)
    _, page, _ = whole_page(reader, tracking.frame(), SEEDS, tracking, PageOptions())
    assert page.verdict[0].startswith("Take imagenet with mobilenetv2_100 and recipe fast")
    assert page.verdict[0] in page.sections[1].notes
    shown = "".join(Elements(render(page)).text)
    assert shown.index("Take imagenet") < shown.index("no winner")
    assert shown.index("chose it, in 2 runs of 2 sources") < shown.index("no winner")


def test_a_given_section_stands_in_the_place_of_the_one_left_out(tracking):
    sent(tracking)
    frame = tracking.frame()
    extra = [Section("agreement", "Agreement of measures", notes=["judged"])]
    page, _ = build_page(make_board(frame, RunQuery("toy")), frame, tracking, ReportRequest([], extra=extra))
    assert {section.id for section in page.sections if section.left_out} == {"critical", "regret", "scores"}


def test_predictions_that_are_gone_leave_the_curves(tracking):
    run_id = sent(tracking)
    shutil.rmtree(tracking.client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    frame = tracking.frame()
    _, cells = build_page(make_board(frame, RunQuery("toy")), frame, tracking, ReportRequest([]))
    assert (cells.details[0].rocs, cells.details[0].curves["val_auc"]) == ([], [0.7, 0.8])


def test_a_page_is_kept_once_and_no_board_sees_it(tracking):
    sent(tracking)
    before = tracking.frame()
    first, second, other = log_page(tracking, "<p>a</p>"), log_page(tracking, "<p>a</p>"), log_page(tracking, "<p>b</p>")
    assert first == second != other
    pd.testing.assert_frame_equal(tracking.frame(), before)
    run_ = tracking.client.get_run(first)
    assert (run_.info.status, run_.data.tags["cats.kind"]) == ("FINISHED", "report")
    assert (Path(run_.info.artifact_uri.removeprefix("file://")) / "report.html").read_text() == "<p>a</p>"


def test_a_page_whose_logging_died_is_finished_by_the_next(tracking, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("results.tracking.log_report.upload", partial(_fail, OSError("disk full")))
        with pytest.raises(CatsError, match="could not store the report: disk full"):
            log_page(tracking, "<p>a</p>")
    log_page(tracking, "<p>a</p>")
    assert [run.info.status for run in tracking.runs()] == ["FINISHED"]


def _fail(error, *_):
    raise error


def test_slugs_are_names_that_files_and_labels_bear():
    assert [slug(text) for text in ("Organ A/C", "é_x", "→", "a[size=64]")] == ["organ-a-c", "e-x", "x", "a-size-64"]


def test_a_drawing_without_rows_is_still_a_file(tmp_path):
    draw_intervals([], "nothing", "x", tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


def test_the_words_beside_an_axis_are_whole(tmp_path):
    ranks(board(CLEAR)).charts[0].draw(tmp_path / "ranks.svg")
    assert "mean rank over targets (1 is best), 95 % interval" in (tmp_path / "ranks.svg").read_text()
