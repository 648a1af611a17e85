"""Whether the backbones of a plan take the images of its recipes, and what was chosen among the contents of weight files.

Both are said before anything starts: by `cats plan`, `cats run` and `cats score`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from benchmark.specs.cell import Cell
from benchmark.specs.resolved import ResolvedPlan
from benchmark.specs.source import Weights
from benchmark.specs.start import Start, chain
from benchmark.specs.weight_place import pick
from results.error import CatsError


class Use(NamedTuple):
    """A network that is given images: its start, the stem and the size of a recipe, and whose recipe that is."""

    start: Start
    stem: str
    size: int
    recipe: str = "recipe"


def plan_uses(resolved: ResolvedPlan) -> Iterator[Use]:
    """Yield each use of a network by the cells of a plan and by their pretrainings."""
    for start in _starts(resolved):
        for point in resolved.points:
            yield Use(start, point.stem if point.trains_backbone else "backbone", point.size)
        yield from _pretraining_uses(start)


def feature_uses(resolved: ResolvedPlan) -> Iterator[Use]:
    """Yield each use of a network by the measures of a plan, which see features at the size of its first point."""
    for start in _starts(resolved):
        yield Use(start, "backbone", resolved.points[0].size)
        yield from _pretraining_uses(start)


def _starts(resolved: ResolvedPlan) -> Iterator[Start]:
    starts = {start.key: start for by_seed in resolved.starts.values() for start in by_seed.values()}
    yield from starts.values()


def _pretraining_uses(start: Start) -> Iterator[Use]:
    for link in chain(start):
        if link.recipe is not None and link.start is not None:
            yield Use(link.start, link.recipe.stem, link.recipe.size, f"recipe of the pretraining of {link.source}")


def size_refusals(uses: Iterable[Use], *, fetch: bool) -> list[str]:
    """Return one sentence for each backbone and size that do not go together.

    `fetch`: whether weights of the hub and of MLflow may be fetched, because they may set the size of their network; otherwise
    networks with such weights are left out.
    """
    from benchmark.networks.input_size import size_refusal

    sentences: dict[str, None] = {}
    for start, stem, size, recipe in uses:
        arguments = arguments_of(start, fetch)
        ready = start.kind != "random"
        sentence = None if arguments is None else size_refusal(start.backbone, size, arguments, stem, weights=ready)
        if sentence is not None:
            sentences[f"{recipe}{_owner(start)}: {sentence}"] = None
    return list(sentences)


def _owner(start: Start) -> str:
    """The part of a sentence that names the source whose entry or file shapes the network; empty if timm alone does."""
    first = chain(start)[-1]
    shaped = first.input is not None and (first.input.network_arguments or first.kind in {"file", "hub", "mlflow"})
    return f", source {first.source}" if shaped else ""


def check_sizes(uses: Iterable[Use], *, fetch: bool = False) -> None:
    """Raises CatsError with the sentences of size_refusals, one per line, if there are any."""
    sentences = size_refusals(uses, fetch=fetch)
    if sentences:
        raise CatsError(*sentences)


def weight_sentences(cells: Iterable[Cell]) -> tuple[list[str], list[str]]:
    """Return what was chosen among the contents of files of weights, and why files cannot be used; nothing is fetched."""
    from benchmark.networks.load import choices_in
    from benchmark.specs.resolve import passed_over

    ready = {start.key: start for cell in cells for start in chain(cell.start) if start.input is not None}
    choices: list[str] = []
    obstacles: list[str] = []
    for start in ready.values():
        try:
            choices += choices_in(start) if start.kind == "file" else passed_over(start)
        except CatsError as error:
            obstacles.append(str(error))
    return choices, obstacles


def arguments_of(start: Start, fetch: bool) -> dict[str, Any] | None:
    """The arguments that weights set of their network; None if the weights would have to be fetched.

    Of a file that an entry names in a repository, its entry says how the network is built, so that nothing is fetched for this.
    """
    from benchmark.networks.input_size import image_size
    from benchmark.networks.load import weights_of

    if start.kind == "pretraining":
        assert start.start is not None
        assert start.recipe is not None
        before, recipe = arguments_of(start.start, fetch), start.recipe
        if before is None:
            return None
        size = image_size(start.backbone, recipe.size, before, recipe.stem)
        return before | ({"img_size": size} if size else {}) | ({"stem": "small"} if recipe.stem == "small" else {})
    if start.kind == "random":
        return {}
    if start.input is not None and (start.kind == "timm" or (not fetch and _is_named(start, start.input))):
        return start.input.network_arguments
    return weights_of(start).arguments if start.kind == "file" or fetch else None


def _is_named(start: Start, weights: Weights) -> bool:
    """Whether an entry names the file of a repository; the repository then says nothing about the network."""
    return start.kind == "hub" and pick(weights.hub_file, start.backbone) is not None
