"""Trees: a packed tar is not unpacked again for every file, links lead nowhere, hard links are files."""

import io
import os
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from benchmark.data.readers import file_tree as module
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.picture_format import picture_names
from results.error import CatsError

CONTENTS = {f"d/{i:03d}.png": bytes([i]) * (100 + i) for i in range(60)}


def packed(path, names, prefix=""):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for name in names:
            member = tarfile.TarInfo(prefix + name)
            member.size = len(CONTENTS[name])
            tar.addfile(member, io.BytesIO(CONTENTS[name]))
    return Tree(path)


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
@pytest.mark.parametrize("prefix", ["", "./"])
@pytest.mark.parametrize("window", [1, 1000, 2**28])
def test_a_tar_in_any_order_is_read_in_the_order_asked_for(tmp_path, monkeypatch, ending, prefix, window):
    monkeypatch.setattr(module, "WINDOW", window)
    mixed = np.random.default_rng(0).permutation(list(CONTENTS)).tolist()
    tree = packed(tmp_path / f"a.{ending}", mixed, prefix)
    asked = [*reversed(tree.names), tree.names[3], tree.names[3]]
    assert list(tree.read(asked)) == [CONTENTS[name] for name in asked]
    assert list(tree.read([])) == []


def test_a_packed_tar_is_unpacked_once_and_not_for_every_file(tmp_path, monkeypatch):
    tree = packed(tmp_path / "a.tar.gz", list(reversed(CONTENTS)))
    _ = tree.names
    places = []
    real = module.tarfile.TarFile.extractfile

    def noted(self, member):
        places.append(member.offset_data)
        return real(self, member)

    monkeypatch.setattr(module.tarfile.TarFile, "extractfile", noted)
    assert len(list(tree.read(tree.names))) == 60
    assert places == sorted(places)


def test_a_hard_link_in_a_tar_is_a_file(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        first, second = tarfile.TarInfo("x/1.png"), tarfile.TarInfo("x/2.png")
        first.size, second.type, second.linkname = 4, tarfile.LNKTYPE, "x/1.png"
        tar.addfile(first, io.BytesIO(b"same"))
        tar.addfile(second)
    tree = Tree(tmp_path / "a.tar")
    assert list(tree.read(tree.names)) == [b"same", b"same"]


@pytest.mark.parametrize("target", ["/etc/hostname", "../secret", "x/none.png", "x/1.png"])
def test_a_hard_link_in_a_tar_leads_nowhere_else(tmp_path, target):
    (tmp_path / "secret").write_bytes(b"secret")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("x/1.png")  # the last target is the link itself
        link.type, link.linkname = tarfile.LNKTYPE, target
        tar.addfile(link)
    with pytest.raises(CatsError, match=r"x/1.png cannot be read"):
        list(Tree(tmp_path / "a.tar").read(["x/1.png"]))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_is_no_file_in_a_tar_is_not_listed(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        odd = tarfile.TarInfo("x/1.png")
        odd.type, odd.linkname = kind, "/etc/hostname"
        tar.addfile(odd)
    assert Tree(tmp_path / "a.tar").names == []


def test_a_link_inside_a_folder_is_a_file(tmp_path):
    (tmp_path / "t" / "a").mkdir(parents=True)
    (tmp_path / "t" / "a" / "1.png").write_bytes(b"one")
    (tmp_path / "t" / "2.png").symlink_to("a/1.png")
    (tmp_path / "way").symlink_to("t")
    for path in (tmp_path / "t", tmp_path / "way"):
        assert list(Tree(path).read(Tree(path).names)) == [b"one", b"one"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("../secret", "holds 'link', which leads out of it"),
        ("../gone", "holds 'link', which leads out of it"),
        ("gone.png", "holds 'link', a link to a file that is not there"),
        ("link", "holds 'link', a link to a file that is not there"),
        ("..", "holds 'link', which leads out of it"),
        (".", "holds 'link', which leads out of it"),
    ],
    ids=["folder outside", "nothing outside", "nothing inside", "itself", "above", "the folder itself"],
)
def test_a_link_in_a_folder_that_would_lose_or_bring_images_is_named(tmp_path, target, sentence):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "1.png").write_bytes(b"x")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "link").symlink_to(target)
    with pytest.raises(CatsError) as caught:
        _ = Tree(tmp_path / "t").names
    assert sentence in str(caught.value)


