"""Copies as a person meets them: the list that `cats check` writes, and one verdict of check, plan and run."""

import csv

import numpy as np
import pytest
from PIL import Image

from benchmark.data.decoded import load_images
from benchmark.entries.conformance import Case, apart, parts
from benchmark.entries.copy_list import write_copies
from benchmark.entries.finding import Note
from benchmark.execution.leakage import find_leaks, leak_sentences
from benchmark.execution.resolution import resolve_pairs
from benchmark.specs import catalogue
from benchmark.specs.plan import Plan
from results.error import CatsError
from tests.support.pictures import jpeg, textures


@pytest.fixture
def folder(own):
    """Make the folder `scans` with pictures of the given (part, class, name, image), and an entry that reads it."""

    def make(pictures, entry="", official=False):
        for part, label, name, image in pictures:
            path = own / "scans" / part / label / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
        read = "{folders: {classes: [a, b]" + (", parts: {train: train, val: val, test: test}" if official else "") + "}}"
        text = "dataset:\n  title: t\n  modality: m\n  task: binary\n  classes: [a, b]\n  licence: l\n  citation: c\n"
        (own / "entries" / "targets").mkdir(parents=True, exist_ok=True)
        (own / "entries" / "targets" / "scans.yaml").write_text(f"{text}  place: {own}\n  tree: scans\n  read: {read}\n{entry}")
        catalogue.target.cache_clear()
        catalogue.source.cache_clear()
        return catalogue.target("scans").dataset

    return make


def official(near, exact, differing=0):
    """64 training images, 16 of val and 16 of test, of which the first are copies of training images."""
    made = textures(96, seed=11)
    rows = []
    for number in range(96):
        part = "train" if number < 64 else "val" if number < 80 else "test"
        image, label = made[number], "ab"[number % 2]
        if number >= 80 and number - 80 < near + exact:
            image = made[number - 80] if number - 80 < exact else jpeg(made[number - 80])
            label = "ab"[(number + (number - 80 < differing)) % 2]
        rows.append((part, label, f"{number:03d}", image))
    return rows


def drawn(near, exact):
    return [("", label, name, image) for _, label, name, image in official(near, exact)]


def verdict_of_check(dataset):
    try:
        return apart(Case(dataset, 32)), False
    except CatsError as error:
        return str(error), True


def verdict_of_run():
    plan = Plan(experiment="e", sources=["scratch"], targets=["scans"], backbones=["test_resnet"], recipe={"size": 16})
    leaks = find_leaks(resolve_pairs(plan, "sqlite:///mlflow.db"), lambda _: None).leaks
    return " ".join(leak_sentences(leaks, allowed=False)), bool(leaks)


CASES = [
    ("official", 0, 0, "", False),
    ("official", 4, 0, "", True),
    ("official", 0, 1, "", True),
    ("official", 4, 1, "  known_duplicates: 4\n", True),
    ("official", 4, 1, "  known_duplicates: 5\n", False),
    ("official", 4, 1, "  duplicates: refuse\n", True),
    ("official", 4, 1, "  duplicates: keep-first\n", False),
    ("official", 4, 1, "  duplicates: drop\n", False),
    ("official", 4, 1, "  duplicates: allow\n", False),
    ("drawn", 4, 1, "", False),
    ("drawn", 4, 1, "  duplicates: keep-first\n", False),
    ("drawn", 4, 1, "  duplicates: allow\n", False),
    ("drawn", 0, 0, "", False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "near", "exact", "entry", "refused"), CASES)
def test_check_and_run_have_one_verdict(folder, kind, near, exact, entry, refused):
    pictures = official(near, exact) if kind == "official" else drawn(near, exact)
    dataset = folder(pictures, entry, official=kind == "official")
    said, broken = verdict_of_check(dataset)
    sentence, left_out = verdict_of_run()
    assert broken == left_out == refused
    if refused:
        copies = "exact copy" if exact == 1 else "exact copies"
        counts = f"{near + exact} in test; {exact} {copies}, {near} near-copies"
        assert counts in said
        assert counts in sentence
        for text in (said, sentence):
            assert "`cats check scans --duplicates copies.csv` lists them; write `duplicates: keep-first`" in text
    elif near:
        assert isinstance(said, Note)
        assert ("copies" in said) or ("copy" in said)


def test_one_exact_copy_does_not_hide_the_near_ones(folder):
    said, _ = verdict_of_check(folder(official(15, 1), official=True))
    assert "16 images of scans (16 in test; 1 exact copy, 15 near-copies) lie in an earlier part too" in said


def test_a_drawn_split_is_not_called_official(folder):
    dataset = folder(drawn(4, 1))
    case = Case(dataset, 32)
    for said in (parts(case), apart(case)):
        assert "official" not in said
    assert "(drawn 70/15/15)" in parts(case)
    assert "10 of the images have copies (2 exact copies, 8 near-copies); the split keeps each of the 5 groups" in apart(case)


def test_images_that_were_left_out_are_not_images_in_no_part(folder):
    case = Case(folder(official(4, 1), "  duplicates: keep-first\n", official=True), 32)
    assert parts(case) == "train 64, val 16, test 11 images (official), every class in each"
    assert "5 images of test were left out (`duplicates: keep-first`)" in apart(case)


