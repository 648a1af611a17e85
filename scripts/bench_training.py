#!/usr/bin/env python
"""How fast the engine trains, beside a plain loop in the manner of published code, on the same images, epochs and seeds.

    .venv/bin/python scripts/bench_training.py [PART ...] [--seeds N] [--workers N] [--json FILE]

PART: small (ResNet-18, 64 px), large (MobileNetV2-100, 224 px), probe (frozen features, 4 seeds, 10 values of C),
packed (several seeds side by side), overhead (a whole cell through runner, energy and MLflow), gpu (needs one: a cell of the
CATS-2024 kind, the bare throughput of the backbone, packed seeds). Without PART: small, large, probe, overhead.

The plain loop: torchvision's PIL transforms in a DataLoader (of --workers processes), fp32, training and validation images
evaluated after every epoch, as in the published code of MedMNIST and CATS; optimiser and transforms are those of the recipe.
--json is written anew after every figure. Images per second are training images (whole batches, because the engine drops
the rest) times epochs over all the time of a training, evaluations included. Images: MedMNIST below CATS_DATA, or noise where
they are not at hand (then no AUC).
"""

import argparse
import concurrent.futures
import contextlib
import functools
import itertools
import json
import math
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmark import train
from benchmark.augment import draw
from benchmark.device import device_of
from benchmark.images import as_float, batches, on_device
from benchmark.memory import keep_memory, large_pages
from benchmark.network import Network, Trained, read_weights
from benchmark.operators import declare_missing
from benchmark.pack import side_by_side
from benchmark.precision import autocast, precision, quicken
from benchmark.recipe import Augment, Recipe
from benchmark.score import auc
from benchmark.threads import wait_briefly

MOVES = Augment(flip=0.5, rotate=10, shift=0.1, zoom=0.1)
PARTS = ("small", "large", "probe", "overhead")
CLASSES = 2
PLAIN_CHANGES = {"flip", "rotate", "shift", "zoom", "crop", "sharpness", "autocontrast", "equalize"}  # see moves()
Way = Callable[["Task", int, torch.device], np.ndarray]
Figures = Iterator[dict[str, object]]


@dataclass(frozen=True)
class Asked:
    """Where and how often to measure; `workers`: processes of the plain loop's DataLoader."""

    device: torch.device
    seeds: int
    workers: int = 0


@dataclass(frozen=True)
class Task:
    """What both loops do: pixels (N, S, S, C) uint8 and labels (N,) of train, val and test; how they are trained."""

    backbone: str
    trained: Trained
    recipe: Recipe
    images: dict[str, tuple[np.ndarray, np.ndarray]]
    real: bool
    workers: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, "packed", "gpu"], default=PARTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="processes of the plain loop's DataLoader; 0: none but its own")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    device = device_of(given.device)
    about = {"command": " ".join(["python", *sys.argv]), "hardware": hardware(device), "versions": versions()}
    print(*(f"{name}: {value}" for name, value in about.items()), sep="\n")
    asked = Asked(device, given.seeds, given.workers)
    found: dict[str, dict[str, object]] = {part: {} for part in given.parts}
    for part in given.parts:
        for figures in MEASURES[part](asked):  # what has been measured is kept whatever comes after it
            found[part] |= figures
            if given.json:
                draft = given.json.with_name(f".{given.json.name}.draft")
                draft.write_text(json.dumps({**about, "found": found}, indent=2), encoding="utf-8")
                draft.replace(given.json)


# the engine beside a plain loop ------------------------------------------------------------------------------------------


def small(asked: Asked) -> Figures:
    """ResNet-18 at 64 px, from scratch."""
    recipe = Recipe(size=64, epochs=10, batch_size=64, lr=1e-3, weight_decay=0.02, augment=MOVES)
    yield compared(task("resnet18", "pneumoniamnist", recipe, 512), asked)


def large(asked: Asked) -> Figures:
    """MobileNetV2-100 at 224 px, from ImageNet."""
    recipe = Recipe(size=224, epochs=4, batch_size=16, lr=1e-3, weight_decay=0.02, augment=MOVES)
    yield compared(task("mobilenetv2_100", "breastmnist", recipe, 208), asked)


