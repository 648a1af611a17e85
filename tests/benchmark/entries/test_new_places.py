"""`cats new` on tables beside an archive, in one, or in another folder than the pictures; without a line of names; as text."""

import tarfile
import zipfile

import pytest

from benchmark.specs import catalogue
from tests.support.own_tables import COUNT, LABEL, NAMES, ORDER, adding, again, entry, made, options, right, table


@pytest.fixture
def new(own, call):
    return adding(own, call)


def file(n):
    return f"{n}.png"


def packed(own, kind, inside="", folder="pictures"):
    """The pictures of own/folder as own/set/images.kind, and without the folder."""
    (own / "set").mkdir(exist_ok=True)
    path = own / "set" / f"images.{kind}"
    names = sorted((own / folder).iterdir())
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for each in names:
                archive.write(each, f"{inside}{each.name}")
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as archive:
            for each in names:
                archive.add(each, f"{inside}{each.name}")
    return path


def loose(own):
    """The pictures in own/pictures."""
    made(own, file).rename(own / "pictures")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "inside"), [("zip", ""), ("zip", "images/"), ("tar", ""), ("tar.gz", "a/b/")])
def test_an_archive_beside_the_table_is_read_in_place(own, new, call, kind, inside):
    loose(own)
    packed(own, kind, inside)
    path = table(own / "set" / "labels.csv", file=file)
    assert f"unpack the archives, or name the table of labels: --from {path}" in new(own / "set")[1]
    code, err = new(path)
    assert code == 0, err
    assert options(own)["archives"] == [f"images.{kind}"]
    assert options(own)["images"] == f"images.{kind}/{inside}".rstrip("/")
    assert right()
    assert call("check", "cells", "--size", 8)[0] == 0
    dataset = catalogue.target("cells").dataset
    before = dataset.digest()
    (own / "set" / "README").write_text("x")
    assert dataset.digest() == before
    (own / "set" / f"images.{kind}").write_bytes((own / "set" / f"images.{kind}").read_bytes() + b"\0")
    assert dataset.digest() != before


