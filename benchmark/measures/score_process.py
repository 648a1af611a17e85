"""A process that scores pairs, one after the other, with one thread.

Nothing that loads numpy or torch is imported before the process has set its number of threads.
"""

import logging
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING

from benchmark.machine.memory import large_pages
from benchmark.machine.threads import OF_LIBRARIES
from results.text.plain_log import begin_log, log_plainly

if TYPE_CHECKING:
    from benchmark.measures.inputs import ScoreSettings
    from benchmark.measures.pair_scores import Ranks


def serve(channel: Connection) -> None:
    """Take what `packed` returns; then answer each (source, target, backbone) with the outcome of its attempt.

    This ends when None comes or the other end is closed. Ctrl-C reaches every process of a terminal; only the one that started
    this decides, and asks by SIGTERM: the attempt that is running then ends as interrupted.
    """
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    for name in OF_LIBRARIES:
        os.environ[name] = "1"
    large_pages()
    with channel, suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        import torch
        from threadpoolctl import threadpool_limits

        from benchmark.measures.fetching import Gatherer
        from benchmark.measures.pair_scores import PairWork, measures_of, pair_of

        torch.set_num_threads(1)
        bare, elsewhere, level = channel.recv()
        log_plainly()
        begin_log(level)
        setting = unpacked(bare)
        measures, gatherer = measures_of(setting.plan.plan), Gatherer()
        with threadpool_limits(1):  # numpy was there before if the program that started this imports it
            while (names := channel.recv()) is not None:
                channel.send(PairWork(pair_of(setting, elsewhere, names), measures).outcome(gatherer))


def _interrupt(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def packed(setting: "ScoreSettings", elsewhere: "Ranks") -> "tuple[ScoreSettings, Ranks, int]":
    """Settings, ranks and the level of the log for another process.

    Sources and targets travel as names, because their readers may be functions.
    """
    from dataclasses import replace

    bare = replace(setting, plan=replace(setting.plan, sources=dict.fromkeys(setting.plan.sources, ()), targets={}))
    return bare, elsewhere, logging.getLogger().level


def unpacked(bare: "ScoreSettings") -> "ScoreSettings":
    """Settings from `packed`, with the sources and targets of the catalogue."""
    from dataclasses import replace

    from benchmark.specs import catalogue
    from benchmark.specs.lineage import lineage
    from benchmark.specs.model_registry import described

    registry = bare.plan.registry
    sources = {name: tuple(described(link, registry) for link in lineage(name)) for name in bare.plan.sources}
    targets = {name: catalogue.target(name) for name in bare.plan.plan.targets}
    return replace(bare, plan=replace(bare.plan, sources=sources, targets=targets))
