"""How commands print: without streams, to programs that stop reading, in odd locales, and names that must be refused."""

import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from benchmark.cli import terminal
from benchmark.core import paths
from results.error import CatsError
from tests.support import processes
from tests.support.hostile import HOSTILE, forbidden
from tests.support.pictures import textures

PLAN = "sources: [scratch]\ntargets: [digits]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 1}\nseeds: 1\n"


def picture(number):
    """A picture as bytes of a PNG."""
    out = io.BytesIO()
    Image.fromarray(textures(1, 32, number)[0]).save(out, "PNG")
    return out.getvalue()


NAMES = {key: name for key, name in HOSTILE.items() if "\0" not in name}  # no argument holds NUL


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", [("check",), ("run",), ("board",), ("list",)], ids=lambda each: each[0])
def test_no_argument_reaches_the_terminal_as_it_is(cats, command, name):
    code, out, err = cats(*command, "--", NAMES[name])
    assert code == 2
    assert forbidden(out + err) == set()
    assert "Traceback" not in err
    if "\n" in NAMES[name]:
        assert "\ncats: all is well" not in err


def test_what_libraries_write_is_harmless_too(capsys, monkeypatch):
    for name in ("excepthook",):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    terminal.prepare()
    assert "\x1b" not in warnings.formatwarning("\x1b[2J", UserWarning, "f", 1, "")
    sys.excepthook(ValueError, ValueError("\x1b[2J"), None)
    assert capsys.readouterr().err == "ValueError: \\u001b[2J\n"


@pytest.mark.parametrize(
    ("columns", "then"),
    [("0", None), ("1", "40"), ("79", "79"), ("9" * 20, "10000"), ("²", None), ("-3", None), ("", None)],
)
def test_a_width_that_is_none_is_forgotten(monkeypatch, cats, columns, then):
    monkeypatch.setenv("COLUMNS", columns)
    assert cats("list", "plans")[0] == 0
    assert os.environ.get("COLUMNS") == then


@pytest.mark.parametrize("level", ["debugg", "1x", "\x1b"])
def test_a_level_that_no_log_has_is_refused(monkeypatch, cats, level):
    monkeypatch.setenv("CATS_LOG", level)
    code, _, err = cats("list", "plans")
    assert code == 2
    assert err.startswith("cats: CATS_LOG is '")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "utf-16"])
def test_signs_that_an_encoding_lacks_are_written_otherwise(encoding):
    terminal.prepare()
    written = "a → é · 日 – τ".encode(encoding, "cats").decode(encoding)
    assert written in {"a -> \\xe9 - \\u65e5 - tau", "a -> é · \\u65e5 - tau", "a -> é · \\u65e5 – tau", "a → é · 日 – τ"}


CLOSED = "import os, runpy, sys\nfor number in map(int, sys.argv.pop(1).split(',')): os.close(number)\n"
RUN = (
    CLOSED
    + "sys.argv = ['cats', *sys.argv[1:]]\nos.execv(sys.executable, [sys.executable, '-m', 'benchmark', *sys.argv[1:]])\n"
)


@pytest.mark.slow  # the streams are closed before Python starts, so each case is a process
@pytest.mark.parametrize("closed", ["1", "0,1,2"])
def test_a_command_works_without_streams_and_writes_into_no_file_of_ours(tmp_path, home, closed):
    environment = {**os.environ, "CATS_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, closed, "list", "plans"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    for path in home.rglob("*"):
        assert not path.is_file() or b"quickstart" not in path.read_bytes()


@pytest.mark.slow
def test_a_program_that_stops_reading_ends_the_command_quietly(tmp_path, home):
    (home / "entries").mkdir()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        made = processes.start(["-m", "benchmark", "list", "targets"], cwd=tmp_path, stdout=broken, stderr=subprocess.PIPE)
    _, err = made.communicate(60)
    assert (made.returncode, err) == (1, "")


@pytest.mark.slow
def test_a_full_disk_behind_the_output_is_one_sentence(tmp_path, home):
    (home / "entries").mkdir()
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    for command in (["list", "targets"], ["show", "quickstart"], ["--help"]):
        with full.open("w") as out:
            made = processes.start(["-m", "benchmark", *command], cwd=tmp_path, stdout=out, stderr=subprocess.PIPE)
        _, err = made.communicate(60)
        assert made.returncode == 2
        assert err.startswith("cats: the output ")
        assert err.endswith(": No space left on device\n")
        assert err.count("\n") == 1


@pytest.fixture
def homeless(monkeypatch):
    """A user without a home folder, as in a container that runs under a bare number."""
    monkeypatch.delenv("HOME")
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "CATS_ENTRIES"):
        monkeypatch.delenv(variable, raising=False)
    if hasattr(os, "seteuid"):
        import pwd

        def unknown(number):
            raise KeyError(number)

        monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_without_a_home_folder_cats_home_is_enough(homeless, cats, home):
    assert cats("list", "plans")[0] == 0
    assert Path(os.environ["HOME"]) == home / "user"
    code, _, err = cats("new", "target", "mine", "--from", ".", "--modality", "m", "--licence", "l", "--citation", "c")
    assert (code, err) == (
        2,
        "cats: this user has no home folder; say with --output or CATS_ENTRIES where your entries are kept\n",
    )