def test_two_archives_and_an_archive_that_is_gone(own, new, call):
    loose(own)
    first = packed(own, "zip")
    for n in range(COUNT // 2):
        (own / "pictures" / file(n)).unlink()
    first.rename(own / "set" / "all.zip")
    rest = packed(own, "zip")
    (own / "set" / "all.zip").unlink()
    path = table(own / "set" / "labels.csv", file=file)
    assert "which is not in" in new(path)[1]
    made(own, file, range(COUNT // 2)).joinpath("labels.csv").unlink()
    for n in range(COUNT // 2):
        (own / "pictures").mkdir(exist_ok=True)
        (own / "set" / file(n)).rename(own / "pictures" / file(n))
    for n in range(COUNT // 2, COUNT):
        (own / "pictures" / file(n)).unlink()
    packed(own, "tar")
    path = table(own / "set" / "labels.csv", file=file)
    code, err = new(path)
    assert code == 0, err
    assert options(own)["archives"] == ["images.tar", "images.zip"]
    assert right()
    rest.unlink()
    code, out, _ = call("check", "cells", "--size", 8)
    assert code == 1
    assert "holds no archive 'images.zip', which `archives` names" in out


@pytest.mark.parametrize("name", ["labels.csv", "set/labels.csv", "set/meta/labels.tsv"])
def test_a_table_in_the_archive_of_the_pictures_is_named_by_its_path(own, new, call, name):
    loose(own)
    folder = name.rpartition("/")[0].partition("/")[0]
    path = packed(own, "zip", f"{folder}/images/" if folder else "images/")
    written = table(own / "labels", file=file, separator="\t" if name.endswith(".tsv") else ",")
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(written, name)
    code, err = new(path)
    assert code == 2
    assert f"or a table of labels beside the pictures: --from {path / name}" in err
    code, err = new(path / name)
    assert code == 0, err
    assert (entry(own)["tree"], options(own)["file"]) == ("images", name)
    assert right()
    assert call("check", "cells", "--size", 8)[0] == 0
    again(own)
    assert f"holds no nothing.csv; it holds {name}" in new(path / "nothing.csv")[1]


@pytest.mark.parametrize(("labels", "given"), [("labels", "../images"), ("labels", None), ("a/b", "../../images")])
def test_pictures_beside_the_folder_of_the_table_are_named_with_images(own, new, call, labels, given):
    made(own, lambda n: f"images/{n}.png")
    path = table(own / "set" / labels / "labels.csv", file=file)
    code, err = new(path)
    assert code == 2
    assert "holds no picture; put labels.csv into the folder that holds the pictures" in err
    assert (", or say --images ../images" in err) == (labels == "labels")
    code, err = new(path, "--images", given or own / "set" / "images")
    assert code == 0, err
    assert (entry(own)["tree"], options(own)["file"], options(own)["images"]) == ("set", f"{labels}/labels.csv", "images")
    assert right()
    again(own)
    assert "names" in new(path, "--images", "../nothing")[1]


def test_a_table_far_from_its_pictures_is_refused(own, new, monkeypatch):
    made(own, lambda n: f"images/{n}.png")
    path = table(own / "labels" / "labels.csv", file=file)
    monkeypatch.setenv("HOME", str(own))
    code, err = new(path, "--images", own / "set" / "images")
    assert code == 2
    assert f"have no folder in common but {own}, which is not searched" in err


HEADLESS = {
    "files": ("labels.csv", ",", {"a": file}, "--columns label,file"),
    "names": ("labels.csv", ";", {"a": lambda n: f"s{n}"}, "--columns label,file"),
    "blanks": ("labels.txt", " ", {"a": file}, "--columns label,file"),
    "tabs": ("labels.txt", "\t", {"a": file}, "--columns label,file"),
    "three": ("labels.csv", ",", {"a": file, "b": lambda n: n % 7}, "--columns column_2,file,column_3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", HEADLESS)
def test_a_table_without_a_line_of_names_is_asked_for_them(own, new, call, case):
    kind, separator, columns, offered = HEADLESS[case]
    made(own, columns["a"] if columns["a"](0).endswith(".png") else lambda n: f"s{n}.png")
    path = table(own / "set" / kind, header=False, separator=separator, **columns)
    code, err = new(path)
    assert code == 2
    assert "labels." in err
    assert " has no line of column names, as its first line names the picture " in err
    assert f"say how the columns are called, as in {offered}" in err
    names = ["label", "file", "more"][: len(columns) + 1]
    assert "columns; `columns` names 1: x" in new(path, "--columns", "x")[1]
    code, err = new(path, "--columns", ",".join(names))
    assert code == 0, err
    assert options(own)["columns"] == names
    assert options(own).get("separator", ",") == {" ": r"\s+"}.get(separator, separator)
    assert right()
    assert call("check", "cells", "--size", 8)[0] == 0


def test_a_first_row_that_fits_but_for_zeros_is_no_line_of_names(own, new):
    made(own, lambda n: f"{n:04d}.png")
    path = table(own / "set" / "labels.csv", header=False, a=lambda n: f"{n}", label=lambda n: f"type {LABEL[n]}")
    code, err = new(path, "--label", f"type {LABEL[ORDER[0]]}", "--path", str(ORDER[0]))
    assert code == 2
    assert f"has no line of column names, as its first line names the picture {ORDER[0]}" in err


def test_numbers_as_names_of_columns_are_names(own, new):
    path = table(made(own, file) / "labels.csv", label=None, **{"0": file, "1": lambda n: NAMES[LABEL[n]]})
    code, err = new(path, "--label", "1")
    assert code == 0, err
    assert right()


def test_lines_are_counted_from_the_first_one_where_there_are_no_names(own, new, call):
    made(own, file)
    path = table(own / "set" / "labels.csv", header=False, a=file)
    assert new(path, "--columns", "label,file")[0] == 0
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], "odd," + lines[2].split(",")[1], *lines[3:]]))
    assert "labels.csv, line 3 has the label 'odd'" in call("check", "cells")[1]
