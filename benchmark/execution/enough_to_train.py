"""Whether the images that the cells of a plan draw are enough: every class in every part, and neighbours for every k.

Said before anything starts, by `cats plan` and `cats run`; see benchmark.measures.enough_to_score for `cats score`.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from benchmark.data.copies import Rows
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.data.split import Subsample, split, subsampled
from benchmark.execution.adaptation import adapted_network
from benchmark.execution.fit import arguments_of
from benchmark.specs import catalogue
from benchmark.specs.cell import Cell
from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.networks.network import Network

FULL = Subsample()


def too_few_images(cells: Iterable[Cell], begins: Callable[[str], None]) -> list[str]:
    """Return one sentence for each target, subsample and point of the recipe that do not go together.

    Images are read only where a subsample or a protocol asks for a number of them. `cells`: those that are not finished, in the
    order of the plan; `begins` is called with a description before the images of a target are read. Raises CatsError if they
    cannot be read.
    """
    sentences: dict[str, None] = {}
    for name, every in groupby(cells, key=lambda cell: cell.target):
        draws = {
            (cell.point, cell.backbone, cell.subsample.drawn_by(cell.seed)): cell for cell in every if _depends_on_number(cell)
        }
        if draws:
            begins(f"reading {name}")
            sentences |= dict.fromkeys(_refusals(name, list(draws.values())))
    return list(sentences)


def require_enough_images(cells: Iterable[Cell], begins: Callable[[str], None]) -> None:
    """Raises CatsError with the sentences of too_few_images, one per line, if there are any."""
    sentences = too_few_images(cells, begins)
    if sentences:
        raise CatsError(*sentences)


def _depends_on_number(cell: Cell) -> bool:
    """Whether a number of images decides if a cell can be made: some are drawn, or the recipe asks for more than one."""
    from benchmark.training.protocols import protocol_of

    drawn = cell.subsample.train is not None or cell.subsample.val is not None
    return drawn or protocol_of(cell.recipe.protocol).too_few(cell.recipe, 1) is not None


def _refusals(name: str, cells: list[Cell]) -> Iterator[str]:
    """The sentences about cells of one target, which differ in recipe, subsample, backbone or draw."""
    dataset = catalogue.target(name).dataset
    images = load_images_cached(dataset, cells[0].recipe.size)
    parts = split(dataset, images)
    counts: dict[tuple[Subsample, int | None], int] = {}
    for cell in cells:
        draw = cell.subsample, cell.subsample.drawn_by(cell.seed)
        if draw not in counts:
            try:
                counts[draw] = len(drawn_rows(dataset, images, parts, (cell.subsample, cell.seed))["train"])
            except CatsError as error:
                counts[draw] = 0
                yield str(error)
        reason = _reason(cell, counts[draw], images.images.shape[1:3]) if counts[draw] else None
        if reason is not None:
            drawn = f" ({_written(cell.subsample)})" if cell.subsample.train is not None else ""
            yield f"recipe: {reason} of {name}{drawn}"


def drawn_rows(dataset: Dataset, images: Decoded, parts: Rows, draw: tuple[Subsample, int]) -> Rows:
    """The rows of each part that a subsample draws with a seed.

    Raises CatsError, with the subsample as a plan writes it, if the images are too few.
    """
    subsample, seed = draw
    try:
        drawn = subsampled(dataset, images, parts, subsample, seed)
        _require_stated(dataset, drawn, subsample)
    except CatsError as error:
        raise CatsError(f"{_written(subsample)}: {error}") from error
    return drawn


def _require_stated(dataset: Dataset, drawn: Rows, subsample: Subsample) -> None:
    """Raises CatsError if more images are drawn than the subsample states, because a stratified draw takes each class."""
    for part, stated in (("train", subsample.train), ("val", subsample.val)):
        if stated is not None and not subsample.per_class and len(drawn[part]) > stated:
            raise CatsError(
                f"a stratified draw takes at least one image of each of the {len(dataset.classes)} classes of {dataset.name}; "
                f"write {part}: {len(drawn[part])} or more"
            )


def _written(subsample: Subsample) -> str:
    """A subsample as a plan writes it: the keys whose values are not the default."""
    own = {key: value for key, value in subsample.model_dump().items() if value != getattr(FULL, key)}
    return "subsample: {" + ", ".join(f"{key}: {str(value).lower()}" for key, value in own.items()) + "}"


def _reason(cell: Cell, images: int, sides: tuple[int, ...]) -> str | None:
    """Why a cell cannot be trained on a number of images; None if it can. `sides`: (height, width) of an image in memory."""
    from benchmark.training.protocols import protocol_of

    if images == 1 and cell.recipe.trains_backbone and not trains_on_one(cell, sides):
        return f"backbone {cell.backbone} cannot be trained at {cell.recipe.size} pixels on the only training image"
    return protocol_of(cell.recipe.protocol).too_few(cell.recipe, images)


def trains_on_one(cell: Cell, sides: tuple[int, ...]) -> bool:
    """Whether the network of a cell takes a single image in training, or two do not pass either. No number is computed.

    Batch norm takes the mean of all values of a channel, and refuses a single one. `sides`: as for _reason.
    """
    from benchmark.networks.input_size import image_size
    from benchmark.networks.shapes import NEEDS_NUMBERS

    arguments, recipe = arguments_of(cell.start, fetch=False), cell.recipe
    if arguments is None or recipe.trained == "head":
        return True
    try:
        size = image_size(cell.backbone, recipe.size, arguments, recipe.stem)
        network = adapted_network(cell.backbone, arguments, recipe, size).train()
    except (CatsError, *NEEDS_NUMBERS):
        return True  # others say why, or nobody knows
    return _passes(network, 1, sides) or not _passes(network, 2, sides)


def _passes(network: "Network", count: int, sides: tuple[int, ...]) -> bool:
    import torch

    from benchmark.networks.shapes import shapes_only

    try:
        with shapes_only():
            network(torch.empty(count, 3, *sides))
    except Exception:  # noqa: BLE001 - networks refuse images in many ways, by assertions too
        return False
    return True
