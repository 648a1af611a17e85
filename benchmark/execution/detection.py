"""Looks up what the power of a plan depends on: its runs, else the sizes of its test sets."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchmark.execution.records import images_of as influence_of
from benchmark.execution.selection import selection_of
from benchmark.specs.resolved import ResolvedPlan
from results.board.board import judged_runs
from results.board.detection import Detection, images_of, seeds_of, typical_images, typical_seeds, uncounted_images
from results.board.ranking import Standing
from results.board.request import Judging, RunQuery
from results.board.standings import standings_of
from results.error import CatsError
from results.metrics import metric_of, width_of
from results.statistics.influence import FEWEST
from results.statistics.power import Noise
from results.text.counts import how_many

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.data.dataset import Dataset


def check_difference(difference: float | None, metric: str) -> None:
    """Raises CatsError if a difference is given and two values of the metric cannot differ by so much."""
    most = width_of(metric)
    if difference is not None and not 0 < difference < most:
        raise CatsError(
            f"--detect is {difference:g}; give a difference of the metric {metric} between 0 and {most:g}, such as 0.02"
        )


def detections(
    resolved: ResolvedPlan, frame: "pd.DataFrame | None", tracking_uri: str, difference: float | None
) -> Iterator[str]:
    """Sentences for each target of a plan: which difference it tells apart, and what `difference` needs.

    `frame`: the runs of the experiment; None if there is none. Without a difference nothing is said.
    """
    if difference is None:
        return
    plan = resolved.plan
    standings = _standings(resolved, frame, tracking_uri)
    boarded: dict[str, set[tuple[str, str]]] = {target: set() for target in plan.targets}
    for cell in resolved.cells():
        if cell.leak is None:
            boarded[cell.target].add((cell.source, cell.backbone))
    for target, sources in boarded.items():
        if len(sources) < 2:
            yield f"{target}: there are no two sources to tell apart"
            continue
        try:
            found = _detection(resolved, target, len(sources), standings.get(target), difference)
        except CatsError as error:
            yield f"{target}: nothing can be said of {difference:g} {plan.metric}: {error}"
        else:
            yield from found.sentences()


def _standings(resolved: ResolvedPlan, frame: "pd.DataFrame | None", tracking_uri: str) -> dict[str, Standing]:
    plan = resolved.plan
    if frame is None:
        return {}
    query = RunQuery(plan.experiment, plan.metric, plan.rule, selection_of(resolved))
    try:
        runs = judged_runs(frame, query)
    except CatsError:  # no run of this plan is finished
        return {}
    return standings_of(runs, query, Judging(influence_of(tracking_uri, plan.experiment))).by_target


def _detection(resolved: ResolvedPlan, target: str, sources: int, standing: Standing | None, difference: float) -> Detection:
    plan, dataset = resolved.plan, resolved.targets[target].dataset
    seeds, images = seeds_of(standing), images_of(standing)
    if seeds.deviation is not None and metric_of(plan.metric).influence is None:
        images = uncounted_images(plan.metric)
    if None in {seeds.deviation, images.deviation} and plan.metric != "auc":
        asked = f"make cells of two sources with two seeds, then ask of {plan.metric}"
        raise CatsError(f"typical variances are known of auc alone; {asked}")
    seeds = typical_seeds() if seeds.deviation is None else seeds
    unit = "test image" if dataset.groups in {None, "image"} else dataset.groups
    known = len(standing.measured.images) if standing is not None and standing.measured.images is not None else 0
    few = how_many(known, unit) if 0 < known < FEWEST and plan.metric == "auc" else ""
    units = known
    if few or images.deviation is None or not known:
        units, counts = _test_units(dataset, resolved.points[0].size)
        if few or images.deviation is None:
            images = typical_images(counts, multilabel=dataset.task == "multilabel", few=few)
    assert seeds.deviation is not None
    assert images.deviation is not None
    noise = Noise(seeds.deviation**2, images.deviation**2, units, sources)
    return Detection(target, plan.metric, difference, noise, len(plan.seeds), f"{unit}s", (seeds.origin, images.origin))


def _test_units(dataset: "Dataset", size: int) -> tuple[int, list[tuple[int, int]]]:
    """The number of test images, or of their groups where these are known; and of each class how many have it and have not."""
    from benchmark.data.decoded import load_images_cached
    from benchmark.data.split import split
    from results.metrics import one_hot

    images = load_images_cached(dataset, size)
    rows = split(dataset, images)["test"]
    truth, groups = one_hot(images.labels[rows], len(dataset.classes)), images.groups[rows]
    units = len(np.unique(groups[groups != ""])) + int((groups == "").sum())
    shares = truth.mean(axis=0)
    counts = [(max(1, round(units * share)), max(1, round(units * (1 - share)))) for share in shares if 0 < share < 1]
    return units, counts
