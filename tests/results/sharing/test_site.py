"""The index of a site: what it holds, that it makes no request, and that names of others do no harm."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from results.sharing.site import SiteEntry, index_page
from tests.support.hostile import HOSTILE
from tests.support.runs import CLEAR, board, runs


def entry(title="one", rows=CLEAR, folder="one"):
    return SiteEntry(folder, title, board(rows), "2026-01-02", ["Good wins."])


class Page(HTMLParser):
    """The rows of each table as texts, and every address and handler of the page."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.addresses, self.handlers, self.cell = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in {"href", "src", "action"}]
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.tables[-1][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def test_the_index_holds_every_place_of_every_experiment():
    page = Page(index_page([entry(), entry("two", runs(good=[[0.5, 0.6]], third=[[0.7, 0.8]]), "two")], "A site"))
    counts, places = page.tables
    assert places[0] == ["experiment", "target", "source", "rank", "tie", "metric", "mean", "95 %", "P(best)", "seeds"]
    assert len(places) == 1 + 4 + 2
    assert places[1][:7] == ["one", "a", "good", "1", "1", "AUC", "0.905"]
    assert [row[:3] for row in places[5:]] == [["two", "a", "third"], ["two", "a", "good"]]
    assert counts[0] == ["source", "targets", "may be the best", "alone"]
    assert sorted(row[:3] for row in counts[1:]) == [["bad", "2", "0"], ["good", "3", "3"], ["third", "1", "1"]]
    assert "<p>Good wins.</p>" in index_page([entry()], "A site")
    assert {"one/index.html", "two/index.html", "one/board.json"} <= set(page.addresses)


def test_the_index_makes_no_request_and_names_its_script_by_its_hash():
    text = index_page([entry()], "A site")
    page = Page(text)
    assert not [each for each in page.addresses if re.match(r"\w+:|//", each) and not each.startswith("data:")]
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert unescape(policy).startswith("default-src 'none'; script-src 'sha256-")
    assert text == index_page([entry()], "A site")


ONE = entry()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*HOSTILE.values(), "<script>alert(1)</script>", 'a" onclick="x', "</style><img src=x>"])
def test_names_of_others_do_no_harm(name):
    targets = {target: [replace(rows[0], source=name), rows[1]] for target, rows in ONE.board.targets.items()}
    page = Page(index_page([replace(ONE, title=name, verdict=[name], board=replace(ONE.board, targets=targets))], name))
    plain = Page(index_page([ONE], "A site"))
    assert page.handlers == []
    assert page.addresses == plain.addresses
    assert [len(table) for table in page.tables] == [len(table) for table in plain.tables]
