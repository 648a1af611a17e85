"""What curves over the number of training images say: up to how many images a source helps, and how many it is worth."""

import math
from collections.abc import Sequence

from results.board.rules import ORACLE
from results.data_size.curves import DataSizes, SizeCurve, SizePoint
from results.statistics.crossing import Crossing

DIGITS = 2  # of a number of images between those that were measured


def verdicts(curves: DataSizes) -> list[str]:
    """One sentence for each target and source but the baseline."""
    return [
        f"{target}: {_oracle(curves)}{verdict(curve, curves.baseline)}"
        for target, every in curves.targets.items()
        for curve in every
        if not curve.is_baseline
    ]


def worths(curves: DataSizes) -> list[str]:
    """One sentence for each target and source: what it is worth at the smallest number of images."""
    sentences = []
    for target, every in curves.targets.items():
        for curve in (each for each in every if not each.is_baseline):
            point, beside = curve.points[0], curve.beside(every)
            if point.worth is not None and beside and not math.isnan(point.worth.place):
                own = f"with {number(point.images)} images {curve.source} does what {curves.baseline} does with"
                sentences.append(f"{target}: {_oracle(curves)}{own} {worth_text(point.worth, beside)}")
    return sentences


def verdict(curve: SizeCurve, baseline: str) -> str:
    """Up to how many images a source helps. Nothing is claimed that the intervals do not allow."""
    found = curve.crossing
    both = [point for point in curve.points if point.advantage is not None]
    if len(both) < 2:
        lacking = f"{baseline} has no runs on its backbone with the same seeds at two numbers of images"
        return f"{curve.source} is not compared: {lacking}"
    if found is None:
        no_seed = f"no seed has runs of {curve.source} and {baseline} at every number of images"
        unknown = f"where the advantage of {curve.source} ends is not estimated, because {no_seed}"
        return "; ".join(filter(None, [_at(curve.source, *_sure(both)), unknown]))
    said = _over(curve, baseline, found, both)
    if curve.seeds == max(point.pairs or 0 for point in both):
        return said
    few = "only 1 seed has" if curve.seeds == 1 else f"only {curve.seeds} seeds have"
    return f"{said}; {few} runs at every number of images, and the end rests on nothing else"


def _over(curve: SizeCurve, baseline: str, found: Crossing, both: Sequence[SizePoint]) -> str:
    """What the crossing says."""
    estimated = _estimated(curve.source, found, both[0], both[-1])
    if not found.known:
        return f"{estimated}, without an interval, because nothing is known of the noise of the seeds"
    return _decided(curve.source, baseline, found, both) or _open(curve.source, baseline, found, both)


def _oracle(curves: DataSizes) -> str:
    return "by an oracle, not by choice: " if curves.rule == ORACLE else ""


def _open(source: str, baseline: str, found: Crossing, both: Sequence[SizePoint]) -> str:
    """The sentence where the answer changes: the estimate with its interval, and every number that is sure beyond it."""
    estimated, ends = _estimated(source, found, both[0], both[-1]), _ends(found, both[0], both[-1])
    sure, worse = _sure(both)
    if math.isnan(found.place):
        return "; ".join([_at(source, sure, worse), estimated])
    if found.place < both[0].images:
        return f"{estimated}, and is worse than {baseline} from {_place(found.high, both[0], both[-1])} on"
    if math.isinf(found.low) and sure:
        fewer = f"whether {source} helps at fewer is not certain"
        up_to = f"the estimate is up to {_place(found.place, both[0], both[-1])} images {ends}"
        return f"{_at(source, sure, [])}; {fewer}, and {up_to}"
    beyond = _at(source, [p for p in sure if p.images > found.low > 0], [p for p in worse if p.images < found.high])
    return "; ".join(filter(None, [f"{estimated} {ends}", beyond]))


def _decided(source: str, baseline: str, found: Crossing, both: Sequence[SizePoint]) -> str:
    """The sentence where the answer is the same at all numbers of images; empty where it changes."""
    numbers = f"at any number of images from {number(both[0].images)} to {number(both[-1].images)}"
    if found.low >= both[-1].images:
        return f"{source} helps {numbers}"
    if found.high <= both[0].images:
        return f"{source} is worse than {baseline} {numbers}"
    if not found.open:
        return ""
    said = _at(source, *_sure(both))
    if said:
        return f"{said}; where its advantage ends cannot be said"
    return f"{source} and {baseline} cannot be told apart {numbers}"


def _sure(both: Sequence[SizePoint]) -> tuple[list[SizePoint], list[SizePoint]]:
    """The points at which a source is better with confidence, and those at which it is worse."""
    return (
        [point for point in both if point.advantage_low is not None and point.advantage_low > 0],
        [point for point in both if point.advantage_high is not None and point.advantage_high < 0],
    )


def _at(source: str, sure: Sequence[SizePoint], worse: Sequence[SizePoint]) -> str:
    """At which numbers of images a source helps and is worse with confidence; empty without any."""
    said = [f"{what} at {_listed(points)}" for what, points in (("helps", sure), ("is worse", worse)) if points]
    return f"{source} {' and '.join(said)} images" if said else ""


def worth_text(worth: Crossing, beside: Sequence[SizePoint]) -> str:
    """With how many images the baseline reaches a source, with its interval. `beside`: the points of the baseline."""
    first, last = beside[0], beside[-1]
    if math.isnan(worth.place):
        return "–"
    if worth.low >= last.images or worth.high <= first.images:
        return _place(worth.place, first, last)
    return f"{_place(worth.place, first, last)} {_ends(worth, first, last)}".strip()


def end_texts(curve: SizeCurve) -> tuple[str, str]:
    """The number of images at which the advantage of a source ends, and its 95 % interval, for a table."""
    found, both = curve.crossing, [point for point in curve.points if point.advantage is not None]
    if found is None:
        return "–", "–"
    place, low, high = (
        "–" if math.isnan(images) else _place(images, both[0], both[-1]) for images in (found.place, found.low, found.high)
    )
    return place, f"{low} – {high}" if found.known else "–"


def number(images: float) -> str:
    """A number of images as a whole number."""
    return f"{round(images):,}"


def _estimated(source: str, found: Crossing, first: SizePoint, last: SizePoint) -> str:
    if math.isnan(found.place):
        return f"the advantage of {source} does not fall through nil once, so that no end of it is estimated"
    if found.place < first.images:
        return f"{source} shows no help at any number of images from {number(first.images)} to {number(last.images)}"
    place = _place(found.place, first, last)
    if math.isinf(found.low) and found.known:
        return f"whether {source} helps at all is not certain; the estimate is up to {place} images"
    return f"{source} helps up to {place} images"


def _listed(points: Sequence[SizePoint]) -> str:
    return ", ".join(number(point.images) for point in points)


def _place(images: float, first: SizePoint, last: SizePoint) -> str:
    if images > last.images:
        return f"more than {number(last.images)}"
    if images < first.images:
        return f"fewer than {number(first.images)}"
    rounded = _rounded(images)  # which may lie beyond the measured numbers, where the number itself does not
    return number(rounded if first.images <= rounded <= last.images else images)


def _ends(found: Crossing, first: SizePoint, last: SizePoint) -> str:
    return f"({_place(found.low, first, last)} to {_place(found.high, first, last)})" if found.known else ""


def _rounded(images: float) -> float:
    digits = DIGITS - 1 - math.floor(math.log10(images))
    return round(images, digits)
