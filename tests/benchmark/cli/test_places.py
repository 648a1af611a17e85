"""Places where commands write: what is wrong with one is a sentence before anything else is looked at, and makes nothing."""

from pathlib import Path

import pytest

from benchmark.cli.commands import every_command

# Options without -o that name a place to write; what they name.
OTHERS = {"--figures": "folder", "--hub": "folder", "--contact-sheet": "folder", "--duplicates": "file", "--history": "file"}
FOLDERS = {"choose", "keep", "board", "explain", "new", "site"}  # whose --output is a folder
ENDINGS = {"plan": ".yaml", "predict": ".csv", "cost": ".png", "curve": ".svg", "replay": ".png", "submit": ".csv"}
# What else a command needs; nothing of it exists, so that the place is what is looked at first.
NEEDS = {"new": ("target", "name", "--from", "nothing"), "predict": ("nothing", "nothing"), "watch": ("nothing", "nothing"),
         "export": ("nothing", "onnx")}  # fmt: skip


def places():
    """(command, option, whether it names a folder) of every option that names a place to write."""
    for name, command in every_command().items():
        for option in command.params:
            if "-o" in option.opts:
                yield name, "--output", name in FOLDERS
            for each in OTHERS.keys() & set(option.opts):
                yield name, each, OTHERS[each] == "folder"


def call(cats, name, option, place):
    return cats(name, *NEEDS.get(name, ("nothing",)), option, str(place))


def ending(name, option):
    if option == "--duplicates":
        return ".csv"
    return ENDINGS.get(name, ".onnx" if name == "export" else "") if option == "--output" else ""


def test_every_option_that_names_a_place_is_tried():
    found = list(places())
    assert {name for name, option, _ in found if option == "--output"} == {
        "plan", "choose", "keep", "predict", "board", "cost", "curve", "replay", "report", "explain", "watch", "new", "archive",
        "site", "card", "export", "submit",
    }  # fmt: skip
    assert {option for _, option, _ in found} == {"--output", *OTHERS}
    written = {name for name, command in every_command().items() for each in command.params if says_written(each)}
    assert written <= {name for name, _, _ in found}


def says_written(option):
    """Whether the help of an option speaks of a file or a folder that is written."""
    return "file that is written" in (getattr(option, "help", "") or "").lower()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option", "folder"), list(places()))
def test_a_place_that_takes_nothing_is_one_sentence_before_anything_else(cats, name, option, folder):
    Path("file.txt").write_text("before")
    last = ending(name, option)
    wrong = Path("file.txt") if folder else Path(f"folder{last}")
    if not folder:
        wrong.mkdir()
    long = "x" * 300 + last
    for place, fault in (
        (wrong, "it is a file; name a folder" if folder else "it is a folder; name a file in it"),
        (Path("file.txt") / f"deep/x{last}", "file.txt is a file, not a folder"),
        (Path("new") / long, "a name in it is longer than the 255 bytes that a disk takes"),
    ):
        before = everything()
        code, out, err = call(cats, name, option, place)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert err.startswith("cats: cannot write the ")
        assert f" to {place}: " in err
        assert fault in err
        assert everything() == before


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option", "folder"), list(places()))
def test_a_missing_folder_is_not_made_by_a_command_that_fails(cats, name, option, folder):
    code, out, err = call(cats, name, option, f"missing/deep/x{ending(name, option)}")
    assert (code, out) == (2, "")
    assert "cannot write" not in err
    assert everything() == []


def everything():
    return sorted(str(path) for path in Path().rglob("*"))
