"""Time whole cells with runner, energy meter and MLflow, and the part of that time that is training."""

import functools
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import torch
from training.clock import finished

from benchmark.networks.network import Network


def cells(folder: Path, epochs: int, count: int, device: torch.device) -> tuple[list[float], list[float]]:
    """Seconds of each cell of a plan, with its record in MLflow, and the seconds of it in forward, backward and optimiser.

    The first cell is left out, because it also reads data and weights and starts codecarbon.
    """
    from benchmark.execution.engine import Local
    from benchmark.execution.resolution import resolve_plan
    from benchmark.execution.runner import run
    from benchmark.execution.watch import Watch
    from benchmark.specs.plan import Plan
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.outbox import Outbox
    from results.tracking.writer import Writer

    plan = Plan(
        experiment=f"epochs-{epochs}", sources=("imagenet",), targets=("breastmnist",), backbones=("mobilenetv2_100",),
        seeds=count + 1, recipe={"base": "finetune", "epochs": epochs, "size": 64},
    )  # fmt: skip
    tracking = Experiment(f"sqlite:///{folder}/mlflow.db", plan.experiment)
    outbox = Outbox(folder / f"outbox-{epochs}")
    with Lease(tracking, outbox, print) as lease, Clocks(device) as clocks:
        ticks = [(time.perf_counter(), 0.0)]
        watch = Watch(lambda _: None, lambda _, __: ticks.append((time.perf_counter(), clocks.seconds)))
        state = run(resolve_plan(plan, tracking.uri), Writer(tracking, outbox, lease), Local(str(device)), watch)
    if state.failed:
        raise SystemExit(f"a cell failed: {state.failed[0].reason}")
    whole, inside = zip(*([b - a for a, b in zip(*pair, strict=True)] for pair in itertools.pairwise(ticks)), strict=True)
    return list(whole[1:]), list(inside[1:])


class Clocks:
    """Adds up, in `seconds`, the time of forward, backward and optimiser inside a `with` block, to their end on the device."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.seconds = device, 0.0

    def __enter__(self) -> Self:
        self._real = [(Network, "forward", Network.forward), (torch.Tensor, "backward", torch.Tensor.backward)]
        self._real += [(kind, "step", kind.step) for kind in (torch.optim.AdamW, torch.optim.SGD)]
        for owner, name, real in self._real:
            setattr(owner, name, self._timed(real))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, real in self._real:
            setattr(owner, name, real)

    def _timed(self, real: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(real)
        def timed(*arguments: object, **options: object) -> object:
            with finished(self.device) as clock:
                result = real(*arguments, **options)
            self.seconds += clock.seconds
            return result

        return timed
