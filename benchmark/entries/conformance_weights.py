"""The promises of ready weights: they are described, fit the backbone and give finite features."""

from collections.abc import Iterator

from benchmark.core.paths import weight_folders
from benchmark.entries.finding import STEP_BACKBONE, Finding, Note, require_facts, run_promise
from benchmark.specs.resolve import backbones_with_file, meant_file, start_of, weight_file
from benchmark.specs.source import Source
from results.error import CatsError


def examine_weights(source: Source, registry: str, backbone: str | None = None) -> Iterator[Finding]:
    """Check the promises of ready weights, or of no weights (scratch), for one backbone.

    Without `backbone` these are the backbone that the entry brings, and all backbones with a file here.
    """
    yield run_promise("described", lambda: _described_weights(source))
    named = {backbone, source.backbone}
    for each in [backbone] if backbone else _backbones(source):
        finding = run_promise("weights", lambda each=each: _fit(source, each, registry, required=each in named))  # type: ignore[misc]
        yield finding
        if finding.state == "ok":
            yield run_promise("forward", lambda each=each: _forward(source, each, registry))  # type: ignore[misc]


def _backbones(source: Source) -> list[str]:
    if source.weights is None:
        return [STEP_BACKBONE]
    backbones = backbones_with_file(source.weights)
    if source.backbone is not None:
        return list(dict.fromkeys([source.backbone, *backbones]))
    if not backbones and source.weights.file is None:
        raise CatsError(f"the weights of {source.name} are not a file; name a backbone with --backbone")
    if not backbones:
        places = " or ".join(map(str, weight_folders()))
        file = f"BACKBONE.{source.weights.file}.safetensors"
        raise CatsError(
            f"{source.name} has no file {file} in {places}; name a backbone with --backbone{meant_file(source.weights, None)}"
        )
    return backbones


def _described_weights(source: Source) -> str:
    facts = {"title": source.title} | ({"licence": source.licence, "citation": source.citation} if source.weights else {})
    return require_facts(source.name, facts)


def _fit(source: Source, backbone: str, registry: str, *, required: bool) -> str:
    """The weights exist and fit the backbone. A backbone that nobody has named may be unknown here, which gives a Note."""
    from benchmark.networks.load import choices_in, initial_network
    from benchmark.specs.backbones import check_backbone

    try:
        check_backbone(backbone)
    except CatsError as error:
        if required:
            raise
        return Note(str(error))
    start = start_of([source], backbone, 0, {}, registry)
    network = initial_network(start, 2, 0)
    path = weight_file(start.input, backbone) if start.input else None
    if path:
        origin = f"{path}, sha256 {start.weights}"
    else:
        origin = f"{start.kind} {start.weights}" if start.weights else "random initialisation"
    fits = f"{sum(p.numel() for p in network.backbone.parameters()):,} fit {backbone}: {origin}"
    return "; ".join([fits, *choices_in(start)])


def _forward(source: Source, backbone: str, registry: str) -> str:
    """One forward pass gives finite features."""
    import torch

    from benchmark.networks.input_size import size_refusal
    from benchmark.networks.load import initial_network
    from benchmark.networks.timm_model import own_size

    network = initial_network(start_of([source], backbone, 0, {}, registry), 2, 0).eval()
    side = own_size(network.backbone, network.arguments)
    refusal = size_refusal(backbone, side, network.arguments, weights=True)
    if refusal is not None:
        raise CatsError(f"{source.name}: {refusal}")
    with torch.inference_mode():
        features = network.features(torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0)))
    if not torch.isfinite(features).all():
        raise CatsError(f"{source.name}: {backbone} gives features that are not finite")
    return f"{backbone} gives {features.shape[1]} finite features at {side} px"
