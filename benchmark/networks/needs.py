"""What weights need though their names do not say so: the epsilon of batch norm, and how their images were normalised."""

from torch import nn

from benchmark.networks.layout import layout
from benchmark.networks.matching import Fit
from results.error import CatsError

CLOSE = 1e-6  # numbers of an entry are written in decimals

Normal = tuple[tuple[float, ...], tuple[float, ...]]


def require_needs(fit: Fit, model: nn.Module, name: str, normal: Normal | None, origin: str) -> None:
    """Refuse weights that would load, and whose features would be others than those of the program that made them.

    Args:
        fit: the weights; only those that were read by a layout say what they need.
        model: the network, with its own epsilon of batch norm.
        name: the backbone, for the sentence.
        normal: mean and std of the images that the network is given; None if the entry declares the layout, and with it that
            mean and std are meant so.
        origin: the place of the weights, for the sentence.

    Raises:
        CatsError: the network or its input is not what the weights need.
    """
    if fit.layout is None:
        return
    table, where = layout(fit.layout), f"; they are in {origin}" if origin else ""
    begin = f"the weights for {name} have the names of {table.title}"
    needed = table.epsilon_of(fit.state)
    own = next((part.eps for part in model.modules() if isinstance(part, nn.BatchNorm2d)), needed)
    if needed is not None and own != needed:
        raise CatsError(
            f"{begin}, whose batch norm has the epsilon {needed:g}; the network has {own:g} and would give other features: "
            f"write arguments: {{bn_eps: {needed:g}}} under `weights` of the entry{where}"
        )
    if table.normal is not None and normal is not None and not _same(table.normal, normal):
        mean, std = ([number] * 3 for number in table.normal)
        raise CatsError(
            f"{begin}, which were trained on images with the mean {table.normal[0]:g} and the std {table.normal[1]:g}, but the "
            f"entry has the mean {', '.join(f'{number:g}' for number in normal[0])}: write mean: {mean} and std: {std} under "
            f"`weights` of the entry, or layout: {fit.layout} if the entry is right for this file{where}"
        )


def _same(wanted: tuple[float, float], normal: Normal) -> bool:
    return all(abs(number - want) < CLOSE for want, given in zip(wanted, normal, strict=True) for number in given)
