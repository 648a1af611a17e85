"""Checks names, data and weights before the first job, so that the user learns of a mistake at once and not after hours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmark.core.checkpoint_files import at_work, state_file
from benchmark.execution.watch import Watch
from benchmark.machine.meter import check_country
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.job import Job
from benchmark.specs.resolved import PlanPairs
from benchmark.specs.start import Start, chain, is_pretrained
from benchmark.specs.target import Target
from results.board.sizes import ALL
from results.error import CatsError
from results.text.counts import how_many

if TYPE_CHECKING:
    import pandas as pd

WHOSE = {True: "an attempt that is at work now", False: "an interrupted attempt", None: "an attempt that has not finished"}


def check_names(country: str, backbones: Iterable[str], own: Mapping[str, str | None]) -> None:
    """Raises CatsError if codecarbon does not know the country, or if timm does not know one of the backbones.

    `own`: source → the backbone that its entry brings, None for a source that brings none.
    """
    from benchmark.specs.backbones import check_backbones

    check_country(country)
    check_backbones(backbones, own)


def check_compiler(todo: Iterable[Cell], device: str) -> None:
    """Raises CatsError if a recipe says `compile: true` and torch.compile fails on the device (auto, cpu or cuda)."""
    recipes = {start.recipe for cell in todo for start in chain(cell.start)} | {cell.recipe for cell in todo}
    if any(recipe is not None and recipe.compile for recipe in recipes):
        from benchmark.machine.device import device_of
        from benchmark.networks.compiled import require_compiler

        require_compiler(device_of(device))


def prepare(cells: Iterable[Cell], watch: Watch) -> None:
    """Read the images, labels, splits and weights that the cells need, each of them once.

    What was chosen among the contents of a file of weights is announced. Raises CatsError if a file is missing or damaged, or
    if weights do not fit their backbone.
    """
    seen: set[object] = set()
    for cell in cells:
        images = (cell.target, cell.recipe.size, cell.subsample.drawn_by(cell.seed))
        if images not in seen:
            watch.begins(f"reading {cell.target}")
            _read_images(cell)
        for start in chain(cell.start):
            weights = (
                start.backbone if start.kind == "random" else start.key
            )  # random weights of every seed have the same shapes
            if weights not in seen:
                watch.begins(f"reading {start.source}")
                for sentence in _read_start(start):
                    watch.announce(sentence)
                seen.add(weights)
        seen.add(images)


def sizes_too_large(stated: PlanSubsample | None, targets: Mapping[str, Target], size: int) -> list[str]:
    """Return one sentence for each target that has fewer training images than a list of such numbers in the plan states.

    A curve would have two points of the same images. A single number takes all images of a target that has no more. `stated`:
    the subsample of the plan; `size`: of the images.
    """
    from benchmark.data.decoded import load_images
    from benchmark.data.split import split

    if stated is None or len(stated.train) < 2:
        return []
    sentences = []
    for name, target in targets.items():
        images = load_images(target.dataset, size)
        sentences += wrong_sizes(stated, name, images.labels[split(target.dataset, images)["train"]])
    return sentences


def wrong_sizes(stated: PlanSubsample, name: str, labels: np.ndarray) -> list[str]:
    """Return the sentence that numbers of a list cannot be drawn from a target, or are the same images; none if all is well.

    Args:
        stated: the subsample of the plan.
        name: of the target.
        labels: of its training images, (n,) or (n, classes) if an image may have several, of which a subsample draws as many
            images as classes for each image that it states.
    """
    several = labels.ndim > 1
    classes = labels.shape[1] if several else len(np.unique(labels))
    have, of = len(labels), "training images"
    if stated.per_class and several:
        have, of = len(labels) // classes, f"training images for each of its {classes} classes"
    elif stated.per_class:
        have, of = int(np.unique(labels, return_counts=True)[1].min()), "training images of its smallest class"
    numbers = [number for number in stated.train if number is not None]
    refused = [str(number) for number in numbers if number > have]
    if refused:
        instead = "leave it out" if None in stated.train else f"write {ALL} instead, or a smaller number"
        return [f"subsample.train: {' and '.join(refused)} cannot be drawn from {name}, which has {have} {of}; {instead}"]
    times, each = (classes, " of each class") if stated.per_class else (1, "")
    if None in stated.train and any(number * times == len(labels) for number in numbers):
        return [f"subsample.train: {have}{each} and {ALL} are the same images of {name}; write one of the two"]
    return []


def require_sizes(stated: PlanSubsample | None, targets: Mapping[str, Target], size: int) -> None:
    """Raises CatsError with the sentences of `sizes_too_large`, if there are any."""
    too_large = sizes_too_large(stated, targets, size)
    if too_large:
        raise CatsError(*too_large)


def _read_images(cell: Cell) -> None:
    from benchmark.data.decoded import load_images
    from benchmark.data.split import split_and_subsample

    dataset = catalogue.target(cell.target).dataset
    split_and_subsample(dataset, load_images(dataset, cell.recipe.size), cell.subsample, cell.seed)


def _read_start(start: Start) -> tuple[str, ...]:
    """Read the weights or the images of a start; return what was chosen among the contents of a file of weights."""
    from benchmark.data.decoded import load_images
    from benchmark.data.split import split
    from benchmark.networks.load import choices_in

    dataset = catalogue.source(start.source).dataset
    if dataset is None or start.recipe is None:
        return choices_in(start)
    split(dataset, load_images(dataset, start.recipe.size))
    return ()


def with_split(job: Job) -> Job:
    """The job with the digest of the split that was drawn here, for workers to compare."""
    from benchmark.data.split import split_digest

    first = job.start or job.cells[0]
    dataset = catalogue.source(first.source).dataset if isinstance(first, Start) else catalogue.target(first.target).dataset
    assert dataset is not None
    assert first.recipe is not None
    return replace(job, split=split_digest(dataset, first.recipe.size))


def require_same_splits(cells: Iterable[Cell], frame: "pd.DataFrame") -> None:
    """Raises CatsError if finished runs of the same data of a target had other images in their parts than a run here would.

    frame: all runs of the experiment.
    """
    from benchmark.data.split import split_digest

    if not len(frame) or "split" not in frame or frame["split"].isna().all():
        return
    known = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED") & frame["split"].notna()]
    if not len(known):  # runs of pretrainings alone have no column of targets
        return
    for target, data, size in {(cell.target, cell.data, cell.recipe.size) for cell in cells}:
        splits = known.loc[(known["target"] == target) & (known["data"] == data), "split"]
        other = int((splits != split_digest(catalogue.target(target).dataset, size)).sum()) if len(splits) else 0
        if other:
            runs = how_many(other, "finished run of the experiment has", "finished runs of the experiment have")
            raise CatsError(
                f"{target}: {runs} another drawn split of the same data than this machine draws: its image libraries decode "
                "other pixels and find other copies; install the versions with which these runs were made (Pillow above all), "
                "or choose another experiment"
            )


def missing_data(todo: Sequence[Cell], pairs: PlanPairs) -> list[str]:
    """Return one sentence for each data set that the cells need and that is not on this machine.

    `pairs`: the plan of the cells, with its sources and targets.
    """
    wanted = {cell.target: pairs.targets[cell.target].dataset for cell in todo}
    sources = {link.name: link for links in pairs.sources.values() for link in links}
    for cell in todo:
        for start in chain(cell.start):
            dataset = sources[start.source].dataset
            if dataset is not None and not is_pretrained(start):
                wanted[start.source] = dataset
    sentences = []
    for name, dataset in wanted.items():
        try:
            dataset.folder()
        except CatsError as error:
            # the sentence begins with the name of the data set; an entry with options has a longer name
            sentences.append(f"{name}: {str(error).removeprefix(f'{dataset.name}: ')}")
    return sentences


def pretrainings_ahead(todo: Sequence[Cell]) -> list[str]:
    """Return one sentence for each pretraining that has to run before the cells."""
    needed = {start.key: start for cell in todo for start in reversed(chain(cell.start)) if start.recipe is not None}
    return [
        f"a pretraining runs first: {start.source}, {start.backbone}, {start.recipe.size} pixels, "
        + how_many(start.recipe.epochs, "epoch")
        + (f"; {WHOSE[at_work(start.key)]} has left a checkpoint" if state_file(start.key).exists() else "")
        for start in needed.values()
        if start.recipe is not None and not is_pretrained(start)
    ]
