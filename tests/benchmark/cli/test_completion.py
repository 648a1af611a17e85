"""What a shell gets when a user presses Tab: asked through the variables that the shells set, and once by a real bash."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from benchmark.cli.completion import PATIENCE_SECONDS
from benchmark.specs.elsewhere import shipped_names


@pytest.fixture
def place(tmp_path, own):
    """A folder with a plan, an entry, and a database of MLflow as far as completion reads one."""
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "deep.yml").touch()
    (tmp_path / "entries" / "targets" / "scans.yaml").touch()
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT)")
        rows = [(0, "Default", "active"), (1, "sweep", "active"), (2, "gone", "deleted"), (3, "two words", "active")]
        database.executemany("INSERT INTO experiments VALUES (?, ?, ?)", rows)
        database.commit()
    return tmp_path


@pytest.fixture
def tab(place, cats, monkeypatch):
    """`tab("cats show di")` → the words that bash is offered for the last one."""

    def press(line):
        words = line.split(" ")
        monkeypatch.setenv("_CATS_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        code, out, err = cats()
        assert (code, err) == (0, "")
        return out.split()

    return press


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cats ru", ["run"]),
        ("cats list pl", ["plans"]),
        ("cats board mi", ["mine.yaml"]),
        ("cats board plans/", ["plans/deep.yml"]),
        ("cats board s", ["sweep"]),
        ("cats board tw", []),
        ("cats board gon", []),
        ("cats board --tracking-uri sqlite:///none.db sw", []),
        ("cats board --tracking-uri http://127.0.0.1:1 sw", []),
        ("cats report swe", ["sweep"]),
        ("cats run swe", []),
        ("cats show imagenet_a", ["imagenet_always"]),
        ("cats show dig", ["digits"]),
        ("cats check sca", ["scans"]),
        ("cats choose digits --sources imagenet_2", ["imagenet_21k"]),
        ("cats choose digits --prior s", ["sweep"]),
        ("cats compare radim", ["radimagenet"]),
        ("cats compare a b sweep --target sca", ["scans"]),
        ("cats keep first --device cu", ["cuda"]),
        ("cats cost sweep --form", ["--format"]),
        ("cats nothing x", []),
    ],
)
def test_what_bash_is_offered(tab, line, expected):
    assert tab(line) == expected


def test_shipped_plans_are_offered(tab):
    assert set(shipped_names("plans")) | {"mine.yaml"} == set(tab("cats plan "))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 200])
def test_a_damaged_database_offers_nothing(tab, place, content):
    (place / "mlflow.db").write_bytes(content)
    assert tab("cats board sw") == []
    assert PATIENCE_SECONDS < 1


def test_a_missing_folder_of_data_is_no_matter(tab, monkeypatch):
    monkeypatch.setenv("CATS_DATA", "/no/such/folder")
    assert tab("cats show dig") == ["digits"]


@pytest.mark.parametrize(
    ("shell", "expected"),
    [("zsh", """_arguments '*: :(("sweep"))'"""), ("fish", "sweep")],
)
def test_other_shells(place, cats, monkeypatch, shell, expected):
    monkeypatch.setenv("_CATS_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "cats cost swe")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert cats()[1].strip() == expected


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_real_bash_completes(place):
    (place / "cats").write_text(f'#!/bin/sh\nexec {sys.executable} -X importtime -m benchmark "$@" 2>>imported\n')
    (place / "cats").chmod(0o755)
    script = """
        PATH=$PWD:$PATH
        eval "$(cats --show-completion bash)"
        COMP_WORDS=(cats board swe); COMP_CWORD=2
        _cats_completion cats
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-ec", script], cwd=place, capture_output=True, text=True, check=True)
    assert done.stdout == "sweep\n"
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in (place / "imported").read_text().splitlines()}
    assert "typer" in imported
    assert not imported & {"torch", "mlflow", "pandas", "numpy"}