def compared(what: Task, asked: Asked) -> dict[str, object]:
    """Both loops, seed by seed in turn, so that a slow minute of the machine falls on both."""
    what, seeds = replace(what, workers=asked.workers), asked.seeds
    ways = {"plain loop": plain, "engine": engine}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    areas: dict[str, list[float]] = {name: [] for name in ways}
    with alone(tuned=False) as first, alone(tuned=True) as second:
        for seed in range(-1, seeds):  # the first one warms up and does not count
            for pool, (name, way) in zip((first, second), ways.items(), strict=True):
                seconds, area = pool.submit(timed, way, what, seed, str(asked.device)).result()
                if seed >= 0:
                    rates[name].append(what.recipe.epochs * len(what.images["train"][1]) / seconds)
                    areas[name].append(area)
    gain = [fast / slow for fast, slow in zip(rates["engine"], rates["plain loop"], strict=True)]
    gap = [a - b for a, b in zip(areas["engine"], areas["plain loop"], strict=True)]
    title = f"{what.backbone}, {what.recipe.size} px, {len(what.images['train'][1])} images, {what.recipe.epochs} epochs"
    print(f"\n{title}, {what.recipe.optimiser}, plain loop with {what.workers} workers, n={seeds} seeds")
    for name in ways:
        print(f"  {name:<12} {interval(rates[name])} images/s" + (f"   test AUC {interval(areas[name])}" if what.real else ""))
    print(f"  engine / plain loop: {interval(gain)} times" + (f"   AUC difference {interval(gap)}" if what.real else ""))
    return {
        "task": title,
        "workers": what.workers,
        "images_per_second": rates,
        "auc": areas if what.real else None,
        "gain": gain,
    }


@contextlib.contextmanager
def alone(*, tuned: bool) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """A process of its own; tuned as `cats run` tunes its, or as Python gives it."""
    before = dict(os.environ)
    if tuned:
        wait_briefly()
        large_pages()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context, initializer=keep_memory if tuned else None) as pool:
        pool.submit(os.getpid).result()  # it begins now, with this environment
        os.environ.clear()
        os.environ.update(before)
        yield pool


def timed(way: Way, what: Task, seed: int, device: str) -> tuple[float, float]:
    """Seconds and test AUC."""
    start = time.perf_counter()
    probabilities = way(what, seed, torch.device(device))
    return time.perf_counter() - start, auc(what.images["test"][1], probabilities)


def engine(what: Task, seed: int, device: torch.device) -> np.ndarray:
    """Train with cats-bench; the probabilities of the test images."""
    network = network_of(what, seed).to(device)
    parts = {name: on_device(pixels, labels, device) for name, (pixels, labels) in what.images.items()}
    train.fit(network, parts["train"], parts["val"], what.recipe, max(seed, 0))
    logits = train.predict(network, parts["test"], precision(network, what.recipe))
    return train.to_probabilities(logits, multilabel=False)


def plain(what: Task, seed: int, device: torch.device) -> np.ndarray:
    """Train as published code does; the probabilities of the test images with the weights of the smallest validation loss."""
    recipe, network = what.recipe, network_of(what, seed).to(device)
    torch.manual_seed(max(seed, 0))
    loader = functools.partial(torch.utils.data.DataLoader, batch_size=recipe.batch_size, num_workers=what.workers)
    training = loader(Pictures(*what.images["train"], moves(recipe)), shuffle=True)
    judged = {name: loader(Pictures(*part, moves(None))) for name, part in what.images.items()}
    optimiser = plain_optimiser(network, recipe)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs)
    best, kept = math.inf, network.state_dict()
    for _ in range(recipe.epochs):
        network.train()
        for images, labels in training:
            optimiser.zero_grad()
            loss = F.cross_entropy(network(images.to(device)), labels.to(device))
            loss.backward()
            optimiser.step()
            loss.item()
        schedule.step()
        logits = {name: outputs(network, judged[name], device) for name in ("train", "val")}
        losses = {name: float(F.cross_entropy(x, torch.from_numpy(what.images[name][1]))) for name, x in logits.items()}
        if losses["val"] < best:
            best, kept = losses["val"], {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(kept)
    return train.to_probabilities(outputs(network, judged["test"], device), multilabel=False)


def plain_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's, as it is written without an engine."""
    rates = {"lr": recipe.lr, "weight_decay": recipe.weight_decay}
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), momentum=recipe.momentum, nesterov=recipe.momentum > 0, **rates)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimiser](network.parameters(), **rates)


