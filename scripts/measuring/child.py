"""Times one measure in a process of its own: seconds, CPU seconds and memory beyond its input and its imports."""

import argparse
import contextlib
import importlib
import multiprocessing
import resource
import statistics
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PERFORMANCE = ROOT / "docs" / "performance.md"  # the page that --write puts tables into
LOGITS = 1_000


def alone(name: str, size: tuple[int, int, int], asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Time and memory in a fresh process, killed once it is over its time."""
    import numpy as np

    made = getattr(importlib.import_module(f"similarity.{name}"), name)
    for need, values in inputs(made.needs, *size).items():
        np.save(folder / f"{need}.npy", values)
    fresh = multiprocessing.get_context("spawn")
    here, there = fresh.Pipe(duplex=False)
    child = fresh.Process(target=work, args=(there, name, folder, asked.repeats, asked.resamples))
    child.start()
    there.close()
    found: dict[str, Any] = {}
    try:
        # the first message says that the input is there, the second is the result
        if here.poll(600) and here.recv() == "ready" and here.poll(asked.limit * (asked.repeats + 1 + (asked.resamples > 0))):
            found = here.recv()
        else:
            found = {"left out": f"stopped: {asked.repeats} scores took more than {asked.limit:g} s each"}
    except EOFError:
        found = {"left out": "its process ended early, perhaps for want of memory"}
    child.kill()
    child.join()
    return found


def work(out: Connection, name: str, folder: Path, repeats: int, resamples: int) -> None:
    sys.path.insert(0, str(ROOT))
    import numpy as np

    from benchmark.specs.needs import check_inputs
    from results.error import CatsError

    made = getattr(importlib.import_module(f"similarity.{name}"), name)
    given = {need: np.load(folder / f"{need}.npy") for need in made.needs}
    with contextlib.suppress(CatsError):  # a few images, so that what a measure imports by itself is there
        made(**{need: values[:60] for need, values in given.items()})
    out.send("ready")
    before = highest()
    seconds, cpu, found = [], [], {}
    while len(seconds) < repeats:
        start, begun = time.perf_counter(), time.process_time()
        try:
            made(**given)
        except CatsError as error:
            found["undefined"] = str(error)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - begun)
        if seconds[-1] > 30:
            break
    peak = highest() - before
    found |= {"seconds": statistics.median(seconds), "cpu": statistics.median(cpu), "n": len(seconds), "peak_mib": peak / 1024}
    if resamples and "undefined" not in found:
        found["resampled_seconds"] = resampled(made, check_inputs(name, given), resamples)
    out.send(found)


def highest() -> int:
    """Most KiB that this process has held. Linux counts the parent's in ru_maxrss, which outlives the start of a program."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resampled(made: Any, given: Any, number: int) -> float:
    import numpy as np

    from benchmark.specs.measure import Draws
    from benchmark.specs.needs import OF_SOURCE, OF_TARGET

    rng = np.random.default_rng(1)
    target = next((len(given[n]) for n in made.needs if n in OF_TARGET), 0)
    source = next((len(given[n]) for n in made.needs if n in OF_SOURCE), 0)
    rows = np.empty((number, target), dtype=np.int64)
    labels = given.get("labels", np.zeros(target))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        rows[:, own] = rng.choice(own, (number, len(own)))
    draws = Draws(rows, rng.integers(0, max(source, 1), (number, source)))
    start = time.perf_counter()
    made.resample(given, draws)
    return time.perf_counter() - start


def inputs(needs: tuple[str, ...], count: int, dims: int, classes: int) -> dict[str, Any]:
    """Rectified Gaussian features with a decaying spectrum, as those of networks are, and what else is needed."""
    import numpy as np

    def features(rows: int, labels: Any, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        made = rng.standard_normal((rows, dims))
        made *= np.arange(1, dims + 1) ** -0.5
        made[:, : min(classes, dims)] += np.eye(classes)[labels][:, : min(classes, dims)]
        turn = np.random.default_rng(0).standard_normal((dims, dims)) / np.sqrt(dims)
        made = made @ turn
        made += 0.3
        return np.maximum(made, 0, out=made)

    labels = np.arange(count) % classes
    rng, given = np.random.default_rng(3), {}
    for need in needs:
        if need in {"labels", "source_labels"}:
            given[need] = labels
        elif need in {"logits", "probabilities"}:
            logits = rng.standard_normal((count, LOGITS))
            logits[np.arange(count), labels] += 2
            given[need] = logits if need == "logits" else np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        else:
            given[need] = features(count, labels, seed=1 if need.startswith("source") else 2)
    return given