def test_without_any_folder_the_sentence_says_what_to_set(homeless, cats, monkeypatch):
    monkeypatch.delenv("CATS_HOME")
    code, _, err = cats("list", "plans")
    assert (code, err) == (2, "cats: this user has no home folder; set CATS_HOME to a folder\n")
    monkeypatch.setenv("CATS_DATA", "~nobody_has_this_name/data")
    assert "the home folder of that user is not known; write the whole path" in cats("list", "plans")[2]


def test_a_home_that_is_no_utf8_is_refused(cats, monkeypatch, tmp_path):
    monkeypatch.setenv("CATS_HOME", os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    code, _, err = cats("list", "plans")
    assert code == 2
    assert err.endswith(r"caf\udce9', whose name is not in UTF-8; choose another folder" + "\n")


def test_an_address_that_is_no_utf8_is_refused(cats, monkeypatch, tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "plan.yaml").write_text(PLAN)
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert r"caf\udce9/mlflow.db is not in UTF-8" in err


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders that may not be read are those of POSIX systems")
@pytest.mark.parametrize("variable", ["CATS_ENTRIES", "CATS_DATA", "CATS_WEIGHTS"])
def test_a_folder_that_may_not_be_read_is_named(cats, monkeypatch, tmp_path, variable):
    outside = tmp_path / "shut"
    (outside / "in" / "targets").mkdir(parents=True)
    monkeypatch.setenv(variable, str(outside / "in"))
    outside.chmod(0)
    before = os.geteuid()
    try:
        if before == 0:
            os.seteuid(65534)
        code, out, err = cats("list", "targets")
    finally:
        os.seteuid(before)
        outside.chmod(0o700)
    assert "Traceback" not in err
    assert (code, out) == (2, "")
    assert str(outside) in err
    assert err.count("\n") == 1


def test_paths_of_the_user_are_expanded_or_refused(monkeypatch):
    monkeypatch.setenv("CATS_ENTRIES", "~nobody_has_this_name/x")
    with pytest.raises(CatsError, match="CATS_ENTRIES is '~nobody_has_this_name/x'"):
        paths.entries_folder()


REFUSED = {key: name for key, name in HOSTILE.items() if key in {
    "colour", "8-bit", "carriage return", "new line", "NUL", "delete", "override", "zero width", "joiner", "flood", "empty",
    "blank", "long", "hangul filler", "tags", "soft hyphen",
}}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_nobody_could_read_are_refused_where_they_enter(cats, tmp_path, name):
    text = json.dumps(REFUSED[name])
    (tmp_path / "plan.yaml").write_text(PLAN + f"experiment: {text}\n")
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert "plan.yaml: experiment" in err
    (tmp_path / "plan.yaml").write_text(PLAN.replace("[scratch]", f"[{json.dumps(f'textures[from={REFUSED[name]}]')}]"))
    assert cats("run", "plan.yaml")[0] == 2
    if "\n" not in REFUSED[name] and "\r" not in REFUSED[name] and name not in {"empty", "blank"}:
        rows = pathless_csv([["source", "t", "u"], [REFUSED[name], "0.5", "0.6"], ["b", "0.4", "0.7"]])
        (tmp_path / "auc.csv").write_text(rows, encoding="utf-8", newline="")
        code, _, err = cats("import", "--matrix", "auc.csv", "--experiment", "theirs")
        assert code == 2, err
        assert forbidden(err) == set()
    if "\0" not in REFUSED[name]:
        assert cats("new", "target", f"--from={tmp_path}", "--", REFUSED[name])[0] == 2
        assert cats("import", "--matrix", "auc.csv", f"--experiment={REFUSED[name]}")[0] == 2
    assert not (tmp_path / "mlflow.db").exists()


def pathless_csv(rows):
    return "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other"), [("x²", "x2"), ("CO₂", "CO2"), ("①", "1"), ("½", "1/2"), ("℃", "°C")])