def moves(recipe: Recipe | None) -> Callable[..., torch.Tensor]:
    """torchvision's PIL transforms for training images; without a recipe those for all others."""
    declare_missing()
    from torchvision import transforms

    if recipe is None:
        return transforms.ToTensor()
    augment = recipe.augment
    changed = {name for name, value in augment if value != (1 if name == "crop" else 0)}
    if changed - PLAIN_CHANGES:
        raise SystemExit(f"the plain loop has no {' and no '.join(sorted(changed - PLAIN_CHANGES))}")
    smooth = transforms.InterpolationMode.BILINEAR
    turned = transforms.RandomAffine(
        augment.rotate, (augment.shift,) * 2, (1 - augment.zoom, 1 + augment.zoom), interpolation=smooth
    )
    ways = [
        ({"crop"}, transforms.RandomResizedCrop(recipe.size, scale=(augment.crop, 1), interpolation=smooth)),
        ({"flip"}, transforms.RandomHorizontalFlip(augment.flip)),
        ({"rotate", "shift", "zoom"}, turned),
        ({"sharpness"}, transforms.RandomAdjustSharpness(2, augment.sharpness)),
        ({"autocontrast"}, transforms.RandomAutocontrast(augment.autocontrast)),
        ({"equalize"}, transforms.RandomEqualize(augment.equalize)),
    ]
    return transforms.Compose([*(way for names, way in ways if names & changed), transforms.ToTensor()])


class Pictures(torch.utils.data.Dataset):
    """PIL images through transforms, one at a time."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, change: Callable[..., torch.Tensor]) -> None:
        from PIL import Image

        self.pictures = [Image.fromarray(p.squeeze()).convert("RGB") for p in pixels]
        self.labels, self.change = labels, change

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        return self.change(self.pictures[place]), int(self.labels[place])


@torch.no_grad()
def outputs(network: nn.Module, loader: torch.utils.data.DataLoader, device: torch.device) -> torch.Tensor:
    network.eval()
    return torch.cat([network(images.to(device)).cpu() for images, _ in loader])


# the linear probe --------------------------------------------------------------------------------------------------------


def probe(asked: Asked) -> Figures:
    """Four seeds (each draws other images) and ten values of C: everything anew, or the engine's features and path of C."""
    strengths = tuple(float(c) for c in np.logspace(-4, 2, 10))
    what = task("mobilenetv2_100", "breastmnist", Recipe(protocol="probe", size=64, c=strengths), None)
    draws = [np.random.default_rng(seed).choice(len(what.images["train"][1]), 400, replace=False) for seed in range(4)]
    seconds: dict[str, list[float]] = {"anew": [], "engine": []}
    areas = {}
    for count in range(4):
        for name, way in (("anew", probed_anew), ("engine", probed_once)):
            start = time.perf_counter()
            areas[name] = way(what, draws, asked.device)
            if count:
                seconds[name].append(time.perf_counter() - start)
    gain = [a / b for a, b in zip(seconds["anew"], seconds["engine"], strict=True)]
    print(f"\nprobe: mobilenetv2_100, 64 px, 4 seeds of 400 images, 10 values of C, n={len(gain)}")
    for name, times in seconds.items():
        print(f"  {name:<12} {interval(times)} s" + (f"   test AUC {interval(areas[name])}" if what.real else ""))
    print(f"  engine / anew: {interval(gain)} times")
    yield {"seconds": seconds, "auc": areas, "gain": gain}


