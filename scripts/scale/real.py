"""Real cells on one and on two Dask workers with one thread each, beside bare training loops in one and in two processes."""

import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

from scale.drive import Order, begun, ended, python

THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def efficiency(folder: Path, cells: int, epochs: int, repeats: int, seconds: float) -> dict[str, Any]:
    """Gains of a second process: of the cells, of the bare loops, and the one as a share of the other; one each a repeat."""
    loops: dict[int, list[float]] = {1: [], 2: []}
    rates: dict[int, list[float]] = {1: [], 2: []}
    for repeat in range(repeats):
        for count in (1, 2):  # side by side in time, since other jobs come and go
            loops[count].append(bare(count, seconds))
            rates[count].append(cells_per_second(folder / f"{repeat}-{count}", cells * count, epochs, count))
    limit = [two / one for one, two in zip(loops[1], loops[2], strict=True)]
    gain = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    share = [mine / cores for mine, cores in zip(gain, limit, strict=True)]
    return {"loops": loops, "rates": rates, "limit": limit, "gain": gain, "share": share, "median": statistics.median(share)}


def bare(count: int, seconds: float) -> float:
    """Steps per second of so many loops side by side, together."""
    loops = [_loop(seconds) for _ in range(count)]
    for loop in loops:
        assert loop.stdout is not None
        loop.stdout.readline()
    for loop in loops:
        assert loop.stdin is not None
        loop.stdin.write("\n")
        loop.stdin.flush()
    return sum(ended(loop) for loop in loops)  # type: ignore[misc]


def _loop(seconds: float) -> "subprocess.Popen[str]":
    return python("scale.loop", str(seconds), **THREAD)


def cells_per_second(folder: Path, cells: int, epochs: int, workers: int) -> float:
    """From the first round of cells, in which workers load what they need, to the last cell."""
    folder.mkdir(parents=True)
    plan = folder / "real.yaml"
    recipe = {"base": "finetune", "size": 32, "epochs": epochs, "patience": None}
    names = {"sources": ["scratch"], "targets": ["ihc"], "backbones": ["resnet18"]}
    plan.write_text(json.dumps({**names, "recipe": recipe, "seeds": cells}), encoding="utf-8")
    order = Order(str(plan), f"sqlite:///{folder}/mlflow.db", workers=workers, make=None)
    summary = ended(begun(order, {**THREAD, "CATS_HOME": str(folder / "home")}))
    arrivals = [wall for wall, _ in summary["arrivals"]]
    if summary["made"] != cells:
        raise SystemExit(f"{summary['failed']} of {cells} cells failed")
    return (cells - workers) / (arrivals[-1] - arrivals[workers - 1])
