"""The report in a real browser: what people click, type and see; and that nothing leaves the page."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import read_scores
from results.board.board import make_board
from results.board.request import RunQuery
from results.cost.bill import make_bill
from results.cost.tradeoff import make_tradeoff
from results.report.attempts import cells_of, detailed_cells, details_of
from results.report.choice_sections import agreement, tradeoff
from results.report.heat import heat
from results.report.html import Page, Section
from results.report.overview import key_figures, overview, verdict
from results.report.render import render
from results.report.sections import difference, per_target, ranks, what_was_run
from results.sharing.site import SiteEntry, index_page
from results.text.plain import plain, storable
from tests.support.hostile import HOSTILE, forbidden
from tests.support.missing import missed
from tests.support.runs import CLEAR, UNKNOWN, run, runs

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=alert(1)>"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--window-size=1200,900"]  # fmt: skip
PREDICTIONS = pd.DataFrame(
    {"label": [0, 1, 0, 1], "probability_no": [0.9, 0.2, 0.4, 0.5], "probability_yes": [0.1, 0.8, 0.6, 0.5]}
)


def made_page():
    """12 cells of two sources on two targets, 101 more, one failed, one without any figure of energy."""
    rows = [row | {"run_id": row["key"]} for row in CLEAR]
    rows += [run("many", "a", 100 + i, 0.3 + i / 1000, run_id=f"m{i}", started=1000 + i, key=f"m{i}") for i in range(101)]
    rows.append(run(EVIL, "b", 7, float("nan"), run_id="broken", status="FAILED", started=5000, costs=UNKNOWN))
    frame = pd.DataFrame(rows).assign(curve_val_auc=0.5, curve_train_loss=0.5, curve_val_loss=0.5)
    board = make_board(pd.DataFrame(CLEAR), RunQuery("toy"))
    details = details_of(detailed_cells(frame, 4), lambda *_: [0.4, 0.6, 0.5], lambda _: PREDICTIONS)
    cells = cells_of(frame, "auc", {"broken": f"it broke {EVIL}"}, details)
    other = {"brier": make_board(pd.DataFrame(CLEAR), RunQuery("toy", metric="brier"))}
    bill = make_bill(pd.DataFrame(CLEAR), "toy")
    sections = [overview(board, bill, other), heat(board, other), ranks(board), *judged(), per_target(board, other)]
    sections += [what_was_run([("experiment", EVIL)], []), Section("gone", "Gone", left_out="there is nothing.")]
    figures = key_figures(board, bill)
    names = [row.source for row in board.overall]
    return render(Page("toy", "a lead", sections, cells.to_dict(), ["a note"], verdict(board, bill), figures, names, "AUC"))


def judged():
    """The critical difference, regret against energy and the agreement, of three sources and a measure."""
    three = runs(good=[[0.9, 0.91], [0.8, 0.81]], fair=[[0.8, 0.81], [0.7, 0.71]], bad=[[0.7, 0.71], [0.75, 0.76]])
    told = {"kind": "score", "measures": "fine", "reasons": "{}"}
    scores = [
        run(source, target, 0, float("nan"), measure_fine=score, key=f"{source}{target}", **told)
        for target in "ab" for source, score in {"good": 3.0, EVIL: 2.0, "bad": 1.0}.items()
    ]  # fmt: skip
    named = [row | {"source": EVIL} if row["source"] == "fair" else row for row in three]
    frame = pd.DataFrame([*named, *scores])
    board = make_board(frame, RunQuery("toy"))
    decisions = decisions_of(frame, RunQuery("toy"))
    agreed = judge_measures(decisions, scores_for(decisions, read_scores(frame, "toy")), "toy", "auc")
    made = make_tradeoff(frame, make_bill(frame, "toy"), RunQuery("toy"))
    return [difference(board.difference), tradeoff(made), agreement(agreed.to_dict())]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    browser, its_driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or its_driver is None:
        missed("chromium and chromedriver are not installed")
    from selenium.webdriver import Chrome
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = browser
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = Chrome(options=options, service=Service(its_driver))
    yield made
    made.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(made_page(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(driver, address):
    """The page, opened again; after the test the console may hold nothing and nothing may have been asked for."""
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    see(driver, "light")
    driver.get(address)
    driver.execute_script("localStorage.clear(); delete document.documentElement.dataset.theme")
    yield driver
    assert [entry["message"] for entry in driver.get_log("browser")] == []
    assert asked_for(driver, address) <= {address, "data:,"}


def asked_for(driver, page):
    """What a page has asked for. The browser's own pages load beside it and have documents of their own."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return {re.sub("#.*", "", one["request"]["url"]) for one in sent if re.sub("#.*", "", one["documentURL"]) == page}


