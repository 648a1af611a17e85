"""Tables: labels by name, ids, cells of Parquet, and each kind of wrong cell as a sentence."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.data.readers.table import table
from results.error import CatsError

USUAL = {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"]}


@pytest.fixture
def written(tmp_path):
    """`written(f=[...], l=[...])` writes two pictures and the table, as CSV and as Parquet."""
    for name in "ab":
        Image.fromarray(np.full((4, 4), ord(name), np.uint8)).save(tmp_path / f"{name}.png")

    def made(**columns):
        frame = pd.DataFrame({"f": ["a.png", "b.png"]} | columns)
        frame.to_csv(tmp_path / "l.csv", index=False)
        frame.to_parquet(tmp_path / "l.parquet", index=False)
        return tmp_path

    return made


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        (["x", "y"], [1, 0]),
        ({"x": 1, "y": 0}, [0, 1]),
        ({"x": "negative", "y": "positive"}, [1, 0]),
        ({"y": "any", "x": "any"}, [0, 0]),
    ],
    ids=["list", "index", "name", "one class of two labels"],
)
def test_classes_are_a_list_or_say_for_each_label_which(written, classes, labels):
    assert table(**USUAL | {"classes": classes})(written(l=["y", "x"])).labels.tolist() == labels


def test_classes_half_by_index_and_half_by_name_are_refused(written):
    with pytest.raises(CatsError, match="the classes of a table must be all indices or all names, not 0, positive"):
        table(**USUAL | {"classes": {"x": 0, "y": "positive"}})(written(l=["y", "x"]))


@pytest.mark.parametrize("file", ["l.csv", "l.parquet"])
def test_numbers_are_the_same_labels_and_groups_from_csv_and_parquet(written, file):
    folder = written(l=[1, 0], who=[12, 7], part=["train", "test"])
    samples = table(**USUAL | {"file": file, "classes": ["0", "1"]}, group="who", part="part")(folder)
    assert (samples.labels.tolist(), samples.groups, samples.parts) == ([1, 0], ["12", "7"], ["train", "test"])


def test_parquet_holds_numbers_with_gaps_as_fractions(written):
    folder = written(l=[1.0, 0.0], who=[12.0, None])
    samples = table(**USUAL | {"file": "l.parquet", "classes": ["0", "1"]}, group="who")(folder)
    assert (samples.labels.tolist(), samples.groups) == ([1, 0], ["12", ""])


def test_ids_are_paths_unless_a_column_says_them(written):
    folder = written(l=["x", "y"], name=["first", "second"])
    assert table(**USUAL)(folder).ids == ["a.png", "b.png"]
    assert table(**USUAL, id="name")(folder).ids == ["first", "second"]
    with pytest.raises(CatsError, match="has no column 'nam'; did you mean 'name'"):
        table(**USUAL, id="nam")(folder)


@pytest.mark.parametrize("cell", ["", "maybe", "2", "0.5"])
def test_a_label_column_with_another_cell_than_0_and_1_is_named(written, cell):
    folder = written(x=["1", "0"], y=["0", cell])
    with pytest.raises(CatsError) as caught:
        table(**USUAL | {"label": ["x", "y"]})(folder)
    assert f"l.csv, line 3 has '{cell}' in column 'y'; allowed are 0 and 1" in str(caught.value)


def test_white_of_12_bits(written):
    folder = written(l=["x", "y"])
    deep = io.BytesIO()
    Image.fromarray(np.full((4, 4), 4095, np.uint16)).save(deep, "PNG")
    (folder / "a.png").write_bytes(deep.getvalue())
    dark, bright = (next(iter(table(**USUAL, **white)(folder).images)) for white in ({}, {"white": 4095}))
    assert (dark.max(), bright.min()) == (16, 255)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("l.csv", b"", "No columns to parse"),
        ("l.csv", b"f,l\n\xff,x\n", "can't decode byte"),
        ("l.csv", b'f,l\n"a.png,x\n', "EOF inside string"),
        ("l.parquet", b"PAR1 and nothing", "Parquet"),
    ],
    ids=["empty", "not UTF-8", "open quotation mark", "damaged Parquet"],
)
def test_a_damaged_table_is_named(written, name, content, sentence):
    folder = written(l=["x", "y"])
    (folder / name).write_bytes(content)
    with pytest.raises(CatsError) as caught:
        table(**USUAL | {"file": name})(folder)
    assert f"{folder / name} cannot be read as a table" in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname"])
def test_a_table_cannot_lead_out_of_its_tree(written, path):
    folder = written(f=[path, "a.png"], l=["x", "y"])
    (folder.parent / "secret.png").write_bytes(b"x")
    with pytest.raises(CatsError, match="line 2 names .*, which does not exist"):
        table(**USUAL)(folder)
