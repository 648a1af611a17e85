"""How often `cats watch` raises an alarm, with and without a change: simulated on real images with a real network.

python scripts/simulate_watch.py            prints the tables of docs/watch.md; about half an hour on one core
python scripts/simulate_watch.py --write    puts them there
python scripts/simulate_watch.py 20         fewer draws of each kind, for a first look

The network is mobilenetv2_035 with ImageNet weights and a head that is fitted to training images. Features are computed once
for every image and every change; each draw deals out the held-out images again to the reference and to the new images, because
one fixed reference would favour one outcome. CATS_DATA and CATS_WEIGHTS must name the folders of the files.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from documentation.place import put
from watching.cases import Case, SeenCase, case_of, other_set
from watching.images import CHANGES, TRAINED, Images, backbone, fine_tuned, pixels_of

PAGE = Path(__file__).parents[1] / "docs" / "watch.md"
DRAWS = 400


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    draws = numbers[0] if numbers else DRAWS
    made = ""
    for text in tables(draws):
        print(text, flush=True)
        made += text + "\n"
    if "--write" in sys.argv:
        put(PAGE, "watch", made)


def tables(draws: int) -> Iterator[str]:
    torch.manual_seed(0)
    network = backbone()
    names = list(CHANGES)
    idc, training, idc_changed = case_of(network, "idc", TRAINED, names)
    pneumonia, _, pneumonia_changed = case_of(network, "pneumoniamnist", TRAINED, names[:3])
    head = ["| images | new | alarms | tests that raise them, % of draws |", "| --- | ---: | ---: | --- |"]
    yield from ("", f"Without a change, {draws} draws each:", "", *head)
    for row in without_change(idc, pneumonia, draws):
        yield line(row)
    yield from ("", f"Where the promise ends, no change either, {draws // 4} draws each:", "", *head)
    for row in doubtful(idc, training, draws // 4):
        yield line(row)
    yield from ("", f"With a change, {draws // 4} draws each:", "", *head)
    for name, changed in (("idc", idc_changed), ("pneumoniamnist", pneumonia_changed)):
        for change, case in changed.items():
            yield line((f"{name}: {change}", 200, *case.alarms(200, draws // 4)))
    share = idc.held.labels.mean()
    weights = np.where(idc.held.labels == 1, 0.5 / share, 0.5 / (1 - share))
    name = f"idc: share of the positive class {100 * share:.0f} -> 50 %, images as before"
    yield line((name, 200, *replace(idc, weights=weights).alarms(200, draws // 4)))
    yield line(("breastmnist: pictures of retinamnist, in grey", 200, *other_set(network).alarms(200, draws // 4)))


def without_change(idc: Case, pneumonia: Case, draws: int) -> Iterator[tuple[str, int, float, str]]:
    for name, case in (("idc, held-out images", idc), ("pneumoniamnist, held-out images", pneumonia)):
        for count in (50, 200, 1000):
            yield name, count, *case.alarms(count, draws)


def doubtful(idc: Case, training: Images, draws: int) -> Iterator[tuple[str, int, float, str]]:
    """What the promise depends on: the reference is no training data, and images are independent."""
    yield "idc, reference of training images, head fitted", 200, *SeenCase(idc.held, seen=training).alarms(200, draws)
    tuned, seen, _ = case_of(fine_tuned(*pixels_of("idc")[:2]), "idc", TRAINED, [])
    yield "idc, reference of training images, network fine-tuned", 200, *SeenCase(tuned.held, seen=seen).alarms(200, draws)
    yield "idc, reference of held-out images, network fine-tuned", 200, *tuned.alarms(200, draws)
    by_patient = replace(idc, patients=True)
    yield "idc, 8 new patients of 25 images, groups not stated", 200, *by_patient.alarms(200, draws)
    yield "idc, 8 new patients of 25 images, `--group`", 200, *replace(by_patient, grouped=True).alarms(200, draws)


def line(row: tuple[str, int, float, str]) -> str:
    name, count, alarms, tests = row
    return f"| {name} | {count:,} | {100 * alarms:.1f} % | {tests} |"


if __name__ == "__main__":
    main()
