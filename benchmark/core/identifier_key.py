"""The key of the digests that stand for names of images and patients in records; it stays below CATS_HOME."""

import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

from benchmark.core.paths import home
from results.error import CatsError
from results.files.atomic import disk_error, draft_path, flush, make_folders, remove
from results.files.lock import locked

BYTES = 32  # as many as the digest has: RFC 2104 advises against less
CONTENT = re.compile(rb"[0-9a-f]{%d}\n?" % (2 * BYTES))


def key_file() -> Path:
    """The file of the key. Who has it can try which name a digest stands for."""
    return home().absolute() / "identifiers.key"


def identifier_key() -> bytes:
    """The key of this CATS_HOME, made at the first call; two processes that make it at one time get the same.

    Raises CatsError if the file is damaged, of another size or cannot be read or written. It is never overwritten.
    """
    return _key(key_file())


def key_that_exists() -> bytes | None:
    """The key of this CATS_HOME; None if there is none. Raises CatsError as `identifier_key`."""
    return _key(key_file()) if key_file().exists() else None


@lru_cache(maxsize=8)
def _key(path: Path) -> bytes:
    """Read once in a process, so that a file that is damaged later keeps no record from being stored."""
    if not path.exists():
        _make(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatsError(f"the key {path} of the digests of names cannot be read: {error.strerror}") from error
    if CONTENT.fullmatch(content) is None:
        raise CatsError(
            f"the key {path} of the digests of names is damaged: it must hold {2 * BYTES} hexadecimal digits, and has "
            f"{len(content)} bytes; put a copy of it back, or move it away, and the digests of later runs differ from those of "
            "earlier ones"
        )
    return bytes.fromhex(content.decode("ascii"))


def _make(path: Path) -> None:
    """Write a new key, readable for this user alone, unless another process is faster: a link never replaces a file."""
    draft = draft_path(path)
    try:
        make_folders(path.parent)
        _write(draft)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            with locked(path.with_name(".identifiers.lock"), lambda: None):
                if not path.exists():
                    draft.rename(path)
        flush(path.parent)
    except OSError as error:
        raise disk_error("the key of the digests of names", path.parent, error) from error
    finally:
        remove(draft)


def _write(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(BYTES).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
