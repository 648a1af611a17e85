"""NIfTI volumes: orientation, units, black and white, slices; and sentences for files that cannot be read."""

import gzip
import re
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.readers import nifti_file
from benchmark.data.readers.nifti_file import unpacked, volume_of
from benchmark.data.readers.nifti_view import VolumeView
from benchmark.data.split import split
from results.error import CatsError
from tests.support.volumes import nifti_bytes

nibabel = pytest.importorskip("nibabel")
RNG = np.random.default_rng(0)
BODY = RNG.integers(0, 1000, (4, 6, 8)).astype(np.int16)  # x to the right, y to the front, z upwards
ONE = VolumeView(slices=1, range=(0, 255))


def refused(content, sentence, view=ONE):
    with pytest.raises(CatsError, match=f"^brain.nii.*{sentence}"):
        view.shown(content, "brain.nii")


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, 1)])
def test_every_way_to_store_a_body_gives_the_same_volume(order, signs):
    """An axis is stored forwards or backwards, in any order, with a spacing of its own; the affine says how."""
    spacing = (0.7, 1.2, 5.0)
    values = BODY.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        affine[world, axis] = sign * spacing[world]
        affine[world, 3] += 0 if sign > 0 else spacing[world] * (BODY.shape[world] - 1)
    found = volume_of(nifti_bytes(values, affine=affine), "body", "canonical")
    np.testing.assert_array_equal(found, BODY)
    stored = volume_of(nifti_bytes(values, affine=affine), "body", "stored")
    np.testing.assert_array_equal(stored, values)


@pytest.mark.parametrize(("version", "packed"), list(product([1, 2], [True, False])))
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float32, np.float64, ">i2"])
def test_each_version_and_number_is_read_packed_or_not(version, packed, kind):
    values = (BODY % 200).astype(kind)
    found = volume_of(nifti_bytes(values, version=version, packed=packed), "body", "canonical")
    np.testing.assert_array_equal(found, BODY % 200)


def test_a_file_of_the_other_order_of_bytes_is_read():
    image = nibabel.Nifti1Image(BODY, np.eye(4), nibabel.Nifti1Header(endianness=">"))
    np.testing.assert_array_equal(volume_of(image.to_bytes(), "body", "canonical"), BODY)


def test_slope_and_intercept_give_the_unit():
    found = volume_of(nifti_bytes(BODY, slope=(2.0, -1024.0)), "body", "canonical")
    np.testing.assert_array_equal(found, BODY * 2.0 - 1024)


def test_planes_are_shown_as_a_viewer_shows_them():
    body = np.zeros((4, 6, 8), np.uint8)
    body[3, 5, 7] = 255  # right, front, top
    body[0, 0, 0] = 100  # left, back, bottom
    view = {plane: VolumeView(slices=count, plane=plane, range=(0, 255)) for plane, count in
            (("axial", 8), ("coronal", 6), ("sagittal", 4))}  # fmt: skip
    slices = {plane: each.shown(nifti_bytes(body), "body") for plane, each in view.items()}
    for plane, shape in (("axial", (6, 4)), ("coronal", (8, 4)), ("sagittal", (8, 6))):
        first, last = slices[plane][0], slices[plane][-1]  # top, front, right come first
        assert first.shape == last.shape == shape
        assert np.argwhere(first).tolist() == [[0, 0]]  # front or top; the patient's right, or the front
        assert first[0, 0] == 255
        assert np.argwhere(last).tolist() == [[shape[0] - 1, shape[1] - 1]]
        assert last[-1, -1] == 100


