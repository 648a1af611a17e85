"""The start of a network: random weights, ready weights, or a pretraining. No path enters its identity."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from benchmark.core.paths import pretrained_folder
from benchmark.core.tensor_file import require_whole
from benchmark.core.trainer_version import TRAINER
from benchmark.specs.recipe import Recipe
from benchmark.specs.source import Weights
from results.error import LoginError
from results.files.digest import digest
from results.files.kept import read_kept
from results.record import Frozen
from results.text.hidden import HIDDEN, shown

AGAIN = "`cats run` makes them again when it makes a cell that begins with them"  # the end of a sentence about damaged weights


class Start(Frozen):
    """The start of a network.

    Attributes:
        kind: random (from the seed), pretraining, or where ready weights come from: file, timm, hub, mlflow.
        source: the name of the source's entry; not part of the identity.
        seed: the seed of random weights or of a pretraining.
        weights: of ready weights: sha256 of the file, timm's tag, or repository@commit of the hub.
        input: of ready weights: their declaration in the entry. Only what it says about their use is part of the identity.
        recipe, data, start: of a pretraining: its recipe, the digest of its images, and its own start.
        registry: of published weights: address of the MLflow server that has them. It may contain a password, so no text, no
            file and no job contains the whole address; it is not part of the identity. Use `server` to connect.
        sent: whether this copy was pickled for another process, with `***` in place of user and password.
    """

    kind: Literal["random", "file", "timm", "hub", "mlflow", "pretraining"]
    source: str
    backbone: str
    seed: int | None = None
    weights: str | None = None
    input: Weights | None = None
    recipe: Recipe | None = None
    data: str | None = None
    start: "Start | None" = None
    registry: str | None = Field(None, repr=False, exclude=True)
    sent: bool = Field(False, repr=False, exclude=True)

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out user and password: jobs travel to workers over connections that others may read."""
        state = super().__getstate__()
        if self.registry is None:
            return state
        return state | {"__dict__": state["__dict__"] | {"registry": shown(self.registry), "sent": True}}

    @property
    def server(self) -> str:
        """The address at which this process reaches the MLflow server; on a worker, its own MLFLOW_TRACKING_URI comes first.

        Raises LoginError if the worker needs user or password and has no address of its own.
        """
        own = os.environ.get("MLFLOW_TRACKING_URI") if self.sent else None
        address = own or str(self.registry)
        if self.sent and not own and HIDDEN in address:
            raise LoginError(
                f"the weights of {self.source} are at {address}, and jobs carry no user and no password; "
                "set MLFLOW_TRACKING_URI on the worker"
            )
        return address

    @cached_property
    def key(self) -> str:
        """The identity of the start: sha256 of everything that decides the weights."""
        content = self.model_dump(mode="json", exclude={"source", "start", "input"})
        content["input"] = self.input.reading() if self.input else None
        if self.kind in {"hub", "mlflow"}:
            content["kind"] = "file"  # weights of the same content are the same, wherever they come from
        if self.start is None:
            return digest({**content, "start": None})
        return digest({**content, "start": self.start.key, "trainer": TRAINER})  # a pretraining


def chain(start: Start) -> list[Start]:
    """Return a start, then every start that its pretraining is based on."""
    return [start, *chain(start.start)] if start.start is not None else [start]


def declared_arguments(start: Start | None) -> dict[str, Any]:
    """Return what is known of how a network that begins with `start` is built, without reading its weights.

    These are the arguments in the entry of the ready weights with which the chain begins, and a small stem of a pretraining;
    a network that begins with nothing has none.
    """
    if start is None:
        return {}
    links = chain(start)
    ready = links[-1].input
    small = any(link.recipe is not None and link.recipe.stem == "small" for link in links)
    return (ready.network_arguments if ready is not None else {}) | ({"stem": "small"} if small else {})


def pretrained_path(start: Start) -> Path:
    """Return the path of the weights of a pretraining; the file may not exist yet."""
    return weights_path(start.key)


def weights_path(key: str) -> Path:
    """Return the path of the weights of the pretraining with this key."""
    return pretrained_folder() / f"{key}.safetensors"


def is_pretrained(start: Start) -> bool:
    """Whether this machine has the whole weights of a pretraining. Damaged ones are named in the log and count as absent."""
    return read_kept(pretrained_path(start), require_whole, "weights of the pretraining") is not None
