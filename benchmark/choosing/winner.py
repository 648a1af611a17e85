"""The run that a choice recommends: which one it is, its test score, and its network as a kept classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.choosing.arms import Arms
from benchmark.choosing.finalists import by_seed, finalists, tied, winner_of
from benchmark.models.choice import Chosen
from benchmark.models.figures import scored
from benchmark.models.keep import Recorded, keep
from benchmark.models.manifest import Score
from benchmark.models.model import read_manifest
from benchmark.models.place import default_folder
from benchmark.models.recorded import recorded_of
from benchmark.specs.cell import Cell
from results.choosing.policy import Arm, Trial
from results.error import CatsError
from results.statistics.influence import parse_predictions

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.machine.meter import Meter


@dataclass(frozen=True)
class Winner:
    """The recommended arm. Validation images alone have chosen it.

    Attributes:
        arm: source and setting. seed: of its runs the one with the smallest validation loss, whose network is kept.
        losses: finalist → seed → validation loss.
        ties: finalists that cannot be told apart from it → p of the test; None where nothing could be tested.
    """

    arm: Arm
    seed: int
    losses: Mapping[Arm, Mapping[int, float]]
    ties: Mapping[Arm, float | None]

    @property
    def val_loss(self) -> float:
        """The validation loss of the run that is kept."""
        return self.losses[self.arm][self.seed]


def winner_among(trials: Sequence[Trial], seeds: Sequence[int]) -> Winner | None:
    """The winner of some trials; None if no run has a validation loss."""
    losses = by_seed(trials, finalists(trials, seeds[0]))
    arm = winner_of(losses)
    if arm is None:
        return None
    own = losses[arm]
    return Winner(arm, min(own, key=lambda seed: (own[seed], seed)), losses, tied(losses, arm))


def recorded_winner(winner: Winner, arms: Arms, frame: "pd.DataFrame", uri: str) -> Recorded | None:
    """What the record of the winner says; None if MLflow does not have it yet."""
    key = arms.cells[winner.arm, winner.seed].key
    rows = frame[(frame["key"] == key) & (frame["status"] == "FINISHED")] if len(frame) else frame
    return (
        recorded_of(uri, arms.resolved.plan.experiment, Chosen(rows.iloc[0], (), arms.resolved.plan.metric))
        if len(rows)
        else None
    )


def tested(recorded: Recorded, metric: str) -> Score | None:
    """A metric of the test images with its 95 % interval; None if it was not measured."""
    if metric not in recorded.scores:
        return None
    return scored(metric, recorded.scores[metric], parse_predictions(recorded.predictions))


def keep_winner(cell: Cell, recorded: Recorded, wished: Path, meter: "Meter") -> Path:
    """Keep the network of the winner in the folder that is wished for.

    If that folder holds another classifier, the one that an earlier answer has kept, the winner gets a folder of its own, named
    after its cell. A winner that is kept already stays as it is. Returns the folder. Raises CatsError if both folders hold
    something else, or if the network does not give the predictions of its record.
    """
    for folder in (wished, default_folder(cell)):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            keep(cell, recorded, folder, meter)
            return folder
        if _kept_key(folder) == cell.key:
            return folder
    raise CatsError(f"{wished} and {default_folder(cell)} exist and hold something else; name another folder with --output")


def _kept_key(folder: Path) -> str | None:
    try:
        return read_manifest(folder).key
    except CatsError:
        return None
