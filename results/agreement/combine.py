"""Combinations of measures: their scores are scaled to 0 ... 1 over the sources of one target, weighted, multiplied, added.

A combination depends on its pool of sources: one more source changes the scores of the others. So it is computed when a choice
is judged, from the sources of that choice, and never stored.
"""

import math
import re
from collections.abc import Sequence

from results.agreement.scores import PairScore
from results.error import CatsError, nearest

NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
FORM = "write it NAME=FORMULA, such as lpxfu=lp*fu or etran=0.85*lda+0.15*energy"


def combine(rows: Sequence[PairScore], text: str) -> list[PairScore]:
    """The scores of the combination `text` for every pair of `rows`.

    Each measure is min-max normalised over the sources of a target and backbone first: (score - min) / (max - min), as in
    LP x FU, ETran (Gholami 2023) and NCTI (Wang 2023). A pair has no score where a part gives none, or gives the
    same score to every source. Raises CatsError for a formula that cannot be read and for a measure without scores.
    """
    name, terms = _read(text, sorted({row.measure for row in rows}))
    used = list(dict.fromkeys(part for _, parts in terms for part in parts))
    pairs = dict.fromkeys((row.target, row.source, row.backbone) for row in rows)
    scaled = {measure: _scaled([row for row in rows if row.measure == measure]) for measure in used}
    combined = []
    for pair in pairs:
        silent = [measure for measure in used if pair not in scaled[measure]]
        value = None
        if not silent:
            value = math.fsum(weight * math.prod(scaled[part][pair] for part in parts) for weight, parts in terms)
        reason = f"{', '.join(silent)} gives no score, or the same score to every source" if silent else None
        combined.append(PairScore(*pair, measure=name, value=value, low=None, high=None, seconds=None, reason=reason))
    return combined


def _scaled(rows: Sequence[PairScore]) -> dict[tuple[str, str, str], float]:
    pools: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row.value is not None:
            pools.setdefault((row.target, row.backbone), []).append(row.value)
    ends = {pool: (min(values), max(values)) for pool, values in pools.items()}
    scaled = {}
    for row in rows:
        low, high = ends.get((row.target, row.backbone), (0.0, 0.0))
        if row.value is not None and low < high:
            scaled[row.target, row.source, row.backbone] = (row.value - low) / (high - low)
    return scaled


def _read(text: str, known: Sequence[str]) -> tuple[str, list[tuple[float, list[str]]]]:
    """The name of a combination, and its formula as a sum of (weight, measures to multiply)."""
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
        for factor in (part.strip() for part in term.split("*")):
            if NUMBER.fullmatch(factor):
                weight *= float(factor)
            elif factor in known:
                parts.append(factor)
            else:
                raise CatsError(f"there are no scores of '{factor}' of the combination '{text}'{nearest(factor, known)}")
        if not parts:
            raise CatsError(f"'{term.strip()}' of the combination '{text}' names no measure; {FORM}")
        terms.append((weight, parts))
    return name, terms