def test_a_folder_is_hashed_once_and_noted_once(tmp_path, home, monkeypatch):
    for i in range(30):
        (tmp_path / f"{i}.png").write_bytes(bytes([i]))
    first = Tree(tmp_path).digest()
    assert len(list((home / "digests").iterdir())) == 1
    monkeypatch.setattr(Tree, "read", lambda *_: pytest.fail("read again"))
    assert Tree(tmp_path).digest() == first


def test_a_folder_is_hashed_again_where_a_file_changed_and_kept_its_size(tmp_path):
    (tmp_path / "a.png").write_bytes(b"one")
    first = Tree(tmp_path).digest()
    (tmp_path / "a.png").write_bytes(b"two")
    os.utime(tmp_path / "a.png", ns=(0, 7))
    assert Tree(tmp_path).digest() != first


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_nothing_is_unpacked_to_disk(tmp_path, monkeypatch, ending):
    path = tmp_path / f"a.{ending}"
    packed(path, list(CONTENTS)) if ending != "zip" else None
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in CONTENTS.items():
                archive.writestr(name, content)
    monkeypatch.chdir(tmp_path)
    tree = Tree(path)
    assert list(tree.read(tree.names)) == list(CONTENTS.values())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_link_to_a_folder_is_that_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").write_bytes(b"a")
    (tmp_path / "linked").symlink_to(tmp_path / "real", target_is_directory=True)
    assert Tree(tmp_path).names == ["linked/a.png", "real/a.png"]


def written(path, names):
    """An archive of some files and folders, under whatever names."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(zipfile.ZipInfo(name), b"" if name.endswith("/") else b"1")
        return Tree(path)
    with tarfile.open(path, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type, member.size = (tarfile.DIRTYPE, 0) if name.endswith("/") else (tarfile.REGTYPE, 1)
            tar.addfile(member, io.BytesIO(b"1"))
    return Tree(path)


@pytest.mark.parametrize("ending", ["zip", "tar"])
@pytest.mark.parametrize("name", ["", ".", "./", "./."])
def test_a_file_without_a_name_is_refused_and_a_folder_without_one_is_the_archive_itself(tmp_path, ending, name):
    tree = written(tmp_path / f"a.{ending}", ["./", "x/", "x/1.png"])
    assert (tree.names, list(tree.read(tree.names))) == (["x/1.png"], [b"1"])
    if name.endswith("/"):
        return
    with pytest.raises(CatsError, match="holds a file without a name; it is damaged"):
        _ = written(tmp_path / f"b.{ending}", ["x/1.png", name]).names


def slices(folder):
    """Two classes of ten BMP files whose names have no ending; one has grey rows of the values of digits."""
    for number in range(20):
        grey = np.full((64, 64), 3 * number, np.uint8)
        grey[:8] = 48 + number % 10 if number == 4 else 200
        place = folder / "ab"[number % 2] / f"slice{number:02d}"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).save(place, "BMP")


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_grey_values_in_a_tar_are_not_taken_for_a_number_in_its_header(tmp_path, ending):
    slices(tmp_path / "set")
    with tarfile.open(tmp_path / f"set.{ending}", "w:gz" if ending == "tar.gz" else "w") as out:
        for name in Tree(tmp_path / "set").names:
            out.add(tmp_path / "set" / name, name)
    loose, packed = Tree(tmp_path / "set"), Tree(tmp_path / f"set.{ending}")
    assert picture_names(packed) == picture_names(loose) == loose.names
    assert packed.heads(packed.names) == loose.heads(loose.names)
    assert list(packed.read(packed.names)) == list(loose.read(loose.names))


def test_a_damaged_file_in_a_zip_hides_no_file_after_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as out:
        for name in ("a", "b", "c"):
            out.writestr(name, f"the file {name}")
    content = (tmp_path / "set.zip").read_bytes()
    (tmp_path / "set.zip").write_bytes(content.replace(b"PK\3\4", b"PK\0\0", 1))
    assert Tree(tmp_path / "set.zip").heads(["a", "b", "c"]) == {"a": b"", "b": b"the file b", "c": b"the file c"}
