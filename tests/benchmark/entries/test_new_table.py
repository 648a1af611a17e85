"""`cats new` on tables as people have them: the right picture for each row, or a question; labels that are labels."""

import itertools
import unicodedata

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from benchmark.specs import catalogue
from results.text.plain import plain
from tests.support.own_tables import entry, options

FACTS = ("--modality", "microscope", "--licence", "CC0", "--citation", "Us, 2026")
LABEL = np.random.default_rng(1).integers(0, 2, 60)  # of each picture
NAMES = ("benign", "malignant")
ORDER = np.random.default_rng(3).permutation(60)  # of the rows


@pytest.fixture
def data(own):
    """own/set with sixty pictures; those of a malignant case are bright."""
    return lambda name="{0}.png", numbers=range(60): pictures(own / "set", name, numbers)


def pictures(folder, name, numbers):
    for number in numbers:
        path = folder / name.format(number, number % 3)
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 100, (8, 8), dtype=np.uint8) + 120 * LABEL[number]
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


def rows(folder, kind="labels.csv", separator=",", order=ORDER, **columns):
    """A table of the pictures in the order of `order`: a column is a function of the picture's number, or of (number, row)."""
    made = {"label": lambda n: NAMES[LABEL[n]]} | columns
    cells = {name: [value(int(n)) for n in order] for name, value in made.items() if value is not None}
    frame = pd.DataFrame(cells)
    if kind.endswith(".parquet"):
        frame.to_parquet(folder / kind)
    else:
        frame.to_csv(folder / kind, index=False, sep=separator)
    return folder / kind


@pytest.fixture
def new(own, call):
    """`new(path, ...)` → exit code and standard error."""

    def run(path, *options):
        code, _, err = call("new", "target", "cells", "--from", path, *FACTS, *options)
        assert (own / "entries" / "targets" / "cells.yaml").exists() == (code == 0), err
        return code, err

    return run


def right_pictures():
    """True if every image of the entry `cells` that is read has the label with which it was made."""
    catalogue.target.cache_clear()
    dataset = catalogue.target("cells").dataset
    samples = dataset.read(dataset.folder())
    bright = np.array([image.mean() >= 110 for image in samples.images])
    return len(samples.ids) and bool((bright == (samples.labels == list(dataset.classes).index("malignant"))).all())


def number(n):
    return n


def patient(n):
    return (n * 11 + 5) % 60  # numbers of patients are numbers of pictures too, of others


def file(n):
    return f"{n}.png"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "path"),
    [
        ({"patient": patient, "file": file}, "file"),
        ({"Unnamed: 0": patient, "patient": patient, "image": number}, "image"),
        ({"": patient, "image_id": number}, "image_id"),
        ({"index": patient, "name": file}, "name"),
        ({"age": patient, "PatientID": patient, "Image Index": file}, "Image Index"),
        ({"id": patient, "filename": number}, "filename"),
        ({"image": file, "mask": lambda n: f"{(n + 1) % 60}.png"}, "image"),
    ],
)
@pytest.mark.parametrize("kind", ["labels.csv", "labels.parquet"])
def test_the_column_that_names_pictures_is_found_by_its_cells_and_name(own, data, new, columns, path, kind):
    code, err = new(rows(data(), kind, **columns))
    assert code == 0, err
    assert options(own)["path"] == path
    assert f"pictures by the column '{path}' ('" in err
    assert ".png), labels by 'label'" in err
    assert right_pictures()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"patient": patient}, "the column 'patient' fits the pictures in {0} by its numbers alone ('"),
        ({"patient": patient, "file": lambda n: f"scan_{n}.png"}, "while 'file' holds names such as 'scan_"),
        ({"image": patient, "file": lambda n: f"scan_{n}.png"}, "the column 'image' fits the pictures in {0} by its"),
        ({"id": patient, "image": lambda n: n + 1}, "'image' holds names such as '60', which are not there; say --path id"),
        ({"#": patient}, "by its numbers alone"),
        ({"S. No.": patient}, "say --path 'S. No.'"),
        ({"case_id": patient}, "by its numbers alone"),
        ({"file": lambda n: f"{n}.png" if n != ORDER[4] else ""}, "line 6 names no picture: the column 'file' is blank"),
        ({"id": patient, "number": number}, "several columns that may name the pictures: 'id' ("),
        ({"file": file, "image": lambda n: f"{patient(n)}.png"}, "several columns that may name the pictures: 'file' ("),
        ({"Unnamed: 0": number}, "no column of {0}/labels.csv names a picture for each row in {0}; 'Unnamed: 0' numbers"),
        ({"patient": lambda n: n // 2}, "the column 'patient' names 11.png in lines 2 and 15; each picture"),
        ({"file": lambda n: f"{n}.png" if n else "60.png"}, "names 60.png, which is not in {0} (1 of 60 are not)"),
        ({"site": lambda n: "A"}, "no column of {0}/labels.csv names a picture for each row in {0}; name the column with"),
    ],
)  # fmt: skip
def test_what_could_be_another_picture_is_asked(own, data, new, columns, sentence):
    code, err = new(rows(data(), **columns))
    assert code == 2
    assert sentence.format(own / "set") in err
    assert any(text in err for text in ("--path", "which is not in", "in lines", "is blank"))