def test_orthogonal_views_are_the_middles_of_the_three_planes():
    shown = VolumeView("orthogonal", 3, range=(0, 999)).shown(nifti_bytes(BODY), "body")
    single = [VolumeView(slices=1, plane=plane, range=(0, 999)).shown(nifti_bytes(BODY), "body")[0]
              for plane in ("axial", "coronal", "sagittal")]  # fmt: skip
    assert [each.shape for each in shown] == [(6, 4), (8, 4), (8, 6)]
    for one, other in zip(shown, single, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_spacing_decides_nothing_where_the_field_of_view_is_the_same(axis):
    """Twice as many voxels of half the size along one axis: the slices show the same part of the patient."""
    fine, affine = np.repeat(BODY, 3, axis=axis), np.eye(4)
    affine[axis, axis] = 1 / 3
    for views in ("slices", "orthogonal"):
        view = VolumeView(views, 3, range=(0, 999))
        coarse, dense = (view.shown(each, "body") for each in (nifti_bytes(BODY), nifti_bytes(fine, affine=affine)))
        for one, other in zip(coarse, dense, strict=True):
            rows, columns = (other.shape[i] // one.shape[i] for i in (0, 1))
            np.testing.assert_array_equal(one, other[rows // 2 :: rows, columns // 2 :: columns])


@pytest.mark.parametrize(
    ("view", "black", "white"), [({"range": (100, 300)}, 100, 300), ({"percentiles": (10, 80)}, None, None)]
)
def test_black_and_white_are_those_that_the_entry_states(view, black, white):
    values = BODY.astype(np.float32)
    values[0, 0, 0] = np.nan
    if black is None:
        black, white = np.nanpercentile(values, [10, 80])
    expected = np.rint(np.clip((np.nan_to_num(values, nan=-1e9) - black) / (white - black), 0, 1) * 255)
    shown = VolumeView(slices=8, **view).shown(nifti_bytes(values), "body")
    np.testing.assert_allclose(np.stack(shown), expected.transpose(2, 1, 0)[::-1, ::-1, ::-1], atol=1)


def test_a_volume_of_one_value_is_black():
    assert not np.stack(VolumeView(percentiles=(1, 99)).shown(nifti_bytes(np.full((4, 4, 4), 7, np.int16)), "b")).any()


def broken(change):
    content = bytearray(nifti_bytes(BODY))
    change(content)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: b"", "is not a NIfTI file: its header has neither 348 nor 540 bytes"),
        (lambda: b"\x89PNG....", "is not a NIfTI file: its header"),
        (lambda: nifti_bytes(BODY)[:200], "is not a NIfTI file that can be read"),
        (lambda: nifti_bytes(BODY)[:-1], "is damaged: its header promises 384 bytes of voxels, and 383 are there"),
        (lambda: nifti_bytes(BODY, packed=True)[:-9], "is not a whole gzip file"),
        (lambda: nifti_bytes(BODY, packed=True)[:40] + b"x" * 40, "is not a whole gzip file"),
        (lambda: nifti_bytes(BODY, packed=True) + b"junk", "is not a whole gzip file: bytes that are not packed follow behind"),
        (lambda: nifti_bytes(BODY, packed=True) * 2, "header promises 384 bytes of voxels, and 1,120 are there"),
        (lambda: broken(lambda c: c.__setitem__(slice(42, 44), (32767).to_bytes(2, "little"))),
         "is damaged: its header promises .* bytes of voxels, and 384 are there"),
        (lambda: nifti_bytes(np.zeros((4, 4, 4, 30), np.int16)), "holds 30 volumes .4×4×4×30.; only files of a single volume"),
        (lambda: nifti_bytes(np.zeros((16, 16, 1), np.int16)), "holds 16×16×1 voxels; a volume has at least 2 along each"),
        (lambda: nifti_bytes(np.zeros((16, 16), np.int16)), "holds 16×16 voxels; a volume has at least 2 along each"),
        (lambda: nifti_bytes(np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])), "of the type .*allowed"),
        (lambda: nifti_bytes(np.zeros((4, 4, 4), np.complex64)), "holds values of the type complex64; allowed are"),
        (lambda: nifti_bytes(BODY, code=0), "states no orientation .* orientation: stored takes the axes as they are stored"),
        (lambda: broken(lambda c: c.__setitem__(slice(280, 296), bytes(16))),  # srow_x
         "states an orientation that leaves out an axis or is no number; orientation: stored takes"),
        (lambda: broken(lambda c: c.__setitem__(slice(280, 284), b"\0\0\xc0\x7f")), "orientation"),  # not a number
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence_that_names_the_file(content, sentence):
    refused(content(), sentence)


SPOILT = {"zeros": 0, "ones": 1, "all bits": 0xFF, "the largest": 0x7F}
STATED = {"scl_slope", "scl_inter"}  # a finite number in these says what the values are


@pytest.mark.parametrize("form", ["sform", "qform"])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.filterwarnings("error")
def test_each_spoilt_field_of_a_header_is_a_sentence_or_the_right_voxels(version, form):
    image = (nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image)(BODY, np.eye(4))
    image.set_sform(*((np.eye(4), 2) if form == "sform" else (None, 0)))
    image.set_qform(*((np.eye(4), 2) if form == "qform" else (None, 0)))
    image.header.set_slope_inter(2, -10)
    good, refusals = image.to_bytes(), {}
    for (name, (kind, start, *_)), byte in product(image.header.template_dtype.fields.items(), SPOILT.values()):
        spoilt = good[:start] + bytes([byte]) * kind.itemsize + good[start + kind.itemsize :]
        try:
            found = volume_of(spoilt, "brain.nii", "canonical")
        except CatsError as error:
            refusals[name, byte] = str(error)
        else:
            assert name in STATED or np.array_equal(found, BODY * 2.0 - 10), (name, byte)
    pairs = product(("sizeof_hdr", "magic", "dim", "datatype", "vox_offset"), SPOILT.values())
    assert set(pairs) | {("scl_slope", 0xFF), ("scl_inter", 0xFF)} <= set(refusals)
    ours = "brain.nii (is damaged: |states |says that its voxels |holds |is not a NIfTI file)"
    assert not [
        text for text in refusals.values() if not re.match(ours, text) or re.search("vox offset|data code|convert", text)
    ]


@pytest.mark.parametrize("byte", [0, 1, 0x7F, 0xFF])
@pytest.mark.filterwarnings("error")
def test_a_damaged_extension_of_a_header_changes_no_voxel(byte):
    image = nibabel.Nifti1Image(BODY, np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"a comment"))
    content = bytearray(image.to_bytes())
    for place in range(348, 384):
        spoilt = bytes(content[:place]) + bytes([byte]) + bytes(content[place + 1 :])
        np.testing.assert_array_equal(volume_of(spoilt, "body", "canonical"), BODY)


