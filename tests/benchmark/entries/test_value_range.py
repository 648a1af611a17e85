"""Pictures that use a small part of their range: `cats new` declares the bits that are used, `cats check` misses them."""

import h5py
import numpy as np
import pytest
import yaml

from benchmark.specs import catalogue
from tests.support.deep_pictures import png, tiff

FACTS = ("--modality", "microscope", "--licence", "CC0", "--citation", "Us, 2026")
COUNT = 48


def numbers(number, top, channels=1, low=0):
    """One picture whose numbers go from `low` to `top`, in class `number % 2` brighter."""
    rng = np.random.default_rng(number)
    values = rng.integers(low, low + (top - low) * (2 + number % 2) // 3, (10, 10, channels))
    values[number % 10, 0] = top
    return values[..., 0] if channels == 1 else values


def class_folders(own, write, ending=".png"):
    for number in range(COUNT):
        path = own / "set" / ("cyst", "mass")[number % 2] / f"{number}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write(number))
    return own / "set"


def entry(own):
    return yaml.safe_load((own / "entries" / "sources" / "cells.yaml").read_text())["dataset"]


def levels(own):
    """Smallest and largest value of the decoded images."""
    from benchmark.data.decoded import load_images

    images = load_images(catalogue.source("cells").dataset, 10).images
    return int(images.min()), int(images.max())


def opaque(values):
    return np.dstack([values, np.full(values.shape[:2], 65535)]).astype(np.uint16)


KINDS = {
    "12 of 16 bits": (lambda i: png(numbers(i, 4095).astype(np.uint16)), 4095),
    "10 of 16 bits": (lambda i: png(numbers(i, 900).astype(np.uint16)), 1023),
    "8 of 16 bits": (lambda i: png(numbers(i, 255).astype(np.uint16)), 255),
    "14 of 16 bits": (lambda i: png(numbers(i, 16000).astype(np.uint16)), 16383),
    "12 of 16 bits, rgb": (lambda i: png(numbers(i, 4095, 3).astype(np.uint16)), 4095),
    "12 of 16 bits, grey and alpha": (lambda i: png(opaque(numbers(i, 4095))), 4095),
    "12 of 16 bits, rgb and alpha": (lambda i: png(opaque(numbers(i, 4095, 3))), 4095),
    "8 of 16 bits, rgb": (lambda i: png(numbers(i, 255, 3).astype(np.uint16)), 255),
    "4 of 8 bits": (lambda i: tiff(numbers(i, 15).astype(np.uint8), photometric="minisblack"), 15),
    "tiff rgb": (lambda i: tiff(numbers(i, 4095, 3).astype(np.uint16), photometric="rgb"), 4095),
    "tiff, white is zero": (lambda i: tiff(numbers(i, 4095).astype(np.uint16), photometric="miniswhite"), 4095),
    "tiff of 32 bits": (lambda i: tiff(numbers(i, 4095).astype(np.uint32), photometric="minisblack"), 4095),
    "tiff, from 0 to 1": (lambda i: tiff((numbers(i, 1000) / 1000).astype(np.float32), photometric="minisblack"), 1),
    "tiff of whole numbers as fractions": (lambda i: tiff(numbers(i, 4095).astype(np.float32), photometric="minisblack"), 4095),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_bits_that_are_used_are_declared_and_used(call, own, kind):
    write, white = KINDS[kind]
    code, _, err = call(
        "new", "source", "cells", "--from", class_folders(own, write, ".tif" if "tiff" in kind else ".png"), *FACTS
    )
    assert code == 0, err
    assert entry(own)["read"]["folders"]["white"] == white
    assert f"so the entry says white: {white}" in err
    assert levels(own)[1] - levels(own)[0] > 150
    code, out, err = call("check", "cells", "--size", 10)
    assert code == 0, out + err


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["8 of 16 bits", "14 of 16 bits", "12 of 16 bits, rgb and alpha", "4 of 8 bits", "tiff, white is zero"]
)
def test_an_entry_without_white_breaks_a_promise_that_names_it(call, own, kind):
    write, white = KINDS[kind]
    call("new", "source", "cells", "--from", class_folders(own, write, ".tif" if "tiff" in kind else ".png"), *FACTS)
    path = own / "entries" / "sources" / "cells.yaml"
    path.write_text(path.read_text().replace(f", white: {white}", ""))
    code, out, err = call("check", "cells", "--size", 10)
    assert f"of 256 grey levels; declare white: {white}" in out
    assert code == (0 if white > 8191 else 1), out + err


@pytest.mark.parametrize("top", [65535, 40000])
def test_pictures_that_use_their_range_need_no_option(call, own, top):
    folder = class_folders(own, lambda i: png(numbers(i, top).astype(np.uint16)))
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 0, err
    assert "white" not in entry(own)["read"]["folders"]
    code, out, _ = call("check", "cells", "--size", 10)
    assert "grey levels" not in out


def test_the_range_is_that_of_the_data_set_and_not_of_a_picture(call, own):
    folder = class_folders(own, lambda i: png(numbers(i, 4095 if i == 20 else 300).astype(np.uint16)))
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 0, err
    assert entry(own)["read"]["folders"]["white"] == 4095


def test_marks_that_are_far_brighter_than_the_rest_are_said(call, own):
    def write(i):
        values = np.random.default_rng(i).integers(0, 4096, (20, 20)).astype(np.uint16)
        values[0, :3] = 65535
        return png(values)

    folder = class_folders(own, write)
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 0, err
    assert "if that is a mark or a fault, say --values 0:4095" in err
    (own / "entries" / "sources" / "cells.yaml").unlink()
    catalogue.source.cache_clear()
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS, "--values", "0:4095")
    assert code == 0, err
    assert entry(own)["read"]["folders"]["range"] == [0, 4095]
    code, out, err = call("check", "cells", "--size", 20)
    assert code == 0, out + err


