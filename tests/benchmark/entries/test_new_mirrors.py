"""`cats new` on tables whose cells are no paths: two folders, another beginning or spelling, two columns."""

import pytest

from benchmark.specs import catalogue
from tests.support.own_tables import LABEL, NAMES, ORDER, adding, again, entry, made, options, put, right, table


@pytest.fixture
def new(own, call):
    return adding(own, call)


def halves(upper):
    """The folder of a picture as Kaggle divides HAM10000."""
    return lambda n: f"{'HAM' if upper else 'ham'}10000_images_part_{1 + n // 30}/ISIC_{n:07d}.jpg"


def isic(n):
    return f"ISIC_{n:07d}"


@pytest.mark.parametrize("twice", [False, True])
def test_pictures_in_two_folders_are_read_and_folders_that_hold_them_twice_are_asked(own, new, twice):
    made(own, halves(upper=True))
    if twice:
        made(own, halves(upper=False))
    path = table(own / "set" / "metadata.csv", image_id=isic, lesion_id=lambda n: f"HAM_{n // 2}", label=None,
                 dx=lambda n: NAMES[LABEL[n]])  # fmt: skip
    code, err = new(path)
    folders = [f"HAM10000_images_part_{part}" for part in (1, 2)]
    if twice:
        assert code == 2
        assert "may be 'HAM10000_images_part_" in err
        assert f"rows; say which with --images '{','.join(folders)}'" in err
        code, err = new(path, "--images", ",".join(folders))
    assert code == 0, err
    assert options(own)["images"] == folders
    assert (entry(own)["groups"], options(own)["ending"]) == ("lesion", ".jpg")
    assert right()


SETS = {
    "the folder's own name": (lambda n: f"set/train/patient{n // 2:05d}/view{n % 2}.jpg", "set/"),
    "with a path of this machine": (lambda n: "{own}/set/train/" + f"patient{n // 2:05d}/view{n % 2}.jpg", "{own}/set/"),
}


@pytest.mark.parametrize(("cell", "strip"), SETS.values(), ids=SETS)
def test_cells_that_begin_with_the_folder_itself_are_understood_and_folders_of_patients_asked(own, new, cell, strip):
    made(own, lambda n: f"train/patient{n // 2:05d}/view{n % 2}.jpg")
    path = table(own / "set" / "train.csv", Path=lambda n: cell(n).format(own=own))
    code, err = new(path)
    assert code == 2
    assert "lie in folders such as 'patient00000', 'patient00001', which look like those of patients" in err
    assert "say --group '^[^/]+/([^/]+)/' if images of one folder belong together, or --group ''" in err
    code, err = new(path, "--group", "^[^/]+/([^/]+)/")
    assert code == 0, err
    assert f", without '{strip.format(own=own)}' at their beginning" in err
    assert (options(own)["strip"], entry(own)["groups"]) == (strip.format(own=own), "patient")
    assert right()
    dataset = catalogue.target("cells").dataset
    assert sorted(dataset.read(dataset.folder()).groups)[:3] == ["patient00000", "patient00000", "patient00001"]
    again(own)
    assert new(path, "--group", "")[0] == 0


@pytest.mark.parametrize("before", ["/home/she/data/", "C:\\data\\", "https://example.org/", "another/"])
def test_another_beginning_is_taken_if_it_is_stated(own, new, before):
    made(own, lambda n: f"x{n % 2}/{n // 2}.png")
    path = table(own / "set" / "labels.csv", file=lambda n: before + f"x{n % 2}/{n // 2}.png".replace("/", before[-1]))
    code, err = new(path)
    assert code == 2
    assert f"; write 'x{ORDER[0] % 2}/{ORDER[0] // 2}.png' into the table, or say --strip " in err
    assert new(path, "--strip", before)[0] == 0
    assert right()


def letter(text):
    return text.format


SPELT = {
    "case": ("IMG_{0}.JPG", {"image": letter("img_{0}")}, ["case"], "in case"),
    "ending": ("{0}.jpg", {"image": letter("{0}.png")}, ["ending"], "in their ending"),
    "DICOM became PNG": ("a/{0}.png", {"image": letter("{0}.dcm")}, ["ending"], "in their ending"),
    "zeros": ("{0:04d}.png", {"image": letter("{0}")}, ["zeros"], "in zeros before a number"),
    "zeros in a name": ("IMG_{0}.png", {"image": letter("IMG_{0:03d}")}, ["zeros"], "in zeros before a number"),
    "case and ending": ("img_{0}.JPG", {"file": letter("IMG_{0}.png")}, ["case", "ending"], "in case and in their ending"),
    "everything": ("Scan{0:05d}.tif", {"file": letter("scan{0}.PNG")}, ["case", "ending", "zeros"], "and in zeros"),
}


