"""One attempt at a cell or a pretraining: collects what becomes its record, whether it ends well or not."""

import logging
import platform
import time
import uuid
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Literal

import pandas as pd
import torch

from benchmark.energy import Meter
from benchmark.recipe import TRAINER, Recipe
from results.error import CatsError
from results.record import Outcome, Record

log = logging.getLogger(__name__)


class Attempt:
    """One attempt while it runs: collects what becomes its record."""

    def __init__(
        self, kind: Literal["cell", "pretraining", "score"], key: str, point: str, names: dict[str, str],
        settings: dict[str, str], experiment: str,
    ) -> None:  # fmt: skip
        self.kind, self.key, self.point, self.names, self.settings = kind, key, point, names, settings
        self.experiment = experiment
        self.facts: dict[str, str] = {}
        self.scores: dict[str, float] = {}
        self.validation: dict[str, float] = {}
        self.curves: dict[str, list[float]] = {}
        self.predictions: pd.DataFrame | None = None

    def run(self, meter: Meter, work: Callable[[], None]) -> Outcome:
        """Do the work and say how it ended."""
        started, status, reason = time.time(), "finished", None
        begun = time.monotonic()  # a clock may be set meanwhile
        try:
            work()
        except KeyboardInterrupt:
            status, reason = "interrupted", "stopped by the user"
        except CatsError as error:
            status, reason = "failed", str(error)
        except Exception as error:
            log.exception("%s failed", self.names)
            status, reason = "failed", f"{type(error).__name__}: {error}"
        record = Record(
            kind=self.kind, key=self.key, attempt=uuid.uuid4().hex, experiment=self.experiment, status=status, reason=reason,
            point=self.point, names=self.names, settings=self.settings, facts=self.facts, scores=self.scores,
            validation=self.validation, curves=self.curves, costs=tuple(meter.costs),
            environment=environment(meter.device), started=started, ended=started + time.monotonic() - begun,
        )  # fmt: skip
        return Outcome(record, self.predictions if status == "finished" else None)


def flat(recipe: Recipe) -> dict[str, str]:
    """Every field of a recipe as text."""
    fields = recipe.model_dump()
    augment = fields.pop("augment")
    return {k: str(v) for k, v in fields.items()} | {f"augment.{k}": str(v) for k, v in augment.items()}


@cache
def environment(device: str) -> dict[str, str]:
    """What the numbers were made with and on."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or platform.machine()
    return {
        "cats_bench": version("cats-bench"), "trainer": str(TRAINER), "python": platform.python_version(),
        "torch": torch.__version__, "timm": version("timm"), "device": device, "hardware": name,
        "threads": str(torch.get_num_threads()),
    }  # fmt: skip
