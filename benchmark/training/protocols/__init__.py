"""The protocols of a recipe, one file each. `protocol_of` finds one by its name."""

from importlib import import_module

from benchmark.specs.protocols import PROTOCOLS
from benchmark.training.protocols.protocol import Protocol


def protocol_of(name: str) -> Protocol:
    """The `PROTOCOL` of `benchmark/training/protocols/NAME.py`; specs/protocols.py lists the names. Raises KeyError."""
    if name not in PROTOCOLS:
        raise KeyError(name)
    protocol: Protocol = import_module(f"benchmark.training.protocols.{name}").PROTOCOL
    return protocol
