"""Weights that were pretrained here, published in MLflow's model registry and found again, bit for bit."""

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmark.core.paths import tracking_uri
from results.error import CatsError

if TYPE_CHECKING:
    from results.tracking.registry import Version


def version_of(reference: str) -> "Version":
    """The published version of that name. Raises CatsError if it is not there or not from `cats publish`."""
    from results.tracking.change_counter import absolute

    return _asked(reference, absolute(tracking_uri()))


@lru_cache(maxsize=64)
def _asked(reference: str, uri: str) -> "Version":
    from results.tracking.registry import Registry

    found = Registry(uri).version(reference)
    absent = [name for name in ("cats.key", "cats.sha256", "cats.backbone", "cats.families") if name not in found.tags]
    if absent:
        raise CatsError(f"{reference} was not made by `cats publish`: it lacks the tag {absent[0]}")
    if not re.fullmatch("[0-9a-f]{64}", found.tags["cats.sha256"]):  # it becomes the name of a file
        raise CatsError(f"{reference} was not made by `cats publish`: its tag cats.sha256 is no sha256")
    return found


def families(reference: str) -> list[str]:
    """The families of data sets whose images are behind published weights."""
    told = json.loads(version_of(reference).tags["cats.families"])
    return [str(name) for name in told]


def checksum_of(reference: str, backbone: str) -> str:
    """The sha256 of published weights. Raises CatsError if they are of another backbone."""
    tags = version_of(reference).tags
    if tags["cats.backbone"] != backbone:
        raise CatsError(f"{reference} holds weights of {tags['cats.backbone']}, not of {backbone}")
    return tags["cats.sha256"]
