"""The options of all commands: one meaning per name, one word for places, earlier spellings, and what every command has."""

import json
import logging
from importlib import import_module
from pathlib import Path

import pytest
import typer

import benchmark
from benchmark.cli import main, old_spellings
from benchmark.cli.command import with_format
from benchmark.cli.commands import PANELS, every_command
from benchmark.cli.old_spellings import EARLIER, today

# Options of one name that differ in type, and mean the same: what marks what is missing; policies; a seed; a place, or none.
ALIKE = {"--missing", "--policy", "--seed", "--output", "-o"}
PLACES = {"Folder", "File"}
# Further places of a command, whose contents have names of their own.
MORE_PLACES = {"--contact-sheet", "--duplicates", "--figures", "--history", "--model"}


def options():
    """Each option of each command: the name of the command, the parameter, and one of its spellings."""
    for name, command in every_command().items():
        for each in command.params:
            if each.param_type_name == "option":
                yield from ((name, each, spelling) for spelling in (*each.opts, *each.secondary_opts))


def test_an_option_has_one_type_in_all_commands():
    kinds = {}
    for _, each, spelling in options():
        kinds.setdefault(spelling, set()).add((each.bare_type(), bool(each.is_flag)))
    several = {spelling for spelling, found in kinds.items() if len(found) > 1}
    assert several - {"--format"} == ALIKE


def test_what_is_written_goes_to_output():
    for name, each, spelling in options():
        says = (each.help or "").split()[0] in PLACES and ("writ" in each.help or "plot" in each.help or "drawing" in each.help)
        if says and "Path" in each.bare_type():
            assert spelling in {"--output", "-o"} | MORE_PLACES, (name, spelling)


def test_no_earlier_spelling_is_shown_or_means_something_else():
    assert set(EARLIER) <= set(every_command())
    for name, spellings in EARLIER.items():
        shown = {spelling for command, _, spelling in options() if command == name}
        assert not shown & set(spellings)
        assert set(spellings.values()) <= shown


def test_the_list_of_commands_has_all_of_them_and_says_what_they_say():
    """The list is shown without loading a command, so it has names and sentences of its own."""
    listed = {name: does for does_of in PANELS.values() for name, does in does_of.items()}
    assert listed == {name: " ".join(each.help.split("\n\n")[0].split()) for name, each in every_command().items()}
    modules = [import_module(f"benchmark.cli.{file.stem}") for file in Path(main.__file__).parent.glob("*.py")]
    registered = [each for module in modules if module is not main for each in typer_commands(module)]
    assert sorted(listed) == sorted(each.name or each.callback.__name__ for each in registered)


def typer_commands(module):
    return getattr(module, "app", typer.Typer()).registered_commands


def test_each_command_is_in_a_panel_and_has_what_all_have():
    for command in every_command().values():
        assert command.rich_help_panel in PANELS
        named = {spelling for each in command.params for spelling in each.opts}
        assert {"--verbose", "-v", "--quiet", "-q"} <= named
        assert ("--json" in named) == ("--format" in named or command.name == "watch")


@pytest.mark.parametrize(
    ("command", "words", "expected"),
    [
        ("plan", "p --cells", "p --list-cells"),
        ("run", "p --cells 3", "p --cells 3"),
        ("board", "p --report=a --no-images", "p --output=a --no-test-variance"),
        ("card", "m -- --to", "m -- --to"),
        ("watch", "m x --json w.json", "m x --output w.json"),
        ("watch", "m x --json -", "m x --json"),
        ("watch", "m --json x", "m --json x"),
        ("watch", "m x --json=w", "m x --output=w"),
        ("watch", "m x --json=-", "m x --json"),
        ("nothing", "--to x", "--to x"),
    ],
)
def test_earlier_spellings(command, words, expected):
    assert today(command, words.split()) == expected.split()
    assert old_spellings.today(command, expected.split()) == expected.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("p --json", "p --format json"),
        ("p --json --format json", "p --format json"),
        ("p --format=json --json", "p --format=json"),
        ("p -- --json", "p -- --json"),
        ("p --format csv", "p --format csv"),
    ],
)
def test_json_is_a_format(words, expected):
    assert with_format(words.split()) == expected.split()


@pytest.mark.parametrize("words", ["--json --format csv", "--format=table --json"])
def test_two_formats_contradict_each_other(words):
    with pytest.raises(typer.BadParameter.__mro__[1], match="--json and --format (csv|table) contradict each other"):
        with_format(words.split())


def test_json_of_a_command(cats):
    code, out, _ = cats("list", "plans", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(cats("list", "plans", "--format", "json")[1])
    code, out, err = cats("list", "plans", "--json", "--format", "table")
    assert (code, out) == (2, "")
    assert err.endswith("cats: --json and --format table contradict each other; give one of them\n")


@pytest.mark.parametrize("words", [("--version",), ("--version", "run", "nowhere.yaml")])
def test_the_version(cats, words):
    assert cats(*words) == (0, f"cats {benchmark.__version__}\n", "")


@pytest.mark.parametrize("words", [("-h",), ("run", "-h"), ("-h", "run")])
def test_h_is_help(cats, words):
    code, out, _ = cats(*words)
    assert code == 0
    assert "Usage: cats" in out


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (("list", "plans"), logging.WARNING), (("list", "plans", "-v"), logging.INFO), (("-v", "list", "plans"), logging.INFO),
        (("-q", "list", "plans"), logging.ERROR), (("list", "plans", "--quiet"), logging.ERROR),
    ],
)  # fmt: skip
def test_how_much_is_logged(cats, words, level):
    before = logging.getLogger().level
    try:
        assert cats(*words)[0] == 0
        assert logging.getLogger().level == level
    finally:
        logging.getLogger().setLevel(before)