def test_two_names_that_look_different_are_two_sources(cats, tmp_path, one, other):
    (tmp_path / "auc.csv").write_text(f"source,t,u\n{one},0.5,0.6\n{other},0.4,0.7\n", encoding="utf-8")
    code, _, err = cats("import", "--matrix", "auc.csv", "--experiment", "theirs")
    assert code == 0, err


@pytest.mark.parametrize(
    ("one", "other"),
    [("naïve", "nai\u0308ve"), ("ﬁne", "fine"), ("Ａ", "A"), ("ｶ", "カ"), ("a\u00a0b", "a b"), ("5 µm", "5 μm")],
)
def test_two_names_that_look_the_same_are_not_two_sources(cats, tmp_path, one, other):
    (tmp_path / "auc.csv").write_text(f"source,t,u\n{one},0.5,0.6\n{other},0.4,0.7\n", encoding="utf-8")
    code, _, err = cats("import", "--matrix", "auc.csv", "--experiment", "theirs")
    assert code == 2
    assert "two names that look like" in err


@pytest.mark.slow  # trains a cell
def test_folders_and_files_whose_names_are_no_utf8_go_all_the_way(cats, tmp_path, home, monkeypatch):
    """From `check` to a report: bytes of another encoding become codes in classes, records and predictions."""
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    for number, folder in enumerate((b"caf\xe9", "müsli".encode())):
        place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/scans/" + folder))
        place.mkdir(parents=True)
        for which in range(12):
            (place / os.fsdecode(b"\xe9%d.png" % which)).write_bytes(picture(1000 * number + which))
    entry = home / "entries" / "targets" / "mine.yaml"
    entry.parent.mkdir(parents=True)
    facts = "title: t, modality: m, task: binary, licence: l, citation: c, tree: scans, images: 24"
    entry.write_text(
        f"dataset: {{{facts}, classes: ['caf\\udce9', müsli], read: {{folders: {{classes: ['caf\\udce9', müsli]}}}}}}\n",
        encoding="utf-8",
    )
    code, out, err = cats("check", "mine", "--size", "16", "--contact-sheet", tmp_path / "sheets")
    assert code == 0, out + err
    assert len(list((tmp_path / "sheets").iterdir())) == 2
    (tmp_path / "plan.yaml").write_text(PLAN.replace("[digits]", "[mine]"))
    code, _, err = cats("run", "plan.yaml")
    assert code == 0, err
    code, _, err = cats("report", "plan.yaml", "--output", os.fsdecode(b"caf\xe9.html"), "--no-log")
    assert code == 0, err
    html = (tmp_path / os.fsdecode(b"caf\xe9.html")).read_text(encoding="utf-8")
    assert html.count(r"caf\\udce9") == 1  # the class, in the data of the page


def test_data_below_a_path_that_is_no_utf8_is_refused_in_one_sentence(cats, tmp_path):
    for folder in ("a", "b"):
        place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9/" + folder.encode()))
        place.mkdir(parents=True)
        for number in range(6):
            (place / f"{number}.png").write_bytes(picture(number + 100 * ord(folder)))
    facts = ("--modality", "m", "--licence", "l", "--citation", "c")
    code, _, err = cats("new", "target", "mine", "--from", place.parent, *facts)
    assert code == 2
    assert err.splitlines()[-1].endswith(r"caf\udce9 is not in UTF-8, so that no entry can hold it; rename the file or folder")
