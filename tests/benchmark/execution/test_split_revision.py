"""A new revision of the drawn split: cells are made again, old records stay readable, and no board mixes the two."""

import pytest

from benchmark.data import identity
from results.tracking.experiment import Experiment

TEXT = """
experiment: toy
sources: [scratch]
targets: [digits, ihc]
backbones: [test_resnet]
recipe: {size: 16, epochs: 0}
seeds: 2
"""


@pytest.mark.slow
def test_cells_of_drawn_parts_are_made_again_and_the_board_says_what_it_leaves_out(home, cats, tmp_path, monkeypatch):
    (tmp_path / "toy.yaml").write_text(TEXT)
    monkeypatch.setattr(identity, "SPLIT", 1)
    assert "4 cells: 0 were done, 4 made now" in cats("run", "toy.yaml")[2]
    monkeypatch.setattr(identity, "SPLIT", 2)
    _, out, _ = cats("board", "toy.yaml", "--format", "markdown")
    said = "digits: the runs are of another version of its data or split than the plan's; `cats run` makes them again"
    assert said in out.replace("\\`", "`")
    assert "ihc: the runs" not in out  # its parts are official
    code, out, err = cats("run", "toy.yaml")
    assert code == 0, err
    assert "4 cells: 2 were done, 2 made now" in err
    for text in (out, cats("board", "toy.yaml")[1], cats("board", "toy")[1]):
        assert "digits: 2 runs are left out, because another version of its data or split was used" in " ".join(text.split())
    runs = Experiment("sqlite:///mlflow.db", "toy", create=False).frame()
    assert runs.groupby("target")["data"].nunique().to_dict() == {"digits": 2, "ihc": 1}
    assert "4 cells: 4 were done, 0 made now" in cats("run", "toy.yaml")[2]
