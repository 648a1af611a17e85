"""Small files that promise gigabytes: refused by one sentence, before anything of that size is read, unpacked or allocated."""

import bz2
import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib
from functools import cache

import numpy as np
import pytest
from PIL import Image

from benchmark.data.readers import archive, walk
from benchmark.data.readers.dicom_pixels import opened, pixels
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.hdf5 import hdf5
from benchmark.data.readers.image_file import decode_picture
from benchmark.data.readers.npz import npz
from benchmark.data.readers.table_file import table_of
from benchmark.entries.infer import infer_entry
from benchmark.entries.said import Said
from results.error import CatsError
from results.imports.table import read_table
from tests.support.little_memory import little_memory

ZEROS = 80 * 2**20  # bytes; they pack into 80 kB
TERA = 10**12


def refused(work):
    with little_memory(), pytest.raises(CatsError) as caught:
        work()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


def read_all(path):
    tree = Tree(path)
    return lambda: list(tree.read(tree.names))


# Archives


def zipped(path, member=b"x", method=zipfile.ZIP_DEFLATED, **facts):
    with zipfile.ZipFile(path, "w", method) as out:
        out.writestr("a/1.png", member)
        for name, value in facts.items():
            setattr(out.filelist[0], name, value)
    return path


def test_a_zip_whose_file_would_be_far_larger_than_its_packing(tmp_path):
    assert "would become 83.89 MB of" in refused(read_all(zipped(tmp_path / "a.zip", bytes(ZEROS))))


@pytest.mark.parametrize("size", [2**30 + 1, 2**32 - 2, 2**40])
def test_a_zip_whose_header_promises_more_than_is_read(tmp_path, size):
    assert "at most 1.074 GB are read of one file" in refused(read_all(zipped(tmp_path / "a.zip", file_size=size)))


