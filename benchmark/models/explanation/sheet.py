"""Sheets of explained images: image, Grad-CAM, integrated gradients, with label, answer and probability above them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from results.text.drawing import INK, PAPER, SOFT, label, save, title_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 2  # images beside each other
PANEL, GAP, EDGE = 1.3, 0.06, 0.3  # inches: a picture, the space between two, the margin of the page
CAPTION, TITLE, FOOT = 0.34, 0.42, 0.8  # inches: text above an image, above a group, and the colour bar
BLOCK = 3 * PANEL + 2 * GAP
DPI = 130
COLOURS, CLEAR = "inferno", 0.62  # perceptually uniform, see matplotlib; the map is this opaque above the image
NAME = 24  # characters of a class
MEANING = "part of the map's largest value: 0 nothing, 1 what counts most for the answer"


@dataclass(frozen=True)
class Explained:
    """One image with its maps.

    Attributes:
        number: in images.csv. image: (S, S, 1 or 3) uint8.
        cam: (S, S) Grad-CAM. integrated: (S, S) absolute integrated gradients. Both at least 0.
        answer: the predicted class, or labels. probability: of the explained class.
        label: the true one; None if unknown. mask: (S, S) bool, or None.
    """

    number: int
    image: np.ndarray
    cam: np.ndarray
    integrated: np.ndarray
    answer: str
    probability: float
    label: str | None = None
    mask: np.ndarray | None = None


def draw_sheet(title: str, groups: Sequence[tuple[str, Sequence[Explained]]], path: Path) -> None:
    """Write a PNG with a title, and a heading above every group."""
    from matplotlib.figure import Figure

    rows = [-(-len(some) // ACROSS) for _, some in groups]
    width = ACROSS * BLOCK + (ACROSS + 1) * EDGE
    lines = title_lines(title, 95, path)
    height = 0.25 + 0.22 * len(lines) + sum(TITLE + count * (PANEL + CAPTION) for count in rows) + FOOT
    figure = Figure((width, height), facecolor=PAPER)
    y = height - 0.3
    for line in lines:
        _text(figure, (EDGE, y), line, size=11, weight="bold")
        y -= 0.22
    for heading, some in groups:
        y -= TITLE - 0.2
        _text(figure, (EDGE, y), label(heading, path, 120), size=10, weight="bold")
        y -= 0.2 - 0.14
        for first in range(0, len(some), ACROSS):
            y -= PANEL + CAPTION
            for place, one in enumerate(some[first : first + ACROSS]):
                _block(figure, (EDGE + place * (BLOCK + EDGE), y), one, path)
    _colour_bar(figure)
    save(figure, path, DPI)


def _block(figure: "Figure", corner: tuple[float, float], one: Explained, path: Path) -> None:
    """One image: caption, image, and its two maps."""
    left, bottom = corner
    truth = "" if one.label is None else f"label {label(one.label, path, NAME)}, "
    answer = f"answer {label(one.answer, path, NAME)} {one.probability:.2f}"
    _text(figure, (left, bottom + PANEL + 0.07), f"{one.number}  {truth}{answer}", size=8)
    for place, heat in enumerate((None, one.cam, one.integrated)):
        axes = _panel(figure, (left + place * (PANEL + GAP), bottom))
        grey = one.image.mean(axis=2)
        if heat is None:
            axes.imshow(one.image if one.image.shape[2] == 3 else grey, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            if one.mask is not None and one.mask.any() and not one.mask.all():
                axes.contour(one.mask, levels=[0.5], colors=["#00d5ff"], linewidths=1)
        else:
            axes.imshow(grey, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.imshow(relative(heat), cmap=COLOURS, vmin=0, vmax=1, alpha=CLEAR, interpolation="nearest")


def relative(heat: np.ndarray) -> np.ndarray:
    """A map (S, S), at least 0, as parts of its largest value: of its 99th percentile, so that one pixel does not hide all."""
    top = np.quantile(heat, 0.99) or heat.max()
    return np.clip(heat / top, 0, 1) if top > 0 else np.zeros_like(heat)


def _panel(figure: "Figure", corner: tuple[float, float]) -> "Axes":
    width, height = figure.get_size_inches()
    axes = figure.add_axes((corner[0] / width, corner[1] / height, PANEL / width, PANEL / height))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(SOFT)
    return axes


def _text(figure: "Figure", corner: tuple[float, float], text: str, *, size: float, weight: str = "normal") -> None:
    width, height = figure.get_size_inches()
    figure.text(corner[0] / width, corner[1] / height, text, fontsize=size, fontweight=weight, color=INK, va="baseline")


def _colour_bar(figure: "Figure") -> None:
    """What the columns and the colours are, at the foot of the page."""
    width, height = figure.get_size_inches()
    _text(figure, (EDGE, 0.56), "Left: the image. Middle: Grad-CAM. Right: integrated gradients, absolute.", size=8)
    axes = figure.add_axes((EDGE / width, 0.34 / height, 2.2 / width, 0.13 / height))
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=COLOURS, aspect="auto", extent=(0, 1, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([0, 0.5, 1])
    axes.tick_params(labelsize=7, colors=INK)
    _text(figure, (EDGE + 2.35, 0.36), MEANING, size=8)
