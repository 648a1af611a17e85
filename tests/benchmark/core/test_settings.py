"""The settings file: known keys, sentences for mistakes, and the environment before the file before the default."""

import json
import os

import pytest

from benchmark.core import settings
from benchmark.core.settings import apply_settings, read_settings
from benchmark.notebook.subject import address, plan_of, plan_or_experiment
from results.error import CatsError


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The settings file of a user without variables; what it sets is gone after the test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in settings.VARIABLES.values():
        monkeypatch.setenv(variable, "")  # so that it is as before after the test
        monkeypatch.delenv(variable)
    monkeypatch.setattr(settings, "_from_file", {})
    path = tmp_path / "config" / "cats-bench" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def test_the_environment_comes_before_the_file_and_the_file_before_the_default(file, tmp_path, cats, monkeypatch):
    (tmp_path / "data").mkdir()
    file.write_text(f"data = '{tmp_path}/data'\nhome = '{tmp_path}/home'\nlog = 'info'\n")
    monkeypatch.setenv("CATS_LOG", "error")
    code, out, err = cats("config", "--json")
    assert code == 0
    found = {each["key"]: (each["value"], each["origin"]) for each in json.loads(out)}
    assert found["data"] == (f"{tmp_path}/data", "config.toml")
    assert found["home"] == (f"{tmp_path}/home", "config.toml")
    assert found["log"] == ("error", "environment")
    assert found["weights"] == (f"{tmp_path}/home/weights", "default")
    assert found["tracking_uri"] == ("sqlite:///mlflow.db", "default")
    assert err == f"settings file: {file}\n"
    assert os.environ["CATS_DATA"] == f"{tmp_path}/data"


def test_without_a_file_all_is_as_before(file, cats):
    code, out, err = cats("config", "--json")
    assert code == 0
    assert {each["origin"] for each in json.loads(out)} == {"default"}
    assert "which does not exist" in err
    for form in ("table", "csv", "markdown"):
        out = cats("config", "--format", form)[1]
        assert "weights" in out
        assert form == "table" or "CATS_WEIGHTS" in out


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="folders that may not be entered are those of POSIX systems")
def test_a_folder_that_this_user_may_not_enter_holds_no_settings(file):
    file.write_text("log = 'info'")
    file.parent.chmod(0)
    before = os.geteuid()
    try:
        if before == 0:
            os.seteuid(65534)
        assert read_settings() == {}
    finally:
        os.seteuid(before)
        file.parent.chmod(0o700)


def test_a_value_that_is_taken_out_of_the_file_holds_no_longer(file):
    file.write_text("log = 'info'")
    apply_settings()
    assert os.environ["CATS_LOG"] == "info"
    file.unlink()
    apply_settings()
    assert "CATS_LOG" not in os.environ


def test_a_password_is_not_shown(file, cats):
    file.write_text("tracking_uri = 'postgresql://me:s3cret@127.0.0.1/db'")
    code, out, err = cats("config", "--json")
    assert code == 0
    assert "s3cret" not in out + err


def test_a_folder_of_the_user(file, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    file.write_text("entries = '~/mine'")
    assert read_settings() == {"entries": f"{tmp_path}/mine"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("wheights = '/x'", "there is no key 'wheights'; did you mean 'weights'?"),
        ("trac = '/x'", "there is no key 'trac'; did you mean 'tracking_uri'?"),
        ("CATS_DATA = '/x'", "there is no key 'CATS_DATA'; did you mean 'data'?"),
        ("zzz = '/x'", "there is no key 'zzz'; allowed are data, entries, home, log, tracking_uri, weights"),
        ("data = 3", "data is 3; write a text in quotation marks"),
        ("data = ''", "data is ''; write a text in quotation marks"),
        ("data = ['/x']", "data is ['/x']; write a text in quotation marks"),
        ("data = 'x'", "data is 'x', which depends on the working directory; write the whole path, or begin with ~"),
        (
            "data = '~nobody-here/x'",
            "data is '~nobody-here/x', and the home folder of that user is not known; write the whole path",
        ),
        ("data = /x", "is not valid TOML"),
        ("[data]\nx = 1", "data is {'x': 1}; write a text in quotation marks"),
    ],
)
def test_mistakes_are_sentences(file, cats, text, sentence):
    file.write_text(text)
    code, out, err = cats("list", "plans")
    assert (code, out) == (2, "")
    assert err.startswith(f"cats: {file}")
    assert sentence in err
    assert err.count("\n") == 1
    assert cats("--version")[0] == 0


def test_what_is_no_text_or_too_long_is_a_sentence(file):
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CatsError, match="is not valid TOML"):
        read_settings()
    file.write_text("#" * 200_000)
    with pytest.raises(CatsError, match="has 200,000 bytes; a settings file may have 100,000"):
        read_settings()
    file.unlink()
    file.mkdir()
    assert read_settings() == {}


def test_every_mistake_is_named(file):
    file.write_text("a1 = '/x'\nb1 = '/x'")
    with pytest.raises(CatsError) as refused:
        read_settings()
    assert len(refused.value.args) == 2


def test_a_program_reads_the_file_as_the_commands_do(file, tmp_path, monkeypatch):
    file.write_text(f"tracking_uri = 'sqlite:///{tmp_path}/mine.db'\nentries = '{tmp_path}/entries'\n")
    assert address(None) == f"sqlite:///{tmp_path}/mine.db"
    assert address("sqlite:///other.db") == "sqlite:///other.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///environment.db")
    assert address(None) == "sqlite:///environment.db"
    (tmp_path / "entries" / "plans").mkdir(parents=True)
    for call in (plan_of, plan_or_experiment):
        monkeypatch.delenv("CATS_ENTRIES", raising=False)
        call("quickstart")
        assert os.environ["CATS_ENTRIES"] == f"{tmp_path}/entries"
    file.write_text("databse = 'x'\n")
    with pytest.raises(CatsError, match="there is no key 'databse'"):
        address(None)
