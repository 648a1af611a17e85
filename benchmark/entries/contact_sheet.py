"""Contact sheets: one PNG per class, small pictures in rows of eight, name and count of the class above them."""

import math
import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.volumes import mosaic, slice_count
from results.files.output import output
from results.text.counts import how_many
from results.text.plain import plain, shortened

COLUMNS, ROWS, GAP, TITLE = 8, 4, 4, 28  # GAP and TITLE in pixels
LONGEST = 100  # characters of a class in the name of a file, and above a sheet


def contact_sheets(dataset: Dataset, images: Decoded, folder: Path) -> list[Path]:
    """Write one sheet per class and return their paths. Raises CatsError if they cannot be written."""
    written = []
    for number, name in enumerate(dataset.classes):
        mine = np.flatnonzero(images.labels[:, number] if images.labels.ndim > 1 else images.labels == number)
        path = folder / f"{dataset.name}-{number:03d}-{re.sub(r'[^A-Za-z0-9]+', '-', name)[:LONGEST].strip('-')}.png"
        with output(path, "a contact sheet") as draft:
            sheet(images.images, mine, heading(name, len(mine))).save(draft)
        written.append(path)
    return written


def heading(name: str, count: int) -> str:
    """What stands above a sheet: the class, and how many of its images are shown."""
    shown = f"{COLUMNS * ROWS} of " if count > COLUMNS * ROWS else ""
    return f"{shortened(plain(name), LONGEST)}: {shown}{how_many(count, 'image')}"


def sheet(images: np.ndarray, chosen: np.ndarray, title: str) -> Image.Image:
    """A sheet of at most 32 of the `chosen` images (N, S, S, 1 or 3), or strips, evenly spaced so that all parts occur."""
    across = math.ceil(math.sqrt(slice_count(*images.shape[1:3])))
    size = max(across * images.shape[2], 32)
    picked = chosen[np.unique(np.linspace(0, len(chosen) - 1, COLUMNS * ROWS).astype(int))] if len(chosen) else chosen
    rows = max(1, -(-len(picked) // COLUMNS))
    page = Image.new("RGB", (COLUMNS * (size + GAP) + GAP, TITLE + rows * (size + GAP)), "white")
    ImageDraw.Draw(page).text((GAP, GAP), title, fill="black", font=ImageFont.load_default(size=16))
    for place, index in enumerate(picked):
        row, column = divmod(place, COLUMNS)
        page.paste(tile(images[index]).resize((size, size)), (GAP + column * (size + GAP), TITLE + row * (size + GAP)))
    return page


def tile(image: np.ndarray) -> Image.Image:
    """An image (S, S, 1 or 3) as a picture; the slices of a volume (K·S, S, 1 or 3) row by row in a square."""
    page = mosaic(image)
    return Image.fromarray(page.squeeze(-1) if page.shape[-1] == 1 else page)
