"""Addresses of files on the web, written by a person or given by a server: as HTTP asks for them, and as they are shown."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

from results.error import CatsError
from results.text.brief import short

SCHEMES = ("http", "https")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
KEPT = "%/:=&?~#+!$,;'@()*[]"  # signs of an address that stay as they are; others become percent signs and numbers
LONGEST_SHOWN = 300  # characters


def shown_address(url: str) -> str:
    """An address for messages, without user, password and query. Raises CatsError if it is not http or https."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise CatsError(f"an address is not valid: {error}") from error
    if parts.scheme not in SCHEMES or not host:
        raise CatsError(f"'{parts.scheme}:' addresses are not fetched; allowed are http and https")
    if "@" in parts.netloc:
        raise CatsError(f"an address on {host} holds a user name or a password; an entry must not contain them")
    where = f"[{host}]" if ":" in host else host
    text = f"{parts.scheme}://{where}{'' if port is None else f':{port}'}{CONTROL.sub('', parts.path)}"
    return short(text, LONGEST_SHOWN)


def sent_address(url: str) -> str:
    """An address as HTTP asks for it, in ASCII alone: the host by its international name, the rest by percent signs.

    Raises CatsError if it is not http or https, or if it holds what no address can hold.
    """
    shown = shown_address(url)
    if CONTROL.search(url):
        raise CatsError(f"the address {shown} contains a control character or the end of a line; remove it from the entry")
    parts = urlsplit(url.strip())
    host = str(parts.hostname)
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
        if not all(0 < len(label) < 64 for label in name.rstrip(".").split(".")) and ":" not in name:
            raise UnicodeError("a part between two dots is empty or longer than 63 characters")
    except UnicodeError as error:
        raise CatsError(f"the address {shown} names a host that cannot exist: {_reason(error)}") from error
    where = f"[{name}]" if ":" in name else name
    netloc = where if parts.port is None else f"{where}:{parts.port}"
    return urlunsplit((parts.scheme, netloc, quote(parts.path, safe=KEPT), quote(parts.query, safe=KEPT), ""))


def _reason(error: UnicodeError) -> str:
    text = str(getattr(error, "reason", "")) or str(error)
    return text.partition("(")[0].strip() or "its name cannot be written in ASCII"
