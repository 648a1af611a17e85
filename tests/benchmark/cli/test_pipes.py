"""A pipe under the name of a file is refused by every command that reads a file: opening it would wait for ever."""

import os

import pytest

from tests.support.kept_models import kept_model

NEW = ("new", "target", "mine", "--modality", "drawings", "--licence", "CC0", "--citation", "us", "--from")
pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    "call",
    [
        *((*NEW, name) for name in ("p.zip", "p.tar.gz", "p.npz", "p.csv", "p.tsv", "p.parquet", "p.png", "p.dcm")),
        *(("import", name, "--map", "cats2024", "--experiment", "x") for name in ("p.parquet", "p.csv")),
        ("run", "p.yaml"), ("plan", "p.yaml"),
        *((command, "model", name) for command in ("predict", "watch") for name in ("p.png", "p.csv", "p.zip")),
        ("explain", "model", "p.png"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_pipe_is_refused(cats, tmp_path, call):
    if "model" in call:
        kept_model(tmp_path / "model")
    os.mkfifo(tmp_path / next(word for word in call if word.startswith("p.")))
    code, _, err = cats(*call)
    assert code == 2
    assert "no regular file" in err or "has no layout that can be read" in err