def test_the_option_answers_which_column(own, data, new):
    path = rows(data(), id=patient, number=number)
    assert new(path, "--path", "number")[0] == 0
    assert right_pictures()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "cell", "images", "ending"),
    [
        ("{0}.png", number, "", ".png"),
        ("part {1}/{0}.jpg", number, ["part 0", "part 1", "part 2"], ".jpg"),
        ("deep/er/{0}.png", file, "deep/er", ""),
        ("deep/{0}/scan {0}.png", lambda n: f"scan {n}", "deep/**", ".png"),
        ("x/{0}.png", lambda n: f"x/{n}.png", "", ""),
        ("x/{0}.png", lambda n: f"x\\{n}.png", "", ""),
        ("x/{0}.png", lambda n: f"./x/{n}.png", "", ""),
        ("{0}.png", float, "", ".png"),
        ("{0}.PNG", number, "", ".PNG"),
    ],
    ids=["ending", "three folders", "folder", "a folder each", "whole path", "windows", "./", "1.0", "PNG"],
)
def test_what_the_cells_leave_out_is_written_into_the_entry(own, new, place, cell, images, ending):
    pictures(own / "set", place, range(60))
    code, err = new(rows(own / "set", image=cell))
    assert code == 0, err
    assert (options(own).get("images", ""), options(own).get("ending", "")) == (images, ending)
    assert right_pictures()


def test_two_endings_are_both_written(own, data, new):
    data("{0}.png", range(40))
    data("{0}.jpeg", range(40, 60))
    assert new(rows(own / "set", image=number))[0] == 0
    assert options(own)["ending"] == [".jpeg", ".png"]
    assert right_pictures()


@pytest.mark.slow
@pytest.mark.parametrize("count", [60, 1])
@pytest.mark.parametrize(
    ("second", "option", "answers"),
    [("masks/{0}.png", "--images", ["images", "images/", "./images"]), ("images/{0}.tif", "--ending", ["png", ".png", ".PNG"])],
)
def test_a_name_that_fits_in_two_places_is_asked(own, new, second, option, answers, count):
    pictures(own / "set", "images/{0}.png", range(60))
    pictures(own / "set", second, range(count))
    path = rows(own / "set", image=number)
    code, err = new(path)
    assert code == 2
    both = [name.format(ORDER[0] if count > 1 else 0) for name in ("images/{0}.png", second)]
    assert f"may be '{both[0]}', '{both[1]}', and so in {count} rows; say which with {option}" in err
    for answer in answers:
        code, err = new(path, option, answer)
        assert code == 0, err
        assert right_pictures()
        (own / "entries" / "targets" / "cells.yaml").unlink()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_of_columns_is_the_one_that_makes_a_table(own, data, new, separator):
    path = rows(data(), separator=separator, **{"file": file, "stage (a, b, c)": lambda n: "x, y; z" if n % 2 else "x"})
    code, err = new(path)
    assert code == 0, err
    assert options(own).get("separator", ",") == separator
    assert right_pictures()


@pytest.mark.parametrize("cell", ["/home/she/{0}.png", "C:\\data\\{0}.png", "https://example.org/{0}.png"])
def test_folders_of_another_machine_are_named(own, data, new, cell):
    path = rows(data("images/{0}.png"), file=cell.format)
    sentence = f"whose folders are not in {own / 'set'}; write 'images/{ORDER[0]}.png' or '{ORDER[0]}.png' into the table"
    assert sentence in new(path)[1]


def test_a_table_in_a_folder_without_pictures_is_named(own, data, new):
    (data() / "labels").mkdir()
    path = rows(own / "set", "labels/labels.csv", file=file)
    assert "labels holds no picture; put labels.csv into the folder that holds the pictures" in new(path)[1]


def test_a_file_that_is_no_picture_is_not_said_to_be_missing(own, data, new):
    path = rows(data(), file=lambda n: f"{n}.png" if n else "0.heic")
    (own / "set" / "0.heic").write_bytes(b"....ftypheic")
    assert "names 0.heic, which is no picture that can be read (1 of 60 are not)" in new(path)[1]


