"""Trained networks of cells, stored under CATS_HOME by the key of their cell, from which `cats keep` makes classifiers."""

import json
from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from benchmark.core.paths import networks_folder
from benchmark.networks.architecture import Architecture, architecture_of, network_of
from benchmark.networks.network import Network
from benchmark.networks.weight_file import sort_header
from benchmark.specs.cell import Cell
from results.files.atomic import remove
from results.files.kept import kept_write, note_of, read_kept


def network_path(key: str) -> Path:
    """Where the trained network of a cell is stored."""
    return networks_folder() / f"{key}.safetensors"


def store_network(cell: Cell, network: Network) -> None:
    """Store a trained network with a checksum; whole or not at all. Raises CatsError if the disk refuses."""
    architecture = architecture_of(network, cell.backbone).model_dump_json()
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with kept_write(network_path(cell.key), "the trained network") as draft:
        draft.write_bytes(sort_header(save(state, {"architecture": architecture, "key": cell.key})))


def stored_network(cell: Cell, classes: int) -> Network | None:
    """The stored network of a cell, on the CPU; None if there is none, or, with a line in the log, if it is damaged."""

    def parsed(path: Path) -> Network:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
        if facts.get("key") != cell.key:
            raise SafetensorError("it is the network of another cell")
        network = network_of(Architecture.model_validate(json.loads(facts["architecture"])), classes)
        network.load_state_dict(load_file(path))
        return network

    return read_kept(network_path(cell.key), parsed, "trained networks")


def remove_networks(keys: Iterable[str]) -> int:
    """Remove the stored networks of these cells. Returns how many there were."""
    count = 0
    for path in map(network_path, keys):
        if path.exists():
            count += 1
            remove(path)
            remove(note_of(path))
    return count
