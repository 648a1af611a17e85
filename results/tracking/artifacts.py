"""Files of a run. The place that a tracking server names for them is not trusted.

Everyone who may write to a server can set the place of the artifacts of an experiment, and MLflow's client follows it: the
client would read and write files of this machine, or send the credentials of the server to another host.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from results.error import CatsError
from results.tracking.uri import WEB, scheme, shown

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

STORES = ("s3", "gs", "abfss", "wasbs")  # reached with credentials of their own


def check_place(tracking_uri: str, artifacts: str) -> None:
    """Raises CatsError if a web server names a place for artifacts outside itself, or if a path contains `..`."""
    place = urlsplit(artifacts)
    if ".." in unquote(place.path).replace("\\", "/").split("/"):
        raise CatsError(
            f"MLflow at {shown(tracking_uri)} puts artifacts at {shown(artifacts)}; a path that contains .. is refused"
        )
    if scheme(tracking_uri) not in WEB or place.scheme in STORES:
        return
    if place.scheme != "mlflow-artifacts" or place.netloc not in {"", urlsplit(tracking_uri).netloc}:
        raise CatsError(
            f"MLflow at {shown(tracking_uri)} puts artifacts at {shown(artifacts)}, which is outside the server; start the "
            "server with --serve-artifacts and use an experiment that is created afterwards"
        )


def repository(tracking_uri: str, artifacts: str) -> "ArtifactRepository":
    """A client that reads and writes below `artifacts`, the place that a run names. Raises CatsError if it is not trusted."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    check_place(tracking_uri, artifacts)
    return get_artifact_repository(artifacts, tracking_uri)


def upload(tracking_uri: str, artifacts: str, file: Path, folder: str | None = None) -> None:
    """Upload a file to a folder below `artifacts`."""
    repository(tracking_uri, artifacts).log_artifact(str(file), folder)


def fetched(tracking_uri: str, artifacts: str, path: str, folder: Path) -> Path:
    """Download one file into a folder. Raises CatsError if the file is not in that folder under its own name afterwards."""
    file = Path(repository(tracking_uri, artifacts).download_artifacts(path, str(folder)))
    if folder.resolve() not in file.resolve().parents or file.name != Path(path).name or not file.is_file():
        raise CatsError(f"MLflow puts {path} at {file}, not in {folder.resolve()}; the file is not read")
    return file


def local_folder(tracking_uri: str, artifacts: str) -> Path | None:
    """The folder of the artifacts of a run if they are files of this machine. Raises CatsError if it is not trusted."""
    check_place(tracking_uri, artifacts)
    place = urlsplit(artifacts)
    return Path(url2pathname(place.path)) if place.scheme in {"", "file"} else None
