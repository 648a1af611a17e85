"""What a web server answers to the request for a file, believed only where it fits: status, length, place, kind of content."""

import re
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import PurePosixPath
from typing import Any, cast
from urllib.parse import urljoin

from benchmark.data.dataset import File
from benchmark.data.web_address import sent_address, shown_address
from results.error import CatsError
from results.text.brief import short

PATIENCE_SECONDS = 60  # without a byte
HOPS = 10  # redirections that are followed
MOVED = {301, 302, 303, 307, 308}
LENGTH = re.compile(r"[0-9]{1,18}")
RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]{1,18}|\*)")
PACKED = {".gz", ".tgz", ".z", ".bz2", ".xz", ".zst", ".br"}  # some servers call these files compressed, which they are
PAGES = {".html", ".htm", ".xhtml"}
PAGE = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html|head|body|script)\b", re.IGNORECASE | re.DOTALL)


class BrokenError(Exception):
    """The connection ended before the file did."""


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Leaves redirections to `opened`, which looks at each address."""

    def http_error_302(self, *_: Any, **__: Any) -> None:
        """Nothing: the answer with the redirection is raised as an HTTPError."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def opened(url: str, have: int, shown: str) -> HTTPResponse | None:
    """The server's answer from byte `have` on; None if the draft is as long as the file, and the checksum decides.

    Redirections are followed to http and https only, and never from https to http. Raises CatsError for an answer without the
    file, BrokenError if no answer comes.
    """
    headers = {"User-Agent": "cats-bench", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    address = sent_address(url)
    opener = urllib.request.build_opener(_NoRedirection)
    for _ in range(HOPS):
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - sent_address() has refused other schemes
        try:
            answer = cast("HTTPResponse", opener.open(request, timeout=PATIENCE_SECONDS))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                return None
            if error.code not in MOVED or not error.headers.get("Location"):
                raise CatsError(f"{shown}: the server answered {_named(error.code)}; nothing was downloaded") from None
            address = _next(address, str(error.headers["Location"]), shown)
        except urllib.error.URLError as error:
            raise CatsError(f"{shown} could not be reached: {error.reason}") from None
        except TimeoutError:
            raise BrokenError(f"last without an answer within {PATIENCE_SECONDS} seconds") from None
        except (HTTPException, OSError, ValueError) as error:
            raise BrokenError(f"last before an answer came ({type(error).__name__})") from error
        else:
            return _file_or_part(answer, have, shown)
    raise CatsError(f"{shown}: the server led to {HOPS} other addresses, one after the other; nothing was downloaded")


def _next(address: str, location: str, shown: str) -> str:
    """The address to which a server leads."""
    try:
        place = location.encode("latin-1").decode("utf-8")  # the library reads headers as Latin-1, most servers write UTF-8
    except UnicodeError:
        place = location
    try:
        sent = sent_address(urljoin(address, place))
    except (CatsError, ValueError) as error:
        raise CatsError(f"{shown}: the server leads to an address that is not followed: {error}") from None
    if address.startswith("https:") and not sent.startswith("https:"):
        raise CatsError(
            f"{shown}: the server leads from https to {shown_address(sent)}, which is not followed, since others could change "
            "the file on its way"
        )
    return sent


def _file_or_part(answer: HTTPResponse, have: int, shown: str) -> HTTPResponse:
    if answer.status == HTTPStatus.OK or (have and answer.status == HTTPStatus.PARTIAL_CONTENT):
        return answer
    answer.close()
    raise CatsError(f"{shown}: the server answered {_named(answer.status)} instead of the file; nothing was downloaded")


def _named(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def continues(answer: HTTPResponse, have: int, shown: str) -> bool:
    """True if the server continues where the draft ends, False if it starts again. Raises CatsError for another part."""
    if answer.status != HTTPStatus.PARTIAL_CONTENT:
        return False
    place = answer.headers.get("Content-Range", "")
    match = RANGE.fullmatch(place.strip())
    start = int(match[1]) if match is not None else -1
    if start not in {have, 0}:
        raise CatsError(
            f"{shown}: the server sends another part of the file ('{short(place)}') than the one from byte {have:,}"
        )
    return start == have


def length_of(answer: HTTPResponse, shown: str) -> int | None:
    """How many bytes the server says that it will send; None if it does not say. Raises CatsError if that is no number."""
    lengths = {text.strip() for text in answer.headers.get_all("Content-Length") or []}
    if not lengths or answer.chunked:
        return None
    text = ", ".join(sorted(lengths))
    if LENGTH.fullmatch(text) is None:
        raise CatsError(f"{shown}: the server says that the file has '{short(text)}' bytes, which is no length; none was kept")
    return int(text)


def check_kind(answer: HTTPResponse, file: File, shown: str) -> None:
    """Raises CatsError if nothing but the kind of the answer tells that it is not the file itself: no checksum is declared."""
    packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
    ending = PurePosixPath(file.path).suffix.lower()
    if file.declared:
        return
    if packing not in {"identity", ""} and ending not in PACKED:
        raise CatsError(
            f"{shown}: the server sends the file compressed ('{short(packing)}'), although it was asked not to, and no "
            "checksum is declared; declare the sha256 of the file in the entry"
        )
    if answer.headers.get_content_type() in {"text/html", "application/xhtml+xml"} and ending not in PAGES:
        raise _page(file, shown)


def check_page(beginning: bytes, file: File, shown: str) -> None:
    """Raises CatsError if a file without declared checksum begins as a page of the web does, and has another name."""
    if PAGE.match(beginning) and PurePosixPath(file.path).suffix.lower() not in PAGES:
        raise _page(file, shown)


def _page(file: File, shown: str) -> CatsError:
    return CatsError(
        f"{shown} is a page of the web and not {file.path}; perhaps it asks for a login or a consent: open it in a browser, or "
        "correct the address in the entry"
    )
