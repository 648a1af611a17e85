"""Links inside folders and archives are followed, links that lead out are not; zips of Windows have files like others."""

import io
import os
import stat
import tarfile
import zipfile

import pytest

from benchmark.data.readers.file_tree import Tree
from results.error import CatsError

FILES = {"raw/1.png": b"one", "raw/2.png": b"two", "raw/deep/3.png": b"three"}
SAFE = {
    "train/1.png": ("../raw/1.png", {"train/1.png": b"one"}),
    "train/again.png": ("chain.png", {"train/again.png": b"one"}),
    "train/cats": ("../raw", {"train/cats/1.png": b"one", "train/cats/2.png": b"two", "train/cats/deep/3.png": b"three"}),
    "deep": ("./raw/deep/", {"deep/3.png": b"three"}),
}
UNSAFE = ["/etc/hostname", "../../secret", "none.png", "../..", "../raw/none", "loop"]


def folder(path, links):
    for name, content in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    for name, target in links.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).symlink_to(target)
    return Tree(path)


def tar(path, links):
    with tarfile.open(path, "w:gz") as packed:
        for name, target in links.items():
            link = tarfile.TarInfo(f"./{name}")
            link.type, link.linkname = tarfile.SYMTYPE, target
            packed.addfile(link)
        for name, content in FILES.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return Tree(path)


def zipped(path, links):
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in FILES.items():
            packed.writestr(name, content)
        for name, target in links.items():
            link = zipfile.ZipInfo(name)
            link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            packed.writestr(link, target)
    return Tree(path)


KINDS = {"folder": folder, "t.tar.gz": tar, "t.zip": zipped}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SAFE)
def test_a_link_inside_is_the_file_or_folder_that_it_leads_to(tmp_path, kind, name):
    target, expected = SAFE[name]
    links = {name: target} | ({"train/chain.png": "../raw/1.png"} if target == "chain.png" else {})
    tree = KINDS[kind](tmp_path / kind, links)
    found = dict(zip(tree.names, tree.read(tree.names), strict=True))
    expected = expected | ({"train/chain.png": b"one"} if target == "chain.png" else {})
    assert found == FILES | expected
    assert tree.heads(tree.names) == found  # these files are shorter than a head


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", UNSAFE)
def test_a_link_that_leads_out_or_to_nothing_brings_no_file(tmp_path, kind, target):
    tree = KINDS[kind](tmp_path / kind, {"train/loop": target})
    if kind == "folder":
        with pytest.raises(CatsError, match="holds 'train/loop'"):
            _ = tree.names
    else:
        assert tree.names == sorted(FILES)
        assert tree.listing.lost == ("train/loop",)


@pytest.mark.parametrize("kind", ["t.tar.gz", "t.zip"])
@pytest.mark.parametrize("target", [".", "..", "../train"])
def test_a_link_to_a_folder_above_it_ends(tmp_path, kind, target):
    tree = KINDS[kind](tmp_path / kind, {"raw/deep/up": "../../raw", "raw/deep/other": "../deep", "train/round": target})
    assert set(tree.names) >= set(FILES)
    assert len(tree.names) < 20


def test_a_circle_of_folders_is_named(tmp_path):
    with pytest.raises(CatsError, match="holds 'raw/deep/up', a link to a folder that holds the link itself; remove the link"):
        _ = folder(tmp_path / "t", {"raw/deep/up": "../../raw"}).names


@pytest.mark.parametrize("name", [".venv", "env", "mlruns", "node_modules", "home", ".git", "@eaDir"])
def test_environments_caches_and_our_own_home_are_no_data(tmp_path, monkeypatch, name):
    tree = folder(tmp_path / "t", {})
    place = tmp_path / "t" / name
    place.mkdir()
    (place / "logo.png").write_bytes(b"no data")
    (place / "out").symlink_to("/usr")
    if "env" in name:
        (place / "pyvenv.cfg").write_text("home = /usr")
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "t" / "home"))
    assert tree.names == sorted(FILES)


def test_a_home_of_another_time_is_recognised_by_its_folders(tmp_path):
    tree = folder(tmp_path / "t", {})
    for name in ("digests", "images", "outbox"):
        (tmp_path / "t" / "old home" / name).mkdir(parents=True)
    (tmp_path / "t" / "old home" / "images" / "1.png").write_bytes(b"decoded")
    assert tree.names == sorted(FILES)


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    tree = folder(tmp_path / "t", {})
    real = os.scandir

    def refusing(path):
        if str(path).endswith("deep/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("benchmark.data.readers.walk.os.scandir", lambda path: refusing(f"{path}/"))
    with pytest.raises(CatsError, match="raw/deep cannot be read: Permission denied"):
        _ = tree.names


def test_a_zip_of_windows_has_the_same_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("set\\", b"")
        packed.writestr("set\\cats\\", b"")
        for name, content in FILES.items():
            packed.writestr("set\\cats\\" + name.replace("/", "\\"), content)
    tree = Tree(tmp_path / "a.zip")
    assert tree.names == sorted(f"set/cats/{name}" for name in FILES)
    assert list(tree.read(["set/cats/raw/2.png"])) == [b"two"]


@pytest.mark.parametrize("name", ["..\\out.png", "C:\\out.png", "\\out.png", "a\\..\\..\\out.png"])
def test_a_zip_of_windows_leads_nowhere_else(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(CatsError, match="which leads out of it"):
        _ = Tree(tmp_path / "a.zip").names


def test_many_links_are_listed_without_comparing_each_with_each(tmp_path, monkeypatch):
    from benchmark.data.readers import archive

    looked_at = []
    below = archive._below
    monkeypatch.setattr(archive, "_below", lambda *given: looked_at.append(found := below(*given)) or found)
    names = {f"raw/{i}.png": f"{i}" for i in range(2000)}
    links = {f"a/{i}.png": f"../raw/{i}.png" for i in range(2000)} | {"b": "raw"}
    listing = archive._followed(names, links)
    assert len(listing.members) == 6000
    assert listing.members["a/7.png"] == listing.members["b/7.png"] == "7"
    assert [len(found) for found in looked_at] == [2000]


def test_a_link_of_a_zip_is_read_up_to_the_longest_path(tmp_path):
    packed = zipped(tmp_path / "a.zip", {"end.png": "x" * 5_000_000, "cat.png": "raw/1.png"})
    assert "end.png" in packed.listing.lost
    assert "cat.png" in packed.names
