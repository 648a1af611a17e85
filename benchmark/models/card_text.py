"""The sections of a model card, in Markdown; all that entries and people say is escaped."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from benchmark.models.manifest import Manifest, Score
from results.board.exact import why_exact
from results.evaluation.positive import positive_of_two
from results.metrics import METRICS, written
from results.text.printing import figure_text, markdown_notes, markdown_table, markdown_text
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
NO_SUBGROUPS = (
    "The folder of the classifier holds no figures by subgroup: the entry of the target names no attributes of images, or an "
    "earlier version of cats has kept the classifier. Without these, how good the classifier is for groups of patients, sites "
    "or devices is not known."
)
DIGITS = 3
SETTINGS = {"lr": "learning rate (lr)", "ema": "running mean (ema)"}


def body(manifest: Manifest, explanations: tuple[str, list[str]] | None) -> str:
    """All sections of the page, below the block of metadata."""
    sections = {
        "What it is": _identity(manifest),
        "What it may be used for": _use(manifest),
        "What it must not be used for": [f"- {each}" for each in NOT_FOR],
        "Data and licences": _data(manifest),
        "How good it is": _scores(manifest),
        "Operating points": _thresholds(manifest),
        "Calibration": _calibration(manifest),
        "Subgroups": _subgroups(manifest),
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


def _scores(manifest: Manifest) -> list[str]:
    if not manifest.scores:
        return ["The folder holds no score of test images, so how good the classifier is is not known."]
    rows = [(_metric(name, manifest), _figure(score)) for name, score in sorted(manifest.scores.items())]
    lines = markdown_table(["metric", "test images, 95 % interval in brackets"], rows, ["metric"])
    bare = {name: score.value for name, score in sorted(manifest.scores.items()) if score.low is None}
    if bare:
        known = [f"{markdown_text(written(name))}: {why}." for name, value in bare.items() if (why := why_exact(name, value))]
        lines += ["", " ".join(["No interval is known where no brackets follow the figure.", *known])]
    if manifest.comparison is not None:
        one = manifest.comparison
        machine = "on a machine equal to that" if one.equal_machine else "on another machine than that"
        again = (
            f"The kept network was run on the test images again, {machine} of the record: in the number format of the record "
            f"({one.precision}) its probabilities differ from those behind these figures by at most {one.largest:.2g} "
            f"(allowed: {one.tolerance:g}), and in float32, in which the classifier is used, by at most "
            f"{one.largest_float32:.2g}."
        )
        if one.made_again:
            again += " The network was trained again, because no weights of the cell had been stored."
        lines += ["", again]
    return lines


def _thresholds(manifest: Manifest) -> list[str]:
    if not manifest.thresholds:
        return ["None was chosen; a threshold of 0.5, or the most probable class, is no statement about what is acceptable."]
    rows = [
        (each.name, f"{each.fixed} ≥ {each.asked:g}", f"{each.threshold:.{DIGITS}f}", _figure(each.sensitivity),
         _figure(each.specificity))
        for each in manifest.thresholds
    ]  # fmt: skip
    head = [
        "positive class",
        "asked of validation images",
        "calibrated probability ≥",
        "sensitivity (test)",
        "specificity (test)",
    ]
    return markdown_table(head, rows, head[:2])


def _calibration(manifest: Manifest) -> list[str]:
    if manifest.temperature is None:
        return ["The probabilities are not calibrated: no validation images were there to choose a temperature."]
    said = (
        f"Logits are divided by the temperature {manifest.temperature:.{DIGITS}g}, chosen on validation images: above 1 the "
        "network was too sure of itself, below 1 not sure enough."
    )
    if not manifest.calibrated:
        return [said, "", "The folder holds no figure of how well that works."]
    rows = [
        (written(name), _figure(manifest.scores[name]) if name in manifest.scores else "not known", _figure(score))
        for name, score in sorted(manifest.calibrated.items())
    ]
    head = ["metric of the test images", "before the temperature (as in the record)", "with the temperature"]
    return [said, "", *markdown_table(head, rows, head[:1])]


def _subgroups(manifest: Manifest) -> list[str]:
    if not manifest.subgroups:
        return [NO_SUBGROUPS]
    rows = [
        (each.attribute, group.name, str(group.images), "not defined" if group.score is None else _figure(group.score),
         group.remark or "–")
        for each in manifest.subgroups
        for group in each.groups
    ]  # fmt: skip
    head = ["attribute", "subgroup", "images", f"{written(manifest.subgroups[0].metric)}, 95 % interval in brackets", "remark"]
    said = markdown_notes(f"{each.sentence}." for each in manifest.subgroups)
    return [*markdown_table(head, rows, [*head[:2], head[4]]), "", *said]


def _leakage(manifest: Manifest) -> list[str]:
    nothing = ["No image of the source or copy between parts was noted in the record."]
    return markdown_notes(manifest.notes) or nothing


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


def _metric(name: str, manifest: Manifest) -> str:
    """A metric as people write it, and the class of which it speaks, or that it is a mean over the classes."""
    if name in {"sensitivity", "specificity"} and len(manifest.classes) == 2:
        return f"{name} for {manifest.classes[positive_of_two(manifest.classes)]}, where the most probable class decides"
    alike = name == "auc" and len(manifest.classes) == 2  # the AUC of both classes is the same
    more = ", mean over the classes (macro)" if name in METRICS and METRICS[name].macro and not alike else ""
    return f"{written(name)}{more}"


def _setting(name: str, value: Any) -> str:
    """A setting of a recipe in words; those of an augmentation, or the values of a list, in brackets."""
    if isinstance(value, dict):
        return f"{name} ({', '.join(_setting(each, its) for each, its in value.items())})"
    if isinstance(value, list):
        return f"{name} ({', '.join(_number(each) for each in value)})"
    return f"{SETTINGS.get(name, name.replace('_', ' '))} {_number(value)}"


def _number(value: Any) -> str:
    return significant(value, 6) if isinstance(value, float) else str(value)


def _figure(score: Score) -> str:
    return figure_text(score.value, score.low, score.high, DIGITS)


def _code(text: str) -> str:
    return f"“{markdown_text(text)}”"
