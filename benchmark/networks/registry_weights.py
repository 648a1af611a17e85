"""Weights from MLflow's model registry."""

from pathlib import Path

from benchmark.core.digest import file_digest
from benchmark.core.paths import registry_weights_folder, tracking_uri
from benchmark.specs.model_registry import version_of
from results.atomic import atomic_write, scratch_folder
from results.error import CatsError


def fetched(reference: str, sha256: str) -> Path:
    """The weights file, kept by its checksum in CATS_HOME. Raises CatsError if what comes has another one."""
    kept = registry_weights_folder() / f"{sha256}.safetensors"
    if kept.exists() and file_digest(kept) == sha256:
        return kept
    from results.tracking.registry import Registry

    with atomic_write(kept, f"the weights of {reference}", durable=True) as draft, scratch_folder(kept.parent) as folder:
        came = Registry(tracking_uri()).download(version_of(reference), folder)
        actual = file_digest(came)
        if actual != sha256:
            raise CatsError(f"the weights of {reference} have sha256 {actual}, expected {sha256}; they are not used")
        came.replace(draft)
    return kept
