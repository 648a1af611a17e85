"""Features of frozen networks: extracted once, stored by key, shared by probes and measures."""

import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from benchmark.core.digest import file_digest
from benchmark.core.paths import features_folder
from benchmark.core.trainer_version import TRAINER
from benchmark.data.decoded import Decoded
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.load import initial_network, weights_error
from benchmark.networks.network import PLAIN, Network
from benchmark.networks.precision import evaluation_precision
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start
from benchmark.training import evaluate
from benchmark.training.device_images import on_device
from results.error import CatsError
from results.files.digest import digest
from results.files.kept import kept_write, note_of, read_kept
from results.files.sealed import tell

_locks: dict[Path, threading.Lock] = {}  # cells side by side request the features of one network at the same time


def load_features(path: Path) -> np.ndarray | None:
    """Load stored features, (N, D) float32, memory-mapped; None if the file is absent, or, with a line in the log, damaged."""

    def parsed(file: Path) -> np.ndarray:
        features: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
        return features

    old = path.with_suffix(".sha256")  # the note of older versions; without it a damaged file would get a new note
    if old.exists() and path.exists() and not note_of(path).exists() and _differs(path, old):
        tell(path, "has another checksum than when it was written; the features are made again")
        return None
    features = read_kept(path, parsed, "features")
    if features is not None and note_of(path).exists():
        _forget(old)
    return features


def _differs(path: Path, note: Path) -> bool:
    """Whether features are not those whose sha256 a note of an older version holds, or cannot be compared with it."""
    try:
        return file_digest(path, fresh=True).encode("ascii") != note.read_bytes().strip()
    except OSError:
        return True


def _forget(note: Path) -> None:
    with suppress(OSError):
        note.unlink(missing_ok=True)


def save_features(path: Path, features: np.ndarray) -> None:
    """Store features; the file is whole or absent."""
    with kept_write(path, "features") as draft:
        np.save(draft, features.astype(np.float32))
    _forget(path.with_suffix(".sha256"))


def features_path(start: Start, data: str, recipe: Recipe, rows: np.ndarray | None = None) -> Path:
    """The file of the features of a data set, or of some of its rows. `data`: the digest of the data set."""
    which = [] if rows is None else [digest(rows.tolist())]
    # Files of older versions that say `auto` may hold features in bf16; those that say `fp32` or `bf16` are what they say.
    written = "bf16" if evaluation_precision(recipe) is torch.bfloat16 else "fp32"
    which += [f"layers {recipe.layers}"] if recipe.layers > 1 else []
    name = digest([TRAINER, start.key, start.backbone, data, recipe.size, written, *which])
    return features_folder() / f"{name}.npy"


def frozen_recipe(recipe: Recipe) -> Recipe:
    """The recipe of a network that gives the features which `recipe` needs: nothing else of it changes a frozen network."""
    return PLAIN.model_copy(update={"layers": recipe.layers, "size": recipe.size})


def last_layer(recipe: Recipe) -> Recipe:
    """The recipe by which measures see what comes out of the network, as its classifier does."""
    return recipe.model_copy(update={"layers": 1})


def unready(start: Start, images: Decoded, rows: np.ndarray | None, recipe: Recipe) -> CatsError | None:
    """Load the weights that features_of will need, unless its features are stored. Returns why they cannot be loaded.

    To be called before work is measured: waiting for a hub is no work.
    """
    stored = [features_path(start, images.digest, recipe, chosen) for chosen in (None, rows)]
    return None if any(path.exists() for path in stored) else weights_error(start)


def features_of(start: Start, images: Decoded, rows: np.ndarray | None, recipe: Recipe, device: str) -> np.ndarray:
    """Return features (N, D) float32 of the images at `rows` (None: all), in their order; loaded if they are stored."""
    all_features = load_features(features_path(start, images.digest, recipe)) if rows is not None else None
    if all_features is not None:
        return np.asarray(all_features[rows])
    path = features_path(start, images.digest, recipe, rows)
    with _locks.setdefault(path, threading.Lock()):
        features = load_features(path)
        if features is None:
            network = initial_network(start, 2, 0, frozen_recipe(recipe)).to(device)
            if device != "cpu":  # on the CPU features stay bit for bit the same
                optimise_for_device(network)
            chosen = np.arange(len(images.ids)) if rows is None else rows
            inputs = on_device(images.images[chosen], images.labels[chosen], torch.device(device))
            features = evaluate.extract(network, inputs, evaluation_precision(recipe)).cpu().numpy()
            save_features(path, features)
    return features


def classifier_of(network: Network, start: Start) -> tuple[np.ndarray, np.ndarray] | None:
    """The source's classifier, weight (S, D) and bias (S,) float64; None if the weights hold none that fits the features."""
    from benchmark.networks.load import weights_of
    from benchmark.networks.matching import classifier_names
    from benchmark.networks.network import fit_of

    given = weights_of(start)
    pool = given.arguments.get("pool")
    if pool and start.kind != "pretraining" and pool != getattr(network.backbone, "global_pool", None):
        return None  # the classifier was trained on features of another pooling
    state = fit_of(start.backbone, given).state if given.state else {}
    for name in classifier_names(network.backbone):
        weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
        if weight is not None and bias is not None and weight.ndim == 2 and weight.shape[1] == network.head.in_features:
            return weight.double().numpy(), bias.double().numpy()
    return None