@pytest.mark.parametrize(("stored", "written"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_in_names_may_be_spelled_either_way(own, data, new, stored, written):
    data(unicodedata.normalize(stored, "lésion {0}.png"))
    path = rows(own / "set", image=lambda n: unicodedata.normalize(written, f"lésion {n}"))
    code, err = new(path)
    assert code == 0, err
    assert right_pictures()


def test_pictures_that_the_table_does_not_name_are_counted(own, data, new):
    code, err = new(rows(data(), image=number, order=ORDER[:50]))
    assert code == 0
    assert "50 pictures in 2 classes" in err
    assert f"10 pictures in {own / 'set'} are not in the table" in err


def test_rows_without_a_label_and_without_a_picture_do_not_hide_pictures_that_are_not_in_the_table(own, data, new):
    path = rows(data(), file=file, label=spoilt(n3=""), order=ORDER[:50])
    text = path.read_text()
    path.write_text(text.rstrip("\n") + "".join(f"\n,nowhere_{i}.png" for i in range(10)) + "\n")
    code, err = new(path, "--missing", "drop")
    assert code == 0, err
    assert f"10 pictures in {own / 'set'} are not in the table" in err


def spoilt(**cells):
    """The labels, but those of the pictures of some numbers: spoilt(n3="x")."""
    return lambda n: cells.get(f"n{n}", NAMES[LABEL[n]])


MISSING = [  # with a separator of its own a table is cut in another way, and its cells are read in the same one
    *itertools.product([("labels.csv", ",")], ["", "nan", "NaN", "N/A", "-1", "-1.0", "null", " "]),
    *itertools.product([("labels.parquet", ","), ("labels.csv", ";")], ["", "N/A", "-1"]),
    (("labels.tsv", "\t"), " "),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "cell"), MISSING)
def test_a_missing_label_is_no_class(own, data, new, call, cell, kind):
    path = rows(data(), *kind, file=file, label=spoilt(n3=cell, n40=cell))
    code, err = new(path)
    assert code == 2
    seen = f"'{cell}'" if cell.strip() else "blank"
    assert (
        f"the column 'label' seems to hold no label in 2 of 60 rows: {seen} (2); leave these rows out with --missing drop"
        in err
    )
    code, err = new(path, "--missing", "drop")
    assert code == 0, err
    assert f"58 pictures in 2 classes (benign {sum(LABEL == 0) - sum(LABEL[[3, 40]] == 0)}, " in err
    assert f"2 images without a label are left out, as declared: {seen} (2)" in err
    assert "not in the table" not in err
    assert options(own)["missing"] == [cell]
    assert right_pictures()
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err
    assert "58 images, 2 classes, binary, as declared; 2 images without a label are left out" in out


def test_missing_numbers_of_parquet_and_of_a_csv_made_from_them(own, data, new):
    for kind in ("labels.parquet", "labels.csv"):
        path = rows(data(), kind, file=file, label=lambda n: float("nan") if n in {3, 40} else float(LABEL[n]))
        assert "seems to hold no label in 2 of 60 rows: blank (2)" in new(path)[1]
        code, err = new(path, "--missing", "drop", "--classes", "0,1")
        assert code == 0, err
        assert entry(own)["classes"] == ["0", "1"]
        catalogue.target.cache_clear()
        dataset = catalogue.target("cells").dataset
        assert dataset.read(dataset.folder()).labels.tolist() == [LABEL[n] for n in ORDER if n not in {3, 40}]
        (own / "entries" / "targets" / "cells.yaml").unlink()


def test_labels_that_are_left_out_may_be_listed(own, data, new):
    path = rows(data(), file=file, label=spoilt(n3="unsure", n40="-1"))
    assert "holds no 'nope', which --missing names" in new(path, "--missing", "nope")[1]
    assert "seems to hold no label in 1 of 59 rows: '-1' (1)" in new(path, "--missing", "unsure")[1]
    code, err = new(path, "--missing", "unsure,-1")
    assert code == 0, err
    assert options(own)["missing"] == ["unsure", "-1"] or options(own)["missing"] == ["-1", "unsure"]
    assert right_pictures()


def test_a_label_that_looks_missing_is_a_class_if_it_is_named(own, data, new):
    path = rows(data(), file=file, label=lambda n: -1 if LABEL[n] else 1)
    assert new(path)[0] == 2
    assert new(path, "--classes", "1,-1")[0] == 0
    assert entry(own)["classes"] == ["1", "-1"]


@pytest.mark.parametrize("cell", ["Benign", "benign ", " benign", "BENIGN", "ｂenign", "benign\u200b"])
def test_spellings_of_one_label_are_one_class_only_if_that_is_said(own, data, new, cell):
    numbers = np.flatnonzero(LABEL == 0)[:5]
    path = rows(data(), file=file, label=spoilt(**{f"n{n}": cell for n in numbers}))
    code, err = new(path)
    assert code == 2
    shown = plain(cell)
    assert f"differ only in case, white space or the form of a number: 'benign' ({sum(LABEL == 0) - 5}), '{shown}' (5)" in err
    assert "--merge-labels" in err
    code, err = new(path, "--merge-labels")
    assert code == 0, err
    assert entry(own)["classes"] == ["benign", "malignant"]
    assert right_pictures()


def test_labels_that_differ_in_case_are_classes_if_all_are_named(own, data, new):
    path = rows(data(), file=file, label=lambda n: "aA"[LABEL[n]])
    assert new(path)[0] == 2
    assert new(path, "--classes", "a,A")[0] == 0
    assert entry(own)["classes"] == ["a", "A"]


SEVERAL = ["Mass", "Nodule", "Effusion", "Mass{0}Nodule", "Effusion{0}Mass", "No Finding"]


@pytest.mark.slow
@pytest.mark.parametrize("separator", ["|", ";", ",", "/", ", ", " | ", "+", " & "])
def test_several_labels_in_one_cell_are_recognised(own, data, new, call, separator):
    path = rows(data(), file=file, label=lambda n: SEVERAL[n % 6].format(separator))
    code, err = new(path)
    assert code == 0, err
    assert "60 pictures in 3 classes (Effusion 20, Mass 30, Nodule 20)" in err
    assert "cells hold several labels" in err
    assert entry(own)["task"] == "multilabel"
    assert options(own)["nothing"] == "No Finding"
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["HER2+/ER-", "normal"], "holds 'HER2+/ER-': say --labels-separator '/' if these are several labels"),
        (["benign", "malignant", "benign/malignant"], "holds 'benign/malignant': say --labels-separator '/'"),
        (["a|b", "c;d", "a", "b", "c", "d"], "say --labels-separator '"),
        (["tumour, left", "tumour, right"], "holds 'tumour, left', 'tumour, right'"),
        (["tumour, left", "tumour, right", "normal, left", "normal, right"], "say --labels-separator ','"),
        (["ER+/PR-", "ER-/PR+"], "say --labels-separator '/'"),
    ],
)
def test_cells_that_may_hold_several_labels_are_asked(own, data, new, labels, sentence):
    path = rows(data(), file=file, label=lambda n: labels[n % len(labels)])
    code, err = new(path)
    assert code == 2
    assert sentence in err.replace("'tumour, right', 'tumour, left'", "'tumour, left', 'tumour, right'")
    assert new(path, "--labels-separator", "none")[0] == 0
    assert sorted(entry(own)["classes"]) == sorted(labels)


