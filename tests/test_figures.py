"""The tables and pictures that scripts/figures makes: each has its place in README or docs; printed tables are cut rightly."""

import importlib
import sys

import pytest

from tests.support.paths import ROOT

PAGES = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
PRINTED = """**one**: a verdict

| a | b | c |
| --- | ---: | ---: |
| x | 1 | 4 |
| y | 2 | 5 |
| z | 3 | 6 |

**two**

| c |
| --- |
| w |

- a note
- another note
"""


@pytest.fixture
def figuring(monkeypatch):
    """The modules of the script by their names."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    names = ("kinds", "listed", "printed", "make")
    yield {name: importlib.import_module(f"figuring.{name}") for name in names}
    for name in [name for name in sys.modules if name.partition(".")[0] in ("figuring", "documentation")]:
        sys.modules.pop(name)


def test_every_figure_has_a_place_and_stands_below_its_command(figuring):
    kinds = figuring["kinds"]
    for figure in figuring["listed"].FIGURES:
        if isinstance(figure, kinds.Table | kinds.Sheet):
            page = PAGES[ROOT / figure.where]
            shown = page.split(f"<!-- {figure.name}: begin -->\n")[1].split(f"<!-- {figure.name}: end -->")[0]
            assert f"```sh\n{figure.command.format(folder='figures')}\n```" in shown, f"{figure.name} was not made"
            assert "| --- |" in shown
        elif isinstance(figure, kinds.Pictures):
            for file in figure.where.split(", "):
                assert (ROOT / "docs" / "published" / file).exists(), file
        elif isinstance(figure, kinds.Page):
            assert f"`{figure.command}`" in (ROOT / "docs" / "published" / figure.where).read_text()
        else:
            assert (ROOT / figure.command.split()[1]).exists(), figure.command
            assert figure.where.removeprefix("docs/") in {path.name for path in PAGES}


def test_every_picture_of_the_pages_is_one_that_the_script_makes(figuring):
    made = {file for figure in figuring["listed"].FIGURES for file in figure.where.split(", ") if file.endswith(".png")}
    assert {path.name for path in (ROOT / "docs" / "published").glob("*.png")} == made
    assert all(any(f"published/{file})" in page for page in PAGES.values()) for file in made)


def test_a_printed_result_is_cut_to_the_tables_columns_and_rows_that_are_asked_for(figuring):
    parts, notes = figuring["printed"].parts(PRINTED)
    assert [part.title for part in parts] == ["**one**: a verdict", "**two**"]
    assert [len(part.rows) for part in parts] == [5, 3]
    assert notes == ["- a note", "- another note"]
    rows = figuring["printed"].narrowed(parts[0].rows, ("a", "c"), 1, ("z",))
    assert rows == ["| a | c |", "| --- | ---: |", "| x | 4 |", "| z | 6 |"]
    assert figuring["printed"].narrowed([], ("a",), 1, ()) == []  # a sentence
    with pytest.raises(ValueError, match="d"):
        figuring["printed"].narrowed(parts[0].rows, ("d",), 1, ())


def test_a_table_is_put_into_its_place_below_its_command(figuring, tmp_path, monkeypatch):
    kinds = figuring["kinds"]
    monkeypatch.setattr(kinds, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- it: begin -->\nold\n<!-- it: end -->\nafter\n")
    kinds.Table("it", "page.md", "cats board first", titles=("two",), notes=True).place(PRINTED, tmp_path)
    assert page.read_text() == (
        "before\n<!-- it: begin -->\n\n```sh\ncats board first\n```\n\n**two**\n\n| c |\n| --- |\n| w |\n\n"
        "- a note\n- another note\n\n<!-- it: end -->\nafter\n"
    )
    with pytest.raises(ValueError, match="no table whose title begins with three"):
        kinds.Table("it", "page.md", "cats board first", titles=("three",)).place(PRINTED, tmp_path)


@pytest.mark.parametrize(
    ("names", "said"), [(["--list"], "README.md: cats board transfer"), (["nothing"], "no figure 'nothing'")]
)
def test_the_script_lists_figures_and_refuses_unknown_names(figuring, names, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["scripts/figures", *names])
    if names == ["nothing"]:
        with pytest.raises(SystemExit) as ended:
            figuring["make"].main()
        assert ended.value.code == 2
    else:
        figuring["make"].main()
    assert said in "".join(capsys.readouterr())
