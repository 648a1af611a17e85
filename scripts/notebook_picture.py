#!/usr/bin/env python
"""Make the picture of a notebook that stands in README and docs: the three lines that judge the public runs of CATS 2024.

    python scripts/notebook_picture.py docs/published

A kernel of Jupyter executes the lines; the page shows them above what they give as HTML. Needs chromium and chromedriver,
and the packages of the extra `test`.
"""

import argparse
import html
import io
import tempfile
from pathlib import Path

import nbformat
from check_report import browser
from nbclient import NotebookClient
from PIL import Image
from report_pictures import store

WIDE, HIGH = 1180, 2400  # pixels
STYLE = """body { margin: 0; font: 15px DejaVu Sans, sans-serif; } main { padding: 16px; }
pre { background: #f5f5f5; border: 1px solid #ddd; padding: 10px; }"""
LINES = """import catsbench
runs = catsbench.public_runs().sort_values("val_loss").groupby(["source", "target"], as_index=False).first()
catsbench.judge(runs, impute="median")"""


def main() -> None:
    """Execute the lines, show the notebook, and keep a picture of its only cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    wishes = parser.parse_args()
    driver = browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "notebook.html"
            page.write_text(executed(), encoding="utf-8")
            driver.set_window_size(WIDE, HIGH)
            driver.get(page.as_uri())
            shot = driver.find_element("css selector", "main").screenshot_as_png
    finally:
        driver.quit()
    with Image.open(io.BytesIO(shot)) as picture:
        store(picture, wishes.folder / "notebook.png")


def executed() -> str:
    """A page with the lines and with what the kernel gives for them."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LINES)])
    NotebookClient(book, timeout=300).execute()
    given = "".join(output.data.get("text/html", "") for output in book.cells[0].outputs if "data" in output)
    return f"<!DOCTYPE html><meta charset='utf-8'><style>{STYLE}</style><main><pre>{html.escape(LINES)}</pre>{given}</main>"


if __name__ == "__main__":
    main()
