"""Networks that are trained in fp32 and in bf16, and what the same weights predict in several ways."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import Subsample, split_and_subsample
from benchmark.networks import network as networks
from benchmark.networks.weight_file import read_weights
from benchmark.specs import catalogue
from benchmark.specs.recipe import Recipe, recipe_points
from benchmark.training import evaluate
from benchmark.training import train as trainer
from benchmark.training.device_images import Images, on_device
from benchmark.training.protocols.probe import fit_probe
from benchmark.training.validation import Validation
from results.metrics import auc

CPU, SIZE, TESTED = torch.device("cpu"), 64, 1000
FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16}
C = (1e-4, 1e-3, 0.01, 0.1)


@dataclass(frozen=True)
class Case:
    backbone: str
    target: str
    epochs: int
    seeds: int
    train: int | None = None
    val: int | None = None

    def __str__(self) -> str:
        return f"{self.backbone}, {self.target}"

    @property
    def weights(self) -> Path | None:
        file = Path(os.environ.get("CATS_WEIGHTS", "weights")) / f"{self.backbone}.imagenet.safetensors"
        return file if file.exists() else None


CASES = (
    Case("mobilenetv2_035", "breastmnist", 3, 8),
    Case("mobilenetv2_035", "breastmnist", 12, 5),
    Case("resnet18", "breastmnist", 4, 3, train=300),
    Case("test_vit", "breastmnist", 6, 3),
    Case("mobilenetv2_035", "idc", 8, 3, train=600, val=150),
    Case("mobilenetv2_100", "breastmnist", 6, 3),
)


@dataclass(frozen=True)
class Trained:
    """A training and its predictions.

    Attributes:
        word: the format of the training.
        probabilities: way → (N, C) of the test images by the restored network.
        epochs: format of the validation → (loss on the validation images, test AUC in fp32) after each epoch.
        seconds: of the training without evaluations, and by format of all validations and of the test images.
    """

    seed: int
    word: str
    labels: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    epochs: Mapping[str, list[tuple[float, float]]]
    seconds: Mapping[str, float]

    def auc(self, way: str) -> float:
        return auc(self.labels, self.probabilities[way])


def images_of(case: Case, seed: int) -> tuple[Decoded, dict[str, np.ndarray]]:
    dataset = catalogue.target(case.target).dataset
    images = load_images_cached(dataset, SIZE)
    rows = split_and_subsample(dataset, images, Subsample(train=case.train, val=case.val), seed)
    tested = rows["test"][np.linspace(0, len(rows["test"]) - 1, min(TESTED, len(rows["test"]))).astype(int)]
    return images, {**rows, "test": tested}


def network_of(case: Case, seed: int, recipe: Recipe) -> networks.Network:
    torch.manual_seed(seed)
    arguments = {"img_size": SIZE} if "vit" in case.backbone else {}
    start = networks.Trained(arguments=arguments) if case.weights is None else read_weights(case.weights)
    return networks.Network(case.backbone, start, 2, recipe)


def train(case: Case, seed: int, word: str) -> Trained:
    recipe = recipe_points({"base": "finetune", "size": SIZE, "epochs": case.epochs, "precision": word}, "here")[0]
    images, rows = images_of(case, seed)
    parts = {name: on_device(images.images[some], images.labels[some], CPU) for name, some in rows.items()}
    labels = images.labels[rows["test"]]
    network = network_of(case, seed, recipe)
    epochs: dict[str, list[tuple[float, float]]] = {name: [] for name in FORMATS}
    took = dict.fromkeys(["fp32", "bf16", "observed"], 0.0)

    def validated(self: Validation) -> torch.Tensor:
        begun = time.perf_counter()
        judged, val = self.network, self.images
        area = auc(labels, probabilities_of(judged, parts["test"], torch.float32))
        results = {}
        for name, dtype in FORMATS.items():
            start = time.perf_counter()
            results[name] = evaluate.predict(judged, val, dtype)
            took[name] += time.perf_counter() - start
            epochs[name].append((evaluate.loss_and_auc(results[name], val.labels)[0], area))
        took["observed"] += time.perf_counter() - begun
        return results["bf16" if self.precise is torch.bfloat16 else "fp32"]

    begun = time.perf_counter()
    with mock.patch.object(Validation, "__call__", validated):
        trainer.fit(network, parts["train"], parts["val"], recipe, seed)
    took["training"] = time.perf_counter() - begun - took.pop("observed")
    found = {}
    for way, (dtype, changed) in WAYS.items():
        start = time.perf_counter()
        with changed(network):
            found[way] = probabilities_of(network, parts["test"], dtype)
        if way in FORMATS:
            took[f"test {way}"] = time.perf_counter() - start
    return Trained(seed, word, labels, found, epochs, took)


def probabilities_of(network: networks.Network, images: Images, dtype: torch.dtype) -> np.ndarray:
    return evaluate.to_probabilities(evaluate.predict(network, images, dtype), multilabel=False)


@contextmanager
def in_fp32(layers: list[nn.Module], *, rounded: bool = False) -> Iterator[None]:
    """The layers compute in fp32 within the block; their outputs are then rounded to bf16, or not."""

    def patched(layer: nn.Module) -> None:
        own = layer.forward

        def forward(given: Tensor) -> Tensor:
            with torch.autocast("cpu", enabled=False):
                made: Tensor = own(given.float())
            return made.to(torch.bfloat16) if rounded else made

        layer.forward = forward

    for each in layers:
        patched(each)
    yield
    for each in layers:
        del each.forward


def of_kind(network: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [each for each in network.modules() if isinstance(each, kinds)]


def depthwise(network: nn.Module) -> list[nn.Module]:
    return [each for each in of_kind(network, nn.Conv2d) if each.groups > 1]


@contextmanager
def rounded_weights(network: nn.Module) -> Iterator[None]:
    """The weights of convolutions and dense layers have eight significant bits within the block; everything else is fp32."""
    chosen = of_kind(network, nn.Conv2d, nn.Linear)
    saved = [each.weight.data for each in chosen]
    for each in chosen:
        each.weight.data = each.weight.data.to(torch.bfloat16).float()
    yield
    for each, weight in zip(chosen, saved, strict=True):
        each.weight.data = weight


Way = Callable[[networks.Network], AbstractContextManager[None]]
WAYS: dict[str, tuple[torch.dtype, Way]] = {
    "fp32": (torch.float32, lambda _: nullcontext()),
    "bf16": (torch.bfloat16, lambda _: nullcontext()),
    "bf16, head in fp32": (torch.bfloat16, lambda network: in_fp32([network.head])),
    "bf16, norm layers in fp32": (torch.bfloat16, lambda network: in_fp32(of_kind(network, nn.BatchNorm2d, nn.LayerNorm))),
    "bf16, depthwise convolutions in fp32": (torch.bfloat16, lambda network: in_fp32(depthwise(network), rounded=True)),
    "fp32, weights rounded to bf16": (torch.float32, rounded_weights),
}


def probes(case: Case, seeds: int) -> list[tuple[float, float, float]]:
    """Test AUC of a probe on features in fp32, in bf16, and of the latter's head on features in fp32."""
    network = network_of(case, 0, Recipe(size=SIZE))
    images, _ = images_of(case, 0)
    labels = images.labels
    everything = on_device(np.array(images.images), labels, CPU)
    features = {name: evaluate.extract(network, everything, dtype).numpy() for name, dtype in FORMATS.items()}
    found = []
    dataset = catalogue.target(case.target).dataset
    for seed in range(seeds):
        rows = split_and_subsample(dataset, images, Subsample(train=case.train or 300, val=case.val or 60), seed)
        truth = {part: labels[some] for part, some in rows.items()}
        fits = {
            name: fit_probe({part: some[chosen] for part, chosen in rows.items()}, truth, C, "min_val_loss")
            for name, some in features.items()
        }
        head = fits["bf16"].head
        assert head is not None
        kept = features["fp32"][rows["test"]].astype(float) @ head.weight.T + head.bias
        own = [auc(truth["test"], fits[name].probabilities) for name in FORMATS]
        found.append((*own, auc(truth["test"], evaluate.to_probabilities(torch.from_numpy(kept), multilabel=False))))
    return found
