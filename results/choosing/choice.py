"""The answer of `cats choose` as data: what is recommended, how sure that is, what it cost, and what was tried."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from results.choosing import EPSILON
from results.choosing.prior import ONLY
from results.error import CatsError, first_line


def arm_text(source: str, setting: str) -> str:
    """How sentences name a source with a setting: the source alone where it has one setting."""
    return source if setting == ONLY else f"{source} ({setting})"


def arms_text(arms: Sequence[tuple[str, str]]) -> str:
    """Pairs of a source and a setting in a sentence; a source that all of them share is named once."""
    sources = {source for source, _ in arms}
    if len(arms) > 1 and len(sources) == 1:
        return f"the settings {' and '.join(setting for _, setting in arms)} of {arms[0][0]}"
    return " and ".join(arm_text(source, setting) for source, setting in arms)


def setting_in(text: str, source: str) -> str | None:
    """The setting in what `arm_text` has made of a source and a setting; None if the text is of another source."""
    if text == source:
        return ONLY
    setting = text.removeprefix(f"{source} (").removesuffix(")")
    return setting if arm_text(source, setting) == text else None


@dataclass(frozen=True)
class Taken:
    """The run that is recommended.

    Attributes:
        seed, val_loss: of the run whose network is kept.
        seeds: how many seeds its source was tried with at this setting.
        score, low, high: the test metric of that run, with its 95 % interval; test images have chosen nothing.
    """

    source: str
    setting: str
    seed: int
    val_loss: float
    seeds: int
    score: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Attempted:
    """One run that was tried, in the order in which the runs began. `val_loss` is None where the run failed."""

    source: str
    setting: str
    seed: int
    val_loss: float | None
    kwh: float | None
    hours: float | None


@dataclass(frozen=True)
class Seat:
    """A source in one round of a race.

    Attributes:
        settings: how many of its settings were tried up to the end of the round.
        best: its smallest validation loss up to then; None if all its runs failed, or none has been made.
        stays: whether it is live in the next round; None if no next round follows, or the round has not ended.
    """

    source: str
    settings: int
    best: float | None
    stays: bool | None = None


@dataclass(frozen=True)
class Round:
    """One round of a race: the sources that were live in it."""

    seats: tuple[Seat, ...]


@dataclass(frozen=True)
class Named:
    """A set of sources that holds the best source, or one that is as good.

    Attributes:
        hits, targets: on how many targets of the prior a set made in this way held it.
        level: the confidence with which the set holds it.
        families: of how many families these targets are; None in an answer of an older version, which did not count them.
    """

    sources: tuple[str, ...]
    hits: int
    targets: int
    level: float = 0.9
    families: int | None = None


@dataclass(frozen=True)
class Rival:
    """A way of choosing beside this one, with its regret in replays of the prior at the same number of runs.

    Attributes:
        minus, minus_low, minus_high: regret of this choice's policy minus that of the other way, paired over targets, with its
            95 % interval; None for the policy itself.
    """

    name: str
    regret: float
    low: float | None = None
    high: float | None = None
    minus: float | None = None
    minus_low: float | None = None
    minus_high: float | None = None


@dataclass(frozen=True)
class Spent:
    """What the choice took.

    Attributes:
        kwh: of all attempts, failed ones and pretrainings too; None if a part is unknown. `known_kwh`: the known part.
        hours: of all attempts together.
        runs, failed: finished runs, and attempts of this call that failed.
        sweep_kwh, sweep_hours, sweep_runs: what one run of every source with every setting would take; None if unknown.
        tried_kwh, tried_hours: of the runs that `tried` lists, without pretrainings, which the sweep leaves out, too.
        other_runs: finished runs of the experiment with sources or settings that this call does not try. Their cost counts.
    """

    kwh: float | None
    known_kwh: float | None
    hours: float
    runs: int
    failed: int = 0
    sweep_kwh: float | None = None
    sweep_hours: float | None = None
    sweep_runs: int = 0
    tried_kwh: float | None = None
    tried_hours: float | None = None
    other_runs: int = 0

    @property
    def share(self) -> float | None:
        """The part of the energy of the sweep that the runs of `tried` took; of its time where energy is unknown."""
        if self.tried_kwh is not None and self.sweep_kwh:
            return self.tried_kwh / self.sweep_kwh
        return self.tried_hours / self.sweep_hours if self.tried_hours is not None and self.sweep_hours else None


@dataclass(frozen=True)
class Choice:
    """The answer.

    Attributes:
        taken: None if no run has a validation loss.
        ties: source with its setting → p of the paired test over seeds; None where nothing could be tested.
        near: a set for "a source within epsilon of the best". best: a set for "the best source". None without enough prior.
        epsilon: the difference of test scores that counts as equal.
        within: the probability that the recommended run is within epsilon of the best; None if it cannot be stated.
        unstated: why it cannot be stated. untried: the candidates that were never tried.
        strangers: the candidates of which the prior knows nothing, beside others; sets and probability do not speak of them.
        within_targets: on how many targets of the prior that probability was compared with what came out; 0 for none.
        ended: why no further source or setting was tried. then: what twice the budget would be spent on.
        prior: sentences about the runs of others behind the sets and probabilities.
        kept: the folder of the kept classifier.
        rounds: of the policy `race`, in which the sources were halved; none for other policies.
        seeds_to_come: the runs that the finalists' further seeds still take. enough_cells: a budget that holds them; else 0.
        settings: the names of all settings that could be tried; none in answers of older versions.
    """

    experiment: str
    target: str
    backbone: str
    recipe: str
    policy: str
    metric: str
    taken: Taken | None
    spent: Spent
    tried: tuple[Attempted, ...]
    ended: str
    then: str = ""
    ties: Mapping[str, float | None] = field(default_factory=dict)
    near: Named | None = None
    best: Named | None = None
    epsilon: float = EPSILON
    within: float | None = None
    within_targets: int = 0
    rivals: tuple[Rival, ...] = ()
    prior: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kept: str = ""
    unstated: str = ""
    strangers: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    seeds_to_come: int = 0
    enough_cells: int = 0
    settings: tuple[str, ...] = ()

    @property
    def by_source(self) -> list["Lane"]:
        """What was tried of each source, in the order in which the sources came."""
        found: dict[str, list[Attempted]] = {}
        for run in self.tried:
            found.setdefault(run.source, []).append(run)
        return [_lane(source, runs) for source, runs in found.items()]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        lanes = [asdict(lane) for lane in self.by_source]
        return {**asdict(self), "sources": lanes, "spent": {**asdict(self.spent), "share": self.spent.share}}


def read_choice(text: str) -> Choice:
    """An answer from its JSON text. Raises CatsError if it is damaged, or of a version that says other things."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Choice).validate_json(text)
    except ValidationError as error:
        damage = first_line(error)
        raise CatsError(f"the answer of cats choose in MLflow is damaged: {damage}; call `cats choose` again") from error


@dataclass(frozen=True)
class Lane:
    """What was tried of one source: settings and runs, the smallest validation loss with its setting, the energy."""

    source: str
    settings: int
    runs: int
    best: float | None
    setting: str
    kwh: float | None


def _lane(source: str, runs: Sequence[Attempted]) -> Lane:
    done = [run for run in runs if run.val_loss is not None]
    best = min(done, key=lambda run: (run.val_loss or 0.0, run.seed), default=None)
    energy = [run.kwh for run in runs]
    kwh = None if None in energy else math.fsum(each for each in energy if each is not None)
    settings = len({run.setting for run in runs})
    return Lane(source, settings, len(runs), best.val_loss if best else None, best.setting if best else "", kwh)
