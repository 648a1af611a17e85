"""The protocols that a recipe may name. `benchmark/training/protocols/NAME.py` holds the code of each protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class ProtocolFacts:
    """What recipes and budgets need to know about a protocol.

    Attributes:
        trains_backbone: whether the network is trained for the recipe's epochs. If not, features of the frozen network are
            extracted once, and a classifier is fitted on them.
        trains_all: whether every layer may be trained, new first layers included.
        leaves_network: whether the classifier is a network whose weights can be kept.
        settings: keys of a recipe that belong to this protocol, and not to every other one.
    """

    trains_backbone: bool
    trains_all: bool = False
    leaves_network: bool = True
    settings: tuple[str, ...] = ()


PROTOCOLS = {
    "finetune": ProtocolFacts(trains_backbone=True, trains_all=True),
    "lora": ProtocolFacts(trains_backbone=True, settings=("rank", "alpha", "adapted")),
    "partial": ProtocolFacts(trains_backbone=True, settings=("blocks",)),
    "bitfit": ProtocolFacts(trains_backbone=True),
    "norms": ProtocolFacts(trains_backbone=True),
    "probe": ProtocolFacts(trains_backbone=False, settings=("layers",)),
    "knn": ProtocolFacts(trains_backbone=False, leaves_network=False),
    "prototype": ProtocolFacts(trains_backbone=False),
}

PRETRAINING = "finetune"  # the protocol of every pretraining

if TYPE_CHECKING:
    ProtocolName = str
else:
    ProtocolName = Literal[tuple(PROTOCOLS)]


def require_trained_backbone(protocol: str, setting: str, reason: str) -> None:
    """Raises ValueError if `protocol` leaves the backbone frozen. The sentence names `setting`, and `reason` is its end."""
    if not PROTOCOLS[protocol].trains_backbone:
        trained = _listed(name for name, facts in PROTOCOLS.items() if facts.trains_backbone)
        raise ValueError(f"{setting} is for protocol {trained}; {protocol} {reason}")


def require_all_trained(protocol: str, setting: str, reason: str) -> None:
    """Raises ValueError if `protocol` cannot train every layer. The sentence names `setting`, and `reason` is its end."""
    if not PROTOCOLS[protocol].trains_all:
        trained = _listed(name for name, facts in PROTOCOLS.items() if facts.trains_all)
        raise ValueError(f"{setting} is for protocol {trained}; {protocol} {reason}")


def require_used(protocol: str, setting: str, value: object) -> None:
    """Raises ValueError if a key of a recipe belongs to other protocols than `protocol`. The sentence names its value."""
    if not uses(protocol, setting):
        users = _listed(name for name, facts in PROTOCOLS.items() if setting in facts.settings)
        raise ValueError(f"{value} is for protocol {users}; {protocol} does not use it")


def uses(protocol: str, setting: str) -> bool:
    """Whether a protocol uses a key of a recipe: keys that no protocol claims are for all."""
    claimed = any(setting in facts.settings for facts in PROTOCOLS.values())
    return not claimed or setting in PROTOCOLS[protocol].settings


def why_not_kept(protocol: str) -> str | None:
    """Why cells of a protocol cannot be kept, as the end of a sentence; None if they can."""
    if PROTOCOLS[protocol].leaves_network:
        return None
    others = _listed(name for name, facts in PROTOCOLS.items() if facts.leaves_network)
    return f"protocol {protocol}, which leaves no network that could be kept; cells of the protocols {others} can be kept"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
