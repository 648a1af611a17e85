"""The address of a tracking server: checked before it is used, and shown without its secrets.

An address that is not understood is refused, and nothing of it is shown but its scheme: it is unknown where a password begins.
"""

import re

from results.error import CatsError, nearest
from results.text.hidden import HIDDEN, shown
from results.text.plain import storable
from results.tracking.change_counter import LINK, OF_SQLITE, SQLITE, absolute, options_of, sqlite_file

DATABASE = "sqlite:///mlflow.db"  # where no address is given
WEB = ("http", "https")
DATABASES = ("postgresql", "mysql", "mssql")
FORMS = {
    "sqlite": "sqlite:///FILE",
    "postgresql": "postgresql://HOST:PORT/DATABASE, with USER:PASSWORD@ before HOST",
    "mysql": "mysql://HOST:PORT/DATABASE, with USER:PASSWORD@ before HOST",
    "mssql": "mssql://HOST:PORT/DATABASE, with USER:PASSWORD@ before HOST",
    "http": "http://HOST:PORT",
    "https": "https://HOST:PORT",
}
OTHERS = ("file", "databricks", "databricks-uc", "uc")  # MLflow says what it thinks of these
SCHEME = re.compile(r"([A-Za-z][\w.-]*)(\+\w+)?:")
ODD = re.compile(r"[\s\"'<>\x00-\x1f\x7f]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOST = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.%,-]*(?P<instance>\\[\w$-]+)?)"  # SERVER\INSTANCE is SQL Server's own
PORT = r"(?::(?P<port>\d*))?"
SERVER = re.compile(rf"[a-z]+(?:\+\w+)?://(?:[^@/?#]*@)?{HOST}{PORT}(?:/[^?#]*)?(?:\?[^#]*)?")
PAGES = re.compile(rf"https?://(?P<host>\[[0-9A-Fa-f:.%]+\]|[\w.-]+){PORT}(?:/[^?#]*)?", re.IGNORECASE)
NO_FOLDER = re.compile(r"(?://)?[^/\\]*@|[^/]+//")  # USER@HOST, and NAME//..., which is a kind of server without its colon
INSTEAD = "write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A and a space as %20"


def identity(uri: str) -> str:
    """The name of a server: its address without user and password."""
    if uri.startswith("sqlite+pysqlite:"):  # records wait under the name that the first versions gave this spelling
        return uri
    whole = absolute(uri)
    return whole if sqlite_file(uri) is not None else shown(whole).replace(f"{HIDDEN}@", "")


def scheme(uri: str) -> str:
    """`postgresql` of postgresql+psycopg2://..., in lower case; empty for a path."""
    return uri.partition("://")[0].partition("+")[0].lower() if "://" in uri else ""


def check(uri: str) -> None:
    """Raises CatsError if an address cannot be that of a tracking server, or if it holds a password where none is allowed."""
    whole = uri if "\0" in uri else absolute(uri)
    if storable(whole) != whole:
        raise CatsError(f"the address {shown(whole)} is not in UTF-8, which no server takes; rename the folder")
    found = SCHEME.match(uri)
    if found is None or len(found[1]) == 1:  # C:\folder begins with the letter of a disk
        _check_folder(uri)
        return
    name = found[1].lower()
    if name in FORMS:
        {"sqlite": _check_sqlite, "http": _check_web, "https": _check_web}.get(name, _check_database)(uri, name)
    elif name not in {*OTHERS, *_plugins()}:
        near = nearest(name, FORMS)
        if "://" in uri and near.startswith("; did"):
            raise CatsError(f"the address {name}://{HIDDEN} cannot be used: MLflow knows no server of this kind{near}")
        raise CatsError(f"the address {HIDDEN} cannot be used: MLflow knows no server of this kind; {_forms()}")
    elif name != "file" and (shown(uri) != uri or ODD.search(uri)):
        raise CatsError(f"the address {name}:{HIDDEN} contains a user, a password or white space, which it must not")


def _plugins() -> set[str]:
    """The kinds of servers that plugins of MLflow add."""
    from results.extension import entry_points  # only an unknown kind of server asks, and the import takes time at each start

    return {each.name for each in entry_points("mlflow.tracking_store")}


def _forms() -> str:
    return f"write {FORMS['sqlite']}, {FORMS['postgresql']} or {FORMS['http']}"


def _check_folder(uri: str) -> None:
    """What has no scheme is a folder for MLflow. A name of a file and an address without its beginning are mistakes."""
    if not uri.strip():
        raise CatsError(f"the address of the MLflow server is empty; {_forms()}")
    if NO_FOLDER.match(uri) or "%3a" in uri.lower() or CONTROL.search(uri) or shown(uri) != uri:
        raise CatsError(f"the address {HIDDEN} does not say which kind of server it is; {_forms()}")
    if re.search(r"\.(?:db|sqlite3?)\Z", uri, re.IGNORECASE):
        raise CatsError(f"'{uri}' is a file and no address; write {SQLITE}{uri}")


def _check_sqlite(uri: str, name: str) -> None:
    head, mark, file = uri.partition(":///")
    if CONTROL.search(uri):
        raise CatsError(f"the address {name}:{HIDDEN} contains a control character or the end of a line; write {FORMS[name]}")
    if not mark or "/" in head or head not in {"sqlite", "sqlite+pysqlite"}:
        raise CatsError(
            f"the address {name}:{HIDDEN} is not that of a file; write {FORMS[name]} with three slashes, and a fourth one for "
            "a path that begins at the root"
        )
    if not file or sqlite_file(uri) in {"", ":memory:"}:
        raise CatsError(f"the address {uri} names no file, so nothing would be kept; write {FORMS[name]}")
    if not file.startswith(LINK) and re.search(rf"[?&](?:{OF_SQLITE})=", options_of(uri)):
        raise CatsError(
            f"the address {uri} has an option that sqlite takes only in its own syntax; write "
            f"{SQLITE}{LINK}PATH?mode=ro&uri=true"
        )


def _check_database(uri: str, name: str) -> None:
    rest = uri.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    place = f"{uri.partition(':')[0]}://{HIDDEN}"  # it is unknown where the password ends, so everything is hidden
    if "://" in uri and (ODD.search(uri) or rest.count("@") > 1 or "@" in rest[len(authority) :]):
        raise CatsError(f"the address {place} contains a character that must be encoded: in user and password {INSTEAD}")
    match = SERVER.fullmatch(uri)
    if match is None or int(match["port"] or 1) > 65535 or (match["instance"] and name != "mssql"):
        raise CatsError(f"the address {place} is not complete or not in order; write {FORMS[name]}")


def _check_web(uri: str, name: str) -> None:
    authority = re.split(r"[/?#]", uri.partition("://")[2], maxsplit=1)[0]
    if "@" in authority and uri.count("@") == 1 and not ODD.search(uri):
        raise CatsError(
            f"the address {shown(uri)} contains a user or password; remove them and set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD"
        )
    place = f"{uri.partition(':')[0]}://{HIDDEN}"
    if "@" in uri or ODD.search(uri):
        raise CatsError(
            f"the address {place} contains a character that must be encoded, or a user or password, which belong in "
            f"MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD: {INSTEAD}"
        )
    if "?" in uri or "#" in uri:
        raise CatsError(
            f"the address {place} contains an option, which MLflow would not send; write {FORMS[name]}, and set "
            "MLFLOW_TRACKING_TOKEN if the server wants a token"
        )
    match = PAGES.fullmatch(uri)
    if match is None or not 0 < int(match["port"] or 1) <= 65535:
        raise CatsError(f"the address {place} is not complete or not in order; write {FORMS[name]}")
