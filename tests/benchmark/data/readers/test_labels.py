"""Labels that are missing, one-hot or spelled otherwise, in every kind of table; and the way from a cell to its picture."""

import io
import unicodedata

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.data.as_declared import check_samples
from benchmark.data.dataset import Dataset
from benchmark.data.readers.cells import absent_labels, alike_labels, cell_text, in_class_order, joined_labels, label_doubts
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.hdf5 import hdf5
from benchmark.data.readers.hub import hub
from benchmark.data.readers.npz import npz
from benchmark.data.readers.samples import Samples
from benchmark.data.readers.table import table
from results.error import CatsError

BLANK = ["", "  ", "nan", "NaN", "N/A", "null", "<NA>", "-1", "?"]
LEFT_OUT = "2 images without a label are left out, as declared"


def encoded(value):
    out = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


def pictures(folder, names):
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(number))


def as_table(folder, labels, file="l.csv", **options):
    """Six pictures and a table of their labels, read; columns of labels where `labels` has two dimensions."""
    pictures(folder, [f"{i}.png" for i in range(6)])
    labels = np.asarray(labels, dtype=object)
    columns = {"l": labels} if labels.ndim == 1 else {f"c{i}": labels[:, i] for i in range(labels.shape[1])}
    frame = pd.DataFrame({"f": [f"{i}.png" for i in range(6)], **columns})
    if file.endswith(".parquet"):
        frame.infer_objects().to_parquet(folder / file)
    else:
        frame.to_csv(folder / file, index=False, sep=options.get("separator", ","))
    label = "l" if labels.ndim == 1 else list(columns)
    return table(file=file, path="f", label=label, **{"classes": ["0", "1"]} | options)(folder)


def as_npz(folder, labels, **options):
    array = np.asarray(labels, dtype=float)
    images = np.repeat(np.arange(6, dtype=np.uint8), 16).reshape(6, 4, 4)
    np.savez(
        folder / "x.npz", train_images=images, train_labels=array, val_images=images[:0], val_labels=array[:0],
        test_images=images[:0], test_labels=array[:0],
    )  # fmt: skip
    return npz("x.npz", **options)(folder)


def as_hdf5(folder, labels, **options):
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = np.repeat(np.arange(6, dtype=np.uint8), 16).reshape(6, 4, 4)
        file["y"] = np.asarray(labels, dtype=float)
    return hdf5({"train": "x.h5"}, {"train": "x.h5"}, **options)(folder)


def as_hub(folder, labels, **options):
    (folder / "set").mkdir()
    cells = [None if isinstance(value, float) and np.isnan(value) else value for value in labels]
    images = [{"bytes": encoded(i), "path": None} for i in range(6)]
    pd.DataFrame({"image": images, "label": cells}).to_parquet(folder / "set" / "train.parquet")
    repository = str(folder / "set")
    return hub(repository=repository, revision="1", image="image", label="label", splits={"train": "train"}, **options)(folder)


def semicolons(folder, labels, **options):
    return as_table(folder, labels, separator=";", **options)


def tabs(folder, labels, **options):
    return as_table(folder, labels, file="l.tsv", separator="\t", **options)


def parquet(folder, labels, **options):
    return as_table(folder, labels, file="l.parquet", **options)


KINDS = [as_table, semicolons, tabs, parquet, as_npz, as_hdf5, as_hub]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("read", KINDS)
@pytest.mark.parametrize("gap", [float("nan"), -1.0], ids=["blank", "-1"])
def test_images_without_a_label_are_left_out_only_by_declaration(tmp_path, read, gap):
    labels = [0.0, 1.0, gap, 1.0, gap, 0.0]
    samples = read(tmp_path, labels, missing=["", -1])
    assert samples.labels.tolist() == [0, 1, 1, 0]
    assert [int(image.max()) for image in samples.images] == [0, 1, 3, 5]
    assert [name.split("/")[-1].removesuffix(".png") for name in samples.ids] == ["0", "1", "3", "5"]
    assert samples.left_out[0].startswith(LEFT_OUT)


@pytest.mark.parametrize("read", KINDS)
def test_a_blank_label_that_nobody_declares_is_refused(tmp_path, read):
    with pytest.raises(CatsError, match="line 4 has the label ''|no label|whole number"):
        read(tmp_path, [0.0, 1.0, float("nan"), 1.0, 0.0, 0.0])


