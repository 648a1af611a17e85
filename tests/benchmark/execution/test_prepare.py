"""What the runner reads before the first cell, and how often."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmark.execution.prepare import prepare, require_same_splits
from benchmark.execution.watch import Watch
from benchmark.specs.plan import load_plan
from tests.support.plans import cells_of

TEXT = """
experiment: toy
sources: [scratch]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: probe, size: 16}
seeds: 4
"""


@dataclass
class Messages:
    begun: list[str] = field(default_factory=list)

    def watch(self):
        return Watch(self.begun.append, lambda *_: None)


@pytest.mark.parametrize(
    ("more", "often"),
    [("", 1), ("subsample: {train: 60, seed: 7}", 1), ("subsample: {train: 60}", 4), ("subsample: {val: 60}", 4)],
)
def test_images_are_looked_at_once_for_all_seeds_that_use_the_same(tmp_path, more, often):
    path, messages = tmp_path / "toy.yaml", Messages()
    path.write_text(TEXT + more)
    plan = load_plan(str(path))
    prepare(cells_of(plan), messages.watch())
    assert messages.begun.count("reading ihc") == often
    assert messages.begun.count("reading scratch") == 1


def test_an_experiment_with_a_pretraining_alone_has_no_other_split():
    cell = SimpleNamespace(target="ihc", data="d", recipe=SimpleNamespace(size=16))
    require_same_splits([cell], pd.DataFrame([{"kind": "pretraining", "status": "FINISHED", "split": "s", "data": "d"}]))