def probed_anew(what: Task, draws: Sequence[np.ndarray], device: torch.device) -> list[float]:
    """Test AUC of each draw: features extracted for each, one fit for each C."""
    declare_missing()
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from torchvision import transforms

    found = []
    for rows in draws:
        network = network_of(what, 0).to(device)
        network.head = nn.Identity()
        parts = {**what.images, "train": tuple(part[rows] for part in what.images["train"])}
        loaders = {
            name: torch.utils.data.DataLoader(Pictures(*part, transforms.ToTensor()), batch_size=64)
            for name, part in parts.items()
        }
        features = {name: outputs(network, loader, device).numpy() for name, loader in loaders.items()}
        tried = []
        for strength in what.recipe.c:
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
            model.fit(features["train"], parts["train"][1])
            tried.append((auc(parts["val"][1], model.predict_proba(features["val"])), model))
        best = max(tried, key=lambda one: one[0])[1]
        found.append(auc(parts["test"][1], best.predict_proba(features["test"])))
    return found


def probed_once(what: Task, draws: Sequence[np.ndarray], device: torch.device) -> list[float]:
    """Test AUC of each draw: features of all images once, the whole path of C at one go."""
    from benchmark.probe import PROTOCOLS

    network = network_of(what, 0).to(device)
    precise = precision(network, what.recipe)
    everything = {
        name: train.extract(network, on_device(*part, device), precise).cpu().numpy() for name, part in what.images.items()
    }
    found = []
    for rows in draws:
        labels = {name: part[1] for name, part in what.images.items()} | {"train": what.images["train"][1][rows]}
        features = {**everything, "train": everything["train"][rows]}
        found.append(auc(labels["test"], PROTOCOLS["probe"](features, labels, what.recipe, "max_val_auc")[0]))
    return found


# several seeds side by side ----------------------------------------------------------------------------------------------


def packed(asked: Asked) -> Figures:
    """Seeds one after the other, and 2 or more at once: trainings of networks and images that are on the device already."""
    device = asked.device
    size = 224 if device.type == "cuda" else 64
    recipe = Recipe(size=size, epochs=6, batch_size=64, lr=1e-3, augment=MOVES)
    for backbone in ("resnet18", "mobilenetv2_100"):
        what = task(backbone, "pneumoniamnist", recipe, 512)
        engine(what, -1, device)
        print(f"\n{backbone}, {size} px, several seeds at once, images/s of all together, n=3")
        for count in (1, 2) if device.type == "cpu" else (1, 2, 4, 8):
            rates = []
            for _ in range(3):
                works = [training(what, seed, device) for seed in range(count)]
                with finished(device) as clock:
                    side_by_side(works, device)
                rates.append(count * recipe.epochs * len(what.images["train"][1]) / clock.seconds)
            print(f"  {count} at once    {interval(rates)}")
            yield {f"{backbone}, {count}": rates}


def training(what: Task, seed: int, device: torch.device) -> Callable[[], object]:
    """A training that is about to begin."""
    network = network_of(what, seed).to(device)
    train_images, val_images = (on_device(*what.images[part], device) for part in ("train", "val"))
    return functools.partial(train.fit, network, train_images, val_images, what.recipe, seed)


@dataclass
class Clock:
    """Seconds that something took."""

    seconds: float = 0.0


@contextlib.contextmanager
def finished(device: torch.device) -> Iterator[Clock]:
    """Times what is done within, to its end on the device."""
    clock = Clock()
    waited(device)
    start = time.perf_counter()
    try:
        yield clock
    finally:
        waited(device)
        clock.seconds = time.perf_counter() - start


