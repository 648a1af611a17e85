"""The baseline of habit: always ImageNet."""

from benchmark import Source, measure


@measure(grows="1", citation="what most people do; no published measure beats it on the matrix of CATS 2024")
def imagenet_always(source: Source) -> float:
    """1 for the source `imagenet`, 0 for every other source: a constant baseline. No image is used."""
    return float(source.name == "imagenet")
