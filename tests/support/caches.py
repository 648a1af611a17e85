"""What one test keeps in memory and another must not see."""

import sys

from benchmark.specs import catalogue
from results.text.program import NOTEBOOK, begin

HEAVY_CACHES = (
    ("benchmark.data.decoded", "load_images_cached"),
    ("benchmark.data.split", "split_digest"),
    ("benchmark.networks.load", "weights_of"),
    ("benchmark.networks.load", "cached_backbone"),
    ("benchmark.machine.tracker", "hardware"),
    ("benchmark.execution.budget.history", "arguments_of_source"),
)


def clear_caches() -> None:
    """Forget entries, images, weights, private names and commands of earlier tests, which may have the same names."""
    begin(NOTEBOOK)
    catalogue.source.cache_clear()
    catalogue.target.cache_clear()
    catalogue.measure.cache_clear()
    for module, name in HEAVY_CACHES:
        if module in sys.modules:  # importing them would load torch for every test
            getattr(sys.modules[module], name).cache_clear()
    if "benchmark.training.device_cache" in sys.modules:
        sys.modules["benchmark.training.device_cache"].evict_unused()
    if "benchmark.data.private_names" in sys.modules:
        sys.modules["benchmark.data.private_names"]._noted.clear()
