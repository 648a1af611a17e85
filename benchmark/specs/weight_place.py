"""Where ready weights come from, as an entry writes it: values for all backbones or for each one, pinned for good."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from results.text.brief import briefly

FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
INSIDE = re.compile(r"(?:[A-Za-z0-9_][\w.-]*/)*[A-Za-z0-9_][\w.-]*\.(?:safetensors|bin|pth?|pth\.tar|ckpt)")
MODEL = re.compile(r"models:/[A-Za-z0-9][A-Za-z0-9_.-]*/[0-9]+")
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
DIGITS = "40 hexadecimal digits"
LAYOUTS = "networks/layouts"  # below the package benchmark
PerBackbone = str | dict[str, str]


def tags(value: Any) -> Any:
    """Return true, or a list of timm's tags; a single tag may be written without brackets. Raises ValueError for others."""
    several = [value] if isinstance(value, str) else value
    plain = isinstance(several, list | tuple) and several and all(isinstance(tag, str) for tag in several)
    if isinstance(several, bool) or plain:
        return several
    raise ValueError(f"{briefly(value)} is neither true nor a list of timm's tags such as [augreg_in21k, fb_in22k]")


def _per_backbone(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value):
        return value
    if isinstance(value, dict) and value and all(isinstance(text, str) for pair in value.items() for text in pair):
        return value
    raise ValueError(f"{briefly(value)} is neither text nor a mapping from backbones to text")


Text = Annotated[PerBackbone | None, BeforeValidator(_per_backbone)]


def pick(value: PerBackbone | None, backbone: str) -> str | None:
    """Return the value for a backbone, or the value for all backbones."""
    return value.get(backbone) if isinstance(value, dict) else value


def pairs(value: PerBackbone | None) -> list[tuple[str, str]]:
    """Return (backbone, value) of each value; the backbone is empty for a value that is for all."""
    return list(value.items()) if isinstance(value, dict) else [("", value)] if value else []


def require_pinned(hub: PerBackbone | None, revision: PerBackbone | None, file: PerBackbone | None) -> None:
    """Raises ValueError for a repository without a commit, and for a commit or a file without a repository."""
    for name, value, what in (("revision", revision, "the commit"), ("hub_file", file, "a file")):
        if value and not hub:
            raise ValueError(f"{name} is {what} of a repository on the hub, but hub is not given")
    for backbone, repository in pairs(hub):
        commit = pick(revision, backbone)
        if not REPOSITORY.fullmatch(repository):
            raise ValueError(f"hub '{repository}' is not a repository; write owner/name")
        if commit is None:
            raise ValueError(f"hub {repository} needs a revision, so that its weights cannot change; give a commit, {DIGITS}")
        if not COMMIT.fullmatch(commit):
            raise ValueError(f"hub {repository} has the revision '{commit}', which may change; give a commit, {DIGITS}")
    for _, path in pairs(file):
        if not INSIDE.fullmatch(path):
            raise ValueError(f"hub_file '{path}' is not a path in a repository that ends as files of weights do, as in a/b.bin")


def require_plain(mlflow: PerBackbone | None, sha256: PerBackbone | None) -> None:
    """Raises ValueError for what is no version of a registered model, or no checksum."""
    for _, model in pairs(mlflow):
        if not MODEL.fullmatch(model):
            raise ValueError(f"mlflow '{model}' is not a version; write models:/NAME/VERSION, for example models:/digits/1")
    for _, checksum in pairs(sha256):
        if not SHA256.fullmatch(checksum):
            raise ValueError(f"sha256 '{checksum}' is not a checksum; a sha256 has 64 hexadecimal digits in lower case")
