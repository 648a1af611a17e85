"""Which measure works where: every measure is tried on small real images, and what it says becomes a table.

python scripts/measure_support.py            prints the table of docs/measures_support.md; half a minute on one core python
scripts/measure_support.py --write    puts it there

The images are the handwritten digits of scikit-learn: 0, 1 and 2 are the target, and the others are the source. They are seen
by two small networks of timm with random weights: a convolutional one with a classifier, and a transformer whose tokens are
pooled, without one, as a foundation encoder has it. Several labels of a digit are whether it is even, and whether it is 0.
"""

import argparse
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from documentation.markdown_table import table
from documentation.place import put
from scipy.special import softmax

from benchmark.measures.gradients import features_of
from benchmark.networks.network import Network, Trained
from benchmark.specs import catalogue
from benchmark.specs.measure import Measure
from benchmark.specs.needs import OF_SOURCE, Undefined

PAGE = Path(__file__).parents[1] / "docs" / "measures_support.md"
HEAD = {"logits", "probabilities"}
COUNT, SIZE = 96, 32
HEADING = [
    "measure",
    "one label",
    "several labels",
    "encoder without a classifier",
    "no images of the source",
    "nothing trained on the target",
]
MISSING = {
    "no: needs the source's classifier": HEAD,
    "no: needs images of the source": OF_SOURCE,
    "no: needs a network trained on the target": {"trained"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/measures_support.md")
    made = supported(catalogue.shipped("similarity")) + "\n"
    print(made)
    if parser.parse_args().write:
        put(PAGE, "support", made)


def supported(names: list[str]) -> str:
    """The table of these measures."""
    whole, encoder = inputs("test_resnet"), inputs("test_vit")
    several = whole | {"labels": whole["several"]}

    def rows() -> Iterator[list[str]]:
        for name in names:
            one = catalogue.measure(name)
            said = answer(one, whole)
            yield [
                f"`{name}`",
                said,
                answer(one, several) if "labels" in one.needs else said,
                without(one, HEAD) or answer(one, encoder),
                without(one, OF_SOURCE) or said,
                without(one, {"trained"}) or said,
            ]

    return table(HEADING, rows())


def without(one: Measure, gone: set[str]) -> str | None:
    """Why a measure says nothing without some inputs; None if it needs none of them."""
    return next((text for text, needs in MISSING.items() if needs == gone), None) if gone & set(one.needs) else None


def answer(one: Measure, given: Mapping[str, Any]) -> str:
    """`yes` if the measure has a score for these inputs, else why not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            one(**{need: given[need] for need in one.needs})
        except Undefined as error:
            return f"no: {error}"
    return "yes"


def inputs(backbone: str) -> dict[str, Any]:
    """Every input that a measure may ask for, and `several`, the labels (N, 2) of a target with several labels."""
    entry = catalogue.source("digits")
    dataset = entry.dataset
    assert dataset is not None
    samples = dataset.read(Path())
    pictures = torch.from_numpy(np.stack(samples.images)).float()[:, None] / 255
    pictures = torch.nn.functional.interpolate(pictures, SIZE, mode="bilinear").expand(-1, 3, -1, -1).contiguous()
    sides = []
    for chosen in (samples.labels < 3, samples.labels >= 3):
        rows = np.flatnonzero(chosen)[:COUNT]
        sides.append((pictures[rows], samples.labels[rows]))
    (images, labels), (source_images, source_labels) = sides
    network, neutral, random, trained = (_network(backbone, seed) for seed in range(4))
    features = _seen(network, images)
    logits = features @ network.head.weight.detach().double().numpy().T
    return {
        "features": features, "labels": labels, "several": np.stack([labels % 2 == 0, labels == 0], axis=1).astype(np.int64),
        "logits": logits, "probabilities": softmax(logits, axis=1), "neutral": _seen(neutral, images),
        "untrained": _seen(random, images), "trained": _seen(trained, images),
        "source_features": _seen(network, source_images), "source_neutral": _seen(neutral, source_images),
        "source_labels": source_labels, "source_images": source_images, "images": images, "network": network,
        "neutral_network": neutral, "source": entry.model_copy(update={"images": len(samples.labels)}),
        "elsewhere": {"digits": 2.0}, "rng": np.random.default_rng(0),
    }  # fmt: skip


def _network(backbone: str, seed: int) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = Network(backbone, Trained(), 5)
        for layer in made.modules():  # as after some training: blocks of timm begin as the identity
            if isinstance(layer, torch.nn.BatchNorm2d):
                torch.nn.init.normal_(layer.weight, 1, 0.1)
    return made.eval()


def _seen(network: Network, images: torch.Tensor) -> np.ndarray:
    """Features, brought to a mean length of 20, as trained networks have: some measures use absolute distances."""
    features = features_of(network, images).double().numpy()
    return np.asarray(features * 20 / np.linalg.norm(features, axis=1).mean())


if __name__ == "__main__":
    main()