def test_a_damaged_orientation_does_not_matter_where_axes_are_taken_as_they_are_stored():
    image = nibabel.Nifti1Image(BODY, np.eye(4))
    image.set_sform(None, 0)
    image.set_qform(np.eye(4), 2)
    content = bytearray(image.to_bytes())
    content[256:268] = np.array([12, 12, 12], "<f4").tobytes()  # quatern_b, c and d: no rotation
    refused(bytes(content), "states an orientation that leaves out an axis or is no number; orientation: stored takes")
    np.testing.assert_array_equal(volume_of(bytes(content), "body", "stored"), BODY)


@pytest.mark.parametrize("sides", [(2, 6, 8), (4, 6, 7), (3, 3, 3)])
def test_a_header_that_promises_too_little_is_no_smaller_volume(sides):
    refused(broken(lambda c: c.__setitem__(slice(42, 48), np.array(sides, "<i2").tobytes())),
            f"is damaged: its header promises {2 * np.prod(sides)} bytes of voxels, and 384 are there")  # fmt: skip


def test_a_slope_of_nil_means_values_as_they_are():
    spoilt = broken(lambda c: c.__setitem__(slice(112, 120), np.array([0, np.nan], "<f4").tobytes()))
    np.testing.assert_array_equal(volume_of(spoilt, "body", "canonical"), BODY)