def test_a_zip_whose_files_lie_in_each_other(tmp_path):
    path = zipped(tmp_path / "a.zip", os.urandom(2000), zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as out:
        for number in range(50):
            again = zipfile.ZipInfo(f"a/{number}0.png")
            again.CRC, again.file_size, again.compress_size = (
                getattr(out.filelist[0], n) for n in ("CRC", "file_size", "compress_size")
            )
            again.header_offset = 0
            out.filelist.append(again)
            out.NameToInfo[again.filename] = again
        out._didModify = True
    assert "of packed files and has" in refused(lambda: Tree(path).names)


def test_a_zip_packed_with_bzip2_is_not_unpacked(tmp_path):
    path = zipped(tmp_path / "a.zip", bytes(1000), zipfile.ZIP_BZIP2)
    assert "packed with bzip2, which is not read" in refused(lambda: Tree(path).names)


@cache
def tar_of_zeros(pack):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        item = tarfile.TarInfo("a/1.png")
        item.size = ZEROS
        tar.addfile(item, io.BytesIO(bytes(ZEROS)))
    return pack(out.getvalue())


@pytest.mark.parametrize("ending", [".tar.gz", ".tar"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
def test_a_packed_tar_whose_file_would_be_far_larger_than_its_packing(tmp_path, pack, ending):
    (tmp_path / f"a{ending}").write_bytes(tar_of_zeros(pack))
    assert "would become 83.89 MB of" in refused(read_all(tmp_path / f"a{ending}"))


@pytest.mark.parametrize("size", [2**33 - 1, TERA])
def test_a_tar_whose_header_promises_more_than_the_file_has(tmp_path, size):
    item = tarfile.TarInfo("a/1.png")
    item.size = size
    (tmp_path / "a.tar").write_bytes(item.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    assert "at most 200 times as many bytes are unpacked" in refused(read_all(tmp_path / "a.tar"))


def test_a_sparse_file_in_a_tar_is_not_filled_with_zeros(tmp_path):
    item = tarfile.TarInfo("a/1.png")
    header = bytearray(item.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[386 : 386 + 24] = b"%011o\0%011o\0" % (0, 0)
    header[483:495] = b"%011o\0" % (8 * 2**30 - 1)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(1024))
    assert "at most" in refused(read_all(tmp_path / "a.tar"))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
@pytest.mark.parametrize("digits", [False, True])
def test_a_long_header_in_a_tar_is_not_read(tmp_path, kind, digits):
    size = 60_000 if digits else 70_000
    header = tarfile.TarInfo("a/1.png")
    header.type, header.size = kind, size
    with gzip.open(tmp_path / "a.tar.gz", "w") as out:
        out.write(header.tobuf())
        out.write(b"1" * (size + -size % 512) if digits else bytes(size))
        out.write(tarfile.TarInfo("a/1.png").tobuf() + bytes(1024))
    assert "a header in it" in refused(lambda: Tree(tmp_path / "a.tar.gz").names)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_in_a_tar_are_no_files(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        item = tarfile.TarInfo("a/1.png")
        item.type = kind
        tar.addfile(item)
    assert Tree(tmp_path / "a.tar").names == []


@pytest.mark.parametrize("ending", [".zip", ".tar", ""])
def test_more_files_than_a_data_set_has(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(archive, "FILES", 10)
    monkeypatch.setattr("benchmark.data.readers.file_tree.FILES", 10)
    path, names = tmp_path / f"a{ending}", [f"x/{i}.png" for i in range(11)]
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as out:
            for name in names:
                out.writestr(name, "x")
    elif ending == ".tar":
        with tarfile.open(path, "w") as out:
            for name in names:
                out.addfile(tarfile.TarInfo(name))
    else:
        (path / "x").mkdir(parents=True)
        for name in names:
            (path / name).write_bytes(b"")
    assert "holds more than 10 files" in refused(lambda: Tree(path).names)


def test_folders_that_links_multiply(tmp_path, monkeypatch):
    """Thirty folders of two links each to the next one: a thousand million names."""
    monkeypatch.setattr("benchmark.data.readers.file_tree.FILES", 100)
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()
        for name in "ab":
            (tmp_path / f"d{number}" / name).symlink_to(f"../d{number + 1}")
    (tmp_path / "d30").mkdir()
    (tmp_path / "d30" / "1.png").write_bytes(b"")
    assert "holds more than 100 files" in refused(lambda: Tree(tmp_path).names)


def test_links_in_an_archive_that_multiply(monkeypatch):
    monkeypatch.setattr(archive, "FILES", 1000)
    files = {f"raw/{i}.png": "x" for i in range(500)}
    assert "holds more than 1,000 files" in refused(lambda: archive._followed(files, {f"l{i}": "raw" for i in range(1000)}))


def test_folders_that_lie_deep_in_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(walk, "DEPTH", 10)
    (tmp_path / "/".join("a" * 12)).mkdir(parents=True)
    assert "lie more than 10 deep in each other" in refused(lambda: Tree(tmp_path).names)


def test_a_file_with_a_hole_of_a_terabyte(tmp_path):
    (tmp_path / "set").mkdir()
    with (tmp_path / "set" / "1.png").open("wb") as file:
        file.truncate(TERA)
    assert "has 1,000 GB; at most 1.074 GB are read of one file" in refused(read_all(tmp_path / "set"))


# npz

PARTS = ("train", "val", "test")


def arrays(path, changes, pack=True):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if pack else zipfile.ZIP_STORED) as out:
        for part in PARTS:
            given = {f"{part}_images": np.zeros((2, 4, 4), np.uint8), f"{part}_labels": np.array([[0], [1]])}
            for name, array in given.items():
                buffer = io.BytesIO()
                np.save(buffer, array)
                out.writestr(f"{name}.npy", changes.get(name, buffer.getvalue()))
    return path


def header(shape, kind="|u1", more=b""):
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": kind, "fortran_order": False, "shape": shape})
    return out.getvalue() + more


def npy(text):
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text) + 1) + text + b"\n"


PROMISES = {
    "terabytes": header((TERA,)), "many sides": header((10**4,) * 4), "beyond 64 bits": header((2**40, 2**40)),
    "wide text": header((2,), "<U2000000000"), "no rows": header((0, TERA), more=b"x"), "below zero": header((-5, 4, 4)),
    "packed zeros": header((ZEROS,), more=bytes(ZEROS)), "no array": b"x" * 100, "no header": b"",
    "objects": header((2,), "|O"), "brackets": npy(b"{" * 117), "many brackets": npy(b"(" * 9000), "a word": npy(b"open"),
    "an expression": npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (9**9**9,)}"), "half a text": npy(b"{'descr"),
    "a long header": b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + b"{",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train_images", "train_labels"])
@pytest.mark.parametrize("kind", PROMISES)
def test_an_array_that_promises_what_is_not_there(tmp_path, kind, name):
    arrays(tmp_path / "a.npz", {name: PROMISES[kind]})

    def read():
        return list(npz("a.npz")(tmp_path).images)

    assert str(tmp_path / "a.npz") in refused(read)
    assert str(tmp_path / "a.npz") in refused(lambda: infer_entry(tmp_path / "a.npz", Said()))


@pytest.mark.parametrize("content", [header((TERA,)), b"", b"PK\3\4", b"\x80\x04."], ids=["npy", "empty", "zip", "pickle"])
def test_a_file_that_is_no_npz(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    assert "is not a whole npz file" in refused(lambda: npz("a.npz")(tmp_path))


@pytest.mark.parametrize("label", [10**9, 10**5, 2**62, -(10**9), 1e300])
def test_a_label_that_counts_no_class(tmp_path, label):
    out = io.BytesIO()
    np.save(out, np.array([[0], [label]]))
    arrays(tmp_path / "a.npz", {"train_labels": out.getvalue()})
    assert "labels must be whole numbers below 100,000" in refused(lambda: npz("a.npz")(tmp_path))
    assert "whole numbers from 0 on" in (text := refused(lambda: infer_entry(tmp_path / "a.npz", Said()))) or "no label" in text


# HDF5

h5py = pytest.importorskip("h5py")


def stored(path, key, **how):
    with h5py.File(path, "w") as file:
        file.create_dataset(key, **how)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"shape": (10**9, 8, 8), "dtype": "u1", "chunks": (64, 8, 8)}, "at most 200 times as many bytes are unpacked"),
        (
            {"shape": (2, 10**6, 10**6), "dtype": "u1", "chunks": (1, 64, 64)},
            "has a row of 1,000 GB; at most 1.074 GB are read at once",
        ),
        ({"shape": (TERA,), "dtype": "u1", "chunks": (2**31,)}, "has a chunk of 2.147 GB; at most 1.074 GB are read at once"),
    ],
    ids=["rows", "a row", "a chunk"],
)
@pytest.mark.parametrize("key", ["x", "y"])
def test_an_array_of_hdf5_that_promises_what_is_not_there(tmp_path, how, sentence, key):
    stored(tmp_path / "x.h5", "x", data=np.zeros((2, 8, 8), np.uint8))
    stored(tmp_path / "y.h5", "y", data=np.zeros(2, np.int64))
    stored(tmp_path / f"{key}.h5", key, **how)
    if key == "x" and "rows" in sentence:
        stored(tmp_path / "y.h5", "y", shape=(10**9,), dtype="i8", chunks=(64,))
    reader = hdf5(images={"train": "x.h5"}, labels={"train": "y.h5"})
    text = refused(lambda: list(reader(tmp_path).images))
    assert sentence in text or "there are 2 labels for them" in text or "at most 200 times" in text


def test_texts_of_any_length_are_no_labels(tmp_path):
    stored(tmp_path / "x.h5", "x", data=np.zeros((2, 8, 8), np.uint8))
    stored(tmp_path / "y.h5", "y", shape=(10**9,), dtype=h5py.string_dtype(), chunks=(64,))
    reader = hdf5(images={"train": "x.h5"}, labels={"train": "y.h5"})
    assert "holds texts of any length" in refused(lambda: reader(tmp_path))


def test_a_packing_that_needs_a_plugin_is_named(tmp_path):
    out = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    out.set_chunk((2,))
    out.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    with h5py.File(tmp_path / "y.h5", "w") as file:
        space = h5py.h5s.create_simple((2,))
        h5py.h5d.create(file.id, b"y", h5py.h5t.NATIVE_INT64, space, out)
    stored(tmp_path / "x.h5", "x", data=np.zeros((2, 8, 8), np.uint8))
    reader = hdf5(images={"train": "x.h5"}, labels={"train": "y.h5"})
    assert "is packed by the filter 32015 of HDF5, which is not installed" in refused(lambda: reader(tmp_path))


# Pictures


def png(width, height, depth=8, colour=0):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def tiff(width, height, bits=8, compression=1, photometric=1):
    tags = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, compression), (262, 3, photometric)]
    tags += [(273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, 100)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(200)


def jpeg(width, height):
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "JPEG")
    content = bytearray(out.getvalue())
    place = content.index(b"\xff\xc0")
    content[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def other(name, **how):
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, name, **how)
    return bytearray(out.getvalue())


