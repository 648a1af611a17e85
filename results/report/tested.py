"""How many test images, and how many patients, the figures of a report rest on: a winner on six patients is a small proof."""

from collections.abc import Sequence

import pandas as pd

from results.board.board import Board
from results.error import CatsError
from results.evaluation.tested import images_and_patients
from results.report.html import Figure
from results.statistics.influence import ReadPredictions
from results.text.counts import how_many

IMAGES = "Test images of a target, on which its sources are compared."
PATIENTS = "Patients of the test images of a target; images of one patient are alike."


def counted_in(board: Board, runs: pd.DataFrame, read: ReadPredictions) -> list[Figure]:
    """The key figures `test images` and `patients`: one number, or the smallest and the largest one of the targets.

    They are counted in the predictions of the first run of each target that has some; nothing is said where there are none.
    runs: those that count, see results.board.board.judged_runs.
    """
    found = [counts for target in board.targets if (counts := _counts(runs[runs["target"] == target], read)) is not None]
    if not found:
        return []
    patients = [number for _, number in found if number is not None]
    blind = len(found) - len(patients)
    about = f"{PATIENTS} They are not known of {how_many(blind, 'target')}." if blind else PATIENTS
    return [
        Figure("test images", _range([images for images, _ in found]), IMAGES),
        Figure("patients", _range(patients) if patients else "unknown", about),
    ]


def _counts(runs: pd.DataFrame, read: ReadPredictions) -> tuple[int, int | None] | None:
    """The numbers of test images and patients of a target; None where no predictions can be read, or no patients are known."""
    for run_id in runs["run_id"].astype(str):
        try:
            table = read(run_id)
        except CatsError:  # the board says so
            continue
        if table is not None and (counts := images_and_patients(table)) is not None:
            return counts
    return None


def _range(counts: Sequence[int]) -> str:
    return "–".join(dict.fromkeys(f"{count:,}" for count in (min(counts), max(counts))))
