"""A call that is not understood becomes a sentence: which option, argument or command, what is allowed, the nearest name.

The parser and the types of arguments have words of their own, which speak of values and inputs; no user reads them.
"""

import re
from copy import copy
from functools import partial
from typing import Any

import typer

from results.error import near_name

# What typer raises for arguments that it does not understand: its own copy of click's exceptions, or click's.
UsageError: Any = typer.BadParameter.__mro__[1]
OF_LIBRARY = re.compile(r"^(?:Value|Assertion) error, ")
ONE_OF = re.compile(r"'(?P<given>.*)' is not one of (?P<names>'.*')\.?", re.DOTALL)
EXTRA = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((?P<given>.*)\)\.?", re.DOTALL)
TYPES = {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "Path": "PATH", "bool": ""}


def sentence_of(error: Any) -> str:
    """The sentence about a call that is not understood, for an error of the parser."""
    name, parameter = type(error).__name__, getattr(error, "param", None)
    if name == "NoSuchOption":
        return f"there is no option {error.option_name}{hint(error.option_name, options_of(error.ctx))}"
    if name == "MissingParameter" and parameter is not None:
        return f"{word_of(parameter)} is missing: {parameter.help or 'it must be given'}"
    message = OF_LIBRARY.sub("", str(error.message))
    if name == "BadParameter":
        where = f"{word_of(parameter)}: " if parameter is not None else ""
        choice = ONE_OF.fullmatch(message)
        if choice is None:
            return where + message[:1].lower() + message[1:].rstrip(".")
        names = re.findall(r"'([^']*)'", choice["names"])
        near = near_name(choice["given"], names)
        meant = "" if near is None else f"; did you mean {near}?"
        return f"{where}there is no '{choice['given']}'{meant or ';'} {'A' if meant else 'a'}llowed are {', '.join(names)}"
    extra = EXTRA.fullmatch(message)
    if extra is not None:
        return f"too many words: {extra['given']}; a name or sentence of several words stands in quotation marks"
    return message.rstrip(".")


def hint(wrong: str, names: Any) -> str:
    """The end of a sentence about an unknown name: the nearest one, or nothing if none is near."""
    near = near_name(wrong, names)
    return "" if near is None else f"; did you mean {near}?"


def options_of(ctx: Any) -> list[str]:
    """The long spellings of the options of a command, those that its help shows."""
    if ctx is None:
        return []
    shown = [each for each in ctx.command.params if each.param_type_name == "option" and not each.hidden]
    return [*(name for each in shown for name in (*each.opts, *each.secondary_opts) if name.startswith("--")), "--help"]


def word_of(parameter: Any) -> str:
    """How a sentence names an option or an argument: as the help does."""
    if parameter.param_type_name == "option":
        return str(next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0]))
    return str(parameter.metavar or parameter.name.upper()).strip("[]").removesuffix("...").strip("[]")


def with_types(parameters: list[Any]) -> list[Any]:
    """Copies of the options of a command, whose help names their types in words of users, not as types of Python."""
    copies = [copy(each) for each in parameters]
    for each in copies:
        if not hasattr(each, "type_descriptor"):  # of an early typer, whose help names types in words
            continue
        each.display_type_rich = partial(_shown, type_of(each))
        if each.param_type_name == "argument" and each.metavar is None:
            each.metavar = each.name.upper()
        words = f" One of {', '.join(choices_of(each))}."
        if choices_of(each) and not each.help.endswith(words):
            each.help += words
    return copies


def _shown(text: str, ctx: Any) -> str:  # noqa: ARG001 - as typer calls it
    return text


def type_of(parameter: Any) -> str:
    """The type of an option in words: TEXT, NUMBER, PATH, or NAME of those that its help lists; nothing for a switch."""
    if parameter.param_type_name == "option" and parameter.metavar is not None:
        return str(parameter.metavar)
    if parameter.param_type_name == "argument" or getattr(parameter, "is_flag", False):
        return ""
    if choices_of(parameter):
        return "NAME"
    return TYPES.get(str(parameter.bare_type()).removeprefix("list[").removesuffix("]"), "TEXT")


def choices_of(parameter: Any) -> list[str]:
    """The words that an option may be; none of an option that may be other words too."""
    return [str(getattr(each, "value", each)) for each in parameter.type_descriptor.choices or ()]