def bmp(width, height):
    content = other("BMP")
    content[18:26] = struct.pack("<ii", width, height)
    return bytes(content)


def gif(width, height):
    content = other("GIF")
    content[6:10] = struct.pack("<HH", width, height)
    place = content.index(b",", 13)
    content[place + 5 : place + 9] = struct.pack("<HH", width, height)
    return bytes(content)


def jpeg_2000(width, height):
    content = other("JPEG2000")
    place = content.index(b"ihdr")
    content[place + 4 : place + 12] = struct.pack(">II", height, width)
    size = content.index(b"\xff\x51")
    content[size + 6 : size + 14] = struct.pack(">II", width, height)
    return bytes(content)


PICTURES = {
    "PNG": png(10**6, 10**6), "PNG, largest": png(2**31 - 1, 2**31 - 1), "PNG, 16 bits": png(10**6, 10**6, 16),
    "PNG, deep colour": png(10**6, 10**6, 16, 6), "TIFF": tiff(10**6, 10**6), "TIFF, largest": tiff(2**32 - 1, 2**32 - 1),
    "TIFF, floats": tiff(10**6, 10**6, 64), "TIFF, packed": tiff(10**6, 10**6, 8, 8),
    "TIFF, of 12 bits": tiff(10**6, 10**6, 12), "TIFF, unknown": tiff(10**6, 10**6, 24, 1, 0), "JPEG": jpeg(65535, 65535),
    "BMP": bmp(2**30, 2**30), "GIF": gif(65535, 65535),
    "JPEG2000": jpeg_2000(2**30, 2**30), "PPM": b"P6 1000000 1000000 255\n", "PPM, digits": b"P5 " + b"9" * 5000 + b" 1 255\n",
    "PGM, 16 bits": b"P5 1000000 1000000 65535\n",
}  # fmt: skip


