"""Measures made of others: their scores, brought to 0 ... 1 over the sources of one target, weighted, multiplied and added.

Such a measure depends on its pool: one more source changes what it says of the others. So it is made when a choice is
judged, from the sources of that choice, and never stored.
"""

import math
import re
from collections.abc import Sequence

from results.agreement.scores import Said
from results.error import CatsError, nearest

NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
FORM = "write it NAME=FORMULA, such as lpxfu=lp*fu or etran=0.85*lda+0.15*energy"


def combine(rows: Sequence[Said], text: str) -> list[Said]:
    """What the combination `text` says of every pair of `rows`.

    Each measure is min-max normalised over the sources of a target and backbone first: (score - min) / (max - min), as in
    LP x FU, ETran (Gholami 2023) and NCTI (Wang 2023). Says nothing where a part says nothing, or the same of every source.
    Raises CatsError for a formula that cannot be read, and a measure that nobody has scored.
    """
    name, terms = _read(text, sorted({row.measure for row in rows}))
    used = list(dict.fromkeys(part for _, parts in terms for part in parts))
    pairs = dict.fromkeys((row.target, row.source, row.backbone) for row in rows)
    scaled = {measure: _scaled([row for row in rows if row.measure == measure]) for measure in used}
    made = []
    for pair in pairs:
        silent = [measure for measure in used if pair not in scaled[measure]]
        value = None
        if not silent:
            value = math.fsum(weight * math.prod(scaled[part][pair] for part in parts) for weight, parts in terms)
        reason = f"{', '.join(silent)} says nothing, or the same of every source" if silent else None
        made.append(Said(*pair, measure=name, value=value, low=None, high=None, seconds=None, reason=reason))
    return made


def _scaled(rows: Sequence[Said]) -> dict[tuple[str, str, str], float]:
    pools: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row.value is not None:
            pools.setdefault((row.target, row.backbone), []).append(row.value)
    ends = {pool: (min(values), max(values)) for pool, values in pools.items()}
    found = {}
    for row in rows:
        low, high = ends.get((row.target, row.backbone), (0.0, 0.0))
        if row.value is not None and low < high:
            found[row.target, row.source, row.backbone] = (row.value - low) / (high - low)
    return found


def _read(text: str, known: Sequence[str]) -> tuple[str, list[tuple[float, list[str]]]]:
    """The name, and the formula as a sum of (weight, measures to be multiplied)."""
    name, _, formula = (part.strip() for part in text.partition("="))
    if not name.isidentifier() or not formula:
        raise CatsError(f"the combination '{text}' cannot be read; {FORM}")
    if name in known:
        raise CatsError(f"there is a measure '{name}' already; give the combination another name")
    if not re.fullmatch(r"-?[^+-]+([+-][^+-]+)*", formula):
        raise CatsError(f"the combination '{text}' cannot be read; {FORM}")
    terms = []
    for sign, term in re.findall(r"([+-]?)([^+-]+)", formula):
        weight, parts = -1.0 if sign == "-" else 1.0, []
        for factor in (given.strip() for given in term.split("*")):
            if NUMBER.fullmatch(factor):
                weight *= float(factor)
            elif factor in known:
                parts.append(factor)
            else:
                raise CatsError(f"nobody has scored '{factor}' of the combination '{text}'{nearest(factor, known)}")
        if not parts:
            raise CatsError(f"'{term.strip()}' of the combination '{text}' names no measure; {FORM}")
        terms.append((weight, parts))
    return name, terms
