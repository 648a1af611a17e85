"""Hostile and unusual names of sources, targets and measures, on every way out: none gets through, and none is lost."""

import csv
import dataclasses
import io
import json
import re
import xml.etree.ElementTree as ET
from functools import partial

import pandas as pd
import pytest
from PIL import Image

from benchmark.cli.options import Format
from benchmark.cli.printing import print_as
from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import PairScore, ScoresText, read_scores
from results.agreement.text import AgreementText
from results.board.board import make_board
from results.board.plot import draw_board, draw_ranks
from results.board.request import RunQuery
from results.board.sensitivity import sensitivity
from results.board.text import BoardText
from results.cost.bill import make_bill
from results.cost.text import CostText
from results.cost.tradeoff import make_tradeoff
from results.cost.tradeoff_plot import draw_tradeoff
from results.record import Outcome, Record
from results.report.attempts import Detail, Roc, cells_of
from results.report.charts import draw_curves, draw_heat, draw_roc
from results.report.choice_sections import agreement, measured, tradeoff
from results.report.export import comma_separated, escaped, latex, numbered, slug, write
from results.report.heat import heat
from results.report.html import Page, Table
from results.report.render import render
from results.report.sections import difference, per_target, ranks, what_was_run
from results.text.drawing import label, labels
from results.text.plain import plain, storable
from results.text.printing import FIGURE, FORMULA, csv_text, guarded, markdown_text
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.drawings import draw_coarsely
from tests.support.elements import Elements
from tests.support.hostile import HOSTILE, forbidden
from tests.support.records import OLD
from tests.support.runs import run

QUERY = RunQuery("toy")
# What sections of a page are made of.
SECTIONS = {"section", "h2", "h3", "figure", "figcaption", "strong", "div", "span", "ul", "li", "p", "a"} | {
    "table", "caption", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "select", "button", "noscript", "svg",
    "g", "path", "defs", "use", "text", "tspan", "clippath", "rect", "line", "circle", "symbol", "tfoot", "wbr",
}  # fmt: skip
NAMES = [name for name in HOSTILE.values() if name.strip()]
HELD = [name for name in NAMES if storable(name) == name]  # a frame of pandas holds no other text


def rows(names):
    """Cells and scores of sources with these names on two targets with hostile names, each source on both."""
    made = [
        run(name, target, seed, round(0.9 - 0.004 * place + 0.001 * seed, 4), key=f"{place}-{number}-{seed}",
            run_id=f"{place}-{number}-{seed}")
        for place, name in enumerate(names) for number, target in enumerate(("\x1b[2Jt|=1", "$\\frac{$")) for seed in (0, 1)
    ]  # fmt: skip
    told = {"kind": "score", "measures": "fine", "reasons": json.dumps({"fine": "no \x1b[31m|interval"})}
    return made + [
        run(row["source"], row["target"], 0, float("nan"), measure_fine=0.5 - 0.01 * place, key=f"s{place}", **told)
        for place, row in enumerate(made[::2])
    ]


@pytest.fixture(scope="module", params=[0, 1], ids=["even", "odd"])
def results(request):
    """Every result of sources with hostile names: the names and the results."""
    names = HELD[request.param :: 2]
    frame = pd.DataFrame(rows(names))
    board = make_board(frame, QUERY)
    decisions = decisions_of(frame, QUERY)
    judged = judge_measures(decisions, scores_for(decisions, read_scores(frame, "toy")), "toy", "auc")
    bill = make_bill(frame, "toy")
    made = {
        "board": BoardText(board), "agreement": AgreementText(judged), "scores": ScoresText(read_scores(frame, "toy")),
        "cost": CostText(bill, make_tradeoff(frame, bill, QUERY)),
    }  # fmt: skip
    return names, frame, made