def see(driver, scheme, media=""):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def find(driver, selector):
    return driver.find_element("css selector", selector)


def column(driver, name):
    heads = [head.text.split(" ")[0] for head in driver.find_elements("css selector", "#browser thead th")]
    cells = driver.find_elements("css selector", f"#browser tbody td:nth-child({heads.index(name) + 1})")
    return [cell.text for cell in cells]


def head(driver, name):
    return next(h for h in driver.find_elements("css selector", "#browser thead th") if h.text.startswith(name))


def choose(driver, selector, text):
    from selenium.webdriver.support.ui import Select

    Select(find(driver, selector)).select_by_visible_text(text)


def press(driver, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def ink(driver):
    return driver.execute_script("return getComputedStyle(document.body).color")


def test_a_heading_sorts_up_then_down_and_says_so(page):
    by = head(page, "AUC")
    by.find_element("css selector", "button").click()
    up = [float(text) for text in column(page, "AUC")]
    assert up == sorted(up)
    assert by.get_attribute("aria-sort") == "ascending"
    by.find_element("css selector", "button").click()
    down = [float(text) for text in column(page, "AUC")]
    assert down == sorted(down, reverse=True)
    assert down[0] == 0.91
    assert [h.get_attribute("aria-sort") for h in page.find_elements("css selector", "#browser th")].count("descending") == 1


def test_seeds_sort_as_numbers_and_what_is_unknown_comes_last(page):
    head(page, "seed").find_element("css selector", "button").click()
    assert column(page, "seed")[:13] == ["0"] * 4 + ["1"] * 4 + ["2"] * 4 + ["7"]
    for _ in range(2):  # up and down
        head(page, "Wh").find_element("css selector", "button").click()
        find(page, "#after").click()
        assert (column(page, "Wh")[-1], column(page, "Wh").count("missing")) == ("missing", 1)


def test_filters_narrow_the_table_and_clear_brings_all_back(page):
    count = find(page, "#count")
    assert count.text == "1–100 of 114 shown; 114 in all"
    choose(page, "#by-source", "good")
    assert set(column(page, "source")) == {"good"}
    choose(page, "#by-target", "b")
    assert count.text == "1–3 of 3 shown; 114 in all"
    find(page, "#filter button").click()
    page.execute_async_script("setTimeout(arguments[0])")
    assert count.text == "1–100 of 114 shown; 114 in all"
    choose(page, "#by-status", "failed")
    assert column(page, "reason") == [f"it broke {EVIL}"]


def test_a_search_looks_at_every_column_of_words(page):
    find(page, "#search").send_keys("BROKE")
    assert column(page, "status") == ["failed"]
    find(page, "#search").send_keys(" nothing like it")
    assert find(page, "#count").text == "0 shown; 114 in all"


def test_pages_turn_and_stop_at_both_ends(page):
    assert not find(page, "#before").is_enabled()
    find(page, "#after").click()
    assert len(column(page, "seed")) == 14
    assert not find(page, "#after").is_enabled()
    find(page, "#before").click()
    assert len(column(page, "seed")) == 100


def test_a_click_on_a_row_opens_its_curves_and_its_roc(page):
    find(page, "#browser tr.open td:nth-child(3)").click()
    dialog = find(page, "#detail")
    assert find(page, "#detail-title").text == "bad → a, net, seed 0"
    assert page.switch_to.active_element.get_attribute("id") == "detail-title"  # a button below would scroll past the drawings
    captions = [caption.text for caption in dialog.find_elements("css selector", "figcaption")]
    assert captions[:2] == ["val_auc in each epoch", "loss in each epoch"]
    assert captions[2].startswith("ROC of each class")
    assert "yes: area 0.750" in dialog.text
    assert "val_auc: 0.4 in the first epoch, 0.5 in the last" in dialog.text
    assert len(dialog.find_elements("css selector", "figure > svg[role=img][aria-label]")) == 3
    dialog.find_element("css selector", "form button").click()
    assert not dialog.is_displayed()


def test_rows_without_curves_open_nothing(page):
    choose(page, "#by-status", "failed")
    assert not page.find_elements("css selector", "#browser tbody button")
    find(page, "#browser tbody td").click()
    assert not find(page, "#detail").is_displayed()


def test_all_of_it_works_by_keyboard_alone(page):
    from selenium.webdriver.common.keys import Keys

    press(page, Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the results"
    press(page, Keys.ENTER)
    assert page.execute_script("return document.activeElement.id") == "main"
    for _ in range(200):
        press(page, Keys.TAB)
        if page.execute_script("return document.activeElement.closest('#browser thead') !== null"):
            break
    outline = page.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press(page, Keys.ENTER)
    assert head(page, "kind").get_attribute("aria-sort") == "ascending"
    for _ in range(20):
        press(page, Keys.TAB)
        if page.execute_script("return document.activeElement.closest('#browser tbody') !== null"):
            break
    name = page.switch_to.active_element.get_attribute("aria-label")
    assert name.endswith("curves and ROC")
    press(page, Keys.ENTER)
    assert find(page, "#detail").is_displayed()
    press(page, Keys.ESCAPE)
    assert not find(page, "#detail").is_displayed()
    assert page.switch_to.active_element.get_attribute("aria-label") == name


def test_the_theme_follows_the_system_until_the_button_is_pressed(page):
    light = ink(page)
    button = find(page, "#theme")
    assert button.text == "Dark theme"
    button.click()
    dark = ink(page)
    assert (dark != light, button.text) == (True, "Light theme")
    page.refresh()
    assert ink(page) == dark
    page.execute_script("localStorage.clear(); delete document.documentElement.dataset.theme")
    see(page, "dark")
    assert ink(page) == dark


def test_drawings_take_the_colours_of_the_theme(page):
    colour = "return getComputedStyle(document.querySelector('#critical svg [style*=\"--ink\"]')).stroke"
    light = page.execute_script(colour)
    find(page, "#theme").click()
    assert (light, page.execute_script(colour)) == ("rgb(22, 25, 29)", "rgb(232, 234, 237)")


@contextmanager
def window(driver, width=400):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nothing_is_wider_than_a_narrow_window(page):
    with window(page):
        assert page.execute_script("return document.documentElement.scrollWidth") <= 400


LETTERS = """return [...document.querySelectorAll('figure svg[role=img]')].filter((svg) => svg.checkVisibility()).map((svg) => {
  const width = svg.getBoundingClientRect().width, scale = width / svg.viewBox.baseVal.width;
  const texts = [...svg.querySelectorAll('text')].filter((text) => text.checkVisibility());
  return [Math.min(...texts.map((text) => scale * parseFloat(getComputedStyle(text).fontSize))), width];
});"""


def test_letters_of_drawings_can_be_read_in_wide_and_narrow_windows(page):
    wide = page.execute_script(LETTERS)
    with window(page):
        small = page.execute_script(LETTERS)
    assert len(wide) == len(small) >= 2  # one drawing of each pair is shown
    assert min(size for size, _ in [*wide, *small]) >= 9  # pixels
    assert max(width for _, width in small) <= 400


def test_the_figures_of_a_drawing_are_shown_when_they_are_asked_for(page):
    table = find(page, "#heat .figures table")
    assert not table.is_displayed()
    find(page, "#heat .figures summary").click()
    assert table.is_displayed()
    assert "0.0" in table.text
    find(page, "#browser tr.open td:nth-child(3)").click()
    assert not find(page, "#detail table").text
    find(page, "#detail .figures summary").click()
    rows = page.execute_async_script(
        "setTimeout(() => arguments[0]([...document.querySelectorAll('#detail table tbody tr')].map((r) => r.textContent)), 50)"
    )
    assert rows[:2] == ["val_auc10.4", "val_auc20.6"]


def test_print_is_dark_on_white_and_without_buttons(page):
    see(page, "dark", "print")
    assert ink(page) == "rgb(0, 0, 0)"
    assert page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not find(page, "#theme").is_displayed()
    assert find(page, "table").is_displayed()


def test_no_table_is_wider_than_a_page_of_paper(page):
    see(page, "light", "print")
    with window(page, 718):  # A4 with margins of 1 cm
        wide = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1)"
        assert page.execute_script(f"return {wide}.map((one) => one.getAttribute('aria-label'))") == []
        assert not page.execute_script("return document.querySelector('#heat .figures').checkVisibility()")  # folded on paper


def test_landmarks_headings_and_captions_are_there(page):
    assert [len(page.find_elements("css selector", tag)) for tag in ("main", "header", "nav", "h1")] == [1] * 4
    order = page.execute_script("return [...document.querySelectorAll('main h2, main h3')].map((h) => h.tagName)")
    assert order[0] == "H2"
    assert page.execute_script("return [...document.querySelectorAll('table')].every((t) => t.caption.textContent)")
    assert page.execute_script("return [...document.querySelectorAll('input,select')].every((i) => i.labels.length === 1)")
    regions = (
        "return [...document.querySelectorAll('[role=region]')].every((r) => r.getAttribute('aria-label') && r.tabIndex === 0)"
    )
    assert page.execute_script(regions)


def test_the_critical_difference_regret_and_agreement_are_drawn_and_tabled(page):
    for name, words in (
        ("critical", ["Friedman p", "mean rank", EVIL]),
        ("regret", ["Wh", "full sweep", "fine", "any source"]),
        ("agreement", ["P(in top tie)", "tau ahead of static", "static mean rank", "fine"]),
    ):
        section = find(page, f"#{name}")
        table = section.find_element("css selector", "table")
        assert table.is_displayed()
        assert [word for word in words if word not in section.text] == []
        if name == "agreement":  # its table draws the intervals
            drawings = table.find_elements("css selector", "tbody td:nth-child(4) svg")
            assert len(drawings) == len(table.find_elements("css selector", "tbody tr"))
            assert drawings[0].size["width"] > 140
        else:
            drawing = section.find_element("css selector", "figure svg[role=img]")
            assert drawing.size["width"] > 200
            assert drawing.size["height"] > 80


def test_text_of_names_is_shown_and_never_run(page):
    assert not page.find_elements("css selector", "img")
    assert EVIL in find(page, "#run").text


def rows_of(driver, table):
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((r) => r.cells[0].textContent)", table
    )


