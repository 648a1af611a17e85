"""Only the stated formats are decoded, wherever pictures are opened; no other module asks Pillow to open one."""

import ast
import io
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmark.data.readers import hub, opening
from benchmark.data.readers.image_file import decode_picture, stored_picture
from benchmark.data.readers.picture_format import FORMATS
from benchmark.data.readers.stored import is_unknown_tiff
from benchmark.entries.copy_list import sheet_of, write_copies
from results.error import CatsError
from tests.support.paths import ROOT

Image.init()
OTHERS = sorted(set(Image.ID) - set(FORMATS))
# What opens pictures in any format, by whichever name.
OPENERS = {
    "Image.open", "PIL.Image.open", "imread", "imageio.imread", "iio.imread", "plt.imread", "io.imread", "skimage.io.imread",
    "cv2.imread", "cv2.imdecode", "read_image", "decode_image", "torchvision.io.read_image", "ImageFile.Parser",
}  # fmt: skip
# How files of formats begin that Pillow reads and cannot write.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BEGINNINGS = {
    "BUFR": b"BUFR", "CUR": b"\0\0\2\0", "DCX": b"\xb1\x68\xde\x3a", "FITS": b"SIMPLE  =                    T",
    "FLI": b"\0" * 4 + b"\x11\xaf", "FPX": OLE, "FTEX": b"FTEX", "GBR": b"\0\0\0\x20\0\0\0\1", "GRIB": b"GRIB\0\0\0\1",
    "HDF5": b"\x89HDF\r\n\x1a\n", "IPTC": b"\x1c\x01", "MCIDAS": b"\0\0\0\0\0\0\0\4", "MIC": OLE, "MPEG": b"\0\0\1\xb3",
    "PCD": b"\0" * 2048 + b"PCD_", "PIXAR": b"\200\350\000\000", "PSD": b"8BPS\0\1", "SUN": b"\x59\xa6\x6a\x95",
    "WMF": b"\xd7\xcd\xc6\x9a\0\0", "XPM": b"/* XPM */", "XVTHUMB": b"P7 332", "IMT": b"*\n",
}  # fmt: skip


def content_of(name):
    """A small picture of a format, as Pillow writes it, else as such files begin."""
    out = io.BytesIO()
    for mode in ("RGB", "L", "1", "P", "RGBA", "F"):
        try:
            out = io.BytesIO()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow will drop some of them
                Image.new(mode, (64, 64), 1).save(out, format=name)
        except (KeyError, OSError, ValueError, TypeError, AttributeError, NotImplementedError):
            continue
        return out.getvalue()
    return BEGINNINGS.get(name, name.encode()) + b"\0" * 4096


@pytest.mark.parametrize("work", [decode_picture, stored_picture, opening.opened], ids=lambda work: work.__name__)
@pytest.mark.parametrize("name", OTHERS)
def test_no_other_decoder_of_pillow_is_reached(monkeypatch, name, work):
    """A decoder that takes everything is in the place of the real one, which might refuse the few bytes for its own reason."""
    reached = []

    def factory(file, filename):
        reached.append(name)
        return Image.new("L", (8, 8))

    monkeypatch.setitem(Image.OPEN, name, (factory, lambda _: True))
    content = content_of(name)
    assert not is_unknown_tiff(content)
    with pytest.raises(CatsError, match="none of the formats PNG, JPEG"):
        work(content, "x.png")
    assert reached == []


def test_there_are_many_of_them():
    assert len(OTHERS) >= 30
    assert {"EPS", "PSD", "FITS", "HDF5", "ICNS", "WMF"} <= set(OTHERS)
    assert set(FORMATS) <= set(Image.ID)


@pytest.mark.parametrize("name", ["EPS", "PSD", "PDF"])
def test_a_file_beside_a_list_of_copies_is_no_sheet_of_another_format(tmp_path, name):
    (tmp_path / "list.csv").write_text("other\n")
    sheet_of(tmp_path / "list.csv").write_bytes(content_of(name))
    with pytest.raises(CatsError, match="was not written by --duplicates"):
        write_copies(SimpleNamespace(name="x"), 28, tmp_path / "list.csv")


@pytest.mark.parametrize("asked", [("EPS",), ("PSD", "ICNS"), ("MPO",)])
def test_a_caller_cannot_add_a_format(asked):
    with pytest.raises(Image.UnidentifiedImageError):
        opening.header_of(io.BytesIO(content_of(asked[0])), asked)


@pytest.mark.parametrize("column", ["label", "group"])
def test_a_column_of_the_hub_that_would_be_decoded_is_refused(tmp_path, column):
    datasets = pytest.importorskip("datasets")
    pictures = {"bytes": content_of("EPS"), "path": None}
    features = {
        "image": datasets.Image(),
        "label": datasets.Value("int64"),
        "group": datasets.Value("string"),
        "mask": datasets.Image(),
    }
    features[column] = datasets.Image()
    png = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(png, "PNG")
    rows = {"image": [{"bytes": png.getvalue(), "path": None}], "label": [0], "group": ["a"], "mask": [pictures]}
    rows[column] = [pictures]
    table = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    with pytest.raises(CatsError, match=f"the column '{column}' holds Image; labels and groups must be numbers or text"):
        hub._require_values(table.features[column], f"x: the column '{column}'")
    found = list(hub._images({"train": table}, "image", "x", hub.Scale()))
    assert [image.shape for image in found] == [(4, 4)]  # the mask beside it, which is EPS, is not touched


def openers(tree):
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in OPENERS:
            yield f"line {call.lineno}: {ast.unparse(call.func)}"


@pytest.mark.slow
def test_one_function_alone_opens_pictures():
    files = [
        path
        for name in ("benchmark", "results", "sources", "targets", "similarity")
        for path in sorted((ROOT / name).rglob("*.py"))
    ]
    found = {str(path.relative_to(ROOT)): list(openers(ast.parse(path.read_text()))) for path in files}
    found = {path: lines for path, lines in found.items() if lines}
    assert set(found) == {"benchmark/data/readers/opening.py"}
    assert len(found["benchmark/data/readers/opening.py"]) == 1


@pytest.mark.parametrize("line", ["Image.open(x)", "plt.imread(x)", "PIL.Image.open(x, formats=['PNG'])"])
def test_such_a_call_would_be_found(line):
    assert list(openers(ast.parse(line)))
