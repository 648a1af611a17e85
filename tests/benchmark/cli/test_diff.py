"""`cats diff`: the named cause is the true one, for cells whose keys and digests are those of real plans."""

import itertools
from functools import cache

import pytest

from benchmark.execution.execute import cell_attempt, pretraining_attempt
from benchmark.specs import cell as cells
from benchmark.specs import start as starts
from benchmark.specs.plan import Plan
from results.board.board import make_board
from results.board.export import board_json, read_board
from results.board.request import RunQuery
from results.files.digest import digest
from results.record import Record
from results.sharing.diff import difference
from tests.support.plans import cells_of
from tests.support.runs import frame_of

PLAN = {"experiment": "toy", "sources": ["scratch", "fractal"], "targets": ["ihc"], "backbones": ["test_resnet"],
        "seeds": [0, 1, 2], "recipe": {"size": 32, "lr": 0.01}, "subsample": {"train": 60}}  # fmt: skip
# What differs → how it is said of scratch, and of a source that is pretrained here.
CAUSES = {
    "data": "other data",
    "trainer": "trainer 2 → 3",
    "seeds": "without seed 2",
    "more seeds": "with seed 3 too",
    "torch": "torch 2.11 → 2.13",
    "rule": "rule min_val_loss → max_val_auc",
    "subset": "subsample.train 60 → 80",
    "whole subset": "subsample.train 60 → all",
    "lr": "lr 0.01 → 0.02",
    "backbone": "backbone test_resnet → resnet18",
    "pretraining": (None, "pretraining of fractal: epochs 20 → 3"),
    "pretraining data": (None, "pretraining of fractal: other data"),
    "weights": ("other start weights", None),
    "again": "other runs of seed 0, 1, 2, of the same recipe, data and versions",
}
KEYS = {
    "more seeds": {"seeds": [0, 1, 2, 3]}, "seeds": {"seeds": [0, 1]}, "rule": {"rule": "max_val_auc"},
    "subset": {"subsample": {"train": 80}}, "whole subset": {"subsample": {}}, "lr": {"recipe": {"size": 32, "lr": 0.02}},
    "backbone": {"backbones": ["resnet18"]}, "pretraining": {"pretraining": {"epochs": 3}},
}  # fmt: skip
APART = {"seeds", "more seeds"}, {"subset", "whole subset"}, {"backbone", "weights"}, {"pretraining", "pretraining data"}


def boards(*changes, **query):
    """The board of the plan with some changes, as it is written and read back."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (cells, starts) if "trainer" in changes else ():
            patch.setattr(module, "TRAINER", 3)
        return _made(changes, query)


def _made(changes, query):
    plan = PLAN
    for each in changes:
        plan = plan | KEYS.get(each, {})
    records = {}
    for cell in cells_of(Plan(**plan)):
        start = cell.start
        if "weights" in changes and start.kind == "random":
            start = changed(start, weights="other")
        if "pretraining data" in changes and start.kind == "pretraining":
            start = changed(start, data=digest("other images"))
        data = digest([cell.data, "changed"]) if "data" in changes else cell.data
        cell = changed(cell, data=data, start=start)  # noqa: PLW2901 - the changed one
        if start.kind == "pretraining":
            records[start.key] = _record(pretraining_attempt(start, "toy"), changes)
        records[cell.key] = _record(cell_attempt(cell, "toy"), changes, split=digest([data, "parts"]))
    made = make_board(frame_of(list(records.values())), RunQuery("toy", **query))
    return read_board(board_json(made), "board.json")


def changed(model, **changes):
    """A cell or a start with some changes; its key follows from them."""
    made = model.model_copy(update=changes)
    for known in ("key", "point"):
        made.__dict__.pop(known, None)
    return made


def _record(attempt, changes, **facts):
    """A record of an attempt whose score follows from all that decides it."""
    environment = {"trainer": "3" if "trainer" in changes else "2", "torch": "2.13" if "torch" in changes else "2.11"}
    chance = int(digest([attempt.key, environment, "again" in changes])[:8], 16) / 2**32
    figures = {"val_loss": chance, "val_auc": 0.5 + chance / 4} if attempt.kind == "cell" else {}
    return Record(
        kind=attempt.kind, key=attempt.key, attempt=attempt.key[:32], experiment="toy", status="finished", point=attempt.point,
        names=attempt.names, settings=attempt.settings, defaults=attempt.defaults, facts={**attempt.facts, **facts},
        scores={"auc": 0.5 + chance / 2} if attempt.kind == "cell" else {}, validation=figures, environment=environment,
        started=1.7e9, ended=1.7e9 + 1,
    )  # fmt: skip


@cache
def unchanged():
    return boards()


def causes(found, source):
    """Whatever is said of why a source differs on the targets, without digests."""
    everywhere = [note.removeprefix("in all cells: ") for note in found.notes if note.startswith("in all cells: ")]
    said = {why for each in found.changes if each.target and each.source == source for why in each.why}
    if "what differs in all cells" in said or everywhere:
        said = (said - {"what differs in all cells"}) | set(everywhere)
    return {why.partition(" (")[0] for why in said}


def expected(changes, place):
    told = [CAUSES[each] if isinstance(CAUSES[each], str) else CAUSES[each][place] for each in changes]
    return {each for each in told if each is not None}


NAMES = list(CAUSES)
PAIRS = [
    pair for place, name in enumerate(NAMES[:-1]) for pair in itertools.product([name], NAMES[place + 1 : -1 : 3])
    if set(pair) not in APART
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("changes", [*((each,) for each in CAUSES), pytest.param(PAIRS, marks=pytest.mark.slow, id="pairs")])
def test_the_named_cause_is_the_true_one(changes):
    """Of boards that differ in one thing, and of those that differ in two."""
    for several in changes if changes is PAIRS else [changes]:
        found = difference(unchanged(), boards(*several), ("old", "new"))
        for place, (source, other) in enumerate((("scratch", "fractal"), ("fractal", "scratch"))):
            moved = f"its runs are the same, those of {other} are not"
            assert causes(found, source) - {moved} == expected(several, place), (several, source)
            assert moved not in causes(found, source) or not expected(several, place)
        assert {each.why for each in found.changes if not each.target} <= {("its place on ihc",), ("places of other sources",)}


def test_nothing_differs_between_two_boards_of_one_plan():
    assert difference(unchanged(), boards(), ("old", "new")).changes == []


def test_another_rule_of_the_board_is_the_cause_of_other_points_of_a_grid():
    grid = {"recipe": {"size": 32, "lr": [0.01, 0.02]}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KEYS, "grid", grid)
        found = difference(boards("grid"), boards("grid", rule="max_val_auc"), ("old", "new"))
    assert found.changes
    for source in ("scratch", "fractal"):
        assert causes(found, source) == {"runs chosen by another rule"}
    assert "rule: min_val_loss → max_val_auc" in found.notes
