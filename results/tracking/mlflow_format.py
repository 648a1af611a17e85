"""A record as the tags and metrics of an MLflow run, and long texts back again."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from results.record import Cost, Record, metric_name
from results.text.plain import plain, plain_lines

LONGEST = 8000  # characters of a tag
LONGEST_PARAM = 6000  # characters that MLflow keeps of a parameter
WHOLE = "cats.record_version"  # a tag that only a run with the whole record has


def tags_of(record: Record, reason: str | None) -> dict[str, str]:
    """The tags of a record, each no longer than MLflow allows."""
    tags = {f"cats.{name}": value for name, value in {**record.facts, **record.environment}.items()}
    tags |= {"cats.point": record.point, WHOLE: str(record.version)}
    tags |= pieces("cats.costs", json.dumps([cost.model_dump() for cost in record.costs]))
    tags |= pieces("cats.reasons", tags.pop("cats.reasons", ""))
    if reason:
        tags["cats.reason"] = reason
    return {name: plain_lines(value)[:LONGEST] for name, value in tags.items()}


def params_of(record: Record) -> dict[str, str]:
    """The parameters of a record, each no longer than MLflow allows."""
    return {name: plain(value)[:LONGEST_PARAM] for name, value in {**record.settings, **record.names}.items()}


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
        yield name, value, 0
    for name, values in record.curves.items():
        for epoch, value in enumerate(values):
            yield f"curve_{name}", value, epoch
    for phase in dict.fromkeys(cost.phase for cost in record.costs):  # an attempt may have several costs of one phase
        yield from _phase(phase, [cost for cost in record.costs if cost.phase == phase])


def _phase(name: str, costs: Sequence[Cost]) -> Iterator[tuple[str, float, int]]:
    """What is known in full of a phase."""
    yield f"seconds_{name}", math.fsum(cost.seconds for cost in costs), 0
    kwh = [cost.kwh("counter") + cost.kwh("modelled") for cost in costs]
    intensities = [cost.kg_per_kwh for cost in costs if cost.kg_per_kwh is not None]
    if not any(cost.missing for cost in costs):
        yield f"energy_kwh_{name}", math.fsum(kwh), 0
        if len(intensities) == len(costs):
            yield f"co2e_kg_{name}", math.fsum(part * each for part, each in zip(kwh, intensities, strict=True)), 0
    counted = [cost.nvml_kwh for cost in costs if cost.nvml_kwh is not None]
    if len(counted) == len(costs):
        yield f"nvml_kwh_{name}", math.fsum(counted), 0
