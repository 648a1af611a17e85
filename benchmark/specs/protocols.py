"""The protocols that a recipe may name. `benchmark/training/protocols/NAME.py` holds the code of each protocol."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class ProtocolFacts:
    """What recipes and budgets need to know about a protocol.

    Attributes:
        trains_backbone: whether the network is trained for the recipe's epochs. If not, features of the frozen network are
            extracted once, and a classifier is fitted on them.
    """

    trains_backbone: bool


PROTOCOLS = {
    "finetune": ProtocolFacts(trains_backbone=True),
    "probe": ProtocolFacts(trains_backbone=False),
    "knn": ProtocolFacts(trains_backbone=False),
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
