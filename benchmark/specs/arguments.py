"""Arguments of a network that weights may set: a fixed list, because other arguments of timm could do more than shape it.

The same list serves entries, metadata of safetensors files, configurations of the hub and kept classifiers.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmark.core.in_words import WORDS
from results.error import CatsError, nearest
from results.text.brief import briefly, short

WHOLE = re.compile(r"[0-9]{1,9}")
CLASS = re.compile(r"(?:(?:timm|torch)\.(?:\w+\.)*)?(?P<word>\w+)")  # a word, or a class as configurations write it


class Argument(NamedTuple):
    """What the value of an argument may be: its type, the bounds of a number, and the words of a text."""

    kind: type
    low: float = 0
    high: float = math.inf
    words: tuple[str, ...] = ()


# pad_type: padding of convolutions. bn_eps: epsilon of batch norm. init_values: layer scale. stem, pool: ours, not timm's.
ARGUMENTS: dict[str, Argument] = {
    "pad_type": Argument(str, words=("", "same", "valid", "symmetric")),
    "bn_eps": Argument(float),
    "init_values": Argument(float),
    "img_size": Argument(int, 1, 4096),
    "patch_size": Argument(int, 1, 256),
    "embed_dim": Argument(int, 1, 16_384),
    "depth": Argument(int, 1, 256),
    "num_heads": Argument(int, 1, 1024),
    "mlp_ratio": Argument(float, 0.01, 64),
    "mlp_layer": Argument(str, words=("Mlp", "GluMlp", "SwiGLU", "SwiGLUPacked")),
    "act_layer": Argument(str, words=("silu", "gelu", "gelu_tanh", "quick_gelu", "relu")),
    "embed_layer": Argument(str, words=("PatchEmbed", "ConvStem")),
    "reg_tokens": Argument(int, 0, 256),
    "num_reg_tokens": Argument(int, 0, 256),
    "no_embed_class": Argument(bool),
    "dynamic_img_size": Argument(bool),
    "global_pool": Argument(str, words=("", "token", "avg", "max", "avgmax", "map")),
    "pool": Argument(str, words=("token", "avg", "both")),
    "stem": Argument(str, words=("backbone", "small")),
}
OURS = ("stem", "pool")


def checked_arguments(values: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Return arguments with their values as this program writes them.

    Raises CatsError, whose sentence begins with `where`, for an unknown argument and for a wrong value.
    """
    begin = f"{where}: " if where else ""
    for name in values:
        if name not in ARGUMENTS:
            raise CatsError(f"{begin}'{short(str(name))}' is no argument of a network{nearest(name, ARGUMENTS)}")
    return {name: _checked(name, value, begin) for name, value in values.items()}


def _checked(name: str, value: Any, begin: str) -> Any:
    """The value of an argument: a number, also one that is written as text, a truth value or a word."""
    wanted, found = ARGUMENTS[name], f"{begin}the argument {name} of a network is {briefly(value)}"
    if wanted.words:
        word = _word(value, wanted.words) if isinstance(value, str) else None
        if word is None:
            raise CatsError(f"{found}{nearest(value, [each or repr(each) for each in wanted.words])}")
        return word
    read = _READERS[wanted.kind](value)
    if read is None:
        raise CatsError(f"{found}; allowed is {WORDS[wanted.kind]}")
    if (
        isinstance(read, int | float)
        and wanted.kind is not bool
        and not (math.isfinite(read) and wanted.low <= read <= wanted.high)
    ):
        most = f" and at most {wanted.high:g}" if math.isfinite(wanted.high) else ""
        raise CatsError(f"{found}; a number of at least {wanted.low:g}{most} is needed")
    return read


def _word(value: str, words: tuple[str, ...]) -> str | None:
    """The word that is meant: configurations of the hub write classes as well, such as timm.layers.SwiGLUPacked."""
    plain = {word.replace("_", "").lower(): word for word in words if word}
    found = CLASS.fullmatch(value)
    return plain.get(found["word"].replace("_", "").lower()) if found else value if value in words else None


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _truth(value: Any) -> bool | None:
    return {"True": True, "False": False}.get(str(value).capitalize()) if isinstance(value, bool | str) else None


_READERS: dict[type, Callable[[Any], Any]] = {int: _whole, float: _number, bool: _truth}