def test_lists_of_labels_in_parquet_are_several_labels(own, data, new, call):
    labels = [["Mass"], ["Nodule"], ["Mass", "Nodule"], []]
    path = rows(data(), "labels.parquet", file=file, label=lambda n: labels[n % 4])
    assert "15 cells of the label column are blank" in new(path)[1]
    assert new(path, "--nothing", "")[0] == 0
    catalogue.target.cache_clear()
    dataset = catalogue.target("cells").dataset
    read = dataset.read(dataset.folder()).labels.tolist()
    assert read == [[[1, 0], [0, 1], [1, 1], [0, 0]][n % 4] for n in ORDER]


def test_several_numbers_in_one_cell_are_recognised(own, data, new):
    cells = ["0", "1", "2", "0 1", "1 2"]
    assert new(rows(data(), file=file, label=lambda n: cells[n % 5]))[0] == 0
    assert (entry(own)["task"], entry(own)["classes"]) == ("multilabel", ["0", "1", "2"])
    assert options(own)["labels_separator"] == " "


def test_blank_cells_among_several_labels_are_asked(own, data, new):
    path = rows(data(), file=file, label=lambda n: SEVERAL[n % 6].format("|").replace("No Finding", ""))
    code, err = new(path)
    assert code == 2
    assert "10 cells of the label column are blank: say --nothing ''" in err
    assert new(path, "--nothing", "")[0] == 0
    assert entry(own)["images"] == 60
    (own / "entries" / "targets" / "cells.yaml").unlink()
    assert new(path, "--missing", "drop")[0] == 0
    assert entry(own)["images"] == 50


NAMED = ("--label", "c0,c1,c2")


def third(cell):
    """The last of three one-hot columns, but for one picture."""
    return lambda n: cell if n == 2 else int(n % 3 == 2)


ONE_HOT = {f"c{i}": lambda n, i=i: int(n % 3 == i) for i in range(3)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["labels.csv", "labels.parquet"])
@pytest.mark.parametrize("named", [(), ("--label", "c0,c1,c2")])
def test_columns_that_sum_to_one_are_one_label(own, data, new, call, kind, named):
    path = rows(data(), kind, file=file, label=None, **ONE_HOT)
    code, err = new(path, *named)
    assert code == 0, err
    assert "60 pictures in 3 classes (c0 20, c1 20, c2 20)" in err
    assert "each image has one label (one-hot columns)" in err
    assert (entry(own)["task"], options(own)["label"], options(own)["one_hot"]) == ("multiclass", ["c0", "c1", "c2"], True)
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err