@pytest.mark.slow
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("what", ["board", "agreement", "scores", "cost"])
def test_nothing_reaches_the_terminal(results, what, width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    print_as(results[2][what], Format.table)
    assert forbidden(capsys.readouterr().out) == set()


@pytest.mark.parametrize("what", ["board", "agreement", "scores", "cost"])
@pytest.mark.parametrize("form", [Format.csv, Format.json, Format.markdown])
def test_nothing_reaches_files_for_programs(results, what, form, capsys):
    names, _, made = results
    print_as(made[what], form)
    text = capsys.readouterr().out
    assert forbidden(text) == set()
    text.encode()
    shown = {plain(name) for name in names} if what in {"board", "scores", "cost"} else set()
    if form is Format.csv:
        cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
        assert [cell for cell in cells if FORMULA.match(cell.lstrip()) and not FIGURE.fullmatch(cell)] == []
        assert shown - {cell.removeprefix("'") for cell in cells} <= {
            plain(name) for name in names if ";" in name
        }  # which are marked inside
    elif form is Format.json:
        assert json.loads(text) == json.loads(json.dumps(made[what].to_dict()))
    else:
        assert [line for line in text.splitlines() if re.search(r"(?<!\\)(`|<\w|\$|\]\()", line)] == []
        table = [line for line in text.splitlines() if line.startswith("|")]
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table}
        assert len(widths) <= {"board": 2, "agreement": 2, "scores": 1, "cost": 4}[what]


@pytest.mark.slow
def test_nothing_reaches_the_sensitivity_of_a_board(results):
    assert forbidden(sensitivity(results[1], QUERY).markdown()) == set()


@pytest.fixture(scope="module")
def page(results):
    names, frame, made = results
    details = [Detail(name, {name: [0.5, 0.6], "a_loss": [0.1]}, {name: [1, 2], "a_loss": [1]},
                      [Roc(name, [0.0, 1.0], [0.0, 1.0], 0.5)]) for name in names[:4]]  # fmt: skip
    cells = cells_of(frame, "auc", {"0-0-0": names[0]}, {f"{place}-0-0": one for place, one in enumerate(details)})
    board = made["board"].board
    sections = [
        heat(board), ranks(board), difference(board.difference), tradeoff(made["cost"].tradeoff),
        agreement(made["agreement"].agreement.to_dict()), per_target(board),
        measured({name: (["measure", name], [[name, "0.1"]]) for name in names[:3]}, names[:3]),
        what_was_run([(name, name) for name in names], names),
    ]  # fmt: skip
    return Page(f"of {names[0]}", names[1], sections, cells.to_dict(), names[:3]), cells


@pytest.mark.slow
def test_nothing_reaches_a_page_of_html(page, results):
    html = render(page[0])
    html.encode()
    assert forbidden(html) == set()
    seen = Elements(html)
    assert seen.wrong == []
    ours = Elements(render(dataclasses.replace(page[0], title="", lead="", sections=[], cells=None, cell_notes=[])))
    assert {tag for tag, _ in seen.tags} - {tag for tag, _ in ours.tags} <= SECTIONS
    assert [name for _, attributes in seen.tags for name in attributes if name.startswith("on")] == []
    assert [
        value for _, attributes in seen.tags if (value := attributes.get("href")) and not value.startswith(("#", "data:,"))
    ] == []
    text = "".join(seen.text)
    assert [name for name in results[0] if plain(name) not in text] == []