def shown_rows(driver):
    """How many rows of each source are on the page, by its number."""
    visible = "[...document.querySelectorAll('main tr[data-s]')].filter((row) => row.offsetParent !== null)"
    numbers = driver.execute_script(f"return {visible}.map((row) => row.dataset.s)")
    return {number: numbers.count(number) for number in sorted(set(numbers))}


def test_the_answer_is_at_the_top_before_any_table(page):
    assert find(page, "#verdict").text.startswith("No winner: good has the best mean rank, 1.00")
    assert [term.text for term in page.find_elements("css selector", "#figures dt")][:3] == ["sources", "targets", "seeds"]
    assert page.execute_script("return document.querySelector('main > section').id") == "overview"
    bottom = "return document.querySelector('#overview table').getBoundingClientRect().bottom"
    assert page.execute_script(bottom) < 900  # it needs no scrolling


def test_a_heading_of_any_table_sorts_it(page):
    assert rows_of(page, "#overview .listed tbody tr") == ["good", "bad", "good", "bad"]  # of two metrics
    rank = find(page, "#overview th:nth-child(3) button")
    for order, said in ((["good", "bad"], "ascending"), (["bad", "good"], "descending")):
        rank.click()
        assert rows_of(page, "#overview .listed tbody tr")[:2] == order
        assert find(page, "#overview th:nth-child(3)").get_attribute("aria-sort") == said
    assert find(page, "#overview tfoot").text.split() != []  # the axis stays below


