#!/usr/bin/env python
"""How fast the engine trains, beside a plain loop in the manner of published code, on the same images, epochs and seeds.

    .venv/bin/python scripts/bench_training.py [PART ...] [--seeds N] [--workers N] [--json FILE]

PART: small (ResNet-18, 64 px), large (MobileNetV2-100, 224 px), peak (the share of the machine's matrix peak in bf16 that the
training steps of small and large reach), probe (frozen features, 4 seeds, 10 values of C), packed
(several seeds side by side), compiled (training steps with and without torch.compile, nothing compiled before), overhead
(a whole cell through runner, energy and MLflow), gpu (needs one: a cell of the CATS-2024 kind, the bare throughput of the
backbone, packed seeds). Without PART: small, large, probe, overhead.

The plain loop: torchvision's PIL transforms in a DataLoader (of --workers processes), fp32, training and validation images
evaluated after every epoch, as in the published code of MedMNIST and CATS; optimiser and transforms are those of the recipe.
--json is written again after every figure. Images per second are training images (whole batches, because the engine drops
the rest) times epochs over all the time of a training, evaluations included. Images: MedMNIST below CATS_DATA, or noise where
they are missing (then no AUC).
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from training import beside, peak, probe, steps
from training.cell import cells
from training.figure import interval, printed_facts
from training.pack import together
from training.task import Task, noise, task

from benchmark.machine.device import device_of
from benchmark.specs.recipe import Augment, Recipe

MOVES = Augment(flip=0.5, rotate=10, shift=0.1, zoom=0.1)
PARTS = ("small", "large", "probe", "overhead")
Figures = Iterator[dict[str, object]]


@dataclass(frozen=True)
class Asked:
    """Where and how often to measure; `workers`: processes of the plain loop's DataLoader."""

    device: torch.device
    seeds: int
    workers: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", choices=[*PARTS, "peak", "packed", "compiled", "gpu"], default=PARTS
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="processes of the plain loop's DataLoader; 0: none but its own")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    device = device_of(given.device)
    about = printed_facts(device)
    asked = Asked(device, given.seeds, given.workers)
    found: dict[str, dict[str, object]] = {part: {} for part in given.parts}
    for part in given.parts:
        for figures in MEASURES[part](asked):  # what has been measured is kept whatever comes after it
            found[part] |= figures
            if given.json:
                draft = given.json.with_name(f".{given.json.name}.draft")
                draft.write_text(json.dumps({**about, "found": found}, indent=2), encoding="utf-8")
                draft.replace(given.json)


SMALL = Recipe(size=64, epochs=10, batch_size=64, lr=1e-3, weight_decay=0.02, augment=MOVES)
LARGE = Recipe(size=224, epochs=4, batch_size=16, lr=1e-3, weight_decay=0.02, augment=MOVES)


def small(asked: Asked) -> Figures:
    """ResNet-18 at 64 px, from scratch."""
    yield compared(task("resnet18", "pneumoniamnist", SMALL, 512), asked)


def large(asked: Asked) -> Figures:
    """MobileNetV2-100 at 224 px, from ImageNet."""
    yield compared(task("mobilenetv2_100", "breastmnist", LARGE, 208), asked)


def peaked(asked: Asked) -> Figures:
    """Training steps of `small` and `large` alone, as a share of the machine's matrix peak in bf16."""
    for backbone, recipe, count in (("resnet18", SMALL, 512), ("mobilenetv2_100", LARGE, 208)):
        what = noise(backbone, recipe, count)
        each, most = peak.operations(what), peak.matrix_peak(asked.device)
        found = steps.in_turn(what, asked.seeds, asked.device)
        print(
            f"\n{backbone}, {recipe.size} px, {each / 1e9:.2f} GFLOP per image; matrix peak in bf16 {most / 1e9:,.0f} GFLOP/s"
        )
        shares = {name: [each * rate / most for rate in rates] for name, rates in found.items()}
        for name, share in shares.items():
            percent = interval([100 * one for one in share])
            print(f"  {name:<7} {interval(found[name])} images/s, {percent} % of it, n={asked.seeds}")
        yield {backbone: {"flop_per_image": each, "peak": most, "images_per_second": found, "share": shares}}


def compared(what: Task, asked: Asked) -> dict[str, object]:
    """The engine beside the plain loop."""
    rates, areas = beside.in_turn(replace(what, workers=asked.workers), asked.seeds, asked.device)
    gain = [fast / slow for fast, slow in zip(rates["engine"], rates["plain loop"], strict=True)]
    gap = [a - b for a, b in zip(areas["engine"], areas["plain loop"], strict=True)]
    title = f"{what.backbone}, {what.recipe.size} px, {len(what.images['train'][1])} images, {what.recipe.epochs} epochs"
    print(f"\n{title}, {what.recipe.optimiser}, plain loop with {asked.workers} workers, n={asked.seeds} seeds")
    for name in rates:
        print(f"  {name:<12} {interval(rates[name])} images/s" + (f"   test AUC {interval(areas[name])}" if what.real else ""))
    print(f"  engine / plain loop: {interval(gain)} times" + (f"   AUC difference {interval(gap)}" if what.real else ""))
    return {
        "task": title,
        "workers": asked.workers,
        "images_per_second": rates,
        "auc": areas if what.real else None,
        "gain": gain,
    }


