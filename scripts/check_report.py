#!/usr/bin/env python
"""Look at pages of `cats report` and `cats site` in Chromium: pictures, accessibility, requests, what is cut off, how fast.

    python scripts/check_report.py report.html site --axe node_modules/axe-core/axe.min.js --pictures pictures

A folder stands for all pages in it.

Needs chromium and chromedriver, and the packages of the extra `test`; axe-core comes from npm (`npm install axe-core`,
outside this repository). Without --axe accessibility is not checked. Exit code 1 if something is wrong.
"""

import argparse
import base64
import json
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--hide-scrollbars", "--window-size=1220,900")  # fmt: skip
WIDE, NARROW = 1220, 400  # pixels
PAPER = 718  # pixels of A4 with margins of 1 cm
TIMES = 7  # of each interaction; the median counts
SLOW = 100.0  # milliseconds
HELPERS = """const one = (selector) => document.querySelector(selector);
const change = (element, event) => element.dispatchEvent(new Event(event));
const other = (select) => { select.selectedIndex = select.selectedIndex ? 0 : 1; change(select, 'change'); };
const over = new PointerEvent('pointerover', {bubbles: true});
const point = (rows) => { window.n = (window.n || 0) + 1; return rows[window.n % rows.length]; };
"""
# What a reader does: name → (what must be there, script). Each is timed until the next frame is on the screen.
INTERACTIONS = {
    "sort attempts by a figure": ("#browser thead th", "one('#browser thead th:nth-child(7) button').click()"),
    "sort attempts by a word": ("#browser thead th", "one('#browser thead th:nth-child(2) button').click()"),
    "search attempts": ("#search", "const f = one('#search'); f.value = f.value ? '' : 'a'; change(f, 'input')"),
    "filter attempts": ("#by-source", "other(one('#by-source'))"),
    "sort a table": ("#overview th button", "one('#overview th:nth-child(3) button').click()"),
    "hide a source": ("#hide input", "one('#hide input').click()"),
    "colour by tie": ("#ties", "one('#ties').click()"),
    "highlight a source": (
        "#overview tbody tr",
        "point(document.querySelectorAll('#overview tbody tr')).dispatchEvent(over)",
    ),
    "switch the metric": ("#metric", "other(one('#metric'))"),
    "sort places": ("#places", "one('#places th:nth-child(7) button').click()"),
    "filter places": ("#places", "other(one('#filter [name=target]'))"),
    "search places": ("#places", "const f = one('#filter [name=search]'); f.value = f.value ? '' : 'a'; change(f, 'input')"),
}
TIMED = """const [script, done] = arguments, begun = performance.now();
(new Function(script))();
document.body.offsetHeight;
requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));"""
# Parts out of sight are not laid out before a reader scrolls to them, and figures of drawings are folded; widths and
# accessibility are of all parts, and pictures show what is folded as a reader finds it.
WHOLE = """const style = document.createElement('style');
style.textContent = '* { content-visibility: visible !important; }';
document.head.append(style);"""
FOLD = "for (const one of document.querySelectorAll('details.figures')) one.open = arguments[0];"
CUT = """return [...document.querySelectorAll('.scroll')]
.filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
.map((e) => `${e.getAttribute('aria-label')}: ${e.scrollWidth} of ${e.clientWidth} pixels`)"""
AXE = """const done = arguments[0];
axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations.map((v) =>
  [v.impact, v.id, v.help, v.nodes.length, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120))])))"""