def test_rows_of_every_table_are_searched_at_once(page):
    find(page, "#find").send_keys("STATIC mean")
    rows = [
        row for row in page.find_elements("css selector", "main .listed tbody tr, main .heat tbody tr") if row.is_displayed()
    ]
    assert {row.text.split()[0] for row in rows} == {"static"}
    find(page, "#find").clear()
    page.execute_script("document.getElementById('find').dispatchEvent(new Event('input'))")
    assert find(page, "#overview tbody tr").is_displayed()


def test_a_hidden_source_leaves_every_table_and_comes_back(page):
    before = shown_rows(page)
    assert set(before) == {"", "0", "1"}
    find(page, "#hide summary").click()
    find(page, "#hide input[value='1']").click()
    assert shown_rows(page) == {number: count for number, count in before.items() if number != "1"}
    assert find(page, "#hide summary").text == "Sources (1 hidden)"
    find(page, "#all-sources").click()
    assert shown_rows(page) == before


def test_another_metric_changes_every_part_that_has_it(page):
    tables = "[...document.querySelectorAll('#overview .listed')].filter((table) => table.offsetParent)"
    heads = f"return {tables}.map((table) => table.tHead.textContent)"
    assert "mean AUC" in page.execute_script(heads)[0]
    choose(page, "#metric", "Brier score")
    (head_text,) = page.execute_script(heads)
    assert "mean Brier score" in head_text
    assert find(page, "#ranks table").is_displayed()  # parts of one metric stay
    shown = page.execute_script("return [...document.querySelectorAll('#targets h3')].filter((h) => h.offsetParent).length")
    assert shown == 2


