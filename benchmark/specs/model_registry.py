"""Reads what MLflow's model registry says about published weights, `models:/NAME/VERSION`, that `cats publish` has put there.

Every function asks the server at `registry`, an address as --tracking-uri takes it. Answers are cached in memory.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from benchmark.specs.source import NoWeightsError, Source
from results.error import CatsError
from results.text.brief import short

if TYPE_CHECKING:
    from results.tracking.registry import Version

_families = TypeAdapter(Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)])
TAGS = ("cats.key", "cats.sha256", "cats.backbone", "cats.families")  # `cats publish` sets them, and more


def version_of(reference: str, registry: str) -> "Version":
    """Return a published version. Raises CatsError if the registry does not have it, or if `cats publish` did not make it."""
    from results.tracking.change_counter import absolute

    return _version_at(reference, absolute(registry))


@lru_cache(maxsize=64)
def _version_at(reference: str, registry: str) -> "Version":
    from results.tracking.registry import Registry

    version = Registry(registry).version(reference)
    absent = [name for name in TAGS if name not in version.tags]
    if absent:
        raise CatsError(f"{reference} was not made by `cats publish`: it has no tag {absent[0]}")
    if not re.fullmatch("[0-9a-f]{64}", version.tags["cats.sha256"]):  # the checksum becomes the name of a file
        raise CatsError(f"{reference} was not made by `cats publish`: its tag cats.sha256 is not a sha256")
    return version


def families(reference: str, registry: str) -> list[str]:
    """Return the families of data sets whose images are behind published weights.

    Raises CatsError if the tag that lists them was changed: without it nothing keeps a source off its own images.
    """
    text = version_of(reference, registry).tags["cats.families"]
    try:
        return list(_families.validate_json(text, strict=True))
    except ValueError as error:
        raise CatsError(
            f"{reference} does not say which images its weights have seen: its tag cats.families, '{short(text)}', is not a "
            "list of names such as '[\"breastmnist\"]'; correct the tag in MLflow, or publish the weights again"
        ) from error


def checksum_of(reference: str, backbone: str, registry: str) -> str:
    """Return the sha256 of published weights. Raises NoWeightsError if they are for another backbone."""
    tags = version_of(reference, registry).tags
    if tags["cats.backbone"] != backbone:
        raise NoWeightsError(f"{reference} holds weights of {tags['cats.backbone']}, not of {backbone}")
    return tags["cats.sha256"]


def described(source: Source, registry: str) -> Source:
    """Return a source with title, licence and citation of its published weights if its name is `models:/NAME/VERSION`."""
    if not source.name.startswith("models:/"):
        return source
    tags = version_of(source.name, registry).tags
    title = f"{tags.get('cats.source', '?')}, pretrained for {tags['cats.backbone']} and published"
    facts = {"title": title, "licence": tags.get("cats.licence", ""), "citation": tags.get("cats.citation", "")}
    return source.model_copy(update=facts)
