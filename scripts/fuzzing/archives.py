"""Damages zip and tar archives of pictures by what they list."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from fuzzing.blobs import damage_file
from fuzzing.values import CANARY, shown
from PIL import Image

Files = Sequence[tuple[str, bytes]]
NAMES = (
    f"../../outside/{CANARY}", f"/proc/none/{CANARY}", "C:\\x\\a.png", "..\\..\\a.png", "a//b.png", "./x/./a.png",
    "x\ny/a.png", "stripes/é.png", "stripes/e\u0301.png", "STRIPES/A.PNG", "stripes/\x1b[31m.png", "a" * 300 + "/a.png",
    "/".join("d" * 400) + "/a.png", "__MACOSX/._a.png", ".DS_Store", "Thumbs.db", "stripes", "stripes/", "", " /a.png",
    "stripes/a.png ", "stripes/=cmd.png", "new/a.png", "stripes/masks/a.png", "nul\0l.png",
)  # fmt: skip


def files_of(path: Path) -> Files:
    """Names and contents of the files of an archive."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return [(name, archive.read(name)) for name in archive.namelist()]
    with tarfile.open(path) as tar:
        return [(item.name, tar.extractfile(item).read()) for item in tar if item.isfile()]  # type: ignore[union-attr]


def damage_archive(rng: Random, path: Path) -> str:
    """Replace an archive by a damaged one. Returns what was done."""
    if rng.random() < 0.25:
        return damage_file(rng, path)
    files = list(files_of(path))
    changes = ZIPS if path.suffix == ".zip" else TARS
    return f"{path.name}: {rng.choice(changes)(rng, path, files)}"


def _zip(path: Path, files: Files, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files:
            # Without a time of its own an entry gets the present one, and no input could be made again.
            entry = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name or "x", (2024, 1, 1, 0, 0, 0))
            archive.writestr(entry, content, None if entry is name else method)


def _zip_names(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    name = rng.choice(NAMES)
    replaced = rng.random() < 0.5
    files[0:replaced] = [(name, files[0][1])]
    _zip(path, files)
    return f"{'instead of one' if replaced else 'one more'}: {shown(name)}"


def _zip_link(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    place, end = (
        rng.choice(["stripes/link.png", "link", files[0][0]]),
        rng.choice(["../../outside/x", "/etc/passwd", ".", "link", "stripes", files[1][0], "\udcff", "x" * 5000, ""]),
    )
    link = zipfile.ZipInfo(place)
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(link, end.encode("utf-8", "replace"))
    return f"the link {place} to {shown(end)}"


def _zip_method(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    _zip(path, files, method)
    return f"packed by method {method}"


def _zip_fields(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    """Fields of the directory of a zip: flags (encrypted), method, checksum, sizes, lengths, offsets."""
    _zip(path, files)
    content = bytearray(path.read_bytes())
    starts = [at for at in range(len(content) - 4) if content[at : at + 4] == b"PK\x01\x02"]
    start, (at, size) = (
        rng.choice(starts),
        rng.choice([(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4)]),
    )
    value = rng.choice([0, 1, 99, 2 ** (8 * size) - 1, 2 ** (8 * size - 1)])
    content[start + at : start + at + size] = struct.pack({2: "<H", 4: "<I"}[size], value % 2 ** (8 * size))
    path.write_bytes(content)
    return f"{size} bytes at {at} of an entry of the directory are {value}"


def _zip_bomb(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    size = rng.choice([2**20, 2**28])
    files[0] = (files[0][0], rng.choice([b"", files[0][1]]) + bytes(size))
    _zip(path, files)
    return f"a picture of {size} zeros"


def _zip_many(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    count = rng.choice([500, 20_000])
    ending = rng.choice([".txt", ".png", "/"])
    _zip(path, [*files, *((f"more/{number}{ending}", b"") for number in range(count))], zipfile.ZIP_STORED)
    return f"{count} more, all empty, {ending}"


def _zip_twice(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    name, content = rng.choice(files)
    _zip(path, [*files, (name, rng.choice([content, b"", files[0][1]]))])
    return f"{name} twice"


def _inside(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    inner = path.read_bytes()
    _zip(
        path,
        rng.choice(
            [[(path.name, inner)], [*files, (path.name, inner)], [(f"deep/er/{name}", content) for name, content in files]]
        ),
    )
    return "an archive inside, or folders around"


def write_tar(path: Path, members: Sequence[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> None:
    """Write a tar archive, packed where its name ends in gz; no time of writing is in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for item, content in members:
            tar.addfile(item, io.BytesIO(content))
    whole = buffer.getvalue()
    path.write_bytes(gzip.compress(whole, mtime=0) if path.name.endswith("gz") else whole)


def members_of(files: Files) -> list[tuple[tarfile.TarInfo, bytes]]:
    """What a tar archive of the files lists, with their contents."""
    made = []
    for name, content in files:
        item = tarfile.TarInfo(name)
        item.size = len(content)
        made.append((item, content))
    return made


def _tar_names(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    name = rng.choice(NAMES).replace("\0", "")
    files.append((name, files[0][1]))
    write_tar(path, members_of(files))
    return f"one more: {shown(name)}"


def _tar_kind(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    members = members_of(files)
    kinds = {
        "link": tarfile.SYMTYPE,
        "hard link": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE,
        "pipe": tarfile.FIFOTYPE,
        "folder": tarfile.DIRTYPE,
    }
    kind = rng.choice(sorted(kinds))
    item = tarfile.TarInfo(rng.choice(["stripes/x.png", files[0][0], "x"]))
    item.type, item.linkname = (
        kinds[kind],
        rng.choice(["../../outside/x", "/etc/passwd", "x", files[1][0], "stripes", "nowhere"]),
    )
    members.insert(rng.choice([0, len(members)]), (item, b""))
    write_tar(path, members)
    return f"the {kind} {item.name} to {item.linkname}"


def _tar_head(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    members = members_of(files)
    item = rng.choice(members)[0]
    item.pax_headers = rng.choice(
        [
            {"size": "999999999999999"},
            {"size": "-1"},
            {"size": "x"},
            {"path": "../x"},
            {"GNU.sparse.realsize": str(10**15)},
            {"mtime": "nan"},
            {"hdrcharset": "BINARY"},
            {"GNU.sparse.map": "0,1,5"},
            {"linkpath": "\udcff"},
            {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
        ]
    )
    write_tar(path, members)
    return f"a header of {shown(item.pax_headers)}"


def _tar_form(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    form = rng.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
    write_tar(path, members_of(files), form)
    if rng.random() < 0.5:
        path.write_bytes(path.read_bytes() * 2)
        return "twice in one file"
    return f"in the form {form}"


def _tar_bare(rng: Random, path: Path, files: list[tuple[str, bytes]]) -> str:
    """Pictures that only their content says to be pictures; a BMP has no mark but its first two letters."""
    form, bare = rng.choice(["BMP", "PNG", "TIFF"]), []
    for name, content in files:
        out = io.BytesIO()
        with Image.open(io.BytesIO(content)) as picture:
            picture.save(out, form)
        bare.append((str(Path(name).with_suffix("")), out.getvalue()))
    write_tar(path, members_of(bare))
    return f"pictures without ending, {form}"


ZIPS = (
    _zip_names, _zip_names, _zip_names, _zip_link, _zip_method, _zip_fields, _zip_fields, _zip_bomb, _zip_many, _zip_twice,
    _inside,
)  # fmt: skip
TARS = (_tar_names, _tar_names, _tar_kind, _tar_kind, _tar_head, _tar_head, _tar_form, _tar_bare)
