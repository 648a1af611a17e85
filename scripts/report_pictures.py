#!/usr/bin/env python
"""Make the pictures of reports and of a site that stand in README and docs, from the pages themselves.

    python scripts/report_pictures.py docs/published --tracking-uri sqlite:///mlflow.db

The database holds the experiments `transfer` (`cats run transfer`) and `cats2024` (docs/imports.md says how to bring it in).
Needs chromium and chromedriver, and the packages of the extra `test`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from check_report import WHOLE, WIDE, browser, take_pictures
from PIL import Image, ImageDraw, ImageFont, ImageOps

LARGEST = 300_000  # bytes of a picture
COLOURS = 64
GAP, LINE = 28, 34  # pixels between the parts of a picture, and of the words above each
HIGH = 760  # pixels of a part
MARGIN = 38  # of paper, 1 cm
PAPER, INK = "#ffffff", "#16191d"
HEIGHTS = {
    "report_transfer": ("transfer", 1960),
    "report_cats2024": ("cats2024", 2480),
}  # picture → its page, and where it is cut
PAGES = {"transfer": "transfer", "cats2024": "CATS 2024", "index": "cats site"}  # page → its words in the picture of its looks
LOOKS = {"light": (620, "light"), "dark": (620, "dark"), "narrow": (300, "400 pixels"), "print": (480, "print")}  # width, words


def main() -> None:
    """Write the pages into a temporary folder and the pictures of them into the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracking-uri", default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"))
    parser.add_argument(
        "--pages", type=Path, help="folder with pages that were made before: transfer.html, cats2024.html, site"
    )
    wishes = parser.parse_args()
    wishes.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        pages, shots = wishes.pages or Path(temporary) / "pages", Path(temporary) / "shots"
        if wishes.pages is None:
            write_pages(pages, wishes.tracking_uri)
        driver = browser()
        try:
            for page in (pages / "transfer.html", pages / "cats2024.html", pages / "site" / "index.html"):
                if page.exists():
                    driver.get(page.resolve().as_uri())
                    driver.execute_script(WHOLE)
                    take_pictures(driver, page.stem, shots)
        finally:
            driver.quit()
        for name, (page, height) in HEIGHTS.items():
            if not (shots / f"{page}-light.png").exists():
                continue
            with Image.open(shots / f"{page}-light.png") as whole:
                store(whole.crop((0, 0, WIDE, min(height, whole.height))), wishes.folder / f"{name}.png")
        for page, words in PAGES.items():
            if (shots / f"{page}-light.png").exists():
                store(looks(shots, page, words), wishes.folder / f"looks_{page.replace('index', 'site')}.png")


def write_pages(folder: Path, uri: str) -> None:
    """The reports of both experiments and the site of them."""
    cats = [sys.executable, "-m", "benchmark"]
    folder.mkdir()
    for arguments in (
        ["report", "transfer", "--no-log", "--output", folder / "transfer.html"],
        ["report", "cats2024", "--impute", "worst", "--no-log", "--output", folder / "cats2024.html"],
        ["site", "transfer", "cats2024", "--output", folder / "site"],
    ):
        subprocess.run([*cats, *map(str, arguments), "--tracking-uri", uri], check=True)


def looks(shots: Path, page: str, words: str) -> Image.Image:
    """The upper part of a page in each look, side by side."""
    row = [part(shots / f"{page}-{look}.png", width, f"{words}, {seen}") for look, (width, seen) in LOOKS.items()]
    made = Image.new("RGB", (sum(each.width + GAP for each in row) + GAP, max(each.height for each in row) + 2 * GAP), PAPER)
    left = GAP
    for each in row:
        made.paste(each, (left, GAP))
        left += each.width + GAP
    return made


def part(path: Path, width: int, words: str) -> Image.Image:
    """The upper part of a picture of a page, made smaller, in a frame, below its words."""
    with Image.open(path) as whole:
        taken = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, round(HIGH * whole.width / width))))
    if path.stem.endswith("-print"):
        taken = ImageOps.expand(taken, MARGIN, PAPER)
    small = taken.resize((width, round(taken.height * width / taken.width)), Image.Resampling.LANCZOS)
    made = Image.new("RGB", (width, small.height + LINE), PAPER)
    made.paste(small, (0, LINE))
    draw = ImageDraw.Draw(made)
    draw.text((0, 2), words, INK, font())
    draw.rectangle((0, LINE, width - 1, made.height - 1), outline="#8a8f98")
    return made


def font() -> ImageFont.FreeTypeFont:
    """The font of all drawings, which comes with matplotlib."""
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont("DejaVu Sans"), 22)


def store(picture: Image.Image, path: Path) -> None:
    """Write a PNG of few colours, which is small enough for a README."""
    few = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {picture.width} × {picture.height} pixels, {size / 1000:.0f} kB")
    if size > LARGEST:
        sys.exit(f"{path} is larger than {LARGEST / 1000:.0f} kB")


if __name__ == "__main__":
    main()
