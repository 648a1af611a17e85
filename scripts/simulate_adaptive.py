"""What `cats run --adaptive` saves and how often its answers are wrong: simulated, where the truth is known, and on real runs.

python scripts/simulate_adaptive.py            prints the tables of docs/adaptive.md; about two minutes on one core
python scripts/simulate_adaptive.py --write    puts them there
python scripts/simulate_adaptive.py 100        fewer matrices of each kind, for a first look

The real runs are those of CATS 2024 in $CATS_TRUTH/cats2024/runs.parquet (docs/imports.md). They have one seed, but runs that
differ in a weight decay too small to matter are replicates: each of the four smallest weight decays counts as a seed, and in
each the run with the smallest validation loss counts, as on a board.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from adaptive.answers import check, decide, full, percent, rate
from adaptive.kinds import drawn, kinds
from adaptive.real import replayed
from adaptive.ways import ways
from documentation.place import put

PAGE = Path(__file__).parents[1] / "docs" / "adaptive.md"
MATRICES = 2000
WITHIN = ("all equal", "two equal winners", "steps")  # kinds that are decided upon within a margin, too


def simulated(many: int) -> Iterator[str]:
    yield "| matrices | seeds | cells saved | decided | decided with all cells | wrong (95 %) |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    own = ways()[0]
    for kind, margin in [(kind, 0.0) for kind in kinds()] + [(kind, 0.01) for kind in kinds() if kind.name in WITHIN]:
        for seeds in (3, 5, 10) if not np.ptp(kind.truth) and not margin else (5, 10):
            values = drawn(kind, many, seeds)
            found = decide(values, own, margin)
            check(values, found)
            saved, all_cells = 1 - found.cells.mean() / values[0].size, (full(values[:200]) >= 0).mean()
            name = f"{kind.name}{f', `--margin {margin:g}`' if margin else ''}"
            shares = f"{percent(saved)} | {percent(found.decided.mean())} | {percent(all_cells)}"
            yield f"| {name} | {seeds} | {shares} | {rate(found.wrong(kind.truth))} |"


def compared(many: int) -> Iterator[str]:
    """The ways, over the kinds of `kinds` with ten seeds: equal sources for errors, the others for what is saved."""
    yield "| way to decide, 10 seeds | cells saved | decided | wrong, the worst kind |"
    yield "| --- | ---: | ---: | ---: |"
    for way in ways():
        saved, decided, wrong = [], [], []
        for kind in (kind for kind in kinds() if not kind.outside):
            values = drawn(kind, many, 10)
            found = decide(values, way)
            wrong.append(found.wrong(kind.truth))
            if np.ptp(kind.truth):
                saved.append(1 - found.cells.mean() / values[0].size)
                decided.append(found.decided.mean())
        worst = max(wrong, key=lambda hits: hits.mean())
        yield f"| {way.name} | {percent(np.mean(saved))} | {percent(np.mean(decided))} | {rate(worst)} |"


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    many = numbers[0] if numbers else MATRICES
    tables = {"simulated": simulated, "compared": compared, **({"replayed": replayed} if "CATS_TRUTH" in os.environ else {})}
    for name, table in tables.items():
        made = "\n".join(table(many)) + "\n"
        print(made, flush=True)
        if "--write" in sys.argv:
            put(PAGE, name, made)


if __name__ == "__main__":
    main()