@pytest.mark.parametrize("white", [None, 4095])
@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_whose_header_promises_terabytes(kind, white):
    text = refused(lambda: decode_picture(PICTURES[kind], "x.png", white))
    assert text.startswith("x.png is larger than 178,956,970 pixels") or "is not a picture that can be read" in text


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L", "1"])
def test_a_large_picture_is_the_same_in_strips(monkeypatch, mode):
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (50, 30, 4), dtype=np.uint8), "RGBA").convert(mode)
    out = io.BytesIO()
    picture.save(out, "PNG", **({"transparency": 3} if mode == "P" else {}))
    whole = decode_picture(out.getvalue(), "x")
    monkeypatch.setattr("benchmark.data.readers.stored.STRIP", 100)
    np.testing.assert_array_equal(decode_picture(out.getvalue(), "x"), whole)


@pytest.mark.parametrize("colours", [None, 3])
def test_deep_numbers_are_the_same_in_strips(monkeypatch, colours):
    import tifffile

    shape = (40, 30) if colours is None else (40, 30, colours)
    out = io.BytesIO()
    tifffile.imwrite(out, np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16))
    whole = decode_picture(out.getvalue(), "x")
    monkeypatch.setattr("benchmark.data.readers.scale.STRIP", 100)
    np.testing.assert_array_equal(decode_picture(out.getvalue(), "x"), whole)


# DICOM

pydicom = pytest.importorskip("pydicom")


def dicom(syntax=None, **tags):
    from tests.support.dicom_files import written

    raw = np.zeros((4, 4), np.uint16)
    return written(raw, **({"syntax": syntax} if syntax else {}), **tags)


def deflated(size):
    meta = dicom(pydicom.uid.DeflatedExplicitVRLittleEndian)
    start = 128 + 4 + 12 + int.from_bytes(meta[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    pixels_of = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size)
    return meta[:start] + packer.compress(pixels_of) + packer.compress(bytes(size)) + packer.flush()


def nested(depth):
    return (
        dicom()
        + b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" * 1
        + b"\xfe\xff\x00\xe0\xff\xff\xff\xff\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" * depth
    )


def items(count):
    return dicom() + b"\x09\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * count


DICOM = {
    "rows and columns": (lambda: dicom(Rows=65535, Columns=65535), "has 65,535 × 65,535 pixels"),
    "rows and columns, packed": (
        lambda: dicom(pydicom.uid.RLELossless, Rows=65535, Columns=65535, PixelData=pydicom.encaps.encapsulate([b"\0" * 64])),
        "has 65,535 × 65,535 pixels",
    ),
    "frames": (lambda: dicom(NumberOfFrames=10**9), "says that it holds 1,000,000,000 frames"),
    "frames below zero": (lambda: dicom(NumberOfFrames=-3), "says that it holds -3 frames"),
    "deflated": (lambda: deflated(ZEROS), "would become"),
    "sequences": (lambda: nested(3000), "its sequences lie too deep in each other"),
    "items": (lambda: items(2000), "1,000 items; it is not read"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DICOM)
def test_a_dicom_file_that_promises_what_is_not_there(monkeypatch, kind):
    monkeypatch.setattr("benchmark.data.readers.dicom_limits.ITEMS", 1000)
    make, sentence = DICOM[kind]
    content = make()
    text = refused(lambda: pixels(content, "x.dcm"))
    assert text.startswith("x.dcm")
    assert sentence in text


def test_pixels_are_not_searched_for_items(monkeypatch):
    from tests.support.dicom_files import written

    monkeypatch.setattr("benchmark.data.readers.dicom_limits.ITEMS", 1000)
    raw = np.tile(np.array([0xFFFE, 0xE000], np.uint16), 2048).reshape(64, 64)
    assert pixels(written(raw), "x.dcm").shape[:2] == (64, 64)
    hostile = dicom() + b"\xe0\x7f\x10\0SQ\0\0" + struct.pack("<I", 16_000) + b"\xfe\xff\x00\xe0\0\0\0\0" * 2000
    assert "1,000 items; it is not read" in refused(lambda: pixels(hostile, "x.dcm"))


# Tables


def parquet(path, columns, **how):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path, **how)
    return path


def repeated(count, text):
    import pyarrow as pa

    return {
        "file": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [text]),
        "n": pa.array(np.zeros(count, np.int8)),
    }


