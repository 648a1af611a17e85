"""Fits the names of a checkpoint to those of timm: a prefix is removed, or a layout of another program is read.

Both happen only where the network then fits whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Size, Tensor, equal, nn

from benchmark.networks.layout import layout, layout_names
from benchmark.networks.original import by_timm
from benchmark.networks.positions import other_size
from results.error import CatsError
from results.text.counts import how_many

# What torch.compile, FSDP and Lightning Fabric put into the names of parameters, at any place.
WRAPPERS = re.compile(r"(^|\.)(?:(?:_orig_mod|_fsdp_wrapped_module|_forward_module)\.)+")
# Second copies that methods keep beside the network which their authors hand on: running means, MoCo's keys, DINO's student.
SECOND = re.compile(r"(?:^|[_.])(?:ema|swa|avg|averaged?|shadow|momentum|encoder_k|student|target)(?:[_.]|$)")
COUNTER = "num_batches_tracked"
MOST = 3  # keys that a sentence names
State = dict[str, Tensor]
Networks = dict[str, State]  # by the prefix of their names


@dataclass(frozen=True)
class Fit:
    """Weights under timm's names, with the head of the source.

    Attributes:
        note: a sentence if names were changed or a choice was made.
        layout: the layout by which the names were read, if they are not timm's.
    """

    state: State
    note: str | None = None
    layout: str | None = None


@dataclass(frozen=True)
class _Wanted:
    """Names and shapes that a network needs, and the names of its head, which may differ."""

    shapes: dict[str, Size]
    heads: tuple[str, ...]

    def misfits(self, state: Mapping[str, Tensor], prefix: str = "") -> list[str]:
        """One text for each key that is missing, of another shape or unknown, in the order of the network; few kinds first."""
        given = {k: v for k, v in state.items() if not k.endswith(COUNTER) and not k.startswith(self.heads)}
        missing = [f"missing {k}" for k in self.shapes if k not in given]
        unlike = [
            f"{k} is {tuple(given[k].shape)} instead of {tuple(shape)}"
            for k, shape in self.shapes.items()
            if k in given and given[k].shape != shape
        ]
        unknown = [f"unknown {prefix}{k}" for k in given if k not in self.shapes]
        kinds = (missing, unlike, unknown)
        return [each for kind in kinds for each in kind[:1]] + [each for kind in kinds for each in kind[1:]]


def classifier_names(model: nn.Module) -> tuple[str, ...]:
    """The names under which timm keeps the classifier of a model, several if the model was distilled."""
    names = model.pretrained_cfg.get("classifier") or ()  # type: ignore[union-attr,operator]
    return (names,) if isinstance(names, str) else tuple(names)


def fitted(model: nn.Module, state: Mapping[str, Tensor], name: str, origin: str = "", layout_name: str | None = None) -> Fit:
    """Weights for a headless timm model, under its names. Exactly the head and batch norm's counters may differ.

    Where the names do not fit as they are, the prefix that makes all of them fit is removed, such as `module.` or
    `module.encoder_q.`; where no prefix helps, the layout that makes all of them fit is read. With `layout_name` this layout
    is read and nothing else.

    Raises:
        CatsError: the weights do not fit the backbone `name`, or two networks in them do; the sentence ends with `origin`, the
            place of the weights.
    """
    where = f"; they are in {origin}" if origin else ""
    what = f"the weights for {name}"
    shapes = {k: v.shape for k, v in model.state_dict().items() if not k.endswith(COUNTER)}
    wanted = _Wanted(shapes, tuple(f"{head}." for head in classifier_names(model)))
    problems: dict[str, list[str]] = {}
    plain = _unwrapped(state)
    if layout_name is None:
        problems["as they are"] = wanted.misfits(state)
        if not problems["as they are"]:
            return Fit(dict(state))
        whole, found = _by_prefix(plain, wanted)
        if whole:
            return _chosen(whole, what, where)
        problems |= found
    names = layout_names() if layout_name is None else [layout_name]
    read = {each: _by_layout(plain, wanted, each) for each in names}
    fits = {each: whole for each, (whole, _) in read.items() if whole}
    if layout_name is None and not fits and (converted := _by_timm(model, plain, wanted)):
        return _chosen(converted, what, where, "names of the authors' code, by timm's converter")
    if fits:
        name_read = next(iter(fits))
        more = f" ({layout(name_read).note})" if layout(name_read).note else ""
        chosen = _chosen(_only(fits, what, where), what, where, "" if layout_name else f"the layout {name_read}{more}")
        return replace(chosen, layout=name_read)
    for _, found in read.values():
        problems |= found
    if not problems:
        table = layout(str(layout_name))
        raise CatsError(
            f"{what} are not in the layout {layout_name}: {table.title} has other names, such as {table.first}{where}"
        )
    raise _misfit(problems, name, other_size(model, plain) + where)


def _misfit(problems: Mapping[str, list[str]], name: str, where: str) -> CatsError:
    """The sentence about weights that do not fit, by the reading with the fewest misfits; `problems`: misfits by reading."""
    reading = min(problems, key=lambda each: len(problems[each]))
    wrong = problems[reading]
    more = f" and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
    keys = how_many(len(wrong), "key differs", "keys differ")
    also = f", also {reading}" if reading != "as they are" else ""
    return CatsError(f"the weights do not fit {name}, {keys}{also}: {', '.join(wrong[:MOST])}{more}{where}")


def _by_prefix(plain: State, wanted: _Wanted) -> tuple[Networks, dict[str, list[str]]]:
    """The networks that fit without a prefix of their names, and the misfits of the others by reading."""
    networks = {prefix: _below(plain, prefix) for prefix in _prefixes(plain, next(iter(wanted.shapes)))}
    found = {prefix: wanted.misfits(part, prefix) for prefix, part in networks.items()}
    whole = {prefix: networks[prefix] for prefix, wrong in found.items() if not wrong}
    for prefix in found.keys() - whole.keys():  # a network may lie beside another one that is deeper in the file
        rest = _below(plain, prefix, tuple(other for other in whole if other.startswith(prefix)))
        if not wanted.misfits(rest):
            whole[prefix] = rest
    return whole, {f"without the prefix '{prefix}'": wrong for prefix, wrong in found.items() if prefix}


def _by_layout(plain: State, wanted: _Wanted, name: str) -> tuple[Networks, dict[str, list[str]]]:
    """The networks that fit when their names are read as those of a layout, by prefix, and the misfits of the others."""
    table = layout(name)
    networks = {prefix: part for prefix in _prefixes(plain, table.first) if table.recognised(part := _below(plain, prefix))}
    beside = table.outside(plain)
    read = {prefix: table.applied(beside | part) for prefix, part in networks.items()}
    found = {prefix: wanted.misfits(part) for prefix, part in read.items()}
    whole = {prefix: read[prefix] for prefix, wrong in found.items() if not wrong}
    under = {prefix: f", from names that begin with '{prefix}'" if prefix else "" for prefix in found}
    return whole, {f"read as the layout {name}{under[prefix]}": wrong for prefix, wrong in found.items() if wrong}


def _by_timm(model: nn.Module, plain: State, wanted: _Wanted) -> Networks:
    """The networks that fit as the converter of timm for this architecture turns them."""
    prefixes = ["", *dict.fromkeys(re.findall(r"^.*?\.", next(iter(plain), "")))]
    shared = [prefix for prefix in prefixes if all(name.startswith(prefix) for name in plain)]
    read = {prefix: by_timm(model, _below(plain, prefix)) for prefix in shared}
    return {prefix: part for prefix, part in read.items() if part and not wanted.misfits(part)}


def _only(fits: Mapping[str, Networks], what: str, where: str) -> Networks:
    """The networks of the one layout that fits. Raises CatsError if another one fits and gives other weights."""
    (first, whole), *others = fits.items()
    for name, other in others:
        if other.keys() != whole.keys() or any(not _same(whole[prefix], other[prefix]) for prefix in whole):
            raise CatsError(f"{what} fit in two layouts, {first} and {name}; choose one with layout: {first}{where}")
    return whole


def _same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())


def _unwrapped(state: Mapping[str, Tensor]) -> State:
    """The weights without the wrappers in their names; as they are if two names would then be the same."""
    plain = {WRAPPERS.sub(r"\1", key): value for key, value in state.items()}
    return plain if len(plain) == len(state) else dict(state)


def _prefixes(state: Mapping[str, Tensor], first: str) -> list[str]:
    """What precedes the name of the first parameter of a network, wherever this name stands."""
    return [key.removesuffix(first) for key in state if key == first or key.endswith(f".{first}")]


def _below(state: Mapping[str, Tensor], prefix: str, without: tuple[str, ...] = ()) -> State:
    """The weights whose names begin with a prefix and with none of others, without this prefix."""
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix) and not k.startswith(without)}


def _chosen(whole: Networks, what: str, where: str, read_as: str = "") -> Fit:
    """The network that fits; of several the one that is no running mean or second copy. Raises CatsError if there are two.

    `read_as`: what was recognised, for the note.
    """
    first = [prefix for prefix in whole if not SECOND.search(prefix)] or list(whole)
    if len(first) > 1:
        under = " and ".join(repr(prefix) for prefix in first[:MOST])
        example = first[0].rstrip(".") or "NAME"
        raise CatsError(
            f"{what} hold {len(first)} networks that fit, under {under}; choose one with state_dict_key: {example}{where}"
        )
    prefix = first[0]
    others = [other.rstrip(".") for other in whole if other != prefix]
    if not (prefix or others or read_as):
        return Fit(whole[prefix])
    taken = f"taken from names that begin with '{prefix}'" if prefix else "taken from the names without a prefix"
    said = f"{what} are {taken}" if prefix or others else what
    renamed = f"{', and' if prefix or others else ' are'} read as {read_as}" if read_as else ""
    beside = f"; '{others[0]}' fits too, choose it with state_dict_key: {others[0]}" if others else ""
    return Fit(whole[prefix], f"{said}{renamed}{beside}{where}")
