"""The sections of a model card about test images: scores, operating points, calibration and subgroups, in Markdown."""

from collections.abc import Mapping

from benchmark.models.manifest import Manifest, Score
from results.board.exact import why_exact
from results.evaluation.calibration import NOT_CALIBRATED, is_of_temperature
from results.evaluation.positive import positive_of_two
from results.evaluation.reliability import ECE_INTERVAL
from results.evaluation.tested import rest_on
from results.metrics import METRICS, written
from results.text.printing import figure_text, markdown_notes, markdown_table, markdown_text

NO_SUBGROUPS = (
    "The folder of the classifier holds no figures by subgroup: the entry of the target names no attributes of images, or an "
    "earlier version of cats has kept the classifier. Without these, how good the classifier is for groups of patients, sites "
    "or devices is not known."
)
DIGITS = 3


def scores(manifest: Manifest) -> list[str]:
    """How good it is: what the figures rest on, the metrics of the test images, and how near the network is to its record."""
    if not manifest.scores:
        return ["The folder holds no score of test images, so how good the classifier is is not known."]
    rows = [(_metric(name, manifest), _figure(score)) for name, score in sorted(manifest.scores.items())]
    lines = markdown_table(["metric", "test images, 95 % interval in brackets"], rows, ["metric"])
    if manifest.tested is not None:
        counted = rest_on(manifest.tested.images, manifest.tested.patients, volumes=manifest.reading.of_volumes)
        lines = [f"These figures, and all others of test images on this page, rest on {counted}.", "", *lines]
    bare = {name: score.value for name, score in sorted(manifest.scores.items()) if score.low is None}
    if bare:
        known = [f"{markdown_text(written(name))}: {why}." for name, value in bare.items() if (why := why_exact(name, value))]
        lines += ["", " ".join(["No interval is known where no brackets follow the figure.", *known])]
    lines += _about_ece(manifest.scores)
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


def thresholds(manifest: Manifest) -> list[str]:
    """The operating points."""
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
        "probability ≥" if _uncalibrated(manifest) else "calibrated probability ≥",
        "sensitivity (test)",
        "specificity (test)",
    ]
    return markdown_table(head, rows, head[:2])


def calibration(manifest: Manifest) -> list[str]:
    """Whether the probabilities are calibrated, and how well, or why not."""
    if manifest.temperature is None:
        return ["The probabilities are not calibrated: no validation images were there to choose a temperature."]
    noted = next(filter(is_of_temperature, manifest.notes), "")
    if _uncalibrated(manifest):  # then the temperature changes nothing, and both columns would be equal
        return [f"{_sentence(noted)} `cats predict` gives them as the network does."]
    said = (
        f"Logits are divided by the temperature {manifest.temperature:.{DIGITS}g}, chosen on validation images: above 1 the "
        "network was too sure of itself, below 1 not sure enough."
    ) + (f" {_sentence(noted)}" if noted else "")
    if not manifest.calibrated:
        return [said, "", "The folder holds no figure of how well that works."]
    rows = [
        (written(name), _figure(manifest.scores[name]) if name in manifest.scores else "not known", _figure(score))
        for name, score in sorted(manifest.calibrated.items())
    ]
    head = ["metric of the test images", "before the temperature (as in the record)", "with the temperature"]
    return [said, "", *markdown_table(head, rows, head[:1]), *_about_ece(manifest.calibrated)]


def _uncalibrated(manifest: Manifest) -> bool:
    """Whether validation images were there, but set no temperature."""
    return any(note.startswith(NOT_CALIBRATED) for note in manifest.notes)


def subgroups(manifest: Manifest) -> list[str]:
    """The figures of subgroups of the test images."""
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


def _metric(name: str, manifest: Manifest) -> str:
    """A metric as people write it, and the class of which it speaks, or that it is a mean over the classes."""
    if name in {"sensitivity", "specificity"} and len(manifest.classes) == 2:
        return f"{name} for {manifest.classes[positive_of_two(manifest.classes)]}, where the most probable class decides"
    alike = name == "auc" and len(manifest.classes) == 2  # the AUC of both classes is the same
    more = ", mean over the classes (macro)" if name in METRICS and METRICS[name].macro and not alike else ""
    return f"{written(name)}{more}"


def _about_ece(scores: Mapping[str, Score]) -> list[str]:
    """What is to be said of the interval of a calibration error, where one is shown."""
    return ["", ECE_INTERVAL] if "ece" in scores and scores["ece"].low is not None else []


def _sentence(note: str) -> str:
    """A note as a sentence of its own."""
    return markdown_text(f"{note[0].upper()}{note[1:]}.")


def _figure(score: Score) -> str:
    return figure_text(score.value, score.low, score.high, DIGITS)