@pytest.mark.parametrize("reader", ["entry", "import"])
def test_a_parquet_table_that_stands_for_gigabytes(tmp_path, reader):
    path = parquet(tmp_path / "t.parquet", repeated(200_000, "x" * 50_000), store_schema=False)
    assert path.stat().st_size < 10**6
    work = {"entry": lambda: table_of(path.read_bytes(), "t.parquet", ",", "t.parquet"), "import": lambda: read_table(path)}
    assert "expands to more than 1.074 GB of text" in refused(work[reader])


def test_a_parquet_table_of_too_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr("results.files.parquet_size.VALUES", 1000)
    path = parquet(tmp_path / "t.parquet", repeated(600, "x"))
    assert "expands to 1,200 values; 1,000 are allowed" in refused(lambda: read_table(path))


def test_a_usual_parquet_table_is_read(tmp_path):
    path = parquet(tmp_path / "t.parquet", {"file": [f"{i}.png" for i in range(3000)], "label": ["a", "b", "c"] * 1000})
    assert read_table(path)["file"].tolist()[2999] == "2999.png"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("separator", "sentence"),
    [
        ("(a+)+$", "takes more than"), ("(a", "is not a regular expression"), ("x" * 2001, "2,000 are allowed"),
        ("||", "allowed is one character"), ("a*", "allowed is one character"), ("", "allowed is one character"),
    ],
)  # fmt: skip
def test_a_separator_that_takes_for_ever_or_divides_nothing(monkeypatch, separator, sentence):
    monkeypatch.setattr("benchmark.core.patterns.SECONDS", 0.1)
    content = b"a,b\n1,2\n" + b"a" * 40 + b",2\n"
    assert sentence in refused(lambda: table_of(content, "t.csv", separator, "t.csv"))


@pytest.mark.parametrize(
    ("separator", "sign"),
    [
        (",", ","), (r"\s+", "  "), ("\t", "\t"), (" ", " "), (r"\t", "\t"), ("; ", "; "), (r"\|", "|"), (r"\|\|", "||"),
        ("::", "::"), (r",\s*", ", "), ("ab", "ab"), ("§", "§"), (r"[,;]", ";"),
    ],
)  # fmt: skip
def test_usual_separators_are_read(separator, sign):
    content = f"x{sign}y\n1{sign}2\n".encode()
    assert table_of(content, "t.csv", separator, "t.csv").to_dict("records") == [{"x": "1", "y": "2"}]


def test_a_blank_as_separator_leaves_blank_cells_in_their_column():
    content = b"path label note pat\n1.png a x p0\n2.png b  p0\n3.png a y p1\n"
    assert table_of(content, "t.csv", " ", "t.csv")["pat"].tolist() == ["p0", "p0", "p1"]


@pytest.mark.parametrize("kind", ["UN", "OB", "UT"])
def test_a_dicom_file_on_the_disk_whose_element_promises_more_than_the_file_holds(tmp_path, kind):
    """Python makes room for all that it is asked to read of a file on the disk, before it reads."""
    content, promise = dicom(), b"\x09\x00\x40\x11" + kind.encode() + b"\0\0\xf0\xff\xff\xff"
    at = content.index(b"\xe0\x7f\x10\x00")
    (tmp_path / "a.dcm").write_bytes(content[:at] + promise + content[at:])
    with little_memory():
        one, other = (opened(given, "a.dcm", header_only=True) for given in (tmp_path / "a.dcm", content[:at] + promise))
    assert list(one.keys()) == list(other.keys())
