"""Natural and made-up sources, on tiny fakes of the published layouts."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from benchmark.specs import catalogue
from benchmark.specs.lineage import families_behind
from results.error import CatsError
from sources import dead_leaves, dtd, stl10, tiny_imagenet


def jpeg(value, side=8):
    content = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), value, dtype=np.uint8)).save(content, "JPEG")
    return content.getvalue()


def put(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tiny_files():
    one, other = tiny_imagenet.CLASSES[3], tiny_imagenet.CLASSES[150]
    return {
        f"train/{one}/images/{one}_0.JPEG": jpeg(10),
        f"train/{other}/images/{other}_7.JPEG": jpeg(20),
        f"train/{one}/{one}_boxes.txt": "no picture",
        "val/images/val_0.JPEG": jpeg(30),
        "val/val_annotations.txt": f"val_0.JPEG\t{other}\t0\t32\t44\t62\n",
        "test/images/test_0.JPEG": jpeg(40),
        "wnids.txt": f"{one}\n{other}\n",
    }


@pytest.mark.parametrize("packed", [False, True])
def test_tiny_imagenet_labels_train_by_folder_and_val_by_annotation(tmp_path, packed):
    files = tiny_files()
    if packed:
        path = zipped(tmp_path / "t.zip", {f"tiny-imagenet-200/{name}": content for name, content in files.items()})
    else:
        path = put(tmp_path / "tiny-imagenet-200", files)
    samples = tiny_imagenet.read(path)
    assert samples.labels.tolist() == [3, 150, 150]
    assert samples.parts == ["train", "train", "test"]
    assert [int(image.mean()) for image in samples.images] == [10, 20, 30]


def test_tiny_imagenet_has_200_classes_of_imagenet_and_never_meets_it():
    assert len(set(tiny_imagenet.CLASSES)) == 200
    assert list(tiny_imagenet.CLASSES) == sorted(tiny_imagenet.CLASSES)
    for name in ("tiny_imagenet", "stl10", "imagenet", "imagenet_21k"):
        assert "imagenet" in families_behind(catalogue.source(name), None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"val/val_annotations.txt": "val_1.JPEG\tn01443537\t0\t0\t1\t1\n"}, "val_0.JPEG is not listed in"),
        ({"val/val_annotations.txt": "val_0.JPEG\tn99999999\t0\t0\t1\t1\n"}, "holds the class n99999999"),
    ],
)
def test_a_wrong_tiny_imagenet_is_refused(tmp_path, change, sentence):
    with pytest.raises(CatsError, match=sentence):
        tiny_imagenet.read(put(tmp_path, tiny_files() | change))


def test_tiny_imagenet_without_annotations_or_pictures_is_refused(tmp_path):
    files = tiny_files()
    del files["val/val_annotations.txt"]
    with pytest.raises(CatsError, match="has no val/val_annotations.txt"):
        tiny_imagenet.read(put(tmp_path / "a", files))
    with pytest.raises(CatsError, match="holds no picture"):
        tiny_imagenet.read(put(tmp_path / "b", {"val/val_annotations.txt": "x"}))


def stl_files(images=2):
    planes = np.zeros((images, 3, stl10.SIDE, stl10.SIDE), dtype=np.uint8)
    planes[:, 0, 5, 9] = 200  # red, column 5, row 9: planes lie column by column
    return {
        **{f"{part}_X.bin": planes.tobytes() for part in ("train", "test")},
        "train_y.bin": bytes([1, 10]),
        "test_y.bin": bytes([4, 4]),
    }


def test_stl10_turns_its_columns_and_counts_from_one(tmp_path):
    samples = stl10.read(put(tmp_path / "stl10_binary", stl_files()))
    assert samples.labels.tolist() == [0, 9, 3, 3]
    assert samples.parts == ["train", "train", "test", "test"]
    for image in samples.images:
        assert image.shape == (96, 96, 3)
        assert image[9, 5].tolist() == [200, 0, 0]
        assert image.sum() == 200


def test_a_short_stl10_is_refused(tmp_path):
    with pytest.raises(CatsError, match="train_X.bin has 27648 bytes; 2 labels need 55296"):
        list(stl10.read(put(tmp_path / "a", stl_files() | {"train_X.bin": bytes(27648)})).images)
    with pytest.raises(CatsError, match="has no train_y.bin"):
        stl10.read(put(tmp_path / "b", {"train_X.bin": b""}))


def dtd_files():
    names = [f"{name}/{name}_000{i}.jpg" for name in ("banded", "polka-dotted") for i in range(3)]
    lists = {f"labels/{part}1.txt": "".join(f"{n}\n" for n in names[i::3]) for i, part in enumerate(("train", "val", "test"))}
    return {f"images/{name}": jpeg(50) for name in names} | lists | {"imdb/imdb.mat": "x"}


@pytest.mark.parametrize("packed", [False, True])
def test_dtd_takes_its_first_official_split(tmp_path, packed):
    files = dtd_files()
    path = zipped(tmp_path / "d.zip", {f"dtd/{n}": c for n, c in files.items()}) if packed else put(tmp_path / "dtd", files)
    samples = dtd.read(path)
    assert samples.labels.tolist() == [0, 0, 0, 30, 30, 30]
    assert samples.parts == ["train", "val", "test"] * 2
    assert len(set(dtd.CLASSES)) == 47


def test_dtd_without_lists_leaves_the_split_to_be_drawn(tmp_path):
    files = {name: content for name, content in dtd_files().items() if not name.startswith("labels")}
    assert dtd.read(put(tmp_path, files)).parts is None


@pytest.mark.slow
def test_dead_leaves_are_the_same_everywhere_and_differ_by_class():
    first, again = (np.stack(list(dead_leaves.images(3, 4))) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({image.tobytes() for image in first}) == 12
    assert int(first.astype(np.int64).sum()) == 21600815  # the pixels themselves: a change raises the revision
    assert sum(1 for _ in dead_leaves.images(24, 60)) == 1440