def waited(device: torch.device) -> None:
    """Let the device finish what it has been given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# a whole cell ------------------------------------------------------------------------------------------------------------


def overhead(asked: Asked) -> Figures:
    """What a cell takes beyond forward, backward and optimiser: reading, augmentation, scores, energy, MLflow, everything."""
    with tempfile.TemporaryDirectory() as folder:
        for name, epochs in (("cell with no epoch", 0), ("long cell", 20)):
            whole, inside = cells(Path(folder), epochs, min(asked.seeds, 3), asked.device)
            beyond = [a - b for a, b in zip(whole, inside, strict=True)]
            shares = [100 * a / b for a, b in zip(beyond, whole, strict=True)]
            print(f"\na {name}: {interval(whole)} s, of it the framework {interval([1000 * x for x in beyond])} ms", end="")
            print(f", {interval(shares)} %, n={len(whole)}")
            yield {name: {"seconds": whole, "framework": beyond}}


def cells(folder: Path, epochs: int, count: int, device: torch.device) -> tuple[list[float], list[float]]:
    """Seconds of cells of a plan, each with its record in MLflow, and of them those in forward, backward and optimiser.

    The first one is left out: it also reads data and weights and starts codecarbon.
    """
    from benchmark.engine import Local
    from benchmark.plan import Plan
    from benchmark.runner import Watch, run
    from results.outbox import Outbox
    from results.tracking import Tracking

    plan = Plan(
        experiment=f"epochs-{epochs}", sources=("imagenet",), targets=("breastmnist",), backbones=("mobilenetv2_100",),
        seeds=count + 1, recipe={"base": "finetune", "epochs": epochs, "size": 64},
    )  # fmt: skip
    tracking = Tracking(f"sqlite:///{folder}/mlflow.db", plan.experiment)
    with Clocks(device) as clocks:
        ticks = [(time.perf_counter(), 0.0)]
        watch = Watch(lambda _: None, lambda _, __: ticks.append((time.perf_counter(), clocks.seconds)))
        state = run(plan, tracking, Outbox(folder / f"outbox-{epochs}"), Local(str(device)), watch)
    if state.failed:
        raise SystemExit(f"a cell failed: {state.failed[0].reason}")
    whole, inside = zip(*([b - a for a, b in zip(*pair, strict=True)] for pair in itertools.pairwise(ticks)), strict=True)
    return list(whole[1:]), list(inside[1:])


class Clocks:
    """Time spent in forward, backward and optimiser while it is open, in `seconds`, each to its end on the device."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.seconds = device, 0.0

    def __enter__(self) -> Self:
        self._real = [(Network, "forward", Network.forward), (torch.Tensor, "backward", torch.Tensor.backward)]
        self._real += [(kind, "step", kind.step) for kind in (torch.optim.AdamW, torch.optim.SGD)]
        for owner, name, real in self._real:
            setattr(owner, name, self._timed(real))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, real in self._real:
            setattr(owner, name, real)

    def _timed(self, real: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(real)
        def timed(*given: object, **more: object) -> object:
            with finished(self.device) as clock:
                made = real(*given, **more)
            self.seconds += clock.seconds
            return made

        return timed


# one large GPU -----------------------------------------------------------------------------------------------------------


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
    what = noise(backbone, recipe, 4096)
    found: dict[str, list[float]] = {"bare": [], "engine": []}
    for seed in range(-1, asked.seeds):  # the first one warms up and does not count
        for name, way in (("bare", bare_steps), ("engine", engine_steps)):
            rate = way(what, seed, asked.device)
            if seed >= 0:
                found[name].append(rate)
    shares = [engine / limit for engine, limit in zip(found["engine"], found["bare"], strict=True)]
    print(f"\n{backbone}, {size} px, bf16, images/s, n={asked.seeds}")
    print(f"  bare forward + backward {interval(found['bare'])}, steps of the engine {interval(found['engine'])}", end="")
    print(f", {interval([100 * share for share in shares])} %")
    return {**found, "share": shares}


def bare_steps(what: Task, seed: int, device: torch.device) -> float:
    """Images per second of forward and backward alone."""
    network = network_of(what, seed).to(device, memory_format=torch.channels_last)
    size = what.recipe.batch_size
    images = as_float(on_device(*what.images["train"], device).pixels[:size])
    labels = torch.zeros(len(images), dtype=torch.int64, device=device)
    count = len(what.images["train"][1]) // size
    for rounds in (min(count, 10), count):
        with finished(device) as clock:
            for _ in range(rounds):
                with autocast(device, torch.bfloat16):
                    loss = F.cross_entropy(network(images), labels)
                network.zero_grad()
                loss.backward()
    return count * len(images) / clock.seconds


def engine_steps(what: Task, seed: int, device: torch.device) -> float:
    """Images per second of the engine's steps: batches, augmentation, forward, backward, optimiser."""
    network, luck = network_of(what, seed).to(device).train(), torch.Generator().manual_seed(max(seed, 0))
    quicken(network)
    size, images = what.recipe.batch_size, on_device(*what.images["train"], device)
    step = train.Step(network, what.recipe, size)
    for most in (10 * size, len(images)):
        order = torch.randperm(len(images), generator=luck)[: most - most % size]
        draws = draw(what.recipe.augment, len(order), luck).to(device)
        with finished(device) as clock:
            for number, (pixels, labels) in enumerate(batches(images, order, size)):
                step(pixels, labels, draws[number * size : (number + 1) * size], what.recipe.lr)
    return len(order) / clock.seconds


# what both loops are given -----------------------------------------------------------------------------------------------


def task(backbone: str, target: str, recipe: Recipe, most: int | None) -> Task:
    """Real images and weights where they are at hand."""
    try:
        images = real_images(target, recipe.size, most)
    except (ImportError, OSError, ValueError):
        return noise(backbone, recipe, most or 500)
    file = weights_file(backbone)
    return Task(backbone, Trained() if file is None else read_weights(file), recipe, images, real=True)


def real_images(target: str, size: int, most: int | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A MedMNIST file of 28 px, enlarged by PIL, as both loops then get it."""
    from PIL import Image

    file = Path(os.environ.get("CATS_DATA", "data")) / "medmnist" / f"{target}.npz"
    found = {}
    with np.load(file, allow_pickle=False) as arrays:
        for part in ("train", "val", "test"):
            pixels, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"][:, 0].astype(np.int64)
            if most is not None:
                count = most if part == "train" else most // 5 if part == "val" else 500
                rows = np.random.default_rng(0).permutation(len(labels))[:count]
                pixels, labels = pixels[rows], labels[rows]
            resized = [np.asarray(Image.fromarray(p).resize((size, size), Image.Resampling.BICUBIC)) for p in pixels]
            found[part] = (np.stack(resized).reshape(len(labels), size, size, -1), labels)
    return found


def noise(backbone: str, recipe: Recipe, count: int) -> Task:
    luck = np.random.default_rng(0)
    sizes = {"train": count, "val": max(count // 4, 16), "test": max(count // 4, 16)}
    images = {
        part: (luck.integers(0, 256, (n, recipe.size, recipe.size, 3), dtype=np.uint8), np.arange(n) % CLASSES)
        for part, n in sizes.items()
    }
    return Task(backbone, Trained(), recipe, images, real=False)


def weights_file(backbone: str) -> Path | None:
    file = Path(os.environ.get("CATS_WEIGHTS", "weights")) / f"{backbone}.imagenet.safetensors"
    return file if file.exists() else None


def network_of(what: Task, seed: int) -> Network:
    torch.manual_seed(max(seed, 0))
    return Network(what.backbone, what.trained, CLASSES, what.recipe)


# what is said of it ------------------------------------------------------------------------------------------------------


def interval(values: Sequence[float]) -> str:
    """Mean and its 95 % interval (Student's t)."""
    from scipy import stats

    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.4g}"
    half = float(stats.t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.4g} ± {half:.2g}"


def hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{model}, {torch.get_num_threads()} threads"


def versions() -> str:
    return ", ".join([f"python {platform.python_version()}", *(f"{name} {version(name)}" for name in ("torch", "timm"))])


MEASURES: dict[str, Callable[[Asked], Figures]] = {
    "small": small, "large": large, "probe": probe, "packed": packed, "overhead": overhead, "gpu": gpu,
}  # fmt: skip


if __name__ == "__main__":
    main()
