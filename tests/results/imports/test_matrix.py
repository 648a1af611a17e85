"""Bare matrices of results and of scores."""

import math

import pytest

from results.agreement.scores import read_scores
from results.board.board import make_board
from results.board.request import RunQuery
from results.error import CatsError
from results.imports.matrix import cells_of, read_grid, scores_of
from tests.support.runs import frame_of

TEXT = "source,idc,ihc\nimagenet,0.9,0.7\nscratch,,0.6\nihc,0.5,0.99\n"


@pytest.fixture
def grid(tmp_path):
    def read(text=TEXT, name="auc.csv"):
        (tmp_path / name).write_text(text)
        return read_grid(tmp_path / name)

    return read


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        ",source,idc,ihc\n0,imagenet,0.9,0.7\n1,scratch,,0.6\n2,ihc,0.5,0.99\n",  # as pandas writes its index
        "target,imagenet,scratch,ihc\nidc,0.9,,0.5\nihc,0.7,0.6,0.99\n",
        ",idc,ihc\nimagenet,0.9,0.7\nscratch,,0.6\nihc,0.5,0.99\n",
        "weights,idc,ihc\nimagenet,0.9,0.7\nscratch,,0.6\nihc,0.5,0.99\n",
    ],
)
def test_a_matrix_is_read_as_the_file_has_it(grid, text):
    read = grid(text)
    assert list(read.index) == ["imagenet", "scratch", "ihc"]
    assert list(read) == ["idc", "ihc"]
    assert read.loc["imagenet", "idc"] == 0.9
    assert math.isnan(read.loc["scratch", "idc"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "idc,ihc\n0.9,0.7\n",
            "has no column with the names of the rows; call that column 'source', or 'target' if the rows are targets",
        ),
        ("source,idc\nimagenet,high\n", "the value of row 'imagenet' and column 'idc' is 'high', which is not a number"),
        ("source,idc\nimagenet,1\nimagenet,2\n", "two rows have the name 'imagenet'"),
    ],
)
def test_what_is_no_matrix_is_refused(grid, text, sentence):
    with pytest.raises(CatsError) as error:
        grid(text)
    assert sentence in str(error.value)


def test_an_empty_matrix_is_refused(grid):
    with pytest.raises(CatsError, match="auc.csv contains no number"):
        cells_of(grid("source,idc\nimagenet,\n"), "auc", "net", "toy", "auc.csv")


def test_one_run_per_cell_gives_no_interval_and_no_winner(grid):
    records = cells_of(grid(), "auc", "net", "toy", "auc.csv")
    assert len(records) == 5  # an empty cell is no run
    board = make_board(frame_of(records), RunQuery("toy"))
    assert [(row.source, row.mean, row.low, row.seeds) for row in board.targets["idc"]] == [
        ("imagenet", 0.9, None, 1), ("ihc", 0.5, None, 1),
    ]  # fmt: skip
    assert "no winner" in board.verdict("idc")
    assert "seed" in board.verdict("idc")
    assert board.choice == "epochs and settings chosen by those who made the runs"
    assert {row.energy_kwh for rows in board.targets.values() for row in rows} == {None}  # unknown is not zero


def test_a_target_as_its_own_source_is_kept_off_the_ranking(grid):
    board = make_board(frame_of(cells_of(grid(), "auc", "net", "toy", "auc.csv")), RunQuery("toy"))
    assert [row.source for row in board.targets["ihc"]] == ["imagenet", "scratch"]
    assert [(row.source, row.target, row.reason) for row in board.leaking] == [
        ("ihc", "ihc", "the source is the target itself")
    ]


def test_the_same_figure_has_the_same_key_and_a_corrected_one_another(grid):
    one, again = (cells_of(grid(), "auc", "net", "toy", "auc.csv") for _ in range(2))
    other = cells_of(grid(TEXT.replace("0.9,", "0.8,")), "auc", "net", "toy", "auc.csv")
    assert [r.key for r in one] == [r.key for r in again]
    assert [a.key == b.key for a, b in zip(one, other, strict=True)] == [False, True, True, True, True]
    assert one[0].point == other[0].point  # of two figures for one cell the newer counts


def test_scores_are_read_back_as_what_measures_said(grid):
    scores = {"lp": grid(TEXT), "otdd": grid("source,idc\nimagenet,3\nscratch,5\n", "otdd.csv")}
    rows = read_scores(frame_of(scores_of(scores, ["otdd"], "net", "toy")), "toy")
    values = {(row.measure, row.source, row.target): row.value for row in rows}
    assert values["lp", "imagenet", "idc"] == 0.9
    assert values["lp", "scratch", "idc"] is None
    assert values["otdd", "imagenet", "idc"] == -3  # a distance: turned once, on import
    assert {row.reason for row in rows if row.value is None} == {"the imported file has no figure for this pair"}
    assert {row.low for row in rows} == {None}


def test_of_each_pair_the_newest_score_by_each_measure_counts(grid):
    old, new = (scores_of({m: grid(text)}, [], "net", "toy") for m, text in (("lp", TEXT), ("fu", TEXT)))
    newer = scores_of({"lp": grid("source,idc\nimagenet,0.1\n")}, [], "net", "toy")
    late = [record.model_copy(update={"started": record.started + 9}) for record in newer]
    rows = read_scores(frame_of([*late, *old, *new]), "toy")
    values = {(row.measure, row.source, row.target): row.value for row in rows}
    assert len(rows) == len(values) == 10
    assert values["lp", "imagenet", "idc"] == 0.1
    assert values["lp", "imagenet", "ihc"] == values["fu", "imagenet", "ihc"] == 0.7


def test_a_measure_nobody_scored_cannot_be_turned(grid):
    with pytest.raises(
        CatsError, match="'otd' is a measure without scores, so its sign cannot be changed; did you mean 'otdd'?"
    ):
        scores_of({"otdd": grid()}, ["otd"], "net", "toy")
    with pytest.raises(CatsError, match="'LP x FU' is not a valid name of a measure"):
        scores_of({"LP x FU": grid()}, [], "net", "toy")
