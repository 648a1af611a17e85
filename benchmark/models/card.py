"""The model card of a kept classifier: a page for people and a block of metadata for machines, from the manifest alone."""

import os
from pathlib import Path
from typing import Any

from benchmark.models.card_text import body
from benchmark.models.explained import sheet_of
from benchmark.models.manifest import Manifest
from benchmark.models.model import read_manifest
from results.error import CatsError
from results.files.atomic import atomic_write
from results.metrics import written
from results.text.plain import plain

CARD = "README.md"
TAGS = ["cats-bench", "medical-imaging", "transfer-learning", "research-only"]


def write_card(folder: Path, to: Path | None = None) -> Path:
    """Write the model card of a model folder, by default as README.md inside the folder; returns its path.

    Raises CatsError if the manifest is missing or damaged, if the file exists, or if the disk refuses.
    """
    manifest = read_manifest(folder)
    path = to or folder / CARD
    if path.exists():
        raise CatsError(f"{path} exists; name another file with --output, or remove this one")
    text = card_of(manifest, _explanations(folder, path))
    with atomic_write(path, f"the card of {manifest.name}", durable=True) as draft:
        draft.write_text(text, encoding="utf-8")
    return path


def card_of(manifest: Manifest, explanations: tuple[str, list[str]] | None = None) -> str:
    """The card as text.

    Args:
        manifest: of the classifier.
        explanations: the path of the sheet of explanations from the card, and sentences about the sheet; None without one.
    """
    from huggingface_hub import ModelCard

    metadata = _metadata(manifest).to_yaml()
    return str(ModelCard(f"---\n{metadata}\n---\n\n{body(manifest, explanations)}"))


def _metadata(manifest: Manifest) -> Any:
    """The block at the top of the page, which the hub of Hugging Face and other programs read."""
    from huggingface_hub import EvalResult, ModelCardData

    target = plain(manifest.names.get("target", "unknown"))
    results = [
        EvalResult(
            task_type="image-classification", dataset_type=target, dataset_name=_title(manifest, target), dataset_split="test",
            metric_type=plain(name), metric_name=plain(written(name)), metric_value=score.value,
            metric_args=None if score.low is None else {"low": score.low, "high": score.high, "interval": 0.95},
        )
        for name, score in sorted(manifest.scores.items())
    ]  # fmt: skip
    return ModelCardData(
        license="other", license_name="see-data-and-licences", library_name="cats-bench", pipeline_tag="image-classification",
        tags=TAGS, datasets=sorted({plain(each.name) for each in manifest.attributions} | {target}),
        metrics=sorted(map(plain, manifest.scores)), model_name=plain(manifest.name), eval_results=results or None,
    )  # fmt: skip


def _title(manifest: Manifest, target: str) -> str:
    return next((plain(each.title) for each in manifest.attributions if each.role == "target" and each.title), target)


def _explanations(folder: Path, card: Path) -> tuple[str, list[str]] | None:
    """Where the sheet of explanations lies as seen from the card, and what was checked about it. None if there is no sheet.

    Raises CatsError if the file with the check is damaged.
    """
    found = sheet_of(folder)
    if found is None:
        return None
    sheet, sentences = found
    return Path(os.path.relpath(sheet.resolve(), card.parent.resolve())).as_posix(), sentences
