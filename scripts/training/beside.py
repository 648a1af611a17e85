"""Compare the engine with the plain loop, each in a separate process."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from training.plain import plain
from training.task import Task, network_of

from benchmark.machine.memory import keep_memory, large_pages
from benchmark.machine.threads import wait_briefly
from benchmark.networks.precision import evaluation_precision
from benchmark.training import evaluate, train
from benchmark.training.device_images import on_device
from results.metrics import auc

Way = Callable[[Task, int, torch.device], np.ndarray]


def in_turn(what: Task, seeds: int, device: torch.device) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Images per second and test AUC of both loops, seed by seed in turn, so that a slow minute of the machine affects both."""
    ways = {"plain loop": plain, "engine": engine}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    areas: dict[str, list[float]] = {name: [] for name in ways}
    with alone(tuned=False) as first, alone(tuned=True) as second:
        for seed in range(-1, seeds):  # the first round warms up and does not count
            for pool, (name, way) in zip((first, second), ways.items(), strict=True):
                seconds, area = pool.submit(timed, way, what, seed, str(device)).result()
                if seed >= 0:
                    rates[name].append(what.recipe.epochs * len(what.images["train"][1]) / seconds)
                    areas[name].append(area)
    return rates, areas


@contextlib.contextmanager
def alone(*, tuned: bool) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """A separate process, tuned as `cats run` tunes its process, or with Python's defaults."""
    before = dict(os.environ)
    if tuned:
        wait_briefly()
        large_pages()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context, initializer=keep_memory if tuned else None) as pool:
        pool.submit(os.getpid).result()  # starts the process now, with this environment
        os.environ.clear()
        os.environ.update(before)
        yield pool


def timed(way: Way, what: Task, seed: int, device: str) -> tuple[float, float]:
    """Seconds and test AUC of one training."""
    start = time.perf_counter()
    probabilities = way(what, seed, torch.device(device))
    return time.perf_counter() - start, auc(what.images["test"][1], probabilities)


def engine(what: Task, seed: int, device: torch.device) -> np.ndarray:
    """Train with cats-bench. Returns the probabilities of the test images."""
    network = network_of(what, seed).to(device)
    parts = {name: on_device(pixels, labels, device) for name, (pixels, labels) in what.images.items()}
    train.fit(network, parts["train"], parts["val"], what.recipe, max(seed, 0))
    logits = evaluate.predict(network, parts["test"], evaluation_precision(what.recipe))
    return evaluate.to_probabilities(logits, multilabel=False)
