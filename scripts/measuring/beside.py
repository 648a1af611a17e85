"""Ours beside public code: CPU seconds of both in turn, one thread, and how far the numbers lie apart."""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from io import StringIO
from typing import Any

from documentation.place import put
from measuring.child import PERFORMANCE, inputs
from measuring.loading import stood_in
from measuring.peers import Given, Peer, Score, present

CASES = ["200x64x2", "1000x512x9", "5000x64x9", "1000x2048x9", "5000x512x50"]
LARGE = "10000x2048x9"  # of the sum over nine measures
NEEDS = ("features", "labels", "logits", "probabilities", "neutral", "source_neutral")
TIMES = 3


def run(asked: argparse.Namespace) -> None:
    """Print the table of all peers that are there, and the sum."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)  # until the end of the process; numpy has been loaded with more
    found, said = present(asked.peers)
    if asked.measures:
        found = [(peer, theirs) for peer, theirs in found if peer.ours.partition("[")[0] in asked.measures]
    for sentence in said:
        print(sentence)
    if stood_in:
        print(f"stand-ins of NumPy for: {', '.join(sorted(stood_in))}")
    lines = ["| measure, public code | ratio | ours, ms | rel |", "| --- | ---: | ---: | ---: |"]
    results: dict[str, list[tuple[float, float, float]]] = {}
    for case in asked.cases:
        size = _size(case)
        for peer, theirs in found:
            if size[0] > peer.most[0] or size[1] > peer.most[1] or (size[0] <= size[1] and not peer.few):
                continue
            one = _compared(peer, theirs, size)
            results.setdefault(f"`{peer.ours}`, {peer.repository}", []).append(one)
            print(f"{case:14} {peer.ours:32} {peer.repository:34} {_words(one)}", flush=True)
    for name, every in results.items():
        ratios = [theirs / ours for ours, theirs, _ in every]
        low, high = min(ratios), max(ratios)
        spread = f"{low:.2g} – {statistics.median(ratios):.2g} – {high:.2g}"
        times = f"{1000 * min(e[0] for e in every):.2g} – {1000 * max(e[0] for e in every):.2g}"
        lines.append(f"| {name} | {spread} | {times} | {max(e[2] for e in every):.1g} |")
    text = "\n".join([f"Cases N x D x C: {', '.join(asked.cases)}.", "", *lines])
    if asked.sum:
        text += "\n\n" + _sum(found)
    print(text)
    if asked.write:
        put(PERFORMANCE, "peers", text + "\n")


def _sum(found: list[tuple[Peer, Score]]) -> str:
    nine = [(peer, theirs) for peer, theirs in found if peer.first]
    size, total = _size(LARGE), [0.0, 0.0]
    for peer, theirs in nine:
        one = _compared(peer, theirs, size, times=1)
        total = [total[0] + one[0], total[1] + one[1]]
        print(f"{LARGE:14} {peer.ours:32} {peer.repository:34} {_words(one)}", flush=True)
    if not nine:
        return "None of the nine measures of the first version was compared."
    return (
        f"Sum over {len(nine)} of the nine measures of the first version at {LARGE}: ours {total[0]:.1f} s, public code "
        f"{total[1]:.1f} s, {total[1] / total[0]:.1f} times."
    )


def _size(case: str) -> tuple[int, int, int]:
    try:
        count, dims, classes = (int(part) for part in case.split("x"))
    except ValueError:
        raise SystemExit(f"--cases: '{case}' is not of the form NxDxC, as 1000x512x9") from None
    return count, dims, classes


def _words(one: tuple[float, float, float]) -> str:
    ours, theirs, apart = one
    return f"ours {ours:8.4f} s, theirs {theirs:8.4f} s, {theirs / ours:6.2f} times, rel {apart:.1g}"


def _compared(peer: Peer, theirs: Score, size: tuple[int, int, int], times: int = TIMES) -> tuple[float, float, float]:
    """CPU seconds of ours and theirs, medians, and the relative difference of the numbers."""
    from benchmark.specs import catalogue

    measure = catalogue.measure(peer.ours)
    given: Given = inputs(NEEDS, *size)
    small: Given = {need: values[:64] for need, values in given.items()}
    own: dict[str, Any] = {need: given[need] for need in measure.needs}
    seconds: list[tuple[float, float]] = []
    numbers = (float("nan"), float("nan"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for warm in (lambda: measure(**{need: small[need] for need in measure.needs}), lambda: theirs(small)):
            with suppress(Exception):  # so few images may be undefined; what is imported late is there now
                warm()
        for _ in range(times):
            (mine, first), (other, second) = _timed(lambda: measure(**own)), _timed(lambda: theirs(given))
            numbers = mine, other
            seconds.append((first, second))
    ours, public = (statistics.median(side) for side in zip(*seconds, strict=True))
    apart = abs(numbers[0] - numbers[1]) / max(abs(numbers[0]), abs(numbers[1]), 1e-300)
    return ours, public, apart


def _timed(call: Callable[[], float]) -> tuple[float, float]:
    begun = time.process_time()
    with redirect_stdout(StringIO()):  # some print as they compute
        value = call()
    return value, max(time.process_time() - begun, 1e-9)
