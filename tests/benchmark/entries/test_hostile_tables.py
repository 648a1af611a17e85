"""Tables with gigantic cells and very many columns: `cats new` says in one sentence what is too much, and writes nothing."""

import numpy as np
import pytest
from PIL import Image

FACTS = ["--modality", "m", "--licence", "l", "--citation", "c"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path / "entries"))
    (tmp_path / "set").mkdir()
    for number in range(6):
        Image.fromarray(np.full((8, 8), 10 * number, np.uint8)).save(tmp_path / "set" / f"{number}.png")
    return tmp_path / "set"


def table(label=lambda number: "ab"[number % 2], more=0):
    head = ",".join(["file", "label", *(f"c{i}" for i in range(more))])
    rows = [",".join([f"{number}.png", label(number), *("1" for _ in range(more))]) for number in range(6)]
    return "\n".join([head, *rows]) + "\n"


TABLES = {
    "a long label": (table(lambda n: "x" * 10**5 if n == 3 else "ab"[n % 2]), "a text of 100,000 characters, 'xxx"),
    "brackets": (table(lambda n: '"' + "(," * 5000 + '"'), "a text of 10,000 characters"),
    "many columns": (table(more=2001), "has 2,003 columns; 2,000 are examined"),
    "an open quotation": ('file,label\n"' + "a" * 10**6, "cannot be read as a table"),
    "a long field": (table(lambda n: '"' + "y" * 200_000 + '"'), "cannot be read as a table"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_too_much(cats, folder, tmp_path, kind):
    content, sentence = TABLES[kind]
    (folder / "t.csv").write_text(content)
    code, out, err = cats("new", "target", "cells", "--from", str(folder / "t.csv"), *FACTS)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert len(err) < 800
    assert not (tmp_path / "entries" / "targets").exists()


def test_as_many_columns_as_people_have(cats, folder):
    (folder / "t.csv").write_text(table(more=300))
    assert cats("new", "target", "cells", "--from", str(folder / "t.csv"), *FACTS)[0] == 0