@pytest.mark.parametrize("read", KINDS)
def test_one_hot_labels_become_one_number(tmp_path, read):
    marks = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    samples = read(tmp_path, marks, one_hot=True)
    assert samples.labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("read", KINDS)
@pytest.mark.parametrize("wrong", [[0, 0, 0], [1, 1, 0]])
def test_a_row_that_is_not_one_hot_is_named(tmp_path, read, wrong):
    with pytest.raises(CatsError, match="(line 4|image train/2) has"):
        read(tmp_path, [[1, 0, 0], [0, 1, 0], wrong, [1, 0, 0], [0, 1, 0], [0, 0, 1]], one_hot=True)


@pytest.mark.parametrize("read", KINDS)
def test_a_one_hot_row_without_a_label_is_left_out_if_that_is_declared(tmp_path, read):
    samples = read(tmp_path, [[1, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 1]], one_hot=True, missing=[""])
    assert samples.labels.tolist() == [0, 1, 0, 1]
    assert samples.left_out[0].startswith(LEFT_OUT)


@pytest.mark.parametrize(
    ("values", "absent"),
    [
        (["a", "b", *BLANK], BLANK),
        (["0", "1", "-1.0", "-9", "999", "None", "unknown"], ["-1.0", "-9", "999", "None", "unknown"]),
        (["mild", "none", "severe", "unknown"], ["unknown"]),
        (["+", "-"], []),
        ([str(i) for i in range(100)], []),
    ],
)  # fmt: skip
def test_what_looks_like_a_missing_label(values, absent):
    assert absent_labels(values) == absent


def test_spellings_of_one_label():
    values = ["Benign", "benign ", "BENIGN", "malignant", "1", "1.0", "Öd", unicodedata.normalize("NFD", "öd"), "a  b", "a b"]
    assert [len(alike) for alike in alike_labels(values)] == [3, 2, 2, 2]
    assert joined_labels(["Mass", "Nodule", "Mass|Nodule", "HER2+/ER-", "Nodule ; Mass"]) == ["Mass|Nodule", "Nodule ; Mass"]
    assert len(label_doubts(["Benign", "benign", "", "a", "b", "a|b"])) == 3


@pytest.mark.parametrize(
    ("names", "order"), [(["10", "2", "0", "1"], ["0", "1", "2", "10"]), (["b", "10", "2"], ["10", "2", "b"])]
)
def test_numbers_are_in_the_order_of_numbers(names, order):
    assert in_class_order(names) == order


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (np.float32(2.0), "2"), (None, ""), (float("nan"), ""), (pd.NA, ""), (pd.NaT, ""), (True, "True"),
        (b"x", "x"), (0.5, "0.5"),
    ],
)  # fmt: skip
def test_a_cell_of_parquet_is_written_as_csv_would(value, text):
    assert cell_text(value) == text


@pytest.mark.parametrize(
    "column", [pd.array([0, 1, None, 1, 0, 1], dtype="Int64"), pd.Categorical(["0", "1", None, "1", "0", "1"])]
)
def test_columns_of_parquet_that_know_missing_values(tmp_path, column):
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    pd.DataFrame({"f": [f"{i}.png" for i in range(6)], "l": column}).to_parquet(tmp_path / "l.parquet")
    read = table(file="l.parquet", path="f", label="l", classes=["0", "1"], missing=[""])
    assert read(tmp_path).labels.tolist() == [0, 1, 1, 0, 1]
    with pytest.raises(CatsError, match="line 4 has the label ''"):
        table(file="l.parquet", path="f", label="l", classes=["0", "1"])(tmp_path)


