"""Damages files as bytes, whatever they hold: as disks, broken downloads and power cuts do."""

import os
from pathlib import Path
from random import Random

NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def damage_bytes(rng: Random, content: bytes) -> tuple[bytes, str]:
    """The content with one or two changes, and the changes in words."""
    said = []
    for _ in range(rng.choice([1, 1, 2])):
        content, words = rng.choice(CHANGES)(rng, content) if content else (b"x", "one byte")
        said.append(words)
    return content, ", then ".join(said)


def damage_file(rng: Random, path: Path) -> str:
    """Damage a file in its place, now and then so that neither size nor time tells. Returns what was done."""
    before = path.stat()
    if rng.random() < 0.12:
        return f"{path.name}: {_become(rng, path)}"
    content, said = damage_bytes(rng, path.read_bytes())
    path.write_bytes(content)
    if rng.random() < 0.5:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        said += ", with the time of before"
    return f"{path.name}: {said}"


def _become(rng: Random, path: Path) -> str:
    """Something else lies there under the name of the file."""
    path.unlink()
    what = rng.choice(["gone", "a folder", "a link to itself", "a link to nothing", "a link to /dev/zero", "a pipe", "locked"])
    match what:
        case "a folder":
            path.mkdir()
            (path / "x").write_bytes(b"x")
        case "a link to itself":
            path.symlink_to(path.name)
        case "a link to nothing":
            path.symlink_to("nowhere")
        case "a link to /dev/zero":
            path.symlink_to("/dev/zero")
        case "a pipe":
            os.mkfifo(path)
        case "locked":
            path.write_bytes(b"")
            path.chmod(0)
    return what


def _flip(rng: Random, content: bytes) -> tuple[bytes, str]:
    made, count = bytearray(content), rng.choice([1, 1, 2, 20])
    for _ in range(count):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made), f"{count} bits flipped"


def _truncate(rng: Random, content: bytes) -> tuple[bytes, str]:
    kept = rng.choice([0, 1, len(content) // 2, len(content) - 1, rng.randrange(len(content))])
    return content[:kept], f"cut to {kept} of {len(content)} bytes"


def _zeros(rng: Random, content: bytes) -> tuple[bytes, str]:
    if rng.random() < 0.4:
        return bytes(len(content)), "all bytes are 0"
    start = rng.randrange(len(content))
    size = min(rng.choice([1, 8, 512, 4096]), len(content) - start)
    return content[:start] + bytes(size) + content[start + size :], f"{size} bytes are 0 from {start} on"


def _insert(rng: Random, content: bytes) -> tuple[bytes, str]:
    at, more = rng.randrange(len(content) + 1), rng.randbytes(rng.choice([1, 4, 700]))
    return content[:at] + more + content[at:], f"{len(more)} bytes more at {at}"


def _move(rng: Random, content: bytes) -> tuple[bytes, str]:
    one, other = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    return content[one:other] + content[:one] + content[other:], "pieces in another order"


def _number(rng: Random, content: bytes) -> tuple[bytes, str]:
    size, value = rng.choice([1, 2, 4, 8]), rng.choice(NUMBERS)
    at = rng.randrange(max(1, min(rng.choice([64, 512, len(content)]), len(content)) - size))
    written = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(["little", "big"]))
    return content[:at] + written + content[at + size :], f"{size} bytes at {at} are {written.hex()}"


def _other(rng: Random, content: bytes) -> tuple[bytes, str]:
    texts = (
        b"null",
        b"{}",
        b"[]",
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04",
        b"\x80\x04N.",
        b"<html></html>",
        b"\xff" * 64,
        b"%PDF-1.4",
        b"\n",
    )
    made = rng.choice([*texts, rng.randbytes(len(content)), content * 2])
    return made, f"another content of {len(made)} bytes"


CHANGES = (_flip, _flip, _flip, _truncate, _truncate, _zeros, _insert, _move, _number, _number, _number, _other)
