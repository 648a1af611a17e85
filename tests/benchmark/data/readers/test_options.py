"""Options of readers as a person writes them: what is wrong is one sentence that names what is allowed."""

import pytest

from benchmark.core.parse import parse
from benchmark.data.dataset import Dataset
from benchmark.data.readers.registry import READERS
from results.error import CatsError

RIGHT = {
    "npz": {"file": "a.npz"},
    "folders": {"classes": ["x", "y"]},
    "table": {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"]},
    "hdf5": {"images": {"train": "x.h5"}, "labels": {"train": "y.h5"}},
    "dicom": {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"]},
    "dicom_folders": {"classes": ["x", "y"]},
    "nifti": {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"], "percentiles": [1, 99]},
    "nifti_folders": {"classes": ["x", "y"], "percentiles": [1, 99]},
    "hub": {"repository": "/d", "revision": "1", "image": "i", "label": "l", "splits": {"train": "train"}},
}


def made(reader, options):
    facts = {
        "name": "toy",
        "title": "t",
        "modality": "m",
        "task": "binary",
        "classes": ["a", "b"],
        "licence": "l",
        "citation": "c",
    }
    return parse(Dataset, facts | {"tree": "toy", "read": {reader: options}}, "toy.yaml")


def refused(reader, options):
    with pytest.raises(CatsError) as caught:
        made(reader, options)
    return str(caught.value)


@pytest.mark.parametrize("reader", READERS)
def test_a_wrong_key_names_the_nearest_and_all_that_are_allowed(reader):
    wrong, meant = ("plan", "plane") if reader.startswith("nifti") else ("whit", "white")
    made(reader, RIGHT[reader])
    said = refused(reader, RIGHT[reader] | {wrong: 255})
    assert said.startswith(
        f"toy.yaml: read: the reader {reader}: there is no option '{wrong}'; did you mean '{meant}'? Allowed are "
    )
    assert set(RIGHT[reader]) | {meant, "range"} <= set(said.split("Allowed are ")[1].split(", "))
    assert "argument" not in said


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_key_is_named(reader):
    missing = next(iter(RIGHT[reader]))
    options = {key: value for key, value in RIGHT[reader].items() if key != missing}
    assert f"the reader {reader}: the option '{missing}' is missing" in refused(reader, options)


@pytest.mark.parametrize(
    ("reader", "wrong", "sentence"),
    [
        ("folders", {"white": "abc"}, "white is 'abc'; allowed is a number"),
        ("folders", {"white": True}, "white is True; allowed is a number"),
        ("folders", {"white": 0}, "white is 0; it must be a number greater than 0"),
        ("folders", {"white": float("nan")}, "white is nan; it must be a number greater than 0"),
        ("folders", {"range": [5, 5]}, "range is 5 to 5; allowed are two numbers of which the first is smaller"),
        ("folders", {"range": 4095}, "range is 4095; allowed is a list of 2, each a number"),
        ("folders", {"range": [0, 1], "white": 1}, "white and range are both given"),
        ("folders", {"parts": ["a"]}, "parts is ['a']; allowed is a mapping from text to text"),
        ("folders", {"parts": {"a": ["train"]}}, "parts is {'a': ['train']}; allowed is a mapping from text to text"),
        ("folders", {"classes": "benign"}, "classes is 'benign'; allowed is a list, each text or a mapping from text to text"),
        ("folders", {"group": "(["}, "'([' is not a regular expression"),
        ("table", {"label": 3.5, "classes": None}, "classes is None; allowed is a list, each text or a mapping"),
        ("table", {"part_values": "train"}, "part_values is 'train'; allowed is a mapping from text to text"),
        ("dicom", {"window": 3}, "window is 3; allowed is a list of 2, each a number"),
        ("dicom", {"window": [40]}, "window is [40]; allowed is a list of 2, each a number"),
        ("dicom", {"window": [40, 0]}, "window is 40, 0; the width, its second number, must be above 0"),
        ("dicom", {"frame": "last"}, "frame is 'last'; allowed is a whole number or 'first' or 'middle'"),
        ("dicom_folders", {"frame": 0}, "frame is 0; frames are counted from 1"),
        ("hdf5", {"images": "x.h5"}, "images is 'x.h5'; allowed is a mapping from text to text"),
        ("npz", {"file": ["a.npz"]}, "file is ['a.npz']; allowed is text"),
        ("hub", {"splits": ["train"]}, "splits is ['train']; allowed is a mapping from text to text"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_named_with_what_is_allowed(reader, wrong, sentence):
    said = refused(reader, RIGHT[reader] | wrong)
    assert f"the reader {reader}: {sentence}" in said
    assert len(said.splitlines()) == 1


def test_every_mistake_is_named_at_once():
    assert refused("folders", {"klasses": ["x"], "roots": "y"}).count("there is no option") == 2


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        (3, "read is 3; it must name a reader"),
        (["folders"], "read is ['folders']; it must name a reader"),
        ("folder", "there is no reader 'folder'; did you mean 'folders'?"),
        ({"folders": ["x"]}, "the reader folders takes options by name, not ['x']"),
        ({}, "read names one reader with its options, not 0"),
    ],
)
def test_what_names_no_reader_is_said(read, sentence):
    with pytest.raises(CatsError) as caught:
        parse(Dataset, {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ["a", "b"], "licence": "l",
                        "citation": "c", "tree": "toy", "read": read}, "toy.yaml")  # fmt: skip
    assert sentence in str(caught.value)


@pytest.mark.parametrize("classes", [[0, 1], [False, True], {0: "a", 1: "b"}, {False: "a", True: "b"}, {0: 1, 1: 0}])
@pytest.mark.parametrize("reader", ["table", "folders", "dicom", "dicom_folders"])
def test_numbers_and_truth_values_of_yaml_are_names_of_classes(reader, classes):
    assert callable(made(reader, RIGHT[reader] | {"classes": classes}).read)


def test_an_option_for_an_index_stays_a_number(tmp_path):
    (tmp_path / "l.csv").write_text("f,l\na.png,1\nb.png,0\n")
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(b"")
    assert made("table", RIGHT["table"] | {"classes": {1: 0, 0: 1}}).read(tmp_path).labels.tolist() == [0, 1]