def test_ties_are_coloured_on_request(page):
    colour = "return [...document.querySelectorAll('#target-a circle')].map((c) => getComputedStyle(c).fill)"
    before = page.execute_script(colour)
    find(page, "#ties").click()
    first, second = page.execute_script(colour)
    assert first != second
    assert before[1] != second


def test_a_source_under_the_pointer_is_marked_in_every_table(page):
    from selenium.webdriver import ActionChains

    row = "document.querySelector(`#ranks tr[data-s='${arguments[0]}']`)"
    background = f"return getComputedStyle({row}).backgroundColor"
    before = page.execute_script(background, 1)
    ActionChains(page).move_to_element(find(page, "#overview tr[data-s='1'] td")).perform()
    assert page.execute_script(background, 1) != before
    assert page.execute_script(background, 0) != page.execute_script(background, 1)


def test_a_column_head_explains_itself_to_pointer_and_keyboard(page):
    from selenium.webdriver import ActionChains

    head_of_rank = find(page, "#overview th:nth-child(3)")
    ActionChains(page).move_to_element(head_of_rank).perform()
    assert find(page, "#tip").text.startswith("Mean of its ranks on the targets")
    page.execute_script("arguments[0].focus()", find(page, "#overview th:nth-child(2) button"))
    assert find(page, "#tip").text.startswith("Sources of one tie group")
    assert page.switch_to.active_element.get_attribute("aria-describedby") == "tip"


def test_what_is_not_on_the_page_is_one_list_and_no_section_of_its_own(page):
    assert "Gone: there is nothing." in find(page, "#absent").text
    assert not page.find_elements("css selector", "#gone")


def test_a_menu_closes_by_escape_and_by_its_links(page):
    from selenium.webdriver.common.keys import Keys

    find(page, "#contents summary").click()
    assert find(page, "#contents").get_attribute("open") is not None
    press(page, Keys.ESCAPE)
    assert find(page, "#contents").get_attribute("open") is None
    find(page, "#contents summary").click()
    find(page, "#contents a").click()
    assert find(page, "#contents").get_attribute("open") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["page", "site"])
