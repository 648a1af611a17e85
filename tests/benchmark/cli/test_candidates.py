"""Plans of candidates through the commands: encoders of five architectures, and candidates that are left out."""

import os
import sys
from pathlib import Path

import pytest

from benchmark.cli import main as cli
from benchmark.specs import catalogue
from benchmark.specs.plan_facts import plan_facts
from tests.support.encoders import encoder, published_layouts
from tests.support.folded import makers
from tests.support.processes import forked_workers

FIVE = """
experiment: five
sources: [tiny_clip, tiny_dinov2, tiny_uni, tiny_retfound, tiny_torchvision]
targets: [ihc, digits]
recipe: {base: finetune, size: 32, epochs: 1, batch_size: 16}
subsample: {train: 16, val: 16}
seeds: 1
country: NLD
measures: [logme]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the weights, the entries and the plan of five encoders, and their backbones."""
    place = tmp_path_factory.mktemp("five")
    (place / "five.yaml").write_text(FIVE)
    return place, published_layouts(place / "entries", place / "weights")


@pytest.fixture
def call(folder, monkeypatch, capsys):
    """The command in this folder: arguments → exit code, output and messages."""
    place = folder[0]
    monkeypatch.chdir(place)
    for name, value in {"CATS_HOME": "home", "CATS_ENTRIES": "entries", "CATS_WEIGHTS": "weights"}.items():
        monkeypatch.setenv(name, str(place / value))
    for remembered in (catalogue.source, catalogue.target):
        remembered.cache_clear()

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cats", *arguments])
        try:
            code = cli.main() or 0
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, " ".join(out.split()), " ".join(err.split())

    return run


@pytest.mark.slow
def test_five_encoders_of_five_architectures_meet_on_two_targets(call, folder):
    """Plan, run, board, scores, agreement, cost, comparison and report, one after the other: each needs the one before."""
    named = [f"{source} on {backbone}" for source, backbone in folder[1].items()]
    assert len(set(folder[1].values())) == 5
    code, out, err = call("plan", "five.yaml")
    assert (code, "10 cells of plan 'five': 0 done, 10 to make" in out) == (0, True), err
    code, _, err = call("run", "five.yaml")
    assert (code, "10 cells: 0 were done, 10 made now, 0 attempts failed" in err) == (0, True), err
    assert "read as the layout transformers_clip" in err
    code, board, _ = call("board", "five.yaml", "--format", "csv")
    assert code == 0
    assert all(board.count(f",{name},") >= 2 for name in named)
    _, out, _ = call("board", "five.yaml", "--format", "markdown")
    assert "architecture and source cannot be told apart: no backbone is shared between" in out
    assert "not finished" not in out
    code, out, _ = call("board", "five.yaml", "--format", "json", "--output", "report")
    assert (code, all(text in out for pair in folder[1].items() for text in pair)) == (0, True)
    assert all((Path("report") / name).is_file() for name in ("board.md", "board.csv", "board.png"))
    with forked_workers():  # the processes that score are forks of a warm one
        code, out, err = call("score", "five.yaml", "--images", "40", "--draws", "10", "--format", "markdown")
    assert (code, "10 pairs: 0 were scored, 10 scored now, 0 attempts failed" in err) == (0, True), err
    assert f"| measure | {' | '.join(named)} |" in out
    code, out, err = call("agree", "five.yaml", "--format", "markdown")
    assert (code, "logme" in out) == (0, True), err
    code, out, _ = call("cost", "five.yaml", "--format", "markdown")
    assert (code, all(name in out for name in named)) == (0, True)
    code, out, _ = call("compare", "tiny_uni", "tiny_clip", "five.yaml", "--target", "digits")
    assert code == 0
    assert "source and backbone differ, so that the difference may be of either" in out
    code, _, err = call(
        "compare", "tiny_uni", "tiny_clip", "five.yaml", "--target", "digits", "--backbone", folder[1]["tiny_uni"]
    )
    assert (code, f"tiny_clip has no finished run on digits with {folder[1]['tiny_uni']}; it has runs with" in err) == (2, True)
    assert call("report", "five.yaml", "--no-log")[0] == 0
    assert makers("sqlite:///mlflow.db", "five") == {("cell", "cats run"), ("score", "cats score")}
    page = Path("report.html").read_text()
    assert all(name in page for name in named)
    assert "architecture and source cannot be told apart" in page


LEFT = """
candidates: [[scratch, test_resnet], [enc, test_resnet], [enc, test_vit]]
targets: [ihc]
recipe: {base: finetune, size: 32, epochs: 0}
subsample: {train: 8, val: 8}
seeds: 1
"""


@pytest.fixture
def left(cats, tmp_path, monkeypatch):
    """A plan of which one candidate has no weights."""
    encoder(Path(os.environ["CATS_ENTRIES"]), tmp_path / "weights", "enc", "test_resnet")
    monkeypatch.setenv("CATS_WEIGHTS", str(tmp_path / "weights"))
    catalogue.source.cache_clear()
    (tmp_path / "left.yaml").write_text(LEFT)
    return cats


@pytest.mark.parametrize("command", ["plan", "run", "score"])
def test_a_candidate_without_weights_is_refused_before_anything_starts(left, tmp_path, command):
    code, _, err = left(command, "left.yaml")
    assert code == 2
    assert err.splitlines()[-1].startswith(
        "cats: source enc has no weights for test_vit: test_vit.enc.safetensors not found in "
    )
    assert "it has weights for test_resnet" in err
    assert not (tmp_path / "mlflow.db").exists()


def test_a_report_names_the_candidates_of_a_plan(left):
    facts = dict(plan_facts("left.yaml"))
    assert facts["candidates"] == "scratch on test_resnet, enc on test_resnet, enc on test_vit"
    assert not {"sources", "backbones", "missing"} & set(facts)


@pytest.mark.slow
def test_or_it_is_left_out_and_every_command_says_so(left, tmp_path):
    (tmp_path / "left.yaml").write_text(LEFT + "missing: skip\n")
    said = "left out by `missing: skip`: source enc has no weights for test_vit: "
    code, out, _ = left("plan", "left.yaml")
    assert (code, said in out, "2 cells of plan 'left': 0 done, 2 to make" in out) == (0, True, True)
    code, out, err = left("run", "left.yaml")
    assert (code, said in err, "2 cells: 0 were done, 2 made now" in err) == (0, True, True), err
    code, out, _ = left("board", "left.yaml", "--format", "json")
    assert (code, said in out, "not finished" in out) == (0, True, False)
