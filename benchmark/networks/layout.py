"""Layouts of other programs: tables in `layouts/` that turn the names of their parameters into timm's, and joins of tensors."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

import torch
from torch import Tensor

from benchmark.core.parse import parse, read_yaml
from benchmark.specs.elsewhere import shipped_names
from benchmark.specs.weight_place import LAYOUTS
from results.record import Frozen

PART = re.compile(r"(?P<whole>.+)\|(?P<number>\d)")
State = dict[str, Tensor]


class Layout(Frozen):
    """How another program names the parameters of a network, and what must be done to turn them into timm's.

    Attributes:
        title: whose names these are.
        first: a name that every network of the layout has; what precedes the name in a file is a prefix of the network.
        signs: regular expressions; each must match a name, else the weights are not of this layout.
        rename: regular expression → replacement; all are applied to every name, in this order. An empty name is left out.
            Names `X|0`, `X|1`, `X|2` are the parts of X, which are joined along the first dimension.
        split: name → names of its parts with their shares of the first dimension.
        beside: regular expression: names of the network that lie outside its prefix in a file.
        dimensions: regular expression → number of dimensions that tensors of these names have in timm; dimensions of length 1
            are added in front, or behind for a linear layer that is a convolution in timm, or removed.
        class_position: where the weights have this name, timm gives the class token no position: the position is added to
            the token itself, and removed from `pos_embed`.
        epsilon: regular expression → epsilon of batch norm that the program gives networks with such a name; the first one
            that matches a name of timm's counts.
        normal: mean and std, for all channels, of the images on which the program's own weights were trained, where a network
            of the program brings usual images to these numbers itself.
        note: what the names do not say and the network needs, for the sentence about a layout that was recognised.
    """

    title: str
    first: str
    signs: tuple[str, ...]
    rename: dict[str, str]
    split: dict[str, dict[str, int]] = {}
    beside: str | None = None
    dimensions: dict[str, int] = {}
    class_position: str | None = None
    epsilon: dict[str, float] = {}
    normal: tuple[float, float] | None = None
    note: str = ""

    def recognised(self, state: Mapping[str, Tensor]) -> bool:
        """Whether the names are of this layout, without the prefix of the network."""
        return self.first in state and all(any(re.search(sign, name) for name in state) for sign in self.signs)

    def epsilon_of(self, state: Mapping[str, Tensor]) -> float | None:
        """The epsilon of batch norm for weights under timm's names; None if the table says none."""
        return next((each for sign, each in self.epsilon.items() if any(re.search(sign, name) for name in state)), None)

    def outside(self, state: Mapping[str, Tensor]) -> State:
        """Of a whole file, the weights of the network that do not lie under its prefix, such as its classifier."""
        return {name: value for name, value in state.items() if self.beside and re.search(self.beside, name)}

    def applied(self, state: Mapping[str, Tensor]) -> State:
        """The weights under timm's names. What the table does not know keeps its name, so that a misfit names it."""
        renamed: State = {}
        for name, value in state.items():
            new = name
            for pattern, replacement in self.rename.items():
                new = re.sub(pattern, replacement, new)
            if new:
                renamed[new if new not in renamed else name] = value
        shaped = {name: self._shaped(name, value) for name, value in dict(_split(_joined(renamed), self.split)).items()}
        return _without_class_position(shaped) if self.class_position in shaped else shaped

    def _shaped(self, name: str, value: Tensor) -> Tensor:
        count = next((count for pattern, count in self.dimensions.items() if re.search(pattern, name)), value.ndim)
        if count < value.ndim:
            return value.reshape(value.shape[:count]) if value.shape[count:].numel() == 1 else value
        extra = (1,) * (count - value.ndim)
        return value.reshape(value.shape + extra if name.endswith(".weight") else extra + value.shape)


def layout_names() -> list[str]:
    """The names of the layouts that ship with cats-bench."""
    return shipped_names(LAYOUTS)


@cache
def layout(name: str) -> Layout:
    """The layout of that name."""
    with resources.as_file(resources.files("benchmark").joinpath(LAYOUTS, f"{name}.yaml")) as path:
        return parse(Layout, read_yaml(path), str(path))


def _joined(state: State) -> State:
    """The weights with the parts `X|0`, `X|1` ... as X. Where an earlier part is missing, X is left out."""
    whole: State = {}
    parts: dict[str, dict[int, Tensor]] = {}
    for name, value in state.items():
        found = PART.fullmatch(name)
        if found is None:
            whole[name] = value
        else:
            parts.setdefault(found["whole"], {})[int(found["number"])] = value
    for name, numbered in parts.items():
        if sorted(numbered) == list(range(len(numbered))):
            whole[name] = torch.cat([numbered[number] for number in sorted(numbered)])
    return whole


def _split(state: State, shares: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, Tensor]]:
    """Each tensor with its name; those that `shares` names in parts."""
    for name, value in state.items():
        parts = shares.get(name, {})
        length, rest = divmod(len(value) if value.ndim else 0, sum(parts.values()) or 1)
        if not parts or rest:
            yield name, value
            continue
        yield from zip(parts, torch.split(value, [length * share for share in parts.values()]), strict=True)


def _without_class_position(state: State) -> State:
    """The weights with the position of the class token added to the token, as timm does for networks with registers."""
    token, positions = state.get("cls_token"), state.get("pos_embed")
    if token is None or positions is None or positions.ndim != 3 or token.shape[-1:] != positions.shape[-1:]:
        return state
    return state | {"cls_token": token + positions[:, :1], "pos_embed": positions[:, 1:]}
