"""The protocols that a recipe may name. `benchmark/training/protocols/NAME.py` holds the code of each protocol."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class ProtocolFacts:
    """What recipes and budgets need to know about a protocol.

    Attributes:
        trains_backbone: whether the network is trained for the recipe's epochs. If not, features of the frozen network are
            extracted once, and a classifier is fitted on them.
        leaves_network: whether the classifier is a network whose weights can be kept.
    """

    trains_backbone: bool
    leaves_network: bool = True


PROTOCOLS = {
    "finetune": ProtocolFacts(trains_backbone=True),
    "probe": ProtocolFacts(trains_backbone=False),
    "knn": ProtocolFacts(trains_backbone=False, leaves_network=False),
}

PRETRAINING = "finetune"  # the protocol of every pretraining

if TYPE_CHECKING:
    ProtocolName = str
else:
    ProtocolName = Literal[tuple(PROTOCOLS)]


def require_trained_backbone(protocol: str, setting: str, reason: str) -> None:
    """Raises ValueError if `protocol` leaves the backbone frozen. The sentence names `setting`, and `reason` is its end."""
    if not PROTOCOLS[protocol].trains_backbone:
        trained = " and ".join(name for name, facts in PROTOCOLS.items() if facts.trains_backbone)
        raise ValueError(f"{setting} is for protocol {trained}; {protocol} {reason}")


def why_not_kept(protocol: str) -> str | None:
    """Why cells of a protocol cannot be kept, as the end of a sentence; None if they can."""
    if PROTOCOLS[protocol].leaves_network:
        return None
    others = " and ".join(name for name, facts in PROTOCOLS.items() if facts.leaves_network)
    return f"protocol {protocol}, which leaves no network that could be kept; cells of the protocols {others} can be kept"