@pytest.mark.parametrize(
    ("changes", "given", "sentence"),
    [
        ({"c2": None}, (), "'c0', 'c1' hold 0 and 1: say --label c0,c1 if they are the labels"),
        ({"male": lambda n: int(n % 7 == 0)}, (), "'c0', 'c1', 'c2', 'male' hold 0 and 1: say --label c0,c1,c2,male if"),
        ({"c2": third(0)}, NAMED, "1 of 60 images has none of the labels"),
        ({"c2": third("")}, NAMED, "seems to hold no label in 1 of 180 rows"),
        ({"c2": third(2)}, NAMED, "has '2' in column 'c2'; allowed are 0 and 1"),
        ({"c2": lambda n: int(n % 2)}, (*NAMED, "--task", "multiclass"), "images have several labels, which the task"),
    ],
)  # fmt: skip
def test_columns_of_0_and_1_that_may_be_read_in_two_ways_are_asked(data, new, changes, given, sentence):
    code, err = new(rows(data(), file=file, label=None, **ONE_HOT | changes), *given)
    assert code == 2
    assert sentence in err


def test_columns_of_several_labels_are_multilabel_in_the_order_of_the_classes(own, data, new):
    path = rows(data(), file=file, label=None, zebra=lambda n: int(n % 2), ant=lambda n: int(n % 3 == 0))
    assert new(path, "--label", "zebra,ant")[0] == 0
    assert entry(own)["task"] == "multilabel"
    assert entry(own)["classes"] == options(own)["label"]
    catalogue.target.cache_clear()
    dataset = catalogue.target("cells").dataset
    labels = dataset.read(dataset.folder()).labels
    assert labels[:, list(dataset.classes).index("zebra")].tolist() == [n % 2 for n in ORDER]


WORDS = ["none", "mild", "moderate", "severe"]


@pytest.mark.parametrize(
    ("labels", "given", "classes"),
    [
        (["10", "2", "0", "1"], (), ["0", "1", "2", "10"]),
        ([0.0, 1.0, 2.0, 10.0], (), ["0", "1", "2", "10"]),
        (WORDS, ("--classes", ",".join(WORDS)), WORDS),
        (WORDS, (), None),
        (["grade 1", "grade 2", "grade 10"], (), None),
        (["I", "II", "III", "IV"], (), None),
    ],
)  # fmt: skip
def test_ordered_classes_need_an_order(own, data, new, labels, given, classes):
    code, err = new(rows(data(), file=file, label=lambda n: labels[n % len(labels)]), "--task", "ordinal", *given)
    assert code == (0 if classes else 2), err
    if classes:
        assert entry(own)["classes"] == classes
    else:
        assert "is not known: name them from the least to the most with --classes" in err


def test_numbers_are_ordered_as_numbers_in_every_task_and_an_ordinal_entry_in_another_order_is_refused(own, data, new, call):
    assert new(rows(data(), file=file, label=lambda n: n % 11))[0] == 0
    assert entry(own)["classes"] == [str(i) for i in range(11)]
    path = own / "entries" / "targets" / "cells.yaml"
    wrong = sorted(entry(own)["classes"])
    path.write_text(yaml.safe_dump({"dataset": entry(own) | {"task": "ordinal", "classes": wrong}}))
    code, _, err = call("check", "cells")
    assert code == 2
    assert "cells is ordinal and has the classes 0, 1, 10, 2, 3" in err


def part(words):
    return lambda n: words[n // 2 % len(words)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["Train", "Train", "valid", "TEST"],
        ["training", "training", "validation", "testing"],
        ["train", "train", "dev", "holdout"],
        ["train ", "TRAIN", "val_set", "test set"],
    ],
)
@pytest.mark.parametrize("kind", ["labels.csv", "labels.parquet"])
def test_words_of_parts_are_understood_by_new_and_by_the_reader(own, data, new, call, words, kind):
    code, err = new(rows(data(), kind, file=file, split=part(words)))
    assert code == 0, err
    assert "official parts: train 30, val 16, test 14" in err or "official parts: train 32, val 14, test 14" in err
    path = own / "entries" / "targets" / "cells.yaml"
    seen = []
    for text in (path.read_text(), yaml.safe_dump({"dataset": without_part_values(entry(own))})):
        path.write_text(text)
        code, out, err = call("check", "cells", "--size", 8)
        assert code == 0, out + err
        assert "images (official), every class in each" in out
        seen.append(catalogue.target("cells").dataset.digest())
    assert seen[0] != seen[1]


