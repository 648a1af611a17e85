"""Features of real images through ready networks, from which samples are taken; CATS_DATA and CATS_WEIGHTS name the folders."""

import numpy as np
from scipy.special import softmax

from benchmark.data.decoded import load_images
from benchmark.networks.load import initial_network
from benchmark.specs import catalogue
from benchmark.specs.lineage import lineage
from benchmark.specs.recipe import recipe_points
from benchmark.specs.resolve import start_of
from benchmark.training.features import classifier_of, features_of, frozen_recipe

BACKBONE = "mobilenetv2_100"
SIZE = 64  # pixels
TARGET, SOURCE = "pneumoniamnist", "retinamnist"
NETWORK, NEUTRAL = "imagenet", "inat_bird"


def pool() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """All images of the target's training and validation part as arrays (P, …), and those of the source."""
    recipe = recipe_points({"base": "probe", "size": SIZE}, "simulate_measures")[0]
    starts = {name: start_of(lineage(name), BACKBONE, 0, {}, "") for name in (NETWORK, NEUTRAL)}

    def seen(name: str, network: str) -> tuple[np.ndarray, np.ndarray]:
        images = load_images(catalogue.target(name).dataset, SIZE)
        rows = np.flatnonzero(images.parts != "test")
        return features_of(starts[network], images, rows, recipe, "cpu"), images.labels[rows]

    features, labels = seen(TARGET, NETWORK)
    classifier = classifier_of(initial_network(starts[NETWORK], 2, 0, frozen_recipe(recipe)), starts[NETWORK])
    if classifier is None:
        raise SystemExit(f"the weights of {NETWORK} came without their classifier")
    logits = (features @ classifier[0].T + classifier[1]).astype(np.float32)
    target = {"features": features, "labels": labels, "logits": logits, "probabilities": softmax(logits, axis=1)}
    target["neutral"] = seen(TARGET, NEUTRAL)[0]
    target["untrained"] = target["trained"] = target["neutral"]  # any other network shows how much such scores vary
    source = {"source_features": seen(SOURCE, NETWORK)[0], "source_neutral": seen(SOURCE, NEUTRAL)[0]}
    return target, source | {"source_labels": seen(SOURCE, NETWORK)[1]}
