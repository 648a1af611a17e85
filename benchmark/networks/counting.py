"""The number of weights of a frozen network, whose features may be stored so that nobody builds it."""

from dataclasses import replace
from functools import lru_cache

from benchmark.networks.freezing import weight_count
from benchmark.networks.load import weights_for
from benchmark.networks.network import PLAIN, build
from benchmark.networks.shapes import NEEDS_NUMBERS, shapes_only
from benchmark.specs.start import Start
from results.error import CatsError


@lru_cache(maxsize=64)
def backbone_weights(start: Start, size: int) -> int | None:
    """The number of weights of the backbone of a start for images of `size` pixels.

    None if its weights are absent, or if building it needs them.
    """
    try:
        trained = replace(weights_for(start, PLAIN.model_copy(update={"size": size})), state=None)
        with shapes_only():
            return weight_count(build(start.backbone, trained).parameters())
    except (CatsError, *NEEDS_NUMBERS):
        return None