@pytest.mark.parametrize(("name", "columns", "alike", "words"), SPELT.values(), ids=SPELT)
def test_names_that_differ_in_case_ending_or_zeros_are_matched_one_to_one_and_said(own, new, name, columns, alike, words):
    path = table(made(own, letter(name)) / "labels.csv", **columns)
    code, err = new(path)
    assert code == 0, err
    assert words in err
    assert "from the names of the files" in err
    assert options(own)["alike"] == alike
    assert right()


@pytest.mark.parametrize(
    ("more", "columns", "sentence"),
    [
        ("IMG_0.PNG", {"image": letter("img_{0}")}, "is no name of a picture, and may be 'IMG_0.JPG', 'IMG_0.PNG'"),
        ("img_00.JPG", {"image": letter("IMG_{0:02d}.png")}, "is no name of a picture, and may be 'IMG_0.JPG', 'img_00.JPG'"),
        ("IMG_00.JPG", {"image": letter("img_{0}.png")}, "is no name of a picture, and may be 'IMG_0.JPG', 'IMG_00.JPG'"),
        (None, {"image": lambda n: f"img_{max(n, 1)}"}, "names a picture for each row"),
        (None, {"image": lambda n: f"img_{n + 1}"}, "names a picture for each row"),
    ],
)
def test_names_that_differ_and_do_not_fit_one_to_one_are_asked(own, new, more, columns, sentence):
    made(own, letter("IMG_{0}.JPG"))
    if more:
        put(own / "set" / more, 0)
    code, err = new(table(own / "set" / "labels.csv", **columns))
    assert code == 2
    assert sentence in err


def test_numbers_that_fit_but_for_zeros_are_asked_if_they_may_count_something_else(own, new):
    path = table(made(own, letter("{0:04d}.png")) / "labels.csv", patient=letter("{0}"))
    code, err = new(path)
    assert code == 2
    assert "by its numbers alone" in err
    assert new(path, "--path", "patient")[0] == 0
    assert options(own)["alike"] == ["zeros"]
    assert right()


def nth(n):
    """The number of a picture within its class."""
    return int((LABEL[:n] == LABEL[n]).sum())


def third(text):
    return lambda n: text.format(n % 3, n // 3)


TWO = {
    "folder and file": (third("f{0}/{1}.png"), {"folder": third("f{0}"), "file": third("{1}.png")}, "{folder}/{file}"),
    "patient and image": (third("P{0}_{1}.png"), {"patient": third("P{0}"), "image": third("{1}")}, "{patient}_{image}"),
    "all names differ": (third("f{0}/{0}_{1}.png"), {"folder": third("f{0}"), "file": third("{0}_{1}")}, "file"),
    "the label": (lambda n: f"{NAMES[LABEL[n]]}/{nth(n)}.png", {"file": lambda n: f"{nth(n)}.png"}, "{label}/{file}"),
    "zeros and case": (third("f{0}/IMG{1:03d}.PNG"), {"dir": third("F{0}"), "img": third("img{1}")}, "{dir}/{img}"),
}


@pytest.mark.parametrize(("name", "columns", "path"), TWO.values(), ids=TWO)
def test_pictures_that_two_columns_name_are_found_and_said(own, new, name, columns, path):
    written = table(made(own, name) / "labels.csv", **columns)
    code, err = new(written, *(("--group", "patient") if "patient" in columns else ()))
    assert code == 0, err
    assert options(own)["path"] == path
    assert f"pictures by the column '{path}' (" in err
    assert right()


def test_two_columns_of_numbers_are_asked_and_can_be_stated(own, new):
    columns = {"site": lambda n: n % 6, "age": lambda n: n // 6}
    path = table(made(own, lambda n: f"{n % 6}/{n // 6}.png") / "labels.csv", **columns)
    code, err = new(path)
    assert code == 2
    assert "fits the pictures in" in err
    assert "by its numbers alone" in err
    assert new(path, "--path", "{site}/{age}.png")[0] == 0
    assert right()
    again(own)
    assert "labels.csv has no column 'nothing'" in new(path, "--path", "{site}/{nothing}")[1]
