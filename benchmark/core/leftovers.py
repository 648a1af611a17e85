"""Removes what processes that died have left half-written below CATS_HOME."""

import os
from pathlib import Path

from benchmark.core.paths import compiled_folder, downloads_folder, home, outbox_folder
from results.files.atomic import DRAFT, sweep


def sweep_home() -> None:
    """Remove the drafts of dead processes from every folder below CATS_HOME in which atomic writes end.

    Outboxes are left to the driver that holds the lease of their experiment, downloads to the next fetch.
    """
    others = {compiled_folder(), downloads_folder(), outbox_folder()}
    for name, inner, _ in os.walk(home()):
        folder = Path(name)
        inner[:] = [each for each in inner if not each.startswith(DRAFT) and folder / each not in others]
        if folder != home():
            sweep(folder)