def test_copies_of_a_source_are_noted_since_nothing_is_decided_by_its_test_images(folder):
    dataset = folder(official(4, 1), official=True)
    said = apart(Case(dataset, 32, is_target=False))
    assert isinstance(said, Note)
    assert said.startswith("5 images of scans (5 in test; 1 exact copy, 4 near-copies) lie in an earlier part too")


def test_the_list_names_every_pair_with_parts_labels_and_similarity(folder, own):
    dataset = folder(official(3, 1, differing=2), official=True)
    said = write_copies(dataset, 32, own / "copies.csv")
    assert "4 pairs of copies of scans: 1 exact, 3 near; 4 of them in two parts, 2 with different labels" in said
    with (own / "copies.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["copy"] for row in rows] == ["exact", "near", "near", "near"]
    assert {(row["part_1"], row["part_2"]) for row in rows} == {("train", "test")}
    assert {row["label_1"] + row["label_2"] for row in rows} == {"ab", "ba", "aa", "bb"}
    assert rows[0]["similarity"] == "1.0"
    assert all(0.985 <= float(row["similarity"]) <= 1 for row in rows)
    assert sorted(int(row["id_2"][-7:-4]) - int(row["id_1"][-7:-4]) for row in rows) == [80] * 4
    with Image.open(own / "copies.copies.png") as sheet:
        assert sheet.size[0] > 4 * 2 * 96


@pytest.mark.parametrize(("differing", "sentence"), [(1, "1 pair of copies has"), (3, "3 pairs of copies have")])
@pytest.mark.parametrize("entry", ["", "  duplicates: keep-first\n", "  known_duplicates: 9\n"])
def test_copies_with_different_labels_are_said(folder, differing, sentence, entry):
    said, _ = verdict_of_check(folder(official(4, 1, differing), entry, official=True))
    assert f"{sentence} different labels" in said


def test_the_list_says_what_was_left_out_and_leaves_nothing_of_an_earlier_list(folder, own):
    write_copies(folder(official(2, 0), "  duplicates: keep-first\n", official=True), 32, own / "copies.csv")
    assert "train,a" in (own / "copies.csv").read_text(encoding="utf-8")
    assert '"test, left out"' in (own / "copies.csv").read_text(encoding="utf-8")
    (own / "scans").rename(own / "before")
    said = write_copies(folder(official(0, 0), official=True), 32, own / "copies.csv")
    assert said == f"{own / 'copies.csv'}: scans has no copies"
    assert (own / "copies.csv").read_text(encoding="utf-8").count("\n") == 1
    assert not (own / "copies.copies.png").exists()


def test_names_that_a_spreadsheet_takes_for_formulas_are_guarded(folder, own):
    made = textures(40, seed=3)
    pictures = [("", "ab"[i % 2], f"{i:02d}", image) for i, image in enumerate(made)]
    dataset = folder([*pictures, ("", "a", "=1+1", made[0])])
    read = load_images(dataset, 32)
    named = dataset.model_copy(update={"classes": ("@a", "b")})
    write_copies(named, 32, own / "copies.csv")
    assert "'@a" in (own / "copies.csv").read_text(encoding="utf-8")
    assert len(read.ids) == 41


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--duplicates", "copies.txt"), "--duplicates is 'copies.txt'; the name must end in .csv"),
        (("--duplicates", "folder.csv"), "cannot write the list of copies to folder.csv: it is a folder; name a file in it"),
        (
            ("--duplicates", "scans/copies.csv"),
            "scans lies among the pictures of scans; name a folder elsewhere for a list of copies",
        ),
    ],
)
def test_a_wrong_name_of_the_list_is_said_before_anything_is_read(call, own, folder, arguments, sentence):
    folder(drawn(1, 0))
    (own / "folder.csv").mkdir()
    code, out, err = call("check", "scans", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.mark.parametrize("name", ["x.csv", "x.png", "x.copies.png"])
def test_files_that_are_no_earlier_list_are_neither_deleted_nor_overwritten(call, own, folder, name):
    folder(official(3, 0), "  duplicates: allow\n", official=True)
    if name.endswith(".csv"):
        (own / name).write_text("id,label\n1,a\n")
    else:
        Image.new("L", (4, 4)).save(own / name)
    before = (own / name).read_bytes()
    code, out, err = call("check", "scans", "--size", 32, "--duplicates", "x.csv")
    assert (own / name).read_bytes() == before
    if name == "x.png":
        assert code == 0, out + err
        code, out, err = call("check", "scans", "--size", 32, "--duplicates", "x.csv")  # an earlier list is replaced
        assert code == 0, out + err
        assert "x.copies.png shows 3" in err
        return
    assert (code, out) == (2, "")
    assert f"{name} exists and was not written by --duplicates, so it is not overwritten; choose another name" in err


def test_weights_have_no_copies(call, own):
    code, _, err = call("check", "scratch", "--duplicates", "copies.csv")
    assert code == 2
    assert "scratch has no pictures for a list of copies" in err


def test_check_writes_the_list_also_where_it_finds_the_promise_broken(call, own, folder):
    folder(official(3, 1), official=True)
    code, out, err = call("check", "scans", "--size", 32, "--duplicates", "copies.csv")
    assert code == 1
    assert "broken apart" in out
    assert "copies.csv lists 4 pairs of copies of scans" in err
    assert np.asarray(Image.open("copies.copies.png")).std() > 0
