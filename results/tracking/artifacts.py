"""Files of a run. The place that a tracking server names for them is not trusted.

Everyone who may write to a server or a database can set the place of the artifacts of an experiment or a run, and MLflow's
client follows it: the client would read and write files of this machine for a server on another one, or send the user's name
and password, weights and predictions to another host.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import url2pathname

from results.error import CatsError
from results.files.atomic import flush
from results.text.hidden import shown
from results.tracking.uri import WEB, scheme

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

FOLDERS = 5  # that MLflow may just have made around a file: weights, artifacts, RUN, EXPERIMENT, mlruns
BUCKET = r"[\w.:-]+"
CLOUDS = r"core\.windows\.net|core\.chinacloudapi\.cn|core\.usgovcloudapi\.net"
AZURE = rf"[^@/\\\s]+@[a-z0-9]+(?:\.[a-z0-9-]+)*\.(?:{{}})\.(?:{CLOUDS}{{}})"  # CONTAINER@ACCOUNT.SERVICE.CLOUD
# Object stores are reached with credentials of their own, at hosts that MLflow or the user's settings know. Only an address of
# Azure names its host, and MLflow sends a token of Azure to any host that an abfss:// address names.
STORES = {
    "s3": re.compile(BUCKET),
    "gs": re.compile(BUCKET),
    "abfss": re.compile(AZURE.format("dfs", r"|fabric\.microsoft\.com"), re.IGNORECASE),
    "wasbs": re.compile(AZURE.format("blob", ""), re.IGNORECASE),
}
HERE = ("", "localhost")  # hosts of a file: address that mean this machine
DATABRICKS = "databricks"  # keeps artifacts itself, at dbfs: addresses without a host


class PlaceError(CatsError):
    """A server names a place for artifacts that is not trusted; nothing is read from it and nothing is sent there."""


def check_place(tracking_uri: str, artifacts: str) -> None:
    """Raises PlaceError if artifacts are neither in an object store nor kept by the web server itself, or else on this machine.

    A folder of this machine is trusted only with a database as tracking server. A path that contains `..` is refused.
    """
    where = f"MLflow at {shown(tracking_uri)} puts artifacts at {shown(artifacts)}"
    if ".." in re.split(r"[/\\]", unquote(artifacts)):
        raise PlaceError(f"{where}; a path that contains .. is refused")
    try:
        place = urlsplit(artifacts)
    except ValueError:
        raise PlaceError(f"{where}, which is no address; nothing is sent there and nothing is read") from None
    store = STORES.get(place.scheme)
    if store is not None:
        if store.fullmatch(place.netloc) is None:
            raise PlaceError(f"{where}, whose host is not one of this object store; nothing is sent there and nothing is read")
    elif scheme(tracking_uri) in WEB:
        own = {"", urlsplit(tracking_uri).netloc.lower()}
        if place.scheme != "mlflow-artifacts" or place.netloc.lower() not in own:
            raise PlaceError(
                f"{where}, which is outside the server; start the server with --serve-artifacts and use an experiment that is "
                "created afterwards"
            )
    elif not (_is_here(artifacts, place) or _is_of_databricks(tracking_uri, place)):
        raise PlaceError(
            f"{where}, which is neither a folder of this machine nor an object store ({', '.join(STORES)}), so nothing is sent "
            "there and nothing is read; if a web server keeps these artifacts, give its address with --tracking-uri"
        )


def _is_here(artifacts: str, place: SplitResult) -> bool:
    """Whether a place is a folder of this machine. A path that begins with two slashes may be a folder of another one."""
    path_only = place.scheme == "" or len(place.scheme) == 1  # C:\\folder has the scheme c
    if path_only:
        return bool(artifacts) and artifacts[:2] not in {"//", "\\\\", "/\\", "\\/"}
    return place.scheme == "file" and place.netloc.lower() in HERE and place.path[:2] not in {"//", "/\\"}


def _is_of_databricks(tracking_uri: str, place: SplitResult) -> bool:
    return tracking_uri.partition(":")[0] == DATABRICKS and place.scheme == "dbfs" and not place.netloc


def repository(tracking_uri: str, artifacts: str) -> "ArtifactRepository":
    """A client that reads and writes below `artifacts`, the place that a run names. Raises PlaceError if it is not trusted."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    check_place(tracking_uri, artifacts)
    return get_artifact_repository(artifacts, tracking_uri)


