"""What is tried: a damage that has been done to the stage, and the commands that must bear it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT = "@content"  # in place of a command: prints digest and content of a data set


@dataclass(frozen=True)
class Attempt:
    """One input.

    Attributes:
        what: the damage, in words.
        commands: command lines of `cats`, run one after the other, each in a process of its own.
        environment: variables that differ from those of the stage; None removes one.
        encoding: of the standard output and the standard error; None closes both.
        compared: `figures`: what the commands print must be what they print without the damage, unless a new sentence says
            why; `content`: images, labels, groups and parts are the same as without the damage if the digest is, and another
            number of images has its sentence; `same content`: these are the same in any case, because the input says the same
            in another writing; `nothing`: other figures are right.
        guarded: passwords are in addresses of servers. A class that is called like one may be printed.
    """

    what: str
    commands: tuple[tuple[str, ...], ...]
    environment: Mapping[str, str | None] = field(default_factory=dict)
    encoding: str | None = "utf-8"
    compared: Literal["figures", "content", "same content", "nothing"] = "nothing"
    guarded: bool = False
