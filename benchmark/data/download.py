"""Download of one file over http or https: resumed after a broken connection, kept only if its checksum is correct."""

import errno
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.parse import urlsplit

from benchmark.data.dataset import File
from results.atomic import disk_error, move_into_place, partial_path
from results.digest import digest
from results.error import CatsError
from results.lock import locked

Progress = Callable[[str, int, int | None], None]  # what, bytes so far, bytes in all if known

TRIES = 4  # connections for one file; each continues where the previous one broke
PATIENCE_SECONDS = 60  # without a byte
CHUNK = 1 << 18  # bytes


class _BrokenError(Exception):
    """The connection ended before the file did."""


def silent(what: str, done: int, total: int | None) -> None:
    """A Progress that shows nothing."""


def download(file: File, final: Path, owner: str, progress: Progress = silent) -> None:
    """Download `file.url` to `final`; does nothing if a correct file is there. `owner` names the data set in messages.

    The part that was received before a broken connection is kept as a draft beside `final`, and resumed if a checksum is
    declared to verify the whole. Without a checksum the file system must have locks, because two processes could write to one
    draft. Raises CatsError for an invalid address or answer, a full disk, or another size or checksum than declared.
    """
    shown = shown_address(str(file.url))
    # The name of the draft changes with what is declared: a draft of something else is never resumed.
    draft = partial_path(final, digest([file.url, file.declared, file.size])[:8])

    def refuse() -> None:
        raise CatsError(f"{owner}: another process is fetching the same file; wait for it")

    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        with locked(draft.with_name(f"{draft.name}.lock"), refuse, keep=False) as lock:
            if final.is_file():
                draft.unlink(missing_ok=True)
                file.verify(final, owner)
                return
            if lock is None and file.declared is None:
                raise CatsError(
                    f"{owner}: {final.parent} is on a file system without locks, and no checksum is declared for {final.name}, "
                    "so the bytes of two fetches could be mixed in one file; declare its sha256, or set CATS_HOME to a folder "
                    "whose file system has locks"
                )
            with draft.open("ab") as handle:
                if file.declared is None:
                    handle.truncate(0)
                _receive(file, handle, shown, progress)
            difference = file.difference(draft)
            if difference:
                draft.unlink()
                raise CatsError(
                    f"{owner}: what came from {shown} has {difference}; it was removed. Try again; if the error "
                    f"persists, the server now has another file at this address"
                )
            move_into_place(draft, final, durable=True)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            draft.unlink(missing_ok=True)
        raise disk_error(final.name, final.parent, error) from error


def shown_address(url: str) -> str:
    """An address for messages, without user, password and query. Raises CatsError if it is not http or https."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise CatsError(f"an address is not valid: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CatsError(f"'{parts.scheme}:' addresses are not fetched; allowed are http and https")
    if "@" in parts.netloc:
        raise CatsError(f"an address on {parts.hostname} holds a user name or a password; an entry must not contain them")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _receive(file: File, handle: BinaryIO, shown: str, progress: Progress) -> None:
    """Append what the draft is missing, over at most TRIES connections."""
    reason = ""
    for _ in range(TRIES):
        try:
            _receive_once(file, handle, shown, progress)
        except _BrokenError as error:
            reason = str(error)
        else:
            return
    have = handle.seek(0, os.SEEK_END)
    after = f"{have:,} bytes are kept, and the next fetch continues from there" if have and file.declared else "try again later"
    raise CatsError(f"{shown}: the connection broke {TRIES} times, {reason}; {after}")


def _receive_once(file: File, handle: BinaryIO, shown: str, progress: Progress) -> None:
    have = handle.seek(0, os.SEEK_END)
    answer = _opened(str(file.url), have, shown)
    if answer is None:
        return
    with answer:
        if have and not _continues(answer, have):
            have = handle.truncate(0)
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else file.size
        _check_size(file, total, have, handle, shown)
        while chunk := _chunk(answer, have, total):
            handle.write(chunk)
            have += len(chunk)
            progress(Path(file.path).name, have, total)
            if file.size is not None and have > file.size:
                raise CatsError(f"{shown} sends more than the declared {file.size:,} bytes; the download was stopped")
        handle.flush()
    if total is not None and have < total:
        raise _BrokenError(f"last after {have:,} of {total:,} bytes")


def _chunk(answer: HTTPResponse, have: int, total: int | None) -> bytes:
    try:
        return answer.read(CHUNK)
    except (HTTPException, OSError) as error:
        of = f" of {total:,}" if total is not None else ""
        raise _BrokenError(f"last after {have:,}{of} bytes") from error


def _continues(answer: HTTPResponse, have: int) -> bool:
    """True if the server continues where the draft ends instead of starting again."""
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return answer.status == 206 and match is not None and int(match[1]) == have


def _check_size(file: File, total: int | None, have: int, handle: BinaryIO, shown: str) -> None:
    if file.size is not None and total != file.size:
        raise CatsError(f"{shown} has {total:,} bytes, but {file.size:,} are declared; nothing was downloaded")
    folder = Path(handle.name).parent
    free = shutil.disk_usage(folder).free
    if total is not None and total - have > free:
        raise CatsError(
            f"{file.path} needs {total - have:,} bytes more, {folder} has {free:,} free; nothing was downloaded; "
            f"set CATS_HOME to a folder with space"
        )


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The next request. Raises CatsError for a redirect to another scheme."""
        shown_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(url: str, have: int, shown: str) -> HTTPResponse | None:
    """The server's answer from byte `have` on; None if the draft is as long as the file, and the checksum decides."""
    headers = {"User-Agent": "cats-bench", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - shown_address() has refused other schemes
    try:
        return cast("HTTPResponse", urllib.request.build_opener(_OnlyWeb).open(request, timeout=PATIENCE_SECONDS))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return None
        raise CatsError(f"{shown}: the server answered {error.code} {error.reason}; nothing was downloaded") from None
    except urllib.error.URLError as error:
        raise CatsError(f"{shown} could not be reached: {error.reason}") from None
    except (HTTPException, ConnectionError, TimeoutError) as error:
        raise _BrokenError(f"last before an answer came ({type(error).__name__})") from error