def upload(tracking_uri: str, artifacts: str, file: Path, folder: str | None = None) -> None:
    """Upload a file to a folder below `artifacts`. On a disk of this machine the file survives a power cut after the return.

    Raises CatsError if a web server does not say that it has kept the file.
    """
    place = repository(tracking_uri, artifacts)
    place.log_artifact(str(file), folder)
    if urlsplit(artifacts).scheme == "mlflow-artifacts":
        _require_kept(_sizes(place, folder), file, shown(tracking_uri))
    here = local_folder(tracking_uri, artifacts)
    if here is not None:  # MLflow copies the file there and leaves the time of writing to the system
        copy = here / (folder or "") / file.name
        flush(copy)
        for parent in islice(copy.parents, FOLDERS):
            with suppress(PermissionError):  # a folder far above may be one that this user cannot read
                flush(parent)


def upload_folder(tracking_uri: str, artifacts: str, folder: Path, name: str) -> None:
    """Upload a folder with all that is in it as `name` below `artifacts`; promises and errors as of `upload`."""
    place = repository(tracking_uri, artifacts)
    place.log_artifacts(str(folder), name)
    inside = [folder, *(each for each in sorted(folder.rglob("*")) if each.is_dir())]
    here = local_folder(tracking_uri, artifacts)
    for each in inside:
        path = PurePosixPath(name, *each.relative_to(folder).parts)
        files = [file for file in each.iterdir() if file.is_file()]
        if urlsplit(artifacts).scheme == "mlflow-artifacts":
            sizes = _sizes(place, str(path))
            for file in files:
                _require_kept(sizes, file, shown(tracking_uri))
        if here is not None:
            for file in files:
                flush(here / path / file.name)
            flush(here / path)
    if here is not None:
        flush(here)


def _sizes(place: "ArtifactRepository", folder: str | None) -> dict[str, int]:
    """The sizes of the files that a server lists in a folder, by name; empty if its answer is no JSON.

    A server does not name the size of an empty file.
    """
    try:
        return {PurePosixPath(each.path).name: each.file_size or 0 for each in place.list_artifacts(folder)}
    except ValueError:  # errors of the server and of the connection are others
        return {}


def _require_kept(sizes: Mapping[str, int], file: Path, server: str) -> None:
    """Raises CatsError unless a server lists a file that was sent: MLflow takes any answer but an error for success.

    A redirection is such an answer. It is not followed, so the file is nowhere.
    """
    if file.stat().st_size != sizes.get(file.name):
        raise CatsError(
            f"MLflow at {server} has not kept {file.name}, which was sent to it; perhaps it redirects to another address, "
            "which is not followed: give that address with --tracking-uri if it is the server"
        )


def fetched(tracking_uri: str, artifacts: str, path: str, folder: Path) -> Path:
    """Download one file into a folder. Raises CatsError if the file is not in that folder under its own name afterwards."""
    file = Path(repository(tracking_uri, artifacts).download_artifacts(path, str(folder)))
    if folder.resolve() not in file.resolve().parents or file.name != Path(path).name or not file.is_file():
        raise CatsError(f"MLflow puts {path} at {file}, not in {folder.resolve()}; the file is not read")
    return file


def local_folder(tracking_uri: str, artifacts: str) -> Path | None:
    """The folder of the artifacts of a run if they are files of this machine. Raises PlaceError if it is not trusted."""
    check_place(tracking_uri, artifacts)
    place = urlsplit(artifacts)
    if place.scheme == "file":
        return Path(url2pathname(place.path))
    # MLflow takes a path as it is but for its % signs: a ? or # in it begins nothing.
    return Path(url2pathname(artifacts)) if len(place.scheme) < 2 else None
