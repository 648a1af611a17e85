"""The reference to an entry as a person writes it: a name, with options in brackets."""

import re
from typing import Any

import yaml

from benchmark.core.yaml_text import load
from results.error import CatsError
from results.text.plain import fault_of_name, shortened

REFERENCE = re.compile(r"([a-z0-9_]+)(?:\[(.*)\])?")


def split_reference(reference: str) -> tuple[str, dict[str, Any]]:
    """Split `name[option=value,...]` into name and options; values are read as YAML scalars.

    Raises CatsError if the text has another form.
    """
    fault = fault_of_name(reference)
    if fault:
        raise CatsError(f"'{shortened(reference, 60)}' is not a name, because it {fault}")
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise CatsError(f"'{reference}' is not a name; {_instead(reference)}")
    options = {}
    for item in (match[2] or "").split(",") if match[2] else []:
        key, equals, value = item.partition("=")
        if not equals:
            raise CatsError(f"'{reference}': '{item}' is not an option; write an option like size=64")
        if key.strip() in options:
            raise CatsError(f"'{reference}' gives the option {key.strip()} twice")
        try:
            options[key.strip()] = load(value)
        except yaml.YAMLError:
            raise CatsError(f"'{reference}': '{value}' is not a value; write an option like size=64") from None
    return match[1], options


def _instead(reference: str) -> str:
    """Return what to write instead of a text that is no reference."""
    if "/" in reference or "\\" in reference:
        return "data of your own get a name by `cats new target NAME --from PATH`, weights by an entry sources/NAME.yaml"
    lower = f", in lower case: '{reference.lower()}'" if REFERENCE.fullmatch(reference.lower()) else ""
    return f"write a name like breastmnist or breastmnist[size=64]{lower}"