def stating(start, kind, *values):
    return broken(lambda c: c.__setitem__(slice(start, start + np.dtype(kind).itemsize * len(values)),
                                          np.array(values, kind).tobytes()))  # fmt: skip


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        *((lambda offset=offset: stating(108, "<f4", offset),
           f"says that its voxels begin at byte {offset} .vox_offset., which is inside its header; in a single .*byte 352 or")
          for offset in (0, 348, 351, -16)),
        (lambda: stating(108, "<f4", 352.5), "vox_offset, the byte at which its voxels begin, is 352.5; allowed is a whole"),
        (lambda: stating(108, "<f4", np.inf), "vox_offset, the byte at which its voxels begin, is inf; allowed is a whole"),
        (lambda: stating(108, "<f4", 1e6), "header says that voxels begin at byte 1,000,000, and the file has 736"),
        (lambda: stating(112, "<f4", np.inf), "is damaged: scl_slope is inf, so that the unit of its values is not known"),
        (lambda: stating(112, "<f4", 1, np.nan), "is damaged: scl_inter is nan, so that the unit"),
        (lambda: stating(40, "<i2", 3, -5, 8, 8), "is damaged: its header states -5×8×8 voxels, and each axis has"),
        (lambda: stating(40, "<i2", 8), "is damaged: its header states 8 axes; allowed are 1 to 7"),
        (lambda: broken(lambda c: c.__setitem__(slice(344, 348), b"ni1\0")), "is the header of a pair, whose voxels are in a"),
        (lambda: broken(lambda c: c.__setitem__(slice(344, 348), b"n+2\0")), "its header does not state n.1 as its kind"),
    ],
)  # fmt: skip
def test_a_header_that_misleads_is_a_sentence(content, sentence):
    refused(content(), sentence)


def test_an_odd_header_that_does_no_harm_is_no_line_on_the_terminal(capfd):
    odd = broken(lambda c: c.__setitem__(slice(108, 112), np.float32(360).tobytes()))  # vox_offset, no multiple of 16
    with pytest.raises(CatsError, match="promises 384 bytes of voxels, and 376 are there"):
        volume_of(odd, "body", "canonical")
    np.testing.assert_array_equal(volume_of(odd[:352] + bytes(8) + odd[352:], "body", "canonical"), BODY)
    assert capfd.readouterr() == ("", "")


def test_a_volume_of_no_number_is_a_sentence():
    refused(nifti_bytes(np.full((4, 4, 4), np.nan, np.float32)), "holds no finite value", VolumeView(percentiles=(1, 99)))


@pytest.mark.parametrize("value", [1e300, -1e39])
def test_values_beyond_32_bits_are_a_sentence(value):
    volume = BODY.astype(np.float64)
    volume[0, 0, 0] = value
    refused(nifti_bytes(volume), "holds values beyond 3.4e[+]38, the largest of 32 bits; scale them down")


def test_what_is_infinite_in_the_file_is_no_fault_of_its_numbers():
    volume = BODY.astype(np.float64)
    volume[0, 0, 0] = np.inf
    assert np.isinf(volume_of(nifti_bytes(volume), "body", "canonical")).sum() == 1


def test_a_last_axis_of_one_is_no_further_volume():
    np.testing.assert_array_equal(volume_of(nifti_bytes(BODY[..., None, None]), "body", "canonical"), BODY)


def test_a_file_without_orientation_is_read_where_the_entry_says_so():
    np.testing.assert_array_equal(volume_of(nifti_bytes(BODY, code=0), "body", "stored"), BODY)


def test_a_bomb_is_not_unpacked(monkeypatch):
    bomb = gzip.compress(b"\0" * (80 * 2**20), 9)
    assert len(bomb) < 100_000
    with pytest.raises(CatsError, match="brain.nii.gz would become .*; at most 200 times as many bytes are unpacked"):
        unpacked(bomb, "brain.nii.gz")
    monkeypatch.setattr(nifti_file, "FILE", 1000)
    with pytest.raises(CatsError, match="would become more than 1 kB, the most that is read of one file"):
        unpacked(gzip.compress(RNG.bytes(2000)), "brain.nii.gz")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "range and percentiles are both left out; one of them says which .* black and white: range: .-160, 240."),
        ({"range": (0, 1), "percentiles": (0, 1)}, "range and percentiles are both given"),
        ({"range": (5, 5)}, "range is 5 to 5; allowed are two numbers of which the first is smaller"),
        ({"percentiles": (99, 1)}, "percentiles is 99 to 1; allowed are two numbers from 0 to 100"),
        ({"range": (0, 1), "slices": 300}, "slices is 300; allowed are 1 to 256"),
        ({"range": (0, 1), "views": "orthogonal", "plane": "coronal"}, "plane is coronal, and views: orthogonal shows"),
    ],
)
def test_options_that_say_nothing_or_two_things_are_a_sentence(options, sentence):
    with pytest.raises(CatsError, match=sentence):
        VolumeView(**options)


