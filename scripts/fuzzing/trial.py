"""One trial: the stage is restored, damaged, and the commands run on it are judged."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from fuzzing.attempt import Attempt
from fuzzing.child import Outcome, Surroundings, forked
from fuzzing.judge import complaints
from fuzzing.kinds import KINDS
from fuzzing.stage import Stage

DRAFT = ".cats-draft-"
LARGEST = 5_000_000  # bytes of a file that is kept of a failure


@dataclass(frozen=True)
class Name:
    """KIND:SEED:NUMBER, which decides everything about a trial."""

    kind: str
    seed: int
    number: int

    @classmethod
    def parsed(cls, text: str) -> "Name":
        """A name from its text. Raises ValueError."""
        kind, seed, number = text.split(":")
        if kind not in KINDS:
            raise ValueError(kind)
        return cls(kind, int(seed), int(number))

    def __str__(self) -> str:
        return f"{self.kind}:{self.seed}:{self.number}"


@dataclass(frozen=True)
class Trial:
    """What was tried and what became of it. `complaints` is empty if everything held."""

    name: Name
    attempt: Attempt
    outcomes: list[Outcome]
    complaints: list[str]

    @property
    def text(self) -> str:
        """All of it for a person."""
        parts = [f"{self.name}: {self.attempt.what}", *self.complaints, f"again: scripts/fuzz --only {self.name}"]
        if self.attempt.environment or self.attempt.encoding != "utf-8":
            parts.append(f"environment: {dict(self.attempt.environment)!a}, output {self.attempt.encoding}")
        for command, outcome in zip(self.attempt.commands, self.outcomes, strict=True):
            ended = f"signal {outcome.signal}" if outcome.signal else f"exit code {outcome.code}"
            parts.append(f"\n$ cats {shlex.join(command)}\n{ended}, {outcome.seconds:.1f} s, {outcome.peak / 1e6:.0f} MB more")
            parts += [outcome.out, outcome.err]
        return "\n".join(parts).encode("utf-8", "backslashreplace").decode()


class Trials:
    """Makes trials on a stage that has been built."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._undamaged: dict[tuple[tuple[str, ...], ...], list[Outcome]] = {}

    def trial(self, name: Name) -> Trial:
        """Damage the stage and judge what the commands do."""
        try:
            attempt = self.damage(name)
        except RuntimeError as error:
            return Trial(name, Attempt("nothing", ()), [], [str(error)])
        outcomes = self._run(attempt)
        left = [path.name for path in self.stage.work.rglob(f"{DRAFT}*")] if not any(each.signal for each in outcomes) else []
        outside = self.stage.trespass()
        canaries = [str(path.relative_to(self.stage.work)) for path in self.stage.work.rglob("canary*")]
        before = self.undamaged(attempt) if attempt.compared != "nothing" else []
        found = complaints(attempt, outcomes, before)
        found += [f"a draft is left: {left[0]}"] if left else []
        found += [f"outside of its folders: {outside}"] if outside else []
        found += [f"code of the input ran, or a path of it was written: {canaries[0]}"] if canaries else []
        return Trial(name, attempt, outcomes, found)

    def damage(self, name: Name) -> Attempt:
        """Restore the stage and damage it, in a child: libraries that start threads must not do so in this process."""
        self.stage.restore()
        note = self.stage.root / "note.json"

        def work() -> int:
            attempt = KINDS[name.kind](Random(str(name)), self.stage)
            content = {field: getattr(attempt, field) for field in ("what", "commands", "encoding", "compared", "guarded")}
            note.write_text(json.dumps(content | {"environment": dict(attempt.environment)}))
            return 0

        outcome = forked(work, Surroundings(self.stage.work, self.stage.environment), memory=2**34)
        if outcome.code or outcome.signal:
            raise RuntimeError(f"the input cannot be made: {outcome.err[-3000:]}")
        content: dict[str, Any] = json.loads(note.read_text())
        note.unlink()
        content["commands"] = tuple(tuple(command) for command in content["commands"])
        return Attempt(**content)

    def undamaged(self, attempt: Attempt) -> list[Outcome]:
        """What the same commands do without the damage."""
        if attempt.commands not in self._undamaged:
            self.stage.restore()
            self._undamaged[attempt.commands] = [self.stage.run(command) for command in attempt.commands]
        return self._undamaged[attempt.commands]

    def _run(self, attempt: Attempt) -> list[Outcome]:
        return [self.stage.run(command, attempt.environment, attempt.encoding) for command in attempt.commands]

    def keep(self, trial: Trial, folder: Path) -> None:
        """Write what was tried, what was said and the damaged files into a folder of its own."""
        place = folder / str(trial.name).replace(":", "-")
        place.mkdir(parents=True, exist_ok=True)
        (place / "what.txt").write_text(trial.text, encoding="utf-8")
        if not trial.outcomes:
            return
        self.damage(trial.name)
        for name in self.stage.changed():
            path = self.stage.work / name
            if path.is_file() and path.stat().st_size <= LARGEST and not path.is_symlink():
                copy = place / "work" / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
