"""Downloads pretrained weights from MLflow's model registry and checks their digest."""

from pathlib import Path

from benchmark.core.digest import file_digest
from benchmark.core.paths import registry_weights_folder
from benchmark.specs.model_registry import version_of
from benchmark.specs.start import Start
from results.error import CatsError
from results.files.atomic import scratch_folder
from results.files.kept import kept_write, read_kept


def fetch_weights(reference: str, start: Start) -> Path:
    """Return the file of published weights under CATS_HOME, downloaded from the MLflow server of the start if it is not there.

    Raises CatsError if the server does not have the file, or if the downloaded file has another checksum.
    """
    sha256 = str(start.weights)
    stored = registry_weights_folder() / f"{sha256}.safetensors"
    if read_kept(stored, file_digest, f"weights of {reference}") == sha256:
        return stored
    from results.tracking.registry import Registry

    server = start.server
    with kept_write(stored, f"the weights of {reference}") as draft, scratch_folder(stored.parent) as folder:
        downloaded = Registry(server).download(version_of(reference, server), folder)
        actual = file_digest(downloaded)
        if actual != sha256:
            raise CatsError(f"the weights of {reference} have sha256 {actual}, expected {sha256}; they are not used")
        downloaded.replace(draft)
    return stored
