"""The runs of CATS 2024 as matrices of sources and replicates, and matrices that are drawn like them."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from adaptive.answers import decide, full, percent, rate
from adaptive.ways import ways


def real_matrices() -> Iterator[tuple[str, np.ndarray]]:
    """Target → (K, 4) test AUCs of its sources in the four smallest weight decays."""
    runs = pd.read_parquet(Path(os.environ["CATS_TRUTH"]) / "cats2024" / "runs.parquet")
    runs = runs[(runs["status"] == "FINISHED") & (runs["weight_decay"] < 1e-3)]
    for target, here in runs.groupby("target"):
        best = here.sort_values(["val_loss", "run_id"]).drop_duplicates(["source", "weight_decay"])
        yield str(target), best.pivot_table(index="source", columns="weight_decay", values="test_auc").dropna().to_numpy()


def like(matrix: np.ndarray, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """(M, K, N) normal figures with the means of a real matrix and the covariance of its replicates."""
    rest = matrix - matrix.mean(axis=1, keepdims=True)
    drawn = rng.normal(size=(shape[0], matrix.shape[1], shape[1])) / np.sqrt(matrix.shape[1] - 1)
    return matrix.mean(axis=1)[:, None] + np.einsum("kr,mrn->mkn", rest, drawn)


def replayed(many: int) -> Iterator[str]:
    """Real matrices as they are, and drawn ones with their means and their covariance, whose truth is known."""
    own, matrices = ways()[0], dict(real_matrices())
    found = {target: decide(matrix[None], own) for target, matrix in matrices.items()}
    whole = {target: int(full(matrix[None])[0]) for target, matrix in matrices.items()}
    cells, made = sum(m.size for m in matrices.values()), sum(f.cells[0] for f in found.values())
    lost = [target for target, matrix in matrices.items() if found[target].beaten[0, matrix.mean(axis=1).argmax()]]
    yield (
        f"On the {len(matrices)} targets as they are, four replicates of each source: {made:.0f} of {cells} cells are made "
        f"({percent(1 - made / cells)} saved), {sum(f.decided.sum() for f in found.values())} targets are decided, and "
        f"{sum(w >= 0 for w in whole.values())} with all cells; the source with the largest mean of all four replicates is "
        f"beaten on {len(lost)} targets, and {sum(f.beaten[0].sum() for f in found.values()):.0f} of "
        f"{sum(len(m) for m in matrices.values())} sources are beaten after three or all four."
    )
    yield ""
    yield "| drawn like the real targets | seeds | cells saved | decided | wrong (95 %) |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    each = max(1, many // 20)
    for margin, seeds in itertools.product((0.0, 0.02), (5, 10)):
        rng, saved, decided, wrong = np.random.default_rng(seeds), [], [], []
        for matrix in matrices.values():
            values = like(matrix, rng, (each, seeds))
            got = decide(values, own, margin)
            saved.append(1 - got.cells.mean() / values[0].size)
            decided.append(got.decided.mean())
            wrong.append(got.wrong(matrix.mean(axis=1)))
        name = f"{len(matrices)} targets, {each} matrices each{f', `--margin {margin:g}`' if margin else ''}"
        shares = f"{percent(np.mean(saved))} | {percent(np.mean(decided))}"
        yield f"| {name} | {seeds} | {shares} | {rate(np.concatenate(wrong))} |"