def test_files_of_8_bits_beside_deep_ones_do_not_count(call, own):
    def write(i):
        return tiff(numbers(i, 250 if i % 2 else 4095).astype(np.uint8 if i % 2 else np.uint16), photometric="minisblack")

    code, _, err = call("new", "source", "cells", "--from", class_folders(own, write, ".tif"), *FACTS)
    assert code == 0, err
    assert entry(own)["read"]["folders"]["white"] == 4095
    assert levels(own)[1] >= 250


@pytest.mark.slow
@pytest.mark.parametrize(
    ("low", "top", "kind", "sentence"),
    [
        (
            31744,
            35839,
            np.uint16,
            "holds values from 31744 to 35839, a small part of 0 to 65535; say which of them become black",
        ),
        (-3, 2.5, np.float32, "say which of them become black and white, as in --values"),
        (0, 3.7, np.float32, "say which of them become black and white, as in --values"),
        (0, 700.5, np.float64, "say which of them become black and white, as in --values"),
    ],
)
def test_numbers_that_may_mean_anything_are_asked_for(call, own, low, top, kind, sentence):
    def write(i):
        scaled = low + (top - low) * numbers(i, 1000) / 1000
        return tiff((np.rint(scaled) if kind == np.uint16 else scaled).astype(kind), photometric="minisblack")

    folder = class_folders(own, write, ".tif")
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 2
    assert sentence in err
    assert not (own / "entries" / "sources" / "cells.yaml").exists()
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS, "--values", f"{low}:{top}")
    assert code == 0, err
    assert levels(own) == (0, 255)


@pytest.mark.parametrize("values", ["4095", "9:3", "a:b", "0:inf"])
def test_values_in_another_form_are_refused(call, own, values):
    folder = class_folders(own, lambda i: png(numbers(i, 4095).astype(np.uint16)))
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS, "--values", values)
    assert code == 2
    assert f"--values is '{values}'; write BLACK:WHITE" in err


def test_signed_numbers_have_a_range_of_the_bits_that_are_used(call, own):
    folder = class_folders(own, lambda i: tiff(numbers(i, 3000, low=-1000).astype(np.int16), photometric="minisblack"), ".tif")
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 0, err
    assert entry(own)["read"]["folders"]["range"] == [-1024, 4095]
    code, out, err = call("check", "cells", "--size", 10)
    assert code == 0, out + err


def test_a_brighter_picture_than_those_looked_at_is_named(call, own):
    folder = class_folders(own, lambda i: png(numbers(i, 4095).astype(np.uint16)))
    call("new", "source", "cells", "--from", folder, *FACTS)
    (folder / "cyst" / "0.png").write_bytes(png(numbers(0, 5000).astype(np.uint16)))
    code, out, _ = call("check", "cells", "--size", 10)
    assert code == 1
    assert "holds values from" in out
    assert "allowed are 0 to 4095" in out


