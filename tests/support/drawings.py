"""A drawing of a page is made once in each process: many tests write a page of the same results.

A drawing takes a twentieth of a second, and a page has a dozen of them and more. What is drawn is a function and its arguments;
where these are equal, byte for byte, the page gets the SVG that was drawn for another page. Everything else of a page is new.
"""

import pickle

import pytest

_drawn: dict[bytes, str] = {}


COARSE = 40  # dots per inch


def draw_coarsely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures in files have a fifteenth of their dots: for tests of what is in them and of how many there are."""
    from results.board import plot
    from results.report import charts

    for module in (plot, charts):
        monkeypatch.setattr(module, "DPI", COARSE)


def draw_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `results.report.render` draw only what it has not drawn before in this process."""
    from results.report import render

    inline = render.inline

    def remembered(chart, sources):
        what = pickle.dumps((chart, sources))
        if what not in _drawn:
            _drawn[what] = inline(chart, sources)
        return _drawn[what]

    monkeypatch.setattr(render, "inline", remembered)
