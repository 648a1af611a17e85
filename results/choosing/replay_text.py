"""A replay as tables and sentences: for the terminal, for a page, for a spreadsheet, for a program."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.choosing.replay import Replayed
from results.choosing.replay_notes import main_share, notes_of
from results.choosing.sets import LEVEL
from results.choosing.verdict import (
    Mean,
    PolicyRegret,
    Stated,
    StopRule,
    averaged_regret,
    mean_over_targets,
    policy_regrets,
    stated_bins,
    stop_rules,
    trusted,
)
from results.text.counts import how_many
from results.text.plain import finite
from results.text.printing import (
    REGRET_DIGITS,
    csv_text,
    figure_text,
    markdown_notes,
    markdown_section,
    terminal_notes,
    terminal_table,
)

UNITS = {"kwh": "energy", "hours": "hours", "cells": "runs"}
WORDS = ("policy", "rule", "must hold", "on")


@dataclass(frozen=True)
class Lines:
    """A table of a replay; the first column names a line."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class ReplayText:
    """A replay in the four forms of results.text.printing.Printable."""

    def __init__(self, found: Replayed, experiment: str) -> None:
        self.found, self.experiment = found, experiment

    @cached_property
    def policies(self) -> list[PolicyRegret]:
        """The regret of each policy."""
        return policy_regrets(self.found)

    @cached_property
    def rules(self) -> list[StopRule]:
        """The stop rules of the first policy."""
        return stop_rules(self.found, self._corrected)

    @cached_property
    def bins(self) -> list[Stated]:
        """P(within eps): what was stated and what held."""
        return stated_bins(self.found, self._corrected)

    @cached_property
    def _corrected(self) -> Any:
        return trusted(self.found)[0]

    @property
    def tables(self) -> list[Lines]:
        """All tables, without those that have no line."""
        made = [self._regret(), self._chance(), self._differences(), self._rules(), self._sets(), self._stated()]
        return [lines for lines in made if lines.rows]

    @property
    def notes(self) -> list[str]:
        """The sentences below the tables."""
        return notes_of(self.found, self.policies)

    @property
    def sentences(self) -> list[str]:
        """What the figures mean and what is missing."""
        return self.notes

    def table(self) -> RenderableType:
        """For the terminal."""
        parts: list[RenderableType] = []
        for lines in self.tables:
            parts += [terminal_table(lines.title, lines.head, lines.rows, WORDS), Text("")]
        return Group(*parts, terminal_notes(self.notes))

    def markdown(self) -> str:
        """For a README or an issue."""
        text: list[str] = []
        for lines in self.tables:
            text += markdown_section(lines.title, lines.head, lines.rows, WORDS)
        return "\n".join([*text, *markdown_notes(self.notes)]) + "\n"

    def csv(self) -> str:
        """One line for each policy, target (`mean` for all of them) and share; numbers in full."""
        rows: list[list[Any]] = []
        for policy in self.policies:
            for share, mean in zip(self.found.shares, policy.regret, strict=True):
                rows.append([policy.name, "mean", share, finite(mean.value), mean.low, mean.high])
            for target, line in zip(self.found.targets, self._by_target(policy), strict=True):
                rows += [
                    [policy.name, target, share, finite(value), None, None]
                    for share, value in zip(self.found.shares, line, strict=True)
                ]
        return csv_text(["policy", "target", "share", "regret", "low", "high"], rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it; null where a figure is not known."""
        found = self.found
        sets = [
            {"target": target, "best": asdict(some.best), "holds_best": some.holds_best, "near": asdict(some.near),
             "holds_near": some.holds_near}
            for target, some in zip(found.targets, found.sets, strict=True)
        ]  # fmt: skip
        whole: dict[str, Any] = {
            "experiment": self.experiment, "metric": found.metric, "unit": found.unit, "targets": found.targets,
            "relabellings": found.question.relabellings, "family_left_out": found.question.family,
            "hidden": found.question.hidden, "eps": found.question.eps, "shares": found.shares,
            "policies": [
                {**asdict(policy), "by_target": dict(zip(found.targets, self._by_target(policy), strict=True))}
                for policy in self.policies
            ],
            "all_runs": asdict(mean_over_targets(found.sweep)), "stop_rules": [asdict(rule) for rule in self.rules],
            "stated": [asdict(each) for each in self.bins], "sets": sets, "notes": self.notes,
        }  # fmt: skip
        return dict(finite(whole))

    def _by_target(self, policy: PolicyRegret) -> list[list[float]]:
        return list(averaged_regret(self.found, policy.name).tolist())

    def _regret(self) -> Lines:
        heads = [f"{_percent(share)} %" for share in self.found.shares]
        rows = [[policy.name, *map(_figure, policy.regret)] for policy in self.policies]
        left = "one target and its family" if self.found.question.family else "one target"
        targets = how_many(len(self.found.targets), "target")
        relabellings = how_many(self.found.question.relabellings, "relabelling")
        title = (
            f"Regret of {self.found.metric} by share of the {UNITS[self.found.unit]} of all runs, {left} left out at a time, "
            f"{targets}, mean of {relabellings} of replicates"
        )
        return Lines(title, ["policy", *heads], rows)

    def _chance(self) -> Lines:
        at = main_share(self.found)
        rows = [
            [policy.name, f"{policy.runs[at]:.1f}", _number(policy.worst[at], ".3f"), policy.worst_target[at] or "–",
             " – ".join(_number(end, "z.4f") for end in policy.by_chance[at])]
            for policy in self.policies
        ]  # fmt: skip
        title = f"At {_percent(self.found.shares[at])} %, and how far chance alone moves the mean over targets"
        return Lines(title, ["policy", "runs", "worst regret", "on", "5 to 95 % of relabellings"], rows)

    def _differences(self) -> Lines:
        first = self.found.question.policies[0]
        rows = [[f"{first} - {p.name}", *map(_figure, p.first_minus)] for p in self.policies if p.first_minus is not None]
        heads = [f"{_percent(share)} %" for share in self.found.shares]
        return Lines("Paired differences of the regret; an interval that holds 0 tells nothing apart", ["policy", *heads], rows)

    def _rules(self) -> Lines:
        rows = [
            [rule.rule, f"{100 * rule.share:.2f} %", f"{rule.runs:.1f}", _figure(rule.regret), _number(rule.worst, ".3f")]
            for rule in self.rules
        ]
        title = f"When to stop, {self.found.question.policies[0]}"
        return Lines(title, ["rule", UNITS[self.found.unit], "runs", "regret", "worst target"], rows)

    def _sets(self) -> Lines:
        sets, eps, count = self.found.sets, self.found.question.eps, len(self.found.sets)
        able = sum(some.best.level is not None for some in sets), sum(some.near.level is not None for some in sets)
        sizes = [sum(len(some.best.names) for some in sets) / count, sum(len(some.near.names) for some in sets) / count]
        held = [sum(some.holds_best for some in sets), sum(some.holds_near for some in sets)]
        names = ["the best source", f"a source within {eps:g} of the best, replicates averaged"]
        rows = [
            [name, f"{size:.1f}" if each else "all", f"{hold} of {count}" if each else "–"]
            for name, size, hold, each in zip(names, sizes, held, able, strict=True)
        ]
        return Lines(f"Sets of sources, nothing run, {LEVEL:.0%} confidence", ["must hold", "sources", "holds on"], rows)

    def _stated(self) -> Lines:
        rows = [
            [f"{each.low:.1f} to {each.high:.1f}", f"{each.stated:.2f}", f"{each.held:.2f}", str(each.looks), str(each.targets)]
            for each in self.bins
            if each.stated is not None and each.held is not None
        ]
        title = f"P(within {self.found.question.eps:g}), corrected by the other targets: stated and held"
        return Lines(title, ["stated", "mean stated", "held", "looks", "targets"], rows)


def _figure(mean: Mean) -> str:
    return figure_text(None if mean.value != mean.value else mean.value, mean.low, mean.high, REGRET_DIGITS)


def _number(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "–"


def _percent(share: float) -> str:
    return f"{100 * share:g}"