def rows(folder, cells, **options):
    pd.DataFrame({"f": cells, "l": ["x", "y"] * (len(cells) // 2)}).to_csv(folder / "l.csv", index=False)
    return table(file="l.csv", path="f", label="l", classes=["x", "y"], **options)(folder).ids


@pytest.mark.parametrize(
    ("files", "cells", "options"),
    [
        (["one/a.jpg", "two/b.jpg"], ["a", "b"], {"images": ["one", "two"], "ending": ".jpg"}),
        (["a.jpg", "b.png"], ["a", "b"], {"ending": [".jpg", ".png"]}),
        (["p/1/x/a.png", "p/2/b.png"], ["a.png", "b.png"], {"images": "p/**"}),
        (["p/1/a.png", "p/2/a.png"], ["1/a", "2/a"], {"images": "**", "ending": ".png"}),
        (["1.png", "2.png"], ["1.0", "2.0"], {"ending": ".png"}),
        (["s/a.png", "s/b.png"], ["s\\a.png", "./s/b.png"], {}),
        (["a.png", "b.png"], ["a.png ", " b.png"], {}),
        ([unicodedata.normalize("NFD", "é.png"), "b.png"], [unicodedata.normalize("NFC", "é.png"), "b.png"], {}),
        ([unicodedata.normalize("NFC", "é.png"), "b.png"], [unicodedata.normalize("NFD", "é"), "b"], {"ending": ".png"}),
    ],
    ids=["two folders", "two endings", "any folder", "a path too", "1.0", "windows", "space", "NFD files", "NFD cells"],
)  # fmt: skip
def test_the_way_from_a_cell_to_its_picture(tmp_path, files, cells, options):
    pictures(tmp_path, files)
    assert rows(tmp_path, cells, **options) == files


@pytest.mark.parametrize(
    ("files", "options"),
    [
        (["one/a.png", "two/a.png"], {"images": ["one", "two"], "ending": ".png"}),
        (["a.png", "a.jpg"], {"ending": [".jpg", ".png"]}),
        (["p/1/a.png", "p/2/a.png"], {"images": "p/**", "ending": ".png"}),
    ],
)
def test_a_cell_that_names_two_pictures_is_refused(tmp_path, files, options):
    pictures(tmp_path, [*files, "b.png"])
    with pytest.raises(CatsError, match=r"line 2 names 'a', which may be '.*a\.(png|jpg)', '.*a\.png'; state images or ending"):
        rows(tmp_path, ["a", "b"], **options)


def test_several_labels_in_a_cell_with_white_space_and_a_separator_at_the_end(tmp_path):
    samples = as_table(tmp_path, ["x; y", "y;", "x", "", "y ;x", "y"], classes=["x", "y"], labels_separator=";", nothing="")
    assert samples.labels.tolist() == [[1, 1], [0, 1], [1, 0], [0, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize("cell", ["", " "])
def test_a_blank_cell_among_several_labels_is_declared_or_refused(tmp_path, cell):
    with pytest.raises(
        CatsError, match="line 3 has a blank cell in the column 'l'; declare nothing: ''.* or missing: \\[''\\]"
    ):
        as_table(tmp_path, ["x;y", cell, "y", "x", "x", "x"], classes=["x", "y"], labels_separator=";")
    samples = as_table(tmp_path, ["x;y", cell, "y", "x", "x", "x"], classes=["x", "y"], labels_separator=";", missing=[""])
    assert samples.labels.tolist() == [[1, 1], [0, 1], [1, 0], [1, 0], [1, 0]]


def test_a_declared_blank_cell_keeps_the_identity_of_earlier_versions():
    facts = {"name": "n", "title": "t", "modality": "m", "task": "multilabel", "classes": ["x", "y"], "licence": "l",
             "citation": "c", "tree": "t"}  # fmt: skip
    read = {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"], "labels_separator": ";"}
    before, after, other = (Dataset(**facts, read={"table": read | more}) for more in ({}, {"nothing": ""}, {"nothing": "-"}))
    assert before.options == after.options != other.options


def test_empty_lines_of_a_spreadsheet_are_no_rows(tmp_path):
    pictures(tmp_path, ["a.png", "b.png"])
    (tmp_path / "l.csv").write_text("f,l,n\na.png,x,\n,,\n\nb.png,z,\n,,\n")
    with pytest.raises(CatsError, match="line 4 has the label 'z'; allowed are x, y$"):
        table(file="l.csv", path="f", label="l", classes=["x", "y"])(tmp_path)


def test_unknown_groups_are_not_one_patient(tmp_path):
    images = [{"bytes": encoded(i), "path": None} for i in range(3)]
    (tmp_path / "set").mkdir()
    pd.DataFrame({"image": images, "label": [0, 1, 0], "who": ["a", None, None]}).to_parquet(tmp_path / "set" / "train.parquet")
    options = {"repository": str(tmp_path / "set"), "revision": "1", "image": "image", "label": "label"}
    with pytest.raises(CatsError, match="the column 'who' names no group in 2 of 3 rows"):
        hub(**options, splits={"train": "train"}, group="who")(tmp_path)


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("", "; rows without a label are left out if `missing` lists them"),
        ("-1", "; rows without a label are left out if `missing` lists them"),
        ("0|1", "; several labels in one cell need `labels_separator`"),
        ("2", ""),
    ],
)
def test_a_wrong_label_says_which_option_reads_it(tmp_path, cell, hint):
    with pytest.raises(CatsError) as caught:
        as_table(tmp_path, ["0", "1", cell, "0", "1", "0"])
    assert str(caught.value).endswith(f"line 4 has the label '{cell}'; allowed are 0, 1{hint}")


def test_files_of_another_program_are_no_pictures_of_an_open_folder(tmp_path):
    pictures(tmp_path, ["p/1/a.png", "p/2/b.png", "p/.Trash/a.png", "p/1/._b.png"])
    assert rows(tmp_path, ["a", "b"], images="**", ending=".png") == ["p/1/a.png", "p/2/b.png"]


def test_the_identity_of_a_table_is_that_of_its_pictures_and_changes_only_with_words_that_were_not_understood(tmp_path):
    pictures(tmp_path, ["t/a.png", "t/b.png"])

    def digest(parts, **options):
        pd.DataFrame({"f": ["a.png", "b.png"], "l": ["x", "y"], "s": parts}).to_csv(tmp_path / "t" / "l.csv", index=False)
        read = table(file="l.csv", path="f", label="l", classes=["x", "y"], part="s", **options)
        facts = {"title": "t", "modality": "m", "task": "binary", "classes": ("x", "y"), "licence": "l", "citation": "c"}
        made = Dataset(name="t", **facts, tree="t", place=str(tmp_path), read=read)
        return made.digest(), made.model_copy(update={"read": read.read}).digest()  # as it was: all files, no revision

    for parts, options, same in (
        (["train", "test"], {}, True),
        (["training", "testing"], {"part_values": {"training": "train", "testing": "test"}}, True),
        (["train", "later"], {"part_values": {"later": "extra"}}, True),
        (["Train", "test"], {}, False),
        (["train", "valid"], {}, False),
        (["train", "valid"], {"part_values": {"valid": "Val"}}, False),
    ):
        now, before = digest(parts, **options)
        assert (now == before) == same, (parts, options)
    first = digest(["train", "test"])[0]
    (tmp_path / "t" / "README").write_text("x")
    assert digest(["train", "test"])[0] == first


@pytest.mark.parametrize(
    ("word", "hint"), [("valid", "; 'valid' is called val"), ("Train", "; 'Train' is called train"), ("later", "")]
)
@pytest.mark.parametrize("make", ["hdf5", "hub"])
def test_a_part_of_another_name_would_be_used_nowhere(word, hint, make):
    usual = {"repository": "/x", "revision": "1", "image": "i", "label": "l"}
    with pytest.raises(CatsError) as caught:
        hub(**usual, splits={"test": "x", word: "y"}) if make == "hub" else hdf5({word: "x.h5"}, {word: "x.h5"})
    option = "splits" if make == "hub" else "images"
    assert str(caught.value) == f"{option} names the part '{word}'; allowed are train, val, test, and extra for no part{hint}"


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (["train", "validation", "test"], "t names the part 'validation', whose images would be used nowhere; the reader must"),
        (["train", "Val", "test"], "the reader must say val"),
        (["train", "extra", "test"], ""),
    ],
)  # fmt: skip
def test_a_reader_of_ones_own_must_say_train_val_and_test(parts, sentence):
    facts = {"title": "t", "modality": "m", "task": "binary", "classes": ("x", "y"), "licence": "l", "citation": "c"}
    samples = Samples([], np.arange(6) % 2, list("abcdef"), None, [part for part in parts for _ in range(2)])
    made = Dataset(name="t", **facts, read=lambda _: samples)
    if sentence:
        with pytest.raises(CatsError, match=sentence):
            check_samples(made, samples)
    else:
        check_samples(made, samples)


@pytest.mark.parametrize(("who", "groups", "changed"), [(["01", "02"], ["01", "02"], False), (["1", "1.0"], ["1", "1"], True)])
def test_a_number_is_one_group_and_changes_the_data_only_where_it_was_two(tmp_path, who, groups, changed):
    for name in "ab":
        Image.new("L", (8, 8)).save(tmp_path / f"{name}.png")
    (tmp_path / "l.csv").write_text(f"f,l,w\na.png,0,{who[0]}\nb.png,1,{who[1]}\n")
    read = table(file="l.csv", path="f", label="l", classes=["0", "1"], group="w")
    assert read(tmp_path).groups == groups
    assert bool(read.revision([], Tree(tmp_path))) == changed
