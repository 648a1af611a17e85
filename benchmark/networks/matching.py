"""Fits the names of a checkpoint to those of timm: a prefix of all names is removed where the network then fits whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Size, Tensor, nn

from results.error import CatsError

# What torch.compile, FSDP and Lightning Fabric put into the names of parameters, at any place.
WRAPPERS = re.compile(r"(^|\.)(?:(?:_orig_mod|_fsdp_wrapped_module|_forward_module)\.)+")
# Second copies that methods keep beside the network which their authors hand on: running means, MoCo's keys, DINO's student.
SECOND = re.compile(r"(?:^|[_.])(?:ema|swa|avg|averaged?|shadow|momentum|encoder_k|student|target)(?:[_.]|$)")
COUNTER = "num_batches_tracked"
MOST = 3  # keys that a sentence names


@dataclass(frozen=True)
class Fit:
    """Weights under timm's names, with the head of the source. note: a sentence if names were changed or a choice was made."""

    state: dict[str, Tensor]
    note: str | None = None


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


def fitted(model: nn.Module, state: Mapping[str, Tensor], name: str, origin: str = "") -> Fit:
    """Weights for a headless timm model, under its names. Exactly the head and batch norm's counters may differ.

    Where the names do not fit as they are, the prefix that makes all of them fit is removed, such as `module.` or
    `module.encoder_q.`.

    Raises:
        CatsError: the weights do not fit the backbone `name`, or two networks in them do; the sentence ends with `origin`, the
            place of the weights.
    """
    where = f"; they are in {origin}" if origin else ""
    shapes = {k: v.shape for k, v in model.state_dict().items() if not k.endswith(COUNTER)}
    wanted = _Wanted(shapes, tuple(f"{head}." for head in classifier_names(model)))
    problems = {"": wanted.misfits(state)}
    if not problems[""]:
        return Fit(dict(state))
    plain = _unwrapped(state)
    networks = {prefix: _below(plain, prefix) for prefix in _prefixes(plain, next(iter(shapes)))}
    found = {prefix: wanted.misfits(part, prefix) for prefix, part in networks.items()}
    whole = {prefix: networks[prefix] for prefix, wrong in found.items() if not wrong}
    for prefix in found.keys() - whole.keys():  # a network may lie beside another one that is deeper in the file
        rest = _below(plain, prefix, tuple(other for other in whole if other.startswith(prefix)))
        if not wanted.misfits(rest):
            whole[prefix] = rest
    if whole:
        return _chosen(whole, f"the weights for {name}", where)
    problems |= found
    prefix = min(problems, key=lambda each: len(problems[each]))
    wrong = problems[prefix]
    more = f" and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
    without = f", also without the prefix '{prefix}'" if prefix else ""
    raise CatsError(f"the weights do not fit {name}, {len(wrong)} keys differ{without}: {', '.join(wrong[:MOST])}{more}{where}")


def _unwrapped(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights without the wrappers in their names; as they are if two names would then be the same."""
    plain = {WRAPPERS.sub(r"\1", key): value for key, value in state.items()}
    return plain if len(plain) == len(state) else dict(state)


def _prefixes(state: Mapping[str, Tensor], first: str) -> list[str]:
    """What precedes the name of the first parameter of a network, wherever this name stands."""
    return [key.removesuffix(first) for key in state if key == first or key.endswith(f".{first}")]


def _below(state: Mapping[str, Tensor], prefix: str, without: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """The weights whose names begin with a prefix and with none of others, without this prefix."""
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix) and not k.startswith(without)}


def _chosen(whole: Mapping[str, dict[str, Tensor]], what: str, where: str) -> Fit:
    """The network that fits; of several the one that is no running mean or second copy. Raises CatsError if there are two."""
    first = [prefix for prefix in whole if not SECOND.search(prefix)] or list(whole)
    if len(first) > 1:
        under = " and ".join(repr(prefix) for prefix in first[:MOST])
        example = first[0].rstrip(".") or "NAME"
        raise CatsError(
            f"{what} hold {len(first)} networks that fit, under {under}; choose one with state_dict_key: {example}{where}"
        )
    prefix = first[0]
    others = [other.rstrip(".") for other in whole if other != prefix]
    if not prefix and not others:
        return Fit(whole[prefix])
    taken = f"taken from names that begin with '{prefix}'" if prefix else "taken from the names without a prefix"
    beside = f"; '{others[0]}' fits too, choose it with state_dict_key: {others[0]}" if others else ""
    return Fit(whole[prefix], f"{what} are {taken}{beside}{where}")
