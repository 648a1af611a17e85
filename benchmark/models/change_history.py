"""The history of comparisons of one classifier: a file with one JSON line for each call, and a picture of the lines."""

import json
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from benchmark.models.change import Change
from results.error import CatsError
from results.files.atomic import make_folders, reason_of
from results.files.output import output, require_place
from results.record import Frozen
from results.text.counts import how_many
from results.text.drawing import ACCENT, GRID, INK, PAPER, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 130
SIZE = (8.0, 4.6)
EXPECTED = 5  # % of reference images that are unlike the training images, by the definition of the threshold
LEAST_P = 1e-4
PICTURE = ".png"  # the picture of a history lies beside the history, with this ending
OTHERWISE = "name another file with --history, or give --no-history"
TICKS = (1, 0.1, 0.01, 0.001)
log = logging.getLogger(__name__)


class Line(Frozen):
    """One call.

    Attributes:
        time: seconds since 1970. model: the digest of the weights. images: number of new images.
        broken: number of files that could not be read. level: of the alarm. p: the smallest adjusted p-value.
        unlike: number of images unlike any training image. tests: adjusted p-values by test.
    """

    time: float
    model: str
    images: int = Field(ge=1)
    broken: int = 0
    level: float
    changed: bool
    p: float
    unlike: int
    tests: dict[str, float]


def line_of(change: Change, model: str, time: float, broken: int = 0) -> Line:
    """The line of a comparison."""
    tests = {finding.test: finding.adjusted for finding in change.findings}
    smallest = min(tests.values(), default=1.0)
    return Line(
        time=time, model=model, images=change.new, broken=broken, level=change.level, changed=change.changed, p=smallest,
        unlike=change.unlike, tests=tests,
    )  # fmt: skip


def place_of(model: Path) -> Path:
    """Where the history of a classifier is kept: beside its folder, whose content is compared with its checksums."""
    folder = model.resolve()
    return folder.with_name(f"{folder.name}.watch.jsonl")


def require_writable(path: Path) -> None:
    """Raises CatsError if the history cannot be written; call it before anything that takes long. Makes nothing."""
    if path.suffix.lower() == PICTURE:
        raise CatsError(f"--history is {path}, which its picture would overwrite; name a file that ends in .jsonl")
    try:
        require_place(path, "the history")
        require_place(path.with_suffix(PICTURE), "the picture of the history")
        if path.exists():
            path.open("ab").close()
    except CatsError as error:
        raise CatsError(f"{error}; {OTHERWISE}") from error
    except OSError as error:
        raise CatsError(f"cannot write the history to {path}: {reason_of(error)}; {OTHERWISE}") from error


def append(path: Path, line: Line) -> list[Line]:
    """Add a call to the history. Returns all calls of this classifier, oldest first; damaged lines are named in the log."""
    try:
        make_folders(path.parent)
        with path.open("a+b") as file:
            file.seek(0)
            before = file.read()
            broken_off = before and not before.endswith(b"\n")
            file.write((b"\n" if broken_off else b"") + line.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CatsError(f"cannot write the history to {path}: {reason_of(error)}") from error
    lines = [found for number, text in enumerate(before.splitlines(), 1) if (found := _parsed(path, number, text)) is not None]
    return sorted((each for each in (*lines, line) if each.model == line.model), key=lambda each: each.time)


def _parsed(path: Path, number: int, text: bytes) -> Line | None:
    if not text.strip():
        return None
    try:
        return Line.model_validate(json.loads(text))
    except (ValueError, RecursionError, ValidationError):
        log.warning("%s: line %d is damaged and is left out of the picture", path, number)
        return None


def draw_history(lines: Sequence[Line], path: Path) -> None:
    """Draw the calls as PNG or SVG, by the ending of `path`: the smallest p-value and the share of unlike images over time.

    Raises CatsError if the disk refuses.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained", facecolor=PAPER)
    upper, lower = figure.subplots(2, 1, sharex=True)
    places = range(len(lines))
    level = lines[-1].level
    _draw(upper, lines, [max(line.p, LEAST_P) for line in lines])
    upper.set_yscale("log")
    upper.set_ylim(1.5, min(LEAST_P, level) / 1.5)
    upper.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS], fontsize=9)
    upper.minorticks_off()
    upper.axhline(level, color=INK, linewidth=1, linestyle="--")
    upper.annotate(
        f"alarm: p ≤ {level:g}", (1, level), (-2, -3), ("axes fraction", "data"), textcoords="offset points", fontsize=9,
        ha="right", va="top",
    )  # fmt: skip
    upper.set_ylabel("smallest adjusted p\n(log scale, small above)", fontsize=9)
    shares = [100 * line.unlike / line.images for line in lines]
    _draw(lower, lines, shares)
    lower.axhline(EXPECTED, color=INK, linewidth=1, linestyle=":")
    lower.set_ylim(0, max(2 * EXPECTED, *shares) * 1.12)
    lower.set_ylabel(f"unlike any training\nimage, % (dots: {EXPECTED} %)", fontsize=9)
    step = max(1, -(-len(lines) // 8))
    shown = [place for place in places if (len(lines) - 1 - place) % step == 0]
    lower.set_xticks(shown, [_when(lines[place]) for place in shown], fontsize=8)
    lower.set_xlim(-0.5, len(lines) - 0.5)
    alarms = sum(line.changed for line in lines)
    calls = how_many(len(lines), "call")
    title = f"{calls} of cats watch, {alarms} with an alarm (filled); the last one: {lines[-1].images:,} images"
    upper.set_title(title, loc="left", fontsize=11, fontweight="bold")
    with output(path, "the picture of the history") as draft:
        save(figure, draft, DPI)


def _draw(axis: "Axes", lines: Sequence[Line], values: Sequence[float]) -> None:
    places = range(len(lines))
    axis.plot(places, values, color=ACCENT, linewidth=1, zorder=2)
    faces = [ACCENT if line.changed else PAPER for line in lines]
    axis.scatter(places, values, s=34, c=faces, edgecolors=ACCENT, zorder=3)
    axis.grid(axis="y", color=GRID)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def _when(line: Line) -> str:
    return f"{datetime.fromtimestamp(line.time, UTC):%Y-%m-%d\n%H:%M}"
