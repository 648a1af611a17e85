"""The sections of a model card, in Markdown; all that entries and people say is escaped."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from benchmark.models.card_figures import calibration, scores, subgroups, thresholds
from benchmark.models.manifest import Manifest
from results.evaluation.calibration import is_of_temperature
from results.text.printing import markdown_notes, markdown_table, markdown_text
from results.text.units import energy_text, significant

NO_DEVICE = (
    "This is research software and no medical device. No authority has approved or cleared it, and no clinical study has shown "
    "that it is safe or useful. Nobody may base the diagnosis or treatment of a patient on it."
)
NOT_FOR = (
    "Diagnosis, screening, triage or treatment of patients, also as a second opinion.",
    "Pictures of another modality, organ, device or site than those of the test images, without a new test on such pictures.",
    "Patients of groups that the test images do not represent; see *Subgroups*.",
    "Decisions without a person who can judge the picture and is responsible.",
)
SETTINGS = {"lr": "learning rate (lr)", "ema": "running mean (ema)"}


def body(manifest: Manifest, explanations: tuple[str, list[str]] | None) -> str:
    """All sections of the page, below the block of metadata."""
    sections = {
        "What it is": _identity(manifest),
        "What it may be used for": _use(manifest),
        "What it must not be used for": [f"- {each}" for each in NOT_FOR],
        "Data and licences": _data(manifest),
        "How good it is": scores(manifest),
        "Operating points": thresholds(manifest),
        "Calibration": calibration(manifest),
        "Subgroups": subgroups(manifest),
        "Leakage and other notes": _leakage(manifest),
        "Energy": _energy(manifest),
        "Explanations": _explained(explanations),
        "How it was made": _making(manifest),
    }  # fmt: skip
    parts = [f"# {markdown_text(manifest.name)}", f"**{NO_DEVICE}**"]
    parts += [f"## {title}\n\n" + "\n".join(lines) for title, lines in sections.items()]
    return "\n\n".join(parts) + "\n"


def _identity(manifest: Manifest) -> list[str]:
    names, reading = manifest.names, manifest.reading
    kind = f"volumes of {reading.slices} slice{'s' if reading.slices > 1 else ''}" if reading.of_volumes else "pictures"
    classes = ", ".join(map(_code, manifest.classes))
    rows = [
        ("what it answers", f"{manifest.task}: which of {len(manifest.classes)} classes a picture belongs to"
         if manifest.task != "multilabel" else f"multilabel: which of {len(manifest.classes)} labels a picture has"),
        ("trained on (target)", names.get("target", "unknown")),
        ("transferred from (source)", names.get("source", "unknown")),
        ("network (timm)", names.get("backbone", manifest.architecture.backbone)),
        ("input", f"{'colour' if reading.colour else 'grey'} {kind}, resized to {reading.size} × {reading.size} pixels"),
        ("seed", names.get("seed", "unknown")),
        ("kept", datetime.fromtimestamp(manifest.created, UTC).strftime("%Y-%m-%d")),
    ]  # fmt: skip
    return [
        *markdown_table(["fact", "value"], rows, ["fact", "value"]),
        "",
        f"Classes, in the order of the outputs: {classes}.",
    ]


def _use(manifest: Manifest) -> list[str]:
    target = markdown_text(manifest.names.get("target", "its target"))
    research = (
        f"Research and teaching: to repeat or extend the comparison of sources on {target}, to study transfer, calibration and "
        "explanations, and as a baseline on pictures that are made in the same way."
    )
    commands = (
        "`cats predict` applies the classifier to pictures and says which of them are unlike the training images; `cats watch` "
        "says whether pictures have changed; `cats export` writes the network for other programs."
    )
    return [research, "", commands]


def _data(manifest: Manifest) -> list[str]:
    if not manifest.attributions:
        return ["The folder does not say where data and weights come from; do not pass it on before you know."]
    rows = [(each.role, each.name, each.title or "–", each.licence or "not stated") for each in manifest.attributions]
    cited = [f"{each.name}: {each.citation}" for each in manifest.attributions if each.citation]
    return [
        *markdown_table(["role", "name", "title", "licence"], rows, ["role", "name", "title", "licence"]),
        "",
        "The strictest of these licences applies to the weights too. Please cite:" if cited else "No citation is stated.",
        *(["", *markdown_notes(cited)] if cited else []),
    ]


def _leakage(manifest: Manifest) -> list[str]:
    nothing = ["No image of the source or copy between parts was noted in the record."]
    return markdown_notes(note for note in manifest.notes if not is_of_temperature(note)) or nothing


def _energy(manifest: Manifest) -> list[str]:
    said = {"counter": "read from a hardware counter", "modelled": "estimated from load and nominal power"}
    lines = [
        f"- {energy_text(kwh)}, {said.get(origin, markdown_text(origin))}" for origin, kwh in sorted(manifest.energy.items())
    ]
    lines += [f"- energy of {markdown_text(name)}: missing, so the sum is larger than stated" for name in manifest.missing]
    return lines or ["The energy of the training is not known."]


def _explained(explanations: tuple[str, list[str]] | None) -> list[str]:
    if explanations is None:
        return ["The folder holds no sheet of explanations; `cats explain` makes one, and a new card then shows it."]
    sheet, sentences = explanations
    return [f"![Test images with heat maps]({quote(sheet)})", "", *markdown_notes(sentences)]


def _making(manifest: Manifest) -> list[str]:
    changed = manifest.recipe.model_dump(mode="json", exclude_defaults=True)
    settings = ", ".join(_setting(name, value) for name, value in changed.items()) or "all settings have their defaults"
    rows = [
        ("key of the cell", manifest.key),
        ("recipe", settings),
        *sorted(manifest.facts.items()),
        *sorted(manifest.environment.items()),
        *((f"sha256 of {name}", digest) for name, digest in sorted(manifest.digests.items())),
    ]
    return markdown_table(["fact", "value"], rows, ["fact", "value"])


def _setting(name: str, value: Any) -> str:
    """A setting of a recipe in words; those of an augmentation, or the values of a list, in brackets."""
    if isinstance(value, dict):
        return f"{name} ({', '.join(_setting(each, its) for each, its in value.items())})"
    if isinstance(value, list):
        return f"{name} ({', '.join(_number(each) for each in value)})"
    return f"{SETTINGS.get(name, name.replace('_', ' '))} {_number(value)}"


def _number(value: Any) -> str:
    return significant(value, 6) if isinstance(value, float) else str(value)


def _code(text: str) -> str:
    return f"“{markdown_text(text)}”"