def test_axe_finds_no_serious_violation(request, kind, scheme):
    """axe-core is no Python package: CATS_AXE names axe.min.js, which `npm install axe-core` brings, as .ci/run does."""
    axe = os.environ.get("CATS_AXE")
    if not axe:
        pytest.skip("CATS_AXE names no axe.min.js, so that accessibility is not checked")
    driver = request.getfixturevalue(kind)
    see(driver, scheme)
    driver.execute_script("for (const one of document.querySelectorAll('details.figures')) one.open = true")
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": Path(axe).read_text(encoding="utf-8")})
    found = driver.execute_async_script(
        "axe.run(document).then((r) => arguments[0](r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])))"
    )
    assert [each for each in found if each[0] in ("serious", "critical")] == []


def test_the_policy_stops_a_request(driver, address):
    """What a page tries by itself is refused: else the absence of requests would say little of it."""
    driver.get(address)
    asked = "const done = arguments[0]; fetch('https://example.invalid/').then(() => done('went out'), () => done('stopped'))"
    assert driver.execute_async_script(asked) == "stopped"
    assert any("Content Security Policy" in entry["message"] for entry in driver.get_log("browser"))
    assert not [url for url in asked_for(driver, address) if "example.invalid" in url]


def test_hostile_names_are_text_in_a_browser_too(driver, tmp_path):
    names = [name for name in HOSTILE.values() if storable(name) == name]
    frame = pd.DataFrame([run(name or "-", name or "-", 0, 0.5, run_id=str(n), key=str(n)) for n, name in enumerate(names)])
    cells = cells_of(frame.assign(source=names, target=names), "auc", {})
    made = render(Page(names[0], names[1], [what_was_run([(name, name) for name in names], names)], cells.to_dict(), names))
    (tmp_path / "page.html").write_text(made, encoding="utf-8")
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get((tmp_path / "page.html").as_uri())
    shown = driver.execute_script("return [...document.querySelectorAll('td, li, h1, p')].map((one) => one.textContent)")
    assert [text for text in shown if forbidden(text)] == []
    assert {plain(name) for name in names} <= set(shown)
    assert [entry["message"] for entry in driver.get_log("browser")] == []
    assert asked_for(driver, (tmp_path / "page.html").as_uri()) <= {(tmp_path / "page.html").as_uri(), "data:,"}


@pytest.fixture
def site(driver, tmp_path):
    """The index of a site of two experiments, opened; after the test it has asked for nothing, and the console is empty."""
    rows = runs(good=[[0.5, 0.6]], third=[[0.7, 0.8]])
    entries = [SiteEntry("one", "one", make_board(pd.DataFrame(CLEAR), RunQuery("one")), "2026-01-02")]
    entries.append(SiteEntry("two", EVIL, make_board(pd.DataFrame(rows), RunQuery("two")), "2026-01-02"))
    path = tmp_path / "index.html"
    path.write_text(index_page(entries, "A site"), encoding="utf-8")
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get(path.as_uri())
    yield driver
    assert [entry["message"] for entry in driver.get_log("browser")] == []
    assert asked_for(driver, path.as_uri()) <= {path.as_uri(), "data:,"}


def test_a_site_is_filtered_and_sorted(site):
    def sources():
        shown = [row for row in site.find_elements("css selector", "#places tbody tr") if row.is_displayed()]
        return [row.find_elements("css selector", "td")[2].text for row in shown]

    assert sources() == ["good", "bad", "good", "bad", "third", "good"]
    choose(site, "[name=target]", "a")
    assert sources() == ["good", "bad", "third", "good"]
    choose(site, "[name=experiment]", EVIL)
    assert (sources(), find(site, "#count").text) == (["third", "good"], "2 of 6 places shown")
    find(site, "#places th:nth-child(7) button").click()
    assert sources() == ["good", "third"]
    find(site, "#filter button[type=reset]").click()
    find(site, "[name=search]").send_keys("bad")
    assert sources() == ["bad", "bad"]


def test_a_site_fits_a_phone(site):
    with window(site):
        assert site.execute_script("return document.documentElement.scrollWidth") <= 400
