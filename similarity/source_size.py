"""Number of images that a source was trained on."""

import math

from benchmark import Source, Undefined, measure


@measure(grows="1", citation="the plainest baseline; compare Juodelyte et al., On dataset transferability, 2024")
def source_size(source: Source) -> float:
    """Natural logarithm of the number of source images plus one; 0 for scratch. No image is used.

    Raises Undefined if that number is not declared and the images are not on this machine.
    """
    if source.kind == "random":
        return 0.0
    count = source.images or (source.dataset.images if source.dataset is not None else None)
    if count is None:
        raise Undefined(f"how many images {source.name} has is not declared")
    return math.log1p(count)