def without_part_values(dataset):
    kept = {key: value for key, value in dataset["read"]["table"].items() if key != "part_values"}
    return dataset | {"read": {"table": kept}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence", "answer"),
    [
        (["train", "val", "later", "test"], "the column 'split' holds 'later'; allowed are train (training", "later=extra"),
        (["train", "val", "test", ""], "the column 'split' is blank in some rows; allowed are train", "=extra"),
        (["0", "0", "1", "2"], "the column 'split' holds '0'; allowed are train", "0=train,1=val,2=test"),
        (["train", "val", "test", "test_2"], "the column 'split' holds 'test_2'", "test_2=test"),
    ],
)
def test_other_words_of_parts_are_asked_and_refused_by_the_reader(own, new, call, words, sentence, answer):
    path = rows(pictures(own / "set", "{0}.png", range(60)), file=file, split=part(words))
    code, err = new(path)
    assert code == 2
    assert sentence in err
    assert "--parts" in err
    code, said = new(path, "--parts", answer)
    assert code == 0, said
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err
    assert ("images are in no part, as declared" in said) == ("extra" in answer)
    assert ("images are in no part; every class in each" in out) == ("extra" in answer)
    entry_path = own / "entries" / "targets" / "cells.yaml"
    entry_path.write_text(yaml.safe_dump({"dataset": without_part_values(entry(own))}))
    code, out, _ = call("check", "cells", "--size", 8)
    assert code == 1
    assert sentence in out
    assert "declare another word under part_values" in out


def test_a_part_column_may_be_none_and_val_may_be_drawn(own, data, new, call):
    path = rows(data(), file=file, set=part(["A", "B"]))
    assert new(path)[0] == 2
    assert new(path, "--part", "")[0] == 0
    assert "part" not in options(own)
    (own / "entries" / "targets" / "cells.yaml").unlink()
    path = rows(own / "set", file=file, set=part(["train", "train", "test"]))
    assert "(val is drawn from train)" in new(path)[1]
    assert "(official, val drawn from train)" in call("check", "cells", "--size", 8)[1]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"diagnosis": lambda n: f"d{n % 3}"}, "has several columns that look like labels, 'label', 'diagnosis'; name one"),
        ({"label": file}, "holds 60 different labels in 60 rows, too many for classes"),
        ({"label": lambda n: f"l{n // 3}"}, ""),
        ({"label": lambda n: f"l{n // 2}"}, "it has 2 different images, and a drawn split needs at least 3 of each class"),
        ({"patient_id": lambda n: "" if n == 5 else n // 2}, "the column 'patient_id' names no group in 1 of 60 rows"),
    ],
)  # fmt: skip
def test_other_columns_that_cannot_be_right(data, new, columns, sentence):
    code, err = new(rows(data(), file=file, **columns))
    assert code == (2 if sentence else 0), err
    assert sentence in err


@pytest.mark.parametrize("column", ["Finding", "Finding Labels"])
def test_the_label_is_known_by_the_name_of_its_column(own, data, new, column):
    assert new(rows(data(), file=file, label=None, **{column: lambda n: NAMES[LABEL[n]]}))[0] == 0
    assert options(own)["label"] == column


def test_a_second_column_of_the_same_division_is_no_other_label(own, data, new):
    assert new(rows(data(), file=file, diagnosis=lambda n: int(LABEL[n])))[0] == 0
    assert options(own)["label"] == "label"


def test_two_columns_of_one_name_are_refused(own, data, new):
    path = rows(data(), file=file)
    path.write_text("\n".join(f"{line},x" for line in path.read_text().splitlines()).replace("png,x", "png,y", 1))
    path.write_text(path.read_text().replace("label,file,x", "label,file,label", 1))
    assert "has two columns called 'label'" in new(path)[1]


def test_a_picture_that_two_rows_name_is_named_by_the_check(own, data, new, call):
    path = rows(data(), file=file)
    assert new(path)[0] == 0
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[1]]) + "\n")
    code, out, _ = call("check", "cells", "--size", 8)
    assert code == 1
    assert f"an image id is given twice: '{ORDER[0]}.png', for images 1 and 60 of 60" in out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read as a table"),
        (b"file,label\n", "needs a line of column names"),
        (b"file\n0.png\n", "needs a line of column names, at least two columns"),
        ("file,label\n0.png,gr\u00fcn\n".encode("latin-1"), "cannot be read as a table"),
        ("file,label\n0.png,a\n".encode("utf-16"), "cannot be read as a table"),
        (b'file,label\n"0.png,a\n', "cannot be read as a table"),
        (b"file,label\n0.png,a,b\n1.png,b,c\n", "does not have as many values as there are columns"),
        (b"file,label\n\x00\x01\x02,a\n", ""),
    ],
    ids=["empty", "no rows", "one column", "latin-1", "utf-16", "quotes", "more values", "zeros"],
)
def test_a_file_that_is_no_table_is_one_sentence(own, data, new, content, sentence):
    (data(numbers=range(4)) / "labels.csv").write_bytes(content)
    code, err = new(own / "set" / "labels.csv")
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "given", [("--label", "x"), ("--images", "a"), ("--missing", "drop"), ("--labels-separator", "|"), ("--part", "b")]
)
def test_options_of_tables_are_refused_for_folders(own, data, new, given):
    data("benign/{0}.png", range(30))
    data("malignant/{0}.png", range(30, 60))
    code, err = new(own / "set", *given)
    assert code == 2
    assert f"{given[0]} cannot be used with folders of pictures" in err