def probed(asked: Asked) -> Figures:
    """Four seeds (each draws other images) and ten values of C: everything again for each seed, or the engine's way."""
    strengths = tuple(float(c) for c in np.logspace(-4, 2, 10))
    what = task("mobilenetv2_100", "breastmnist", Recipe(protocol="probe", size=64, c=strengths), None)
    draws = [np.random.default_rng(seed).choice(len(what.images["train"][1]), 400, replace=False) for seed in range(4)]
    seconds, areas = probe.in_turn(what, draws, asked.device)
    gain = [a / b for a, b in zip(seconds["each time"], seconds["engine"], strict=True)]
    print(f"\nprobe: mobilenetv2_100, 64 px, 4 seeds of 400 images, 10 values of C, n={len(gain)}")
    for name, times in seconds.items():
        print(f"  {name:<12} {interval(times)} s" + (f"   test AUC {interval(areas[name])}" if what.real else ""))
    print(f"  engine / each time: {interval(gain)} times")
    yield {"seconds": seconds, "auc": areas, "gain": gain}


def packed(asked: Asked) -> Figures:
    """Seeds one after the other, and 2 or more at once: trainings of networks and images that are on the device already."""
    device = asked.device
    size = 224 if device.type == "cuda" else 64
    recipe = Recipe(size=size, epochs=6, batch_size=64, lr=1e-3, augment=MOVES)
    for backbone in ("resnet18", "mobilenetv2_100"):
        what = task(backbone, "pneumoniamnist", recipe, 512)
        beside.engine(what, -1, device)  # warms up and does not count
        print(f"\n{backbone}, {size} px, several seeds at once, images/s of all together, n=3")
        for count in (1, 2) if device.type == "cpu" else (1, 2, 4, 8):
            rates = [together(what, count, device) for _ in range(3)]
            print(f"  {count} at once    {interval(rates)}")
            yield {f"{backbone}, {count}": rates}


def compiling(asked: Asked) -> Figures:
    """Training steps with `compile: true` beside those without it."""
    recipe = Recipe(size=64, batch_size=32, lr=1e-3, augment=MOVES)
    for backbone in ("resnet18", "mobilenetv2_100"):
        what = task(backbone, "pneumoniamnist", recipe, 512)
        # Nothing that an earlier call has compiled: it would be read from the disk in a second.
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=folder):
            first, rates = steps.compiled_in_turn(what, asked.seeds, asked.device)
        print(f"\n{backbone}, {recipe.size} px, batches of {recipe.batch_size}, images/s, n={asked.seeds} epochs in turn")
        print(f"  plain {interval(rates['plain'])}, compiled {interval(rates['compiled'])}, the first step {first:.1f} s")
        yield {backbone: {**rates, "first_step_seconds": first}}


def overhead(asked: Asked) -> Figures:
    """What a cell takes beyond forward, backward and optimiser: reading, augmentation, scores, energy, MLflow, everything."""
    with tempfile.TemporaryDirectory() as folder:
        for name, epochs, count in (("cell with no epoch", 0, 4 * asked.seeds), ("long cell", 40, min(asked.seeds, 3))):
            whole, inside = cells(Path(folder), epochs, count, asked.device)
            beyond = [a - b for a, b in zip(whole, inside, strict=True)]
            shares = [100 * a / b for a, b in zip(beyond, whole, strict=True)]
            print(f"\na {name}: {interval(whole)} s, of it the framework {interval([1000 * x for x in beyond])} ms", end="")
            print(f", {interval(shares)} %, n={len(whole)}")
            yield {name: {"seconds": whole, "framework": beyond}}


def gpu(asked: Asked) -> Figures:
    """A cell of the CATS-2024 kind beside the plain loop; the bare throughput of the backbone; packed seeds."""
    if asked.device.type != "cuda":
        raise SystemExit("part gpu needs a CUDA device")
    for count in (192, 1024):
        recipe = Recipe(
            size=224, epochs=20, batch_size=64, optimiser="sgd", lr=0.01, dropout=0.5,
            augment=Augment(flip=0.5, crop=0.08, rotate=5, sharpness=0.5, autocontrast=0.5, equalize=0.5),
        )  # fmt: skip
        yield {f"cell, {count} images": compared(task("resnet18", "pneumoniamnist", recipe, count), asked)}
    yield {"bare": bare("resnet18", 224, asked)}
    several: dict[str, object] = {}
    for figures in packed(asked):
        several |= figures
        yield {"packed": several}


def bare(backbone: str, size: int, asked: Asked) -> dict[str, object]:
    """Forward and backward in bf16 on noise that lies on the device, beside the engine's steps, each as often as asked."""
    recipe = Recipe(size=size, batch_size=64, lr=1e-3, augment=MOVES, precision="bf16")
    found = steps.in_turn(noise(backbone, recipe, 4096), asked.seeds, asked.device)
    shares = [engine / limit for engine, limit in zip(found["engine"], found["bare"], strict=True)]
    print(f"\n{backbone}, {size} px, bf16, images/s, n={asked.seeds}")
    print(f"  bare forward + backward {interval(found['bare'])}, steps of the engine {interval(found['engine'])}", end="")
    print(f", {interval([100 * share for share in shares])} %")
    return {**found, "share": shares}


MEASURES: dict[str, Callable[[Asked], Figures]] = {
    "small": small, "large": large, "peak": peaked, "probe": probed, "packed": packed, "compiled": compiling,
    "overhead": overhead, "gpu": gpu,
}  # fmt: skip


if __name__ == "__main__":
    main()