def main() -> int:
    """Check each page; the number of faults decides the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, nargs="+", metavar="page", help="an HTML file, or a folder of such files")
    parser.add_argument("--axe", type=Path, help="axe.min.js of axe-core")
    parser.add_argument("--pictures", type=Path, help="folder for pictures in light, dark, narrow and print")
    wishes = parser.parse_args()
    found = [sorted(page.rglob("*.html")) if page.is_dir() else [page] for page in wishes.pages]
    if wishes.axe is None:
        print("accessibility is not checked: name axe.min.js with --axe")
    driver, faulty = browser(), False
    try:
        for page in (page for pages in found for page in pages):
            faults = check(driver, page, wishes.axe, wishes.pictures)
            print(f"{page}: {page.stat().st_size / 1e6:.2f} MB, {len(faults)} faults")
            for fault in faults:
                print(f"  {fault}")
            faulty = faulty or bool(faults)
    finally:
        driver.quit()
    return 1 if faulty else 0


def check(driver: Any, page: Path, axe: Path | None, pictures: Path | None) -> list[str]:
    """The faults of one page."""
    address = page.resolve().as_uri()
    driver.get_log("performance")
    driver.get(address)
    faults = [f"asked for {one}" for one in requests_of(driver, address)]
    faults += [f"console: {entry['message']}" for entry in driver.get_log("browser")]
    driver.execute_script(WHOLE)
    driver.execute_script(FOLD, True)
    faults += cut_off(driver)
    if axe is not None:
        faults += accessibility(driver, axe)
    driver.execute_script(FOLD, False)
    if pictures is not None:
        take_pictures(driver, page.stem if page.stem != "index" else f"{page.resolve().parent.name}-index", pictures)
    return faults + slow(driver, address)


def browser() -> Any:
    """Chromium without a window, which keeps a log of requests."""
    from selenium.webdriver import Chrome
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    found = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if None in found.values():
        sys.exit("chromium and chromedriver are needed (Debian: apt-get install chromium chromium-driver)")
    options = Options()
    options.binary_location = str(found["chromium"])
    for flag in (*FLAGS, f"--user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = Chrome(options=options, service=Service(str(found["chromedriver"])))
    made.set_script_timeout(120)
    return made


def requests_of(driver: Any, address: str) -> list[str]:
    """What the page has asked for besides itself."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    asked = {re.sub("#.*", "", one["request"]["url"]) for one in sent if re.sub("#.*", "", one["documentURL"]) == address}
    return sorted(url for url in asked - {address} if not url.startswith("data:"))


def view(driver: Any, width: int, scheme: str = "light", media: str = "") -> None:
    """Show the page in a window of this width, in a colour scheme, on a screen or on paper."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def cut_off(driver: Any) -> list[str]:
    """What is wider than its place in a wide window or on paper, and whether the page is wider than a window."""
    faults = []
    for width in (WIDE, NARROW):
        view(driver, width)
        whole = driver.execute_script("return document.documentElement.scrollWidth")
        faults += [f"the page is {whole} pixels wide in a window of {width}"] if whole > width else []
    view(driver, PAPER, "light", "print")
    faults += [f"cut off on paper: {one}" for one in driver.execute_script(CUT)]
    view(driver, WIDE)
    return faults + [f"cut off at {WIDE} pixels: {one}" for one in driver.execute_script(CUT)]


def accessibility(driver: Any, axe: Path) -> list[str]:
    """The violations that axe-core calls serious or critical, in both colour schemes; all others are printed."""
    faults = []
    for scheme in ("light", "dark"):
        view(driver, WIDE, scheme)
        driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe.read_text(encoding="utf-8")})
        for impact, rule, help_, count, nodes in driver.execute_async_script(AXE):
            sentence = f"axe, {scheme}: {impact}: {rule}: {help_} ({count}): {'; '.join(nodes)}"
            if impact in ("serious", "critical"):
                faults.append(sentence)
            else:
                print(sentence)
    return faults


def take_pictures(driver: Any, name: str, folder: Path) -> None:
    """The whole page in light, dark, narrow and print."""
    folder.mkdir(parents=True, exist_ok=True)
    for what, arguments in {
        "light": (WIDE,), "dark": (WIDE, "dark"), "narrow": (NARROW,), "print": (PAPER, "light", "print"),
    }.items():  # fmt: skip
        view(driver, *arguments)
        height = driver.execute_script("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": arguments[0], "height": min(height, 16000), "scale": 1}
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        (folder / f"{name}-{what}.png").write_bytes(base64.b64decode(shot["data"]))
    view(driver, WIDE)


def slow(driver: Any, address: str) -> list[str]:
    """Interactions whose median time is above SLOW; all are printed."""
    faults = []
    driver.get(address)
    for name, (needed, script) in INTERACTIONS.items():
        if not driver.execute_script("return document.querySelector(arguments[0]) !== null", needed):
            continue
        times = [float(driver.execute_async_script(TIMED, HELPERS + script)) for _ in range(TIMES)]
        print(f"{name}: {statistics.median(times):.0f} ms ({min(times):.0f} – {max(times):.0f}, n = {TIMES})")
        faults += [f"slow: {name}: {statistics.median(times):.0f} ms"] if statistics.median(times) > SLOW else []
    return faults


if __name__ == "__main__":
    sys.exit(main())
