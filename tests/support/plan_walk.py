"""Counts how a plan is handed through our files while `cats run` makes a tiny plan: `python -m tests.support.plan_walk`.

A stay: the plan is in a call of one file, and comes to the next stay by a call into another file or by the return from it.
A return: a stay in a file in which the plan has been before. Only calls that have the plan itself, or what was looked up for
it, among their arguments count; the cells of a plan, and going on with a generator, do not.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
KINDS = {"Plan", "PlanPairs", "ResolvedPlan"}
TEXT = """
experiment: walk
sources: [scratch]
targets: [ihc]
backbones: [test_resnet]
recipe: {size: 16, epochs: 0}
seeds: 1
"""


class Walk:
    """The files in which a plan stays, in order."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = f"{root}{os.sep}"
        self.stays: list[str] = []
        self._open: list[tuple[FrameType, str]] = []
        self._seen: list[FrameType] = []

    @property
    def files(self) -> set[str]:
        """The files in which the plan has been."""
        return set(self.stays)

    @property
    def returns(self) -> int:
        """How often the plan comes back to a file that it had left."""
        return len(self.stays) - len(self.files)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Follow every call of this thread."""
        sys.setprofile(self._event)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _event(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and self._is_ours(frame) and not any(f is frame for f in self._seen):
            if _has_plan(frame):
                self._seen.append(frame)  # a generator that goes on is a call too, of the same frame
                self._open.append((frame, frame.f_code.co_filename.removeprefix(self.root)))
                self._stay()
        elif event == "return" and self._open and self._open[-1][0] is frame:
            self._open.pop()
            self._stay()

    def _is_ours(self, frame: FrameType) -> bool:
        """Whether the code is the project's, and not a library's below it (.venv)."""
        return frame.f_code.co_filename.startswith(self.root) and "site-packages" not in frame.f_code.co_filename

    def _stay(self) -> None:
        if self._open and (not self.stays or self.stays[-1] != self._open[-1][1]):
            self.stays.append(self._open[-1][1])


def _has_plan(frame: FrameType) -> bool:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return any(type(frame.f_locals.get(name)).__name__ in KINDS for name in names)


def walk_of(folder: Path, text: str = TEXT) -> Walk:
    """The walk of a plan through `cats run` in a folder that becomes working directory and CATS_HOME."""
    os.environ |= {"CATS_HOME": str(folder / "home"), "CATS_ENTRIES": str(folder / "entries")}
    os.chdir(folder)
    Path("walk.yaml").write_text(text, encoding="utf-8")
    from benchmark.cli.main import app

    walk = Walk()
    with walk.watched():
        app(["run", "walk.yaml"], standalone_mode=False)
    return walk


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = walk_of(Path(place))
    sys.stdout.write("\n".join(found.stays) + "\n")
    sys.stdout.write(f"{len(found.stays)} stays, {len(found.files)} files, {found.returns} returns\n")
