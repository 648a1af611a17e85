"""The list of the copies in a data set that `cats check --duplicates` writes: a table and a contact sheet of pairs."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from benchmark.data.copy_notes import PairOfCopies, pairs_of_copies
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.readers.opening import DAMAGED, header_of
from benchmark.entries.contact_sheet import GAP, tile
from results.error import CatsError
from results.files.output import output, require_place
from results.text.printing import csv_text

HEAD = ("id_1", "part_1", "label_1", "id_2", "part_2", "label_2", "copy", "similarity")
PAIRS_IN_A_ROW, MOST_PAIRS = 4, 40
MARK = ("Title", "copies listed by cats check --duplicates")  # in each sheet, so that no other picture is taken for one
SIDE, CAPTION = 96, 18  # pixels of a picture, and of the line above it


def require_name(path: Path) -> None:
    """Raise CatsError if a list of copies cannot be written under this name, or would overwrite a file that is no such list."""
    if path.suffix.lower() != ".csv":
        raise CatsError(
            f"--duplicates is '{path}'; the name must end in .csv, and a contact sheet is written beside it as .copies.png"
        )
    require_place(path, "the list of copies")
    sheet = sheet_of(path)
    foreign = path if path.exists() and not _is_list(path) else sheet if sheet.exists() and not _is_sheet(sheet) else None
    if foreign is not None:
        raise CatsError(f"{foreign} exists and was not written by --duplicates, so it is not overwritten; choose another name")


def sheet_of(path: Path) -> Path:
    """The contact sheet that belongs to a list of copies."""
    return path.with_suffix(".copies.png")


def _is_list(path: Path) -> bool:
    """True for an earlier list of copies."""
    try:
        with path.open("rb") as file:
            return file.readline(1000).rstrip(b"\r\n") == ",".join(HEAD).encode()
    except OSError:
        return False


def _is_sheet(path: Path) -> bool:
    """True for the contact sheet of an earlier list."""
    try:
        with header_of(path, ("PNG",)) as image:
            return image.info.get(MARK[0]) == MARK[1]
    except DAMAGED:
        return False


def write_copies(dataset: Dataset, size: int, path: Path) -> str:
    """Write the pairs of copies of a data set to a CSV file, and the first ones to a PNG beside it; return what was written.

    Raises CatsError if the images cannot be read or divided into parts, or the files cannot be written.
    """
    require_name(path)
    images = load_images(dataset, size)
    pairs = pairs_of_copies(dataset, images)
    rows = [
        [
            *(text for i in (0, 1) for text in (pair.ids[i], pair.parts[i], pair.labels[i])),
            _kind(pair),
            round(pair.similarity, 4),
        ]
        for pair in pairs
    ]
    with output(path, "the list of copies") as draft:
        draft.write_text(csv_text(HEAD, rows), encoding="utf-8")
    sheet = sheet_of(path)
    if not pairs:
        sheet.unlink(missing_ok=True)  # of an earlier list
        return f"{path}: {dataset.name} has no copies"
    marked = PngInfo()
    marked.add_text(*MARK)
    with output(sheet, "the contact sheet of copies") as draft:
        pair_sheet(images.images, pairs[:MOST_PAIRS]).save(draft, "PNG", pnginfo=marked)
    exact, crossing = sum(pair.exact for pair in pairs), sum(pair.crosses for pair in pairs)
    different = sum(pair.labels[0] != pair.labels[1] for pair in pairs)
    return (
        f"{path} lists {len(pairs)} pairs of copies of {dataset.name}: {exact} exact, {len(pairs) - exact} near; {crossing} of "
        f"them in two parts, {different} with different labels; {sheet} shows {min(len(pairs), MOST_PAIRS)}"
    )


def pair_sheet(images: np.ndarray, pairs: list[PairOfCopies]) -> Image.Image:
    """A sheet of pairs of images (N, S, S, 1 or 3) side by side, with kind, similarity and parts above each pair."""
    width, height = 2 * SIDE + 4 * GAP, CAPTION + SIDE + 2 * GAP
    rows = -(-len(pairs) // PAIRS_IN_A_ROW)
    page = Image.new("RGB", (PAIRS_IN_A_ROW * width, rows * height), "white")
    writing, font = ImageDraw.Draw(page), ImageFont.load_default(size=11)
    for place, pair in enumerate(pairs):
        row, column = divmod(place, PAIRS_IN_A_ROW)
        left, top = column * width + GAP, row * height + GAP
        caption = f"{place + 1}. {_kind(pair)} {pair.similarity:.3f}: {pair.parts[0]} | {pair.parts[1]}"
        writing.text((left, top), caption, fill="red" if pair.crosses else "black", font=font)
        for number, image in enumerate(pair.rows):
            page.paste(tile(images[image]).resize((SIDE, SIDE)), (left + number * (SIDE + GAP), top + CAPTION))
    return page


def _kind(pair: PairOfCopies) -> str:
    return "exact" if pair.exact else "near"
