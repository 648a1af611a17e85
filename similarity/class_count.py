"""Number of classes of a source."""

import math

from benchmark import Source, Undefined, measure


@measure(grows="1", citation="a baseline; compare Huh, Agrawal & Efros, What makes ImageNet good for transfer learning?, 2016")
def class_count(source: Source) -> float:
    """Natural logarithm of the number of source classes plus one; 0 for scratch. No image is used.

    Raises Undefined if the source's entry does not declare its classes.
    """
    if source.kind == "random":
        return 0.0
    count = source.classes if source.dataset is None else len(source.dataset.classes)
    if count is None:
        raise Undefined(f"how many classes {source.name} has is not declared")
    return math.log1p(count)
