"""How many classes a source has."""

import math

from benchmark.measure import Undefined, measure
from benchmark.source import Source


@measure(grows="1", citation="a baseline; compare Huh, Agrawal & Efros, What makes ImageNet good for transfer learning?, 2016")
def class_count(source: Source) -> float:
    """The natural logarithm of the number of source classes plus one: 0 for scratch. Looks at no image."""
    if source.kind == "random":
        return 0.0
    if source.dataset is None:
        raise Undefined(f"the classes of {source.name} are not declared, it comes as weights")
    return math.log1p(len(source.dataset.classes))
