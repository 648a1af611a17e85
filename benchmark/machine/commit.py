"""The git commit of the code that runs, read without git: a record says it, so that MLflow shows the version."""

import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
CHECKOUT = Path(__file__).parents[2]


@cache
def commit_of(folder: Path = CHECKOUT) -> str | None:
    """The commit of a checkout of git, or of the repository that pip has installed from; None if neither is known."""
    place = folder / ".git"
    try:
        if place.exists():
            return _head(_git_folder(place))
        found = json.loads(distribution("cats-bench").read_text("direct_url.json") or "{}")
        return _valid(str(found.get("vcs_info", {}).get("commit_id", "")))
    except (OSError, ValueError, AttributeError, PackageNotFoundError):
        return None


def _git_folder(place: Path) -> Path:
    """The folder of git's files: `.git`, or what a file of this name leads to in a second work tree."""
    return place if place.is_dir() else place.parent / place.read_text(encoding="utf-8").removeprefix("gitdir:").strip()


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return _valid(head)
    name = head.removeprefix("ref:").strip()
    shared = git / "commondir"
    folders = [git, git / shared.read_text(encoding="utf-8").strip()] if shared.exists() else [git]
    for folder in folders:
        if (folder / name).is_file():
            return _valid((folder / name).read_text(encoding="utf-8").strip())
    packed = folders[-1] / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.exists() else []
    return next((_valid(line.split()[0]) for line in lines if line.endswith(f" {name}")), None)


def _valid(text: str) -> str | None:
    return text if COMMIT.fullmatch(text) else None