PARTS_OF_ROWS = part(["train", "train", "valid", "TEST"])


@pytest.mark.slow
@pytest.mark.parametrize("column", ["Dataset_type", "phase", "data_split", "Usage", "fold", "mode", "category", "where"])
def test_a_column_that_holds_words_of_parts_is_asked(own, data, new, column):
    path = rows(data(), file=file, **{column: PARTS_OF_ROWS})
    code, err = new(path)
    assert code == 2
    assert f"which look like official parts: say --part '{column}' if they are, --part '' if they are not" in err
    assert new(path, "--part", column)[0] == 0
    assert options(own)["part"] == column
    (own / "entries" / "targets" / "cells.yaml").unlink()
    assert new(path, "--part", "")[0] == 0
    assert (options(own)["label"], "part" in options(own)) == ("label", False)


def test_a_column_with_a_usual_name_is_taken_unless_another_one_holds_the_words_of_parts(own, data, new):
    path = rows(data(), file=file, split=PARTS_OF_ROWS, phase=PARTS_OF_ROWS)
    assert new(path)[0] == 0
    assert options(own)["part"] == "split"
    (own / "entries" / "targets" / "cells.yaml").unlink()
    path = rows(own / "set", file=file, set=lambda n: "AB"[n % 2], usage=part(["Training", "PublicTest"]))
    assert "say --part 'usage' if they are, --part 'set' if they are not" in new(path)[1]


@pytest.mark.parametrize("folders", [("train", "test"), ("data/Training", "data/Validation"), ("train/x", "test/y")])
def test_pictures_in_folders_of_parts_are_asked(own, new, folders):
    for number in range(60):
        pictures(own / "set", f"{folders[number % 2]}/{{0}}.png", [number])
    path = rows(own / "set", file=lambda n: f"{folders[n % 2]}/{n}.png")
    code, err = new(path)
    assert code == 2
    assert "name it with --part COLUMN, or say --part '' if these folders are no parts" in err
    assert new(path, "--part", "")[0] == 0


DUMMIES = {f"race_{k}": lambda n, i=i: int(n % 3 == i) for i, k in enumerate("abc")}


@pytest.mark.parametrize(
    ("columns", "given", "sentence"),
    [
        ({"x": number, "y": lambda n: n % 4}, (), "'y' beside 'x' may be a coordinate; name the column of labels with --label"),
        ({**DUMMIES, "pathology": lambda n: "BM"[LABEL[n]]}, (), "'pathology' may be the label: say --label race_a,race_b"),
        (DUMMIES, (), "all of 'race': say --label race_a,race_b,race_c if these are the labels"),
        ({**ONE_HOT, "grade": lambda n: n % 4}, (), "'grade' may be the label"),
        ({"category": part(["train", "test"])}, ("--part", ""), "no column that looks like a label; name it with --label"),
        ({"category": part(["train", "test"])}, ("--part", "category"), "no column that looks like a label"),
    ],
)
def test_a_column_that_may_be_something_else_is_no_label_without_being_named(data, new, columns, given, sentence):
    code, err = new(rows(data(), file=file, label=None, **columns), *given)
    assert code == 2
    assert sentence in err
    assert "--label" in err


@pytest.mark.parametrize(
    ("labels", "sign"),
    [
        (["Mass", "Nodule", "Mass Nodule"], "' '"),
        (["Mass", "Nodule", "Mass and Nodule"], "' and '"),
        (["Mass", "Nodule", "Nodule", "Mass_Nodule"], "'_'"),
        (["Mass", "Nodule", "Mass\\Nodule"], "'\\'"),
        (["Mass", "Nodule", "Mass\nNodule"], "$'\\n'"),
        (["Mass", "Pleural effusion", "mass - pleural effusion"], "' - '"),
        (["a", "b", "c", "a b c"], "' '"),
    ],
)
def test_a_cell_that_consists_of_other_labels_is_asked(own, data, new, labels, sign):
    path = rows(data(), file=file, label=lambda n: labels[n % len(labels)])
    code, err = new(path)
    assert code == 2
    assert f"consists of other labels of the column: say --labels-separator {sign} if these are several labels" in err
    assert err.count("\n") == 1
    answer = "\n" if "$" in sign else sign[1:-1]
    assert new(path, "--merge-labels", "--labels-separator", answer)[0] == 0
    assert entry(own)["task"] == "multilabel"