def declared(**changes):
    fields = {
        "name": "brains", "title": "Brains", "modality": "MRI", "task": "binary", "classes": ("well", "ill"), "licence": "CC0",
        "citation": "the tests", "tree": "brains", "groups": "patient",
    }  # fmt: skip
    return Dataset(**fields | changes)


@pytest.fixture
def brains(tmp_path, monkeypatch):
    """Forty volumes of twenty patients, in one folder per class, with a table beside them."""
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    rows = []
    for number in range(40):
        name = f"{('well', 'ill')[number // 2 % 2]}/sub-{number // 2:02}_{number}.nii.gz"
        path = tmp_path / "brains" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(nifti_bytes(RNG.integers(0, 1000, (6, 7, 8)).astype(np.int16), packed=True))
        rows.append((name, number // 2 % 2, f"p{number // 2}"))
    (tmp_path / "brains" / "well" / "notes.json").write_text("{}")
    pd.DataFrame(rows, columns=["file", "ill", "patient"]).to_csv(tmp_path / "brains" / "volumes.csv", index=False)
    return tmp_path / "brains"


SHOWN = {"views": "slices", "slices": 3, "percentiles": [1, 99]}


@pytest.mark.parametrize(
    "read",
    [
        {"nifti_folders": {"classes": ["well", "ill"], "group": r"sub-(\d+)", **SHOWN}},
        {"nifti": {"file": "volumes.csv", "path": "file", "label": "ill", "classes": ["0", "1"], "group": "patient", **SHOWN}},
    ],
)
def test_folders_and_tables_of_volumes_are_read_and_patients_kept_whole(brains, read):
    dataset = declared(read=read)
    images = load_images(dataset, 16)
    assert images.images.shape == (40, 48, 16, 1)
    assert len(set(images.groups)) == 20
    parts = split(dataset, images)
    assert sum(map(len, parts.values())) == 40
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        assert not set(images.groups[parts[one]]) & set(images.groups[parts[other]])


def test_the_options_are_part_of_the_identity_and_other_files_are_not(brains):
    def digest(**changes):
        return declared(read={"nifti_folders": {"classes": ["well", "ill"], **SHOWN, **changes}}).digest()

    before = digest()
    assert len({before, digest(slices=6), digest(views="orthogonal"), digest(percentiles=[2, 98])}) == 4
    (brains / "well" / "notes.json").write_text("{1}")
    assert digest() == before
    path = next((brains / "ill").iterdir())
    path.write_bytes(nifti_bytes(BODY, packed=True))
    assert digest() != before


def test_a_broken_volume_is_named_or_left_out_as_the_entry_says(brains):
    path = min((brains / "ill").iterdir())
    path.write_bytes(path.read_bytes()[:50])
    read = {"nifti_folders": {"classes": ["well", "ill"], **SHOWN}}
    with pytest.raises(CatsError, match=rf"{path.name} is not a whole gzip file.*1 of 40 images of brains is broken"):
        load_images(declared(read=read), 16)
    assert len(load_images(declared(read=read, broken=0.1), 16).ids) == 39


def test_without_nibabel_a_sentence_names_the_extra(brains, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    with pytest.raises(CatsError, match=r"NIfTI files need nibabel: pip install 'cats-bench\[nifti\]'"):
        load_images(declared(read={"nifti_folders": {"classes": ["well", "ill"], **SHOWN}}), 16)


def test_an_unknown_option_is_a_sentence():
    with pytest.raises(ValueError, match="the reader nifti_folders: .*'window'"):
        declared(read={"nifti_folders": {"classes": ["well", "ill"], "window": [40, 400], **SHOWN}})
