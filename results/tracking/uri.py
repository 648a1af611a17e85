"""The address of a tracking server: checked before it is used, and shown without its secrets."""

import re

from results.error import CatsError
from results.plain import storable
from results.tracking.change_counter import absolute

WEB = ("http", "https")
DATABASES = ("postgresql", "mysql", "mssql")
HIDDEN = "***"
# Greedy, so that nothing of a password that holds an @ is left over; paths of files may hold what they like.
USER = re.compile(r"((?<![\w+.-])(?!sqlite|file)[a-z][\w+.-]*://)[^\s\"'<>]*@", re.IGNORECASE)
NAMED = r"(?<![\w/])\w*(?:password|passwd|pwd|token|secret)\w*"
SECRET = re.compile(rf"({NAMED}=)(?:\{{[^&\s\"']*\}}|[^&;\s\"']+)", re.IGNORECASE)
# In what ODBC is handed on as a whole (odbc_connect=Server%3Ddb%3BPWD%3D...), = is %3D, ; is %3B, and braces are %7B and %7D.
CODED = re.compile(r"((?:uid|pwd|password|token|secret)%3D)(?:%7B[^&\s\"']*%7D|(?:(?!%3B)[^&;\s\"'])+)", re.IGNORECASE)
ODD = re.compile(r"[\s\"'<>]")


def shown(text: str) -> str:
    """An address, or a text that contains addresses, without user, password and token."""
    return CODED.sub(rf"\1{HIDDEN}", SECRET.sub(rf"\1{HIDDEN}", USER.sub(rf"\1{HIDDEN}@", text)))


def identity(uri: str) -> str:
    """The name of a server: its address without user and password."""
    return shown(absolute(uri)).replace(f"{HIDDEN}@", "")


def scheme(uri: str) -> str:
    """`postgresql` of postgresql+psycopg2://..., in lower case; empty for a path."""
    return uri.partition("://")[0].partition("+")[0].lower() if "://" in uri else ""


def check(uri: str) -> None:
    """Raises CatsError if a part of a password could be taken for another part of the address, or is where it must not be."""
    if storable(absolute(uri)) != absolute(uri):
        raise CatsError(f"the address {shown(absolute(uri))} is not in UTF-8, which no server takes; rename the folder")
    if scheme(uri) not in (*WEB, *DATABASES):
        return
    rest = uri.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if ODD.search(uri) or rest.count("@") > 1 or "@" in rest[len(authority) :]:
        place = f"{uri.partition('://')[0]}://{HIDDEN}"  # it is unknown where the password ends, so everything is hidden
        raise CatsError(
            f"the address {place} contains a character that must be encoded: in user and password "
            "write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A and a space as %20"
        )
    if scheme(uri) in WEB and "@" in authority:
        raise CatsError(
            f"the address {shown(uri)} contains a user or password; remove them and set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD"
        )
