"""Download of one file over http or https: resumed after a broken connection, kept only if its checksum is correct."""

import errno
import os
import shutil
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO

from benchmark.data.dataset import File
from benchmark.data.web_address import sent_address, shown_address
from benchmark.data.web_answer import BrokenError, check_kind, check_page, continues, length_of, opened
from results.error import CatsError
from results.files.atomic import disk_error, move_into_place, partial_path
from results.files.digest import digest
from results.files.lock import locked

Progress = Callable[[str, int, int | None], None]  # what, bytes so far, bytes in all if known

TRIES = 4  # connections for one file; each continues where the previous one broke
CHUNK = 1 << 18  # bytes


def silent(what: str, done: int, total: int | None) -> None:
    """A Progress that shows nothing."""


def download(file: File, final: Path, owner: str, progress: Progress = silent) -> None:
    """Download `file.url` to `final`; does nothing if a correct file is there. `owner` names the data set in messages.

    The part that was received before a broken connection is kept as a draft beside `final`, and resumed if a checksum is
    declared to verify the whole. Without a checksum the file system must have locks, because two processes could write to one
    draft. Raises CatsError for an invalid address or answer, a full disk, or another size or checksum than declared.
    """
    sent_address(str(file.url))  # a mistake in it is said before a draft is begun
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
            _fill(draft, file, owner, progress)
            move_into_place(draft, final, durable=True)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            draft.unlink(missing_ok=True)
        raise disk_error(final.name, final.parent, error) from error


def _fill(draft: Path, file: File, owner: str, progress: Progress) -> None:
    """Receive what the draft is missing, and compare the whole with the declared checksum. No empty draft is left behind."""
    shown = shown_address(str(file.url))
    try:
        with draft.open("ab") as handle:
            if file.declared is None:
                handle.truncate(0)
            _receive(file, handle, shown, progress)
    finally:
        if not draft.stat().st_size:
            draft.unlink()
    difference = file.difference(draft) if draft.exists() else "no content"
    if difference:
        draft.unlink(missing_ok=True)
        raise CatsError(
            f"{owner}: what came from {shown} has {difference}; it was removed. Try again; if the error "
            f"persists, the server now has another file at this address"
        )


def _receive(file: File, handle: BinaryIO, shown: str, progress: Progress) -> None:
    """Append what the draft is missing, over at most TRIES connections."""
    reason = ""
    for _ in range(TRIES):
        try:
            _receive_once(file, handle, shown, progress)
        except BrokenError as error:
            reason = str(error)
        else:
            return
    have = handle.seek(0, os.SEEK_END)
    after = f"{have:,} bytes are kept, and the next fetch continues from there" if have and file.declared else "try again later"
    raise CatsError(f"{shown}: the connection broke {TRIES} times, {reason}; {after}")


def _receive_once(file: File, handle: BinaryIO, shown: str, progress: Progress) -> None:
    have = handle.seek(0, os.SEEK_END)
    answer = opened(str(file.url), have, shown)
    if answer is None:
        return
    with answer:
        if have and not continues(answer, have, shown):
            have = handle.truncate(0)
        length = length_of(answer, shown)
        total = file.size if length is None else have + length
        check_kind(answer, file, shown)
        _check_size(file, total, have, handle, shown)
        while chunk := _chunk(answer, have, total):
            if not have and not file.declared:
                check_page(chunk, file, shown)
            handle.write(chunk)
            have += len(chunk)
            progress(Path(file.path).name, have, total)
            if file.size is not None and have > file.size:
                raise CatsError(f"{shown} sends more than the declared {file.size:,} bytes; the download was stopped")
        handle.flush()
    if total is not None and have < total:
        raise BrokenError(f"last after {have:,} of {total:,} bytes")


def _chunk(answer: HTTPResponse, have: int, total: int | None) -> bytes:
    try:
        return answer.read(CHUNK)
    except (HTTPException, OSError, ValueError) as error:  # ValueError: the length of a piece is no number
        of = f" of {total:,}" if total is not None else ""
        raise BrokenError(f"last after {have:,}{of} bytes") from error


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
