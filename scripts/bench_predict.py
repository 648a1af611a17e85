#!/usr/bin/env python
"""`cats predict` beside the plain loop that a user would write over the same network: images per second, and peak memory.

    .venv/bin/python scripts/bench_predict.py MODEL [--pictures N ...] [--repeats N]

MODEL: folder of a kept classifier. PNG files are made of the images of breastmnist (CATS_DATA), each a little different, in a
folder that is removed at the end. Both ways run in processes of their own, in turns, so that load of the machine meets both.
The loop opens a picture with Pillow, resizes it, and gives batches of 256 to the network, in this process's threads.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LOOP = """
import sys
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from benchmark.models.model import read_model
model = read_model(Path(sys.argv[1]))
size, grey = model.manifest.reading.size, not model.manifest.reading.colour
files, rows = sorted(Path(sys.argv[2]).rglob("*.png")), []
with torch.inference_mode():
    for start in range(0, len(files), 256):
        batch = []
        for file in files[start : start + 256]:
            with Image.open(file) as picture:
                image = picture.convert("L" if grey else "RGB").resize((size, size), Image.Resampling.BILINEAR)
            batch.append(np.asarray(image).reshape(size, size, -1))
        pixels = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float().div(255).expand(-1, 3, -1, -1)
        rows += model.probabilities(model.network(pixels).numpy()).tolist()
Path(sys.argv[3]).write_text("\\n".join(",".join(map(str, row)) for row in rows))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--pictures", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(f"command: python {' '.join(sys.argv)}\ncores: {os.cpu_count()}")
    print(f"{'way':<16} {'pictures':>8}  {'images/s (each)':<26} peak MB")
    with tempfile.TemporaryDirectory(prefix="cats-bench-predict-") as scratch:
        for count in given.pictures:
            compare(given.model, make_pictures(Path(scratch) / str(count), count), count, given.repeats)


def compare(model: Path, folder: Path, count: int, repeats: int) -> None:
    """Run both ways in turns and print the figures of each, and the median of the ratios."""
    out = folder.parent / f"out-{count}.csv"
    cats = ["-m", "benchmark", "predict", str(model), str(folder), "--output", str(out), "--overwrite"]
    ways: dict[str, list[str]] = {"cats predict": cats, "plain loop": ["-c", LOOP, str(model), str(folder), str(out)]}
    rates: dict[str, list[float]] = {way: [] for way in ways}
    peaks: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, arguments in ways.items():
            seconds, peak = measured([sys.executable, *arguments])
            rates[way].append(count / seconds)
            peaks[way].append(peak)
    for way in ways:
        print(f"{way:<16} {count:>8,}  {', '.join(f'{rate:.0f}' for rate in rates[way]):<26} {np.median(peaks[way]):.0f}")
    ratios = np.array(rates["cats predict"]) / np.array(rates["plain loop"])
    spread = f"from {ratios.min():.2f} to {ratios.max():.2f} (n = {repeats})"
    print(f"ratio of a turn: median {np.median(ratios):.2f}, {spread}", flush=True)


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and peak of resident memory (MB) of a command, its start included. Raises RuntimeError if it fails."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def make_pictures(folder: Path, count: int) -> Path:
    """Write PNG files of 64 pixels: enlarged images of breastmnist, each brighter or darker by a little."""
    from PIL import Image

    folder.mkdir(parents=True)
    with np.load(Path(os.environ["CATS_DATA"]) / "medmnist" / "breastmnist.npz", allow_pickle=False) as data:
        images = data["train_images"]
    for number in range(count):
        shift = number // len(images) % 40
        pixels = np.clip(images[number % len(images)].astype(int) + shift, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).resize((64, 64)).save(folder / f"{number:06}.png")
    return folder


if __name__ == "__main__":
    main()