def test_a_table(call, own):
    folder = class_folders(own, lambda i: png(numbers(i, 4095, 3).astype(np.uint16)))
    rows = [f"{('cyst', 'mass')[i % 2]}/{i}.png,{('cyst', 'mass')[i % 2]}" for i in range(COUNT)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    code, _, err = call("new", "source", "cells", "--from", folder / "labels.csv", *FACTS)
    assert code == 0, err
    assert entry(own)["read"]["table"]["white"] == 4095
    assert levels(own)[1] == 255


@pytest.mark.parametrize(("kind", "white"), [(np.uint16, 4095), (np.float32, 1), (np.uint8, 15)])
def test_an_npz_file(call, own, kind, white):
    arrays = {}
    for part, count in (("train", 30), ("val", 12), ("test", 10)):
        values = np.stack([numbers(count * 100 + i, 4095 if white == 1 else white) for i in range(count)])
        arrays[f"{part}_images"] = (values / 4095 if white == 1 else values).astype(kind)
        arrays[f"{part}_labels"] = np.arange(count)[:, None] % 2
    np.savez(own / "mine.npz", **arrays)
    code, _, err = call("new", "source", "cells", "--from", own / "mine.npz", *FACTS, "--classes", "a,b")
    assert code == 0, err
    assert entry(own)["read"]["npz"]["white"] == white
    assert levels(own)[1] == 255
    code, out, err = call("check", "cells", "--size", 10)
    assert code == 0, out + err
    path = own / "entries" / "sources" / "cells.yaml"
    path.write_text(path.read_text().replace(f", white: {white}", ""))
    code, out, _ = call("check", "cells", "--size", 10)
    assert code == 1
    assert (
        "declare white: 15" if white == 15 else f"is {np.dtype(kind)}; the option white says which value becomes white"
    ) in out


def test_an_hdf5_file(call, own):
    for part, count in (("train", 50), ("test", 10)):
        with h5py.File(own / f"{part}.h5", "w") as file:
            file["x"] = np.stack([numbers(count * 100 + i, 4095) for i in range(count)]).astype(np.uint16)
            file["y"] = np.arange(count) % 2
    options = "{images: {train: train.h5, test: test.h5}, labels: {train: train.h5, test: test.h5}%s}"
    text = (
        "dataset:\n  title: t\n  modality: m\n  task: binary\n  classes: [a, b]\n  licence: l\n  citation: c\n"
        f"  place: {own}\n  files: [{{path: train.h5}}, {{path: test.h5}}]\n  read: {{hdf5: {options}}}\n"
    )
    path = own / "entries" / "sources" / "cells.yaml"
    path.write_text(text % "")
    code, out, _ = call("check", "cells", "--size", 10)
    assert (code, "is uint16; the option white says which value becomes white" in out) == (1, True), out
    path.write_text(text % ", white: 65535")
    code, out, _ = call("check", "cells", "--size", 10)
    assert (code, "the pictures use 16 of 256 grey levels; declare white: 4095" in out) == (1, True), out
    path.write_text(text % ", white: 4095")
    code, out, err = call("check", "cells", "--size", 10)
    assert code == 0, out + err


def nan_of(number):
    values = (numbers(number, 1000) / 1000).astype(np.float32)
    values[3, 3] = np.nan if number in {5, 6} else 0.5
    return tiff(values, photometric="minisblack")


def test_values_that_are_no_number_are_one_sentence_before_an_entry_is_written(call, own):
    folder = class_folders(own, nan_of, ".tif")
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 2
    assert f"2 of {COUNT} pictures that were looked at hold values that are infinite or no number (NaN), for example " in err
    assert "write numbers into them, or allow them with --broken 0.05 (in the entry: broken)" in err
    assert not list((own / "entries" / "sources").iterdir())
    assert call("new", "source", "cells", "--from", folder, "--broken", 0.05, *FACTS)[0] == 0
    assert call("check", "cells", "--size", 10)[0] == 0


def test_an_array_file_with_values_that_are_no_number_is_one_sentence(call, own):
    arrays = {f"{part}_labels": np.arange(12) % 2 for part in ("train", "val", "test")}
    arrays |= {f"{part}_images": np.linspace(0, 1, 12 * 64).reshape(12, 8, 8) for part in ("train", "val", "test")}
    arrays["val_images"][2, 1, 1] = np.inf
    np.savez(own / "a.npz", **arrays)
    code, _, err = call("new", "source", "cells", "--from", "a.npz", *FACTS)
    assert code == 2
    assert (
        "1 of 36 pictures that were looked at hold values that are infinite or no number (NaN), for example val/2; write" in err
    )
    assert "--broken" not in err


MIXED = {
    "12 and 16 bits": (4095, 65535, np.uint16),
    "10 and 12 bits": (1023, 4095, np.uint16),
    "8 and 16 bits in one kind of file": (255, 65535, np.uint16),
}


def of_class(number, least, most, kind):
    top = (least, most)[number % 2]
    return tiff(np.rint(numbers(number, 1000) * (top / 1000)).astype(kind), photometric="minisblack")


@pytest.mark.parametrize("case", MIXED)
def test_classes_that_differ_in_their_range_are_asked(call, own, case):
    least, most, kind = MIXED[case]
    folder = class_folders(own, lambda number: of_class(number, least, most, kind), ".tif")
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 2
    assert f"pictures of the class 'cyst' hold values up to {least}, and most of the class 'mass' up to {most} or more" in err
    assert "so that a network could tell them apart by that alone; bring all pictures to one range, or say with --values" in err
    code, _, err = call("new", "source", "cells", "--from", folder, "--values", f"0:{most}", *FACTS)
    assert code == 0, err
    assert "so that a network could tell them apart by that alone" in err


@pytest.mark.parametrize("tops", [(3000, 4095), (40000, 65535), (200, 255)])
def test_classes_of_one_range_are_not_asked(call, own, tops):
    folder = class_folders(own, lambda number: png(numbers(number, tops[number % 2]).astype(np.uint16)))
    code, _, err = call("new", "source", "cells", "--from", folder, *FACTS)
    assert code == 0, err
    assert "tell them apart" not in err


def test_parts_that_differ_in_their_range_are_asked(call, own):
    for number in range(COUNT):
        path = own / "set" / ("train", "test")[number // 2 % 2] / ("cyst", "mass")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(numbers(number, (65535, 4095)[number // 2 % 2]).astype(np.uint16)))
    code, _, err = call("new", "source", "cells", "--from", own / "set", *FACTS)
    assert code == 2
    assert "pictures of the part test hold values up to 4095, and most of the part train up to 65535 or more" in err
