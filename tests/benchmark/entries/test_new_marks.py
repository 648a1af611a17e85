"""`cats new` on labels of 0 and 1 in other words, uncertain and blank ones, numbers that get names; parts without a test."""

import pytest

from benchmark.specs import catalogue
from tests.support.own_tables import FACTS, LABEL, ORDER, adding, again, entry, made, options, right, table


@pytest.fixture
def new(own, call):
    return adding(own, call)


def file(n):
    return f"{n}.png"


def labels_read():
    catalogue.target.cache_clear()
    dataset = catalogue.target("cells").dataset
    return dataset.read(dataset.folder()).labels


CELLS = ["1.0", "0.0", "-1.0", ""]  # as in CheXpert: certain, absent, uncertain, not mentioned
FINDINGS = {f"c{i}": lambda n, i=i: CELLS[(n // 4**i) % 4] for i in range(3)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("marks", "meant"), [("-1=1,=0", [1, 0, 1, 0]), ("-1=0,=0", [1, 0, 0, 0]), ("=1,-1.0=0", [1, 0, 0, 1])]
)
def test_uncertain_and_blank_labels_are_asked_and_read_as_stated(own, new, call, marks, meant):
    path = table(made(own, file) / "labels.csv", label=None, Path=file, **FINDINGS)
    assert "'c0', 'c1', 'c2' hold 0 and 1: say --label c0,c1,c2 if they are the labels" in new(path)[1]
    code, err = new(path, "--label", "c0,c1,c2")
    assert code == 2
    assert "seems to hold no label in " in err
    assert "or say what they mean, 0 or 1, with --marks '" in err
    code, err = new(path, "--label", "c0,c1,c2", "--marks", marks)
    assert code == 0, err
    assert "cells of labels are read as declared: " in err
    assert entry(own)["task"] == "multilabel"
    assert labels_read().tolist() == [[meant[(n // 4**i) % 4] for i in range(3)] for n in ORDER]
    assert call("check", "cells", "--size", 8)[0] in {0, 1}


def test_uncertain_labels_may_be_left_out_and_blank_ones_be_none(own, new):
    path = table(made(own, file) / "labels.csv", label=None, Path=file, **FINDINGS)
    code, err = new(path, "--label", "c0,c1,c2", "--marks", "=0", "--missing", "-1.0")
    assert code == 0, err
    certain = [n for n in ORDER if all(CELLS[(n // 4**i) % 4] != "-1.0" for i in range(3))]
    assert labels_read().tolist() == [[int(CELLS[(n // 4**i) % 4] == "1.0") for i in range(3)] for n in certain]


def test_columns_in_which_every_row_lacks_a_label_are_one_sentence(own, new):
    columns = {"c0": lambda n: "" if n % 2 else n % 4 // 2, "c1": lambda n: n % 4 // 2 if n % 2 else ""}
    code, err = new(table(made(own, file) / "l.csv", label=None, file=file, **columns), "--label", "c0,c1", "--missing", "drop")
    assert code == 2
    assert "in every row one of the columns 'c0', 'c1' holds no label, so that none is left; say what such cells mean" in err


@pytest.mark.parametrize("given", ["-1", "-1=2", "=yes", "-1:1"])
def test_marks_of_another_form_are_refused(own, new, given):
    path = table(made(own, file) / "labels.csv", label=None, Path=file, **FINDINGS)
    assert f"--marks holds '{given}'; write CONTENT=0 or CONTENT=1" in new(path, "--label", "c0,c1,c2", "--marks", given)[1]


WORDS = [
    ("No", "Yes"),
    ("FALSE", "TRUE"),
    ("negative", "positive"),
    ("Neg", "Pos"),
    ("N", "Y"),
    ("absent", "present"),
    ("f", "t"),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", WORDS)
def test_yes_and_no_are_two_classes_and_marks_of_several_labels(own, new, call, words):
    columns = {"malignant": lambda n: words[LABEL[n]], "large": lambda n: words[n % 3 % 2], "late": lambda n: words[n % 5 % 2]}
    path = table(made(own, file) / "labels.csv", label=None, file=file, **columns)
    code, err = new(path, "--label", "malignant")
    assert code == 0, err
    assert (entry(own)["task"], entry(own)["classes"]) == ("binary", sorted(words))
    assert right(words[1])
    again(own)
    code, err = new(path, "--label", "malignant,large,late")
    assert code == 0, err
    assert entry(own)["task"] == "multilabel"
    assert labels_read().tolist() == [[n % 3 % 2, n % 5 % 2, int(LABEL[n])] for n in ORDER]
    assert entry(own)["classes"] == ["large", "late", "malignant"]
    assert call("check", "cells", "--size", 8)[0] == 0


def test_other_words_of_columns_are_named_with_the_option_that_decides(own, new):
    columns = {"a": lambda n: "x" if n % 2 else "0", "b": lambda n: "x" if n % 3 else "0"}
    path = table(made(own, file) / "labels.csv", label=None, file=file, **columns)
    code, err = new(path, "--label", "a,b")
    assert code == 2
    assert "has 'x' in column 'a'; allowed are 0 and 1, and words such as no and yes" in err
    assert new(path, "--label", "a,b", "--marks", "x=1")[0] == 0
    assert labels_read().tolist() == [[n % 2, int(n % 3 > 0)] for n in ORDER]


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [("0", "1"), ("1", "2"), ("0.0", "1.0"), (1, 4)])
def test_classes_name_the_numbers_of_a_label_column_in_their_order(own, new, call, numbers):
    path = table(made(own, file) / "labels.csv", file=file, label=lambda n: numbers[LABEL[n]])
    code, err = new(path, "--classes", "healthy,malignant")
    assert code == 0, err
    plain = [str(number).removesuffix(".0") for number in numbers]
    assert f"labels are called as --classes says: {plain[0]} is healthy, {plain[1]} is malignant" in err
    assert entry(own)["classes"] == ["healthy", "malignant"]
    assert right()
    assert call("check", "cells", "--size", 8)[0] == 0
    again(own)
    assert new(path, "--classes", ",".join(reversed(plain)))[0] == 0
    again(own)
    assert (
        "--classes names a, b, c; the data have 2 classes"
        in call("new", "target", "cells", "--from", path, "--classes", "a,b,c", *FACTS)[2]
    )


def test_classes_name_numbered_folders_too(own, new):
    made(own, lambda n: f"{LABEL[n]}/{n}.png")
    code, err = new(own / "set", "--classes", "benign,malignant")
    assert code == 0, err
    assert "0 is benign, 1 is malignant" in err
    assert entry(own)["read"]["folders"]["classes"] == {"0": "benign", "1": "malignant"}
    assert right()


@pytest.mark.parametrize("several", [False, True])
def test_classes_name_columns_in_the_order_of_label(own, new, call, several):
    marks = {
        "MEL": lambda n: int(n % 3 == 0),
        "BCC": lambda n: int(n % 3 == 1 or (several and n % 6 == 0)),
        "A b": lambda n: int(n % 3 == 2),
    }
    path = table(made(own, file) / "l.csv", label=None, file=file, **marks)
    code, err = new(path, "--label", "MEL,BCC,A b", "--classes", "melanoma,basal,other")
    assert code == 0, err
    assert "MEL is melanoma, BCC is basal, A b is other" in err
    assert (entry(own)["classes"], options(own)["label"]) == (["melanoma", "basal", "other"], ["MEL", "BCC", "A b"])
    expected = [[mark(n) for mark in marks.values()] for n in ORDER]
    assert labels_read().tolist() == (expected if several else [row.index(1) for row in expected])
    assert call("check", "cells", "--size", 8)[0] == 0
    again(own)
    assert "say --label 'MEL,BCC,A b' if" in new(path)[1] or not several


def test_one_hot_columns_are_written_without_anchors(own, new):
    path = table(
        made(own, file) / "l.csv", label=None, file=file, **{f"c{i}": lambda n, i=i: int(n % 3 == i) for i in range(3)}
    )
    assert new(path)[0] == 0
    text = (own / "entries" / "targets" / "cells.yaml").read_text()
    assert "&" not in text
    assert "*" not in text
    assert text.count("[c0, c1, c2]") == 3


SPLITS = {
    "valid": (["train", "train", "valid"], "says train 40, val 20, and no row is in test: say --parts 'valid=test' to test on"),
    "train": (["train", "train", "train"], "says train 60, and no row is in test: say --part ''"),
    "test": (
        ["test", "test", "val"],
        "says val 20, test 40, and no row is in train: say --part '' to have all parts drawn, 70/15/15",
    ),
}


@pytest.mark.parametrize(("words", "sentence"), SPLITS.values(), ids=SPLITS)
def test_parts_without_training_or_test_are_asked(own, new, call, words, sentence):
    path = table(made(own, file) / "labels.csv", file=file, split=lambda n: words[n % 3])
    code, err = new(path)
    assert code == 2
    assert f"the column 'split' {sentence}" in err
    code, err = new(path, "--part", "")
    assert code == 0, err
    assert "no official parts, so 70/15/15 are drawn" in err
    if words[2] == "valid":
        again(own)
        assert new(path, "--parts", "valid=test")[0] == 0
        assert options(own)["part_values"] == {"train": "train", "valid": "test"}
        by_hand = own / "entries" / "targets" / "cells.yaml"
        by_hand.write_text(by_hand.read_text().replace("valid: test", "valid: val"))
        code, out, _ = call("check", "cells", "--size", 8)
        assert code == 1
        assert "the official parts are train and val, and none is test" in out


def test_unknown_words_of_parts_are_offered_in_one_option(own, new):
    path = table(made(own, file) / "labels.csv", file=file, split=lambda n: ["train", "test", "cv", ""][n % 4])
    code, err = new(path)
    assert code == 2
    assert "say what each means with --parts '" in err
    assert all(text in err for text in ("cv=...", "=extra", "(train, val, test, or extra for rows that are in no part)"))
    assert new(path, "--parts", "cv=val,=extra")[0] == 0
