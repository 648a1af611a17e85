#!/usr/bin/env python
"""Make the pictures of MLflow's pages that stand in README and docs, from the pages that `cats ui` opens.

    cats run quickstart
    python scripts/ui_picture.py docs/published

They are `mlflow_experiment.png`, the runs with their figures as columns, and `mlflow_run.png`, the cell with the best test AUC.

Needs chromium and chromedriver, and the packages of the extra `test`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import mlflow
from check_report import browser
from PIL import Image
from report_pictures import store

from results.tracking.links import TRAINING

SIZE = (1500, 757)  # pixels
PATIENCE_SECONDS = 120  # until the rows of a table are drawn
ROWS = "return document.querySelectorAll('[role=row]').length"
# MLflow opens its assistant at the right; its first row of buttons ends with the one that closes it
CLOSE = """
const buttons = [...document.querySelectorAll("button")].map(each => [each.getBoundingClientRect(), each])
  .filter(([box]) => box.top < 60 && box.right > arguments[0] - 60);
if (document.body.innerText.includes("MLflow Assistant") && buttons.length) buttons.at(-1)[1].click();
"""
ADDRESS = re.compile(r"with figures as columns: (\S+)")


def main() -> None:
    """Start `cats ui`, open the view of the runs with figures as columns and the page of a run, and keep pictures of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--experiment", default="quickstart")
    parser.add_argument("--tracking-uri", default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"))
    parser.add_argument("--port", default="5017")
    wishes = parser.parse_args()
    command = [sys.executable, "-m", "benchmark", "ui", wishes.experiment, "--tracking-uri", wishes.tracking_uri]
    pages = subprocess.Popen([*command, "--port", wishes.port, "--no-browser"], stderr=subprocess.PIPE, text=True)
    try:
        found = next(filter(None, map(ADDRESS.search, pages.stderr or ())), None)
        if found is None:
            sys.exit("`cats ui` has printed no address of a view; run the plan first, so that there is a board")
        store(taken(found[1]), wishes.folder / "mlflow_experiment.png")
        store(taken(page_of_run(found[1], wishes.experiment, wishes.tracking_uri)), wishes.folder / "mlflow_run.png")
    finally:
        pages.terminate()


def page_of_run(view: str, experiment: str, uri: str) -> str:
    """The address of the page of the cell with the best test AUC, on the server of the view."""
    mlflow.set_tracking_uri(uri)
    best = mlflow.search_runs(
        experiment_names=[experiment],
        filter_string="tags.`cats.kind` = 'cell'",
        order_by=["metrics.test_auc DESC"],
        max_results=1,
    ).iloc[0]
    root = urlsplit(view)._replace(fragment="", query="").geturl()
    return f"{root}#/experiments/{best.experiment_id}/runs/{best.run_id}?{urlencode(TRAINING)}"


def taken(address: str) -> Image.Image:
    """What a window of SIZE shows at the address once a table is drawn."""
    driver = browser()
    try:
        # the window is larger than the page by what the browser draws around it
        driver.set_window_size(*SIZE)
        inner = driver.execute_script("return [innerWidth, innerHeight]")
        driver.set_window_size(*(2 * wanted - seen for wanted, seen in zip(SIZE, inner, strict=True)))
        driver.get(address)
        end = time.monotonic() + PATIENCE_SECONDS
        while driver.execute_script(ROWS) < 3 and time.monotonic() < end:
            time.sleep(1)
        driver.execute_script(CLOSE, SIZE[0])
        time.sleep(3)  # figures and colours come after the rows
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder) / "page.png"
            driver.save_screenshot(str(shot))
            with Image.open(shot) as picture:
                return picture.convert("RGB")
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
