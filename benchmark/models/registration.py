"""Puts a kept classifier into MLflow's model registry, in the run of the cell that was kept."""

import hashlib
import re
from pathlib import Path

from benchmark.models.export import export
from benchmark.models.manifest import MANIFEST, WEIGHTS
from benchmark.models.model import Model
from results.error import CatsError
from results.files.atomic import scratch_folder
from results.tracking.registry import Registry


def register(model: Model, tracking_uri: str, name: str | None = None) -> str:
    """Log a classifier as an MLflow model in the run of its cell, and register it; returns `models:/NAME/VERSION`.

    The same model folder under the same name is registered once.

    Raises CatsError if the server cannot be used, has no finished run of the cell, or refuses the name or the files.
    """
    registry = Registry(tracking_uri)
    manifest = model.manifest
    run_id = registry.run_of(manifest.key, "cell")
    if run_id is None:
        raise CatsError(
            f"MLflow at {registry.shown} has no finished run of the cell {manifest.key[:12]} that became {manifest.name}; "
            "name the server that has it with --tracking-uri, or serve the folder that `cats export MODEL mlflow` writes"
        )
    tags = {
        "cats.key": manifest.key, "cats.name": manifest.name, "cats.task": manifest.task,
        "cats.manifest": hashlib.sha256((model.folder / MANIFEST).read_bytes()).hexdigest(),
        "cats.sha256": manifest.digests[WEIGHTS], "cats.use": "research software, no medical device",
        **{f"cats.{role}": text for role, text in manifest.names.items()},
        **{f"cats.licence.{each.role}": each.licence for each in manifest.attributions},
    }  # fmt: skip
    chosen = name or re.sub(r"[^A-Za-z0-9_.]+", "-", manifest.name).strip("-")
    with scratch_folder(model.folder.parent) as folder:
        made = export(model, "mlflow", Path(folder) / "mlflow")
        return str(registry.publish_folder(chosen, run_id, made.path, {tag: text for tag, text in tags.items() if text}))
