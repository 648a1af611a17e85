"""What a choice makes next: the policy's cells until it ends or a rule stops it, then further seeds of the finalists."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.choosing.arms import Arms
from benchmark.choosing.finalists import finalists, next_seeds
from benchmark.specs.cell import Cell
from results.choosing import EPSILON
from results.choosing.answer import sure
from results.choosing.policy import Arm, Budget, Known, Policy, Trial
from results.choosing.prior import Prior
from results.choosing.seating import strangers
from results.choosing.stopping import EARLIEST, MOST, SURE, may_look


@dataclass(frozen=True)
class Step:
    """The next cells to make; without cells the choice has ended. `ended`: why the policy's runs have ended, in words."""

    cells: tuple[Cell, ...]
    ended: str = ""


@dataclass(frozen=True)
class Chooser:
    """Decides what is made next. It keeps nothing between two steps, so that an interrupted choice continues where it was.

    Attributes:
        arms: what can be tried.
        policy: chooses among them.
        prior: runs of other targets, without the target and its family.
    """

    arms: Arms
    policy: Policy
    prior: Prior

    def known(self, trials: Sequence[Trial], left: Budget) -> Known:
        """What the policy may look at."""
        return Known(self.arms.sources, self.arms.settings.table, self.prior, tuple(trials), left)

    def step(self, trials: Sequence[Trial], left: Budget, count: int) -> Step:
        """The next cells, at most `count` of them."""
        known = self.known(trials, left)
        ended = self._stopped(known)
        if ended is None:
            room = min(count, MOST - len({trial.arm for trial in trials}))
            cells = self._cells(self.policy.next(known, max(1, room)), trials)
            if cells:
                return Step(cells[:count])
            ended = f"policy {self.policy.name} has no further run to make"
        seeds = self.arms.resolved.plan.seeds
        wanted = next_seeds(trials, seeds, finalists(trials, seeds[0]))
        return Step(tuple(self.arms.cells[place] for place in wanted[:count]), ended)

    def _stopped(self, known: Known) -> str | None:
        """Why no further source or setting is tried, in words; None if the policy goes on."""
        runs = len({trial.arm for trial in known.trials})
        chance = self._sure(known)
        if chance is not None:
            best = "the best of the sources that the prior knows" if strangers(known) else "the best"
            return f"the recommended run is within {EPSILON:g} of {best} with a probability of {chance:.2f}, above {SURE:g}"
        if runs >= MOST:
            return f"{runs} sources with settings were tried, and more bought nothing on public targets"
        return None

    def _sure(self, known: Known) -> float | None:
        """The first probability above SURE that a look after any of the runs has found; None without one.

        A choice that has ended once stays ended: further seeds do not count, and a later look takes nothing back.
        """
        first = tuple(trial for trial in known.trials if trial.seed == self.arms.resolved.plan.seeds[0])
        for count in range(EARLIEST, min(MOST, len(first)) + 1):
            seen = replace(known, trials=first[:count])
            chance = sure(seen, self.policy.name) if may_look(seen) else None
            if chance is not None and chance > SURE:
                return chance
        return None

    def _cells(self, arms: Sequence[Arm], trials: Sequence[Trial]) -> tuple[Cell, ...]:
        """The cells of arms that a policy asks for: with the first seed that was not tried; none where all seeds were."""
        tried = {(trial.arm, trial.seed) for trial in trials}
        cells: dict[tuple[Arm, int], Cell] = {}
        for arm in arms:
            seeds = self.arms.resolved.plan.seeds
            seed = next((each for each in seeds if (arm, each) not in tried and (arm, each) not in cells), None)
            place = (arm, seed if seed is not None else -1)
            if place in self.arms.cells:
                cells[place] = self.arms.cells[place]
        return tuple(cells.values())
