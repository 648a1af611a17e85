"""Weights from MLflow's model registry."""

from pathlib import Path

from benchmark.core.digest import file_digest
from benchmark.core.paths import registry_weights_folder
from benchmark.specs.model_registry import version_of
from results.atomic import atomic_write, scratch_folder
from results.error import CatsError


def fetch_weights(reference: str, sha256: str, registry: str) -> Path:
    """The file of published weights, kept under CATS_HOME by its checksum; else it comes from the MLflow server `registry`.

    Raises CatsError if the server does not have it, or if what comes has another checksum.
    """
    kept = registry_weights_folder() / f"{sha256}.safetensors"
    if kept.exists() and file_digest(kept) == sha256:
        return kept
    from results.tracking.registry import Registry

    with atomic_write(kept, f"the weights of {reference}", durable=True) as draft, scratch_folder(kept.parent) as folder:
        came = Registry(registry).download(version_of(reference, registry), folder)
        actual = file_digest(came)
        if actual != sha256:
            raise CatsError(f"the weights of {reference} have sha256 {actual}, expected {sha256}; they are not used")
        came.replace(draft)
    return kept