@pytest.mark.parametrize(
    "labels", [["['mass']", "['mass', 'nodule']"], ["[1, 0]", "[0, 1]"], ["('a', 'b')", "('a',)"], ["a", '["b"]']]
)
@pytest.mark.parametrize("given", [(), ("--labels-separator", ","), ("--labels-separator", "none")])
def test_lists_as_a_program_writes_them_are_no_classes(data, new, labels, given):
    code, err = new(rows(data(), file=file, label=lambda n: labels[n % 2]), *given)
    assert code == 2
    assert "holds lists as a program writes them" in err


@pytest.mark.parametrize(
    "column", ["participant_id", "Patient Number", "patient_nr", "PatientID", "person_id", "study_subject_id", "slide_name"]
)
def test_a_column_of_patients_is_taken(own, data, new, column):
    assert new(rows(data(), file=file, **{column: lambda n: f"k{n // 4}"}))[0] == 0
    assert options(own)["group"] == column
    assert entry(own)["groups"] == ("slide" if column == "slide_name" else "patient")


@pytest.mark.parametrize(
    "column", ["pid", "case_id", "study_id", "wsi", "eye_id", "StudyInstanceUID", "Group", "AccessionNumber"]
)
def test_a_column_that_may_name_groups_is_asked(own, data, new, column):
    path = rows(data(), file=file, **{column: lambda n: f"k{n // 4}"})
    code, err = new(path)
    assert code == 2
    assert f"say --group '{column}' if images of one value belong together, or --group ''" in err
    assert new(path, "--group", column)[0] == 0
    assert options(own)["group"] == column


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("eye", lambda n: "LR"[n % 2]),
        ("case_id", number),
        ("Patient Age", lambda n: 40 + n // 4),
        ("subject_sex", lambda n: "MF"[n % 2]),
    ],
)
def test_other_columns_name_no_groups(own, data, new, column, value):
    assert new(rows(data(), file=file, **{column: value}))[0] == 0
    assert "group" not in options(own)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["unknown", "p1", "p2", "p3"], "names no group in 15 of 60 rows: 'unknown' (15)"),
        (["-1", "1", "2", "3"], "names no group in 15 of 60 rows: '-1' (15)"),
        (["nan", " ", "p2", "p3"], "names no group in 30 of 60 rows"),
        (["none", "p1", "p2", "p3"], "names no group in 15 of 60 rows"),
        (["P1 ", "p1", "p2", "p3"], "holds groups that differ only in case or white space"),
    ],
)
def test_groups_that_are_missing_or_not_spelled_alike_are_refused(data, new, cells, sentence):
    code, err = new(
        rows(data(), file=file, patient=lambda n: cells[n // 3 % 4] + (f"{n}" if cells[n // 3 % 4] == "p3" else ""))
    )
    assert code == 2
    assert sentence in err


def test_one_number_is_one_group_however_it_is_written(data, new):
    path = rows(
        data(),
        file=file,
        patient=lambda n: f"{n // 2 % 10}{'.0' if n % 2 else ''}",
        split=lambda n: "train" if n % 2 else "test",
    )
    code, err = new(path)
    assert code == 2
    assert "patient '0' is in train and in test, as are 9 more" in err


@pytest.mark.parametrize("word", ["unknown", "Missing", "not available", "n/a"])
def test_words_for_a_missing_label_are_asked_among_text(own, data, new, word):
    path = rows(data(), file=file, label=spoilt(n3=word, n40=word))
    assert f"seems to hold no label in 2 of 60 rows: '{word}' (2)" in new(path)[1]
    assert new(path, "--missing", "drop")[0] == 0


@pytest.mark.parametrize("given", [(), ("--label", "c0,c1,c2")])
def test_white_space_around_headers_and_marks_is_left_out(own, data, new, call, given):
    marks = {f" {name}": lambda n, name=name: f" {ONE_HOT[name](n)}" for name in ONE_HOT}
    code, err = new(rows(data(), file=file, label=None, **marks), *given)
    assert code == 0, err
    assert "60 pictures in 3 classes (c0 20, c1 20, c2 20)" in err
    path = own / "entries" / "targets" / "cells.yaml"
    for column in ("c0", " c0"):  # entries of earlier versions spell the headers as the table does
        path.write_text(path.read_text().replace("- c0", f"- '{column}'"))
        code, out, err = call("check", "cells", "--size", 8)
        assert code == 0, out + err


def test_a_column_that_has_a_role_is_given_no_other_one(own, data, new):
    path = rows(data(), file=file, label=None, Group=lambda n: NAMES[LABEL[n]], subject=lambda n: f"s{n // 2}")
    assert new(path, "--label", "Group")[0] == 0
    assert (options(own)["label"], options(own)["group"]) == ("Group", "subject")
    (own / "entries" / "targets" / "cells.yaml").unlink()
    assert new(rows(own / "set", file=file, label=None, patient=lambda n: NAMES[LABEL[n]]), "--label", "patient")[0] == 0
    assert "group" not in options(own)
