"""A record as the tags, parameters and metrics of an MLflow run, and long texts and settings back again.

The layout of version 2: a curve has the name of what it shows, with a step for each epoch, `restored_NAME` is its value at the
restored epoch, and `best_NAME` the best value of a curve of BETTER. Parameters are the names, what differs from its default,
and ALWAYS; all other settings are one tag in JSON. In version 1 the curve was `curve_NAME`, the value at the restored epoch
NAME, and every setting a parameter. Readers see the names of version 1 in both: see `figure_names` and `settings_of`.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from results.record import Cost, Record, metric_name
from results.text.plain import plain, plain_lines

LONGEST = 8000  # characters of a tag
LONGEST_PARAM = 6000  # characters that MLflow keeps of a parameter
WHOLE = "cats.record_version"  # a tag that only a run with the whole record has
LAYOUT = "2"  # its value
SETTINGS, CURVES = "cats.settings", "cats.curves"  # tags: settings that have their default, and names of the curves
CURVE, RESTORED, BEST = "curve_", "restored_", "best_"
BETTER: dict[str, Callable[[Iterable[float]], float]] = {"val_loss": min, "val_auc": max}  # curves that have a best value
TOTALS = ("seconds", "energy_kwh", "co2e_kg")  # metrics of the whole attempt
ALWAYS = frozenset({"protocol", "size", "epochs", "batch_size", "optimiser", "lr", "rule"})  # parameters also with a default
PROGRAMS = {"cell": "cats run", "pretraining": "cats run", "score": "cats score"}  # of records that do not say it


def tags_of(record: Record, reason: str | None) -> dict[str, str]:
    """The tags of a record, each no longer than MLflow allows."""
    tags = {f"cats.{name}": value for name, value in {**record.facts, **record.environment}.items()}
    tags |= {"cats.point": record.point, WHOLE: LAYOUT, "mlflow.source.type": "LOCAL"}
    made_by = tags.pop("cats.program", PROGRAMS[record.kind])
    tags["mlflow.source.name"] = "cats import" if "imported" in record.facts else made_by
    if "commit" in record.environment:
        tags["mlflow.source.git.commit"] = record.environment["commit"]
    if record.curves:
        tags |= pieces(CURVES, json.dumps([metric_name(name) for name in record.curves]))
    kept = {name: value for name, value in record.settings.items() if _is_kept(record, name)}
    if kept:
        tags |= pieces(SETTINGS, json.dumps(kept))
    tags |= pieces("cats.costs", json.dumps([cost.model_dump() for cost in record.costs]))
    tags |= pieces("cats.reasons", tags.pop("cats.reasons", ""))
    if reason:
        tags["cats.reason"] = reason
    return {name: plain_lines(value)[:LONGEST] for name, value in tags.items()}


def params_of(record: Record) -> dict[str, str]:
    """The parameters of a record, each no longer than MLflow allows."""
    settings = {name: value for name, value in record.settings.items() if not _is_kept(record, name)}
    return {name: plain(value)[:LONGEST_PARAM] for name, value in {**settings, **record.names}.items()}


def _is_kept(record: Record, name: str) -> bool:
    """Whether a setting is among those of the tag SETTINGS."""
    return name in record.defaults and name not in ALWAYS


def settings_of(params: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """Names and all settings of a run of either layout. Raises ValueError if the tag SETTINGS is not as it was written."""
    kept = _parsed(joined(tags, SETTINGS) or "{}")
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise ValueError(f"its tag {SETTINGS} is not a list of settings")
    return {**kept, **params}


def curves_of(tags: Mapping[str, str]) -> list[str]:
    """Names of the curves of a run of layout 2. Raises ValueError if the tag CURVES is not as it was written."""
    names = _parsed(joined(tags, CURVES) or "[]")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"its tag {CURVES} is not a list of names")
    return names


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def figure_names(names: Iterable[str], curves: Sequence[str]) -> dict[str, str]:
    """Name of a metric in MLflow → its name in tables, `curve_NAME` and NAME, for a run with these curves in layout 2.

    The first runs of layout 2 had the value at the restored epoch as `best_NAME`.
    """
    there = set(names)
    turned = {name: CURVE + name for name in curves}
    for name in curves:
        turned[(RESTORED if RESTORED + name in there else BEST) + name] = name
    hidden = {*TOTALS, *(BEST + name for name in curves)} - set(turned)
    return {name: turned.get(name, name) for name in names if name not in hidden}


def pieces(name: str, text: str) -> dict[str, str]:
    """A long text as several tags, NAME, NAME.1, NAME.2 ..., each no longer than MLflow allows."""
    cut = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
    return {name if number == 0 else f"{name}.{number}": piece for number, piece in enumerate(cut)}


def joined(tags: Mapping[str, str], name: str) -> str:
    """The text that pieces() has cut."""
    parts = [tags.get(name, "")]
    while f"{name}.{len(parts)}" in tags:
        parts.append(tags[f"{name}.{len(parts)}"])
    return "".join(parts)


def measurements(record: Record) -> Iterator[tuple[str, float, int]]:
    """(name, value, step) of everything numeric in a record. What is not finite is left out: unknown is not a number."""
    return ((metric_name(name), value, step) for name, value, step in _measurements(record) if math.isfinite(value))


def _measurements(record: Record) -> Iterator[tuple[str, float, int]]:
    for name, value in record.scores.items():
        yield f"test_{name}", value, 0
    for name, value in record.validation.items():
        yield RESTORED + name if name in record.curves else name, value, 0
        if name in record.curves and name in BETTER and math.isfinite(value):  # never alone: readers tell layouts by the other
            yield BEST + name, BETTER[name](filter(math.isfinite, [value, *record.curves[name]])), 0
    for name, values in record.curves.items():
        for epoch, value in enumerate(values):
            yield name, value, epoch
    for phase in dict.fromkeys(cost.phase for cost in record.costs):  # an attempt may have several costs of one phase
        yield from _spent([cost for cost in record.costs if cost.phase == phase], f"_{phase}")
    if record.costs:
        yield from _spent(record.costs)


def _spent(costs: Sequence[Cost], phase: str = "") -> Iterator[tuple[str, float, int]]:
    """What is known in full of a phase, or of all phases. What is unknown of one cost is not given: it is not 0."""
    yield f"seconds{phase}", math.fsum(cost.seconds for cost in costs), 0
    kwh = [cost.kwh("counter") + cost.kwh("modelled") for cost in costs]
    intensities = [cost.kg_per_kwh for cost in costs if cost.kg_per_kwh is not None]
    if all(cost.energy and not cost.missing for cost in costs):
        yield f"energy_kwh{phase}", math.fsum(kwh), 0
        if len(intensities) == len(costs):
            yield f"co2e_kg{phase}", math.fsum(part * each for part, each in zip(kwh, intensities, strict=True)), 0
    counted = [cost.nvml_kwh for cost in costs if cost.nvml_kwh is not None]
    if len(counted) == len(costs) and phase:
        yield f"nvml_kwh{phase}", math.fsum(counted), 0