@pytest.mark.slow
def test_nothing_reaches_files_for_papers(page, tmp_path, monkeypatch):
    draw_coarsely(monkeypatch)
    made, cells = page
    count = write(made, cells, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == count
    assert all(re.fullmatch(r"[a-z0-9-]+\.(png|svg|pdf|csv|tex)", path.name) for path in files)
    for path in files:
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            ET.fromstring(text)
            assert forbidden(text) == set()
        elif path.suffix == ".png":
            with Image.open(path) as image:
                image.load()
        elif path.suffix == ".pdf":
            assert path.read_bytes().startswith(b"%PDF")
        else:
            assert forbidden(path.read_text(encoding="utf-8")) == set()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_no_name_breaks_a_picture(ending, results, tmp_path, monkeypatch):
    draw_coarsely(monkeypatch)
    names, _, made = results
    place = partial(lambda name: tmp_path / f"{name}.{ending}")
    board, cost = made["board"].board, made["cost"].tradeoff
    draw_board(board, place("board"))
    draw_ranks(board.difference, place("ranks"))
    draw_tradeoff(cost, place("tradeoff"))
    draw_roc([(name, [0.0, 1.0], [0.0, 1.0]) for name in names], names[0], place("roc"))
    draw_curves({name: [0.1, 0.2] for name in names}, {name: [1, 2] for name in names}, names[1], names[2], place("curves"))
    assert len(list(tmp_path.iterdir())) == 5
    for path in tmp_path.iterdir():
        assert ending == "png" or forbidden(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("name", NAMES, ids=[key for key, name in HOSTILE.items() if name.strip()])
def test_one_name_on_every_way(name, tmp_path):
    tex = escaped(name)
    assert forbidden(tex) == set()
    rest = re.sub(r"\\(text[a-z]+|[{}$&#%_])(\{\})?|\$\\[a-z]+\$|\$-\$", "", tex)
    assert re.search(r"[\\{}$&#%_~^<>|\"`]", rest) is None
    made = latex(Table("t", name, (name, "n"), [(name, "1")], frozenset({name})))
    assert made.count("\n") == 13
    (line,) = csv.reader(io.StringIO(csv_text([name], [])))
    assert FORMULA.match(line[0].lstrip()) is None
    assert guarded(guarded(name)) == guarded(name)
    assert line == next(csv.reader(io.StringIO(comma_separated(Table("t", "", [name], [])))))
    assert re.search(r"(?<!\\)[`*|$<]", markdown_text(name).replace("\\\\", "")) is None
    drawn = label(name, tmp_path / "x.png")
    assert re.search(r"(?<!\\)\$", drawn) is None
    assert len(drawn) <= 600
    assert re.fullmatch(r"[a-z0-9-]{1,100}", slug(name))


def test_names_that_look_alike_are_numbered_in_pictures_and_files(tmp_path):
    assert labels(["x" * 99, "x" * 98, "y"], tmp_path / "a.svg") == ["x" * 39 + "… (1)", "x" * 39 + "… (2)", "y"]
    assert labels(["日", "本"], tmp_path / "a.png") == [r"\u65e5", r"\u672c"]
    assert labels(["日"], tmp_path / "a.svg") == ["日"]
    assert labels(["naïve", "nai\u0308ve"], tmp_path / "a.svg") == ["naïve (1)", "nai\u0308ve (2)"]
    assert numbered(["x", "x-2", "x", "x"]) == ["x", "x-2", "x-3", "x-4"]


@pytest.mark.slow
def test_mlflow_gets_every_name_and_gives_it_back_harmless(tmp_path):
    tracking = Experiment(f"sqlite:///{tmp_path / 'm.db'}", "toy")
    pairs = list(zip(NAMES[::2], [*NAMES[1::2], "last"], strict=False))
    for place, (name, other) in enumerate(pairs):
        record = Record(**{
            **OLD.model_dump(), "key": f"k{place}", "attempt": f"a{place}",
            "names": OLD.names | {"source": name, "target": other},
            "reason": name, "facts": OLD.facts | {"leak": other}, "environment": OLD.environment | {"gpu": name},
            "settings": OLD.settings | {"note": other}, "status": "failed",
        })  # fmt: skip
        send(tracking, Outcome(record), first=True, alone=lambda: True)
    frame = tracking.frame().set_index("key")
    for place, (name, other) in enumerate(pairs):
        row = frame.loc[f"k{place}"]
        assert (row["source"], row["target"], row["note"]) == (plain(name)[:6000], plain(other)[:6000], plain(other)[:6000])
        assert forbidden(str(row["leak"])) == set()
    assert all(forbidden(value, "") <= {"\n"} for run in tracking.runs() for value in run.data.tags.values())


@pytest.mark.slow
def test_a_figure_is_never_cut_however_narrow_the_terminal_is(results, capsys, monkeypatch):
    board = results[2]["board"].board
    figures = {f"{row.mean:.3f}" for listed in board.targets.values() for row in listed}
    for width in ("0", "1", "20", "60", "79"):
        monkeypatch.setenv("COLUMNS", width)
        print_as(BoardText(board), Format.table)
        shown = capsys.readouterr().out
        assert {text for text in figures if not re.search(rf"(?<![\d.]){re.escape(text)}(?!\d)", shown)} == set()


def test_small_figures_of_all_tables_are_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    scores = [
        PairScore(f"target {n}", f"a long name of a source {m}", "net", "fine", 0.0132 + n + m / 10, -1.5, 2.5, 1.0, None)
        for n in range(2) for m in range(9)
    ]  # fmt: skip
    print_as(ScoresText(scores), Format.table)
    out = capsys.readouterr().out
    assert all(f"{score.value:.4g}" in out for score in scores)


@pytest.mark.slow
def test_a_heat_map_of_all_names_is_drawn(tmp_path):
    draw_heat(NAMES, NAMES[:6], [[("0.5", 0.5, True)] * 6] * len(NAMES), NAMES[0], tmp_path / "heat.png")
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
