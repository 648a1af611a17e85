"""Other people's figures in a notebook: a long table is judged as a board is, and the public runs that ship are read."""

from typing import TYPE_CHECKING

from results.notebook.board import Board
from results.notebook.judge import judge as judged
from results.notebook.long_table import Columns

if TYPE_CHECKING:
    import pandas as pd

    from results.board.ranking import Impute


def judge(
    df: "pd.DataFrame",
    item: str = "source",
    task: str = "target",
    metric: str = "auc",
    higher: bool = True,
    seed: str | None = None,
    noise: float | None = None,
    impute: "Impute | None" = None,
) -> Board:
    """Give the ties, ranks with intervals and probabilities of being the best of anybody's long table of figures.

    On one task, items are told apart by Games-Howell's test over their repetitions, and intervals are Student's t; over tasks,
    mean ranks are compared by Nemenyi's test. A table has no test predictions, so that the intervals of one task hold the
    variance of the repetitions alone, and the items of a task with one figure each all tie. Tasks are taken as drawn from tasks
    of their kind.

    Args:
        df: one row for each figure. A pair without a row was not measured; mean ranks are over the tasks that all items share.
        item: the column of what is compared, such as methods or sources.
        task: the column of what it is compared on, such as data sets.
        metric: the column of figures. A figure that the project knows, such as auc or log_loss, has its bounds, in which
            intervals stay; any other one has none.
        higher: whether a higher figure is better.
        seed: the column that tells repetitions of a pair apart, such as seeds or folds.
        noise: known noise of the metric; differences up to this value are ties, also with one figure for each pair.
        impute: rank that a pair without a row gets in the mean ranks: `worst` or `median`.

    Returns:
        A board whose frame has the columns `task` and `item` under your own names.

    Raises:
        CatsError: a column is missing, holds no numbers or gaps, a figure lies outside the bounds of its metric, or two rows
            are about the same.

    Example:
        >>> import pandas as pd
        >>> df = pd.DataFrame({
        ...     "model": ["a"] * 3 + ["b"] * 3, "data": "x", "run": [1, 2, 3] * 2, "auc": [0.90, 0.91, 0.92, 0.80, 0.82, 0.81],
        ... })
        >>> board = catsbench.judge(df, item="model", task="data", seed="run")
        >>> board.frame[["model", "mean", "rank", "tie"]].round(2)
          model  mean  rank  tie
        0     a  0.91     1    1
        1     b  0.81     2    2
        >>> board.verdict("x")
        'a wins (3 seeds, 95 %)'
    """
    return judged(df, Columns(item, task, metric, seed), higher, noise, impute)


def public_runs() -> "pd.DataFrame":
    """Return the 20,157 public runs that ship with cats-bench: 12 targets, 15 sources, up to 120 settings of each pair.

    `docs/results.md` says whose runs these are; they are other people's figures.

    Returns:
        One row for each run: target, source, the keys of the setting, `val_loss`, the test metric under its name, and `kwh` and
        `hours` of the run; NaN where a run has no such figure.

    Raises:
        CatsError: the file of this installation is missing or damaged.

    Example:
        >>> frame = catsbench.public_runs()
        >>> len(frame), frame["source"].nunique(), frame["target"].nunique()
        (20157, 15, 12)
    """
    import numpy as np
    import pandas as pd

    from results.choosing.public_runs import public_runs as read

    prior = read()
    settings = pd.DataFrame([dict(setting.values) for setting in prior.settings])
    index = np.indices(prior.val_loss.shape).reshape(3, -1)
    figures = {"val_loss": prior.val_loss, prior.metric: prior.score, "kwh": prior.kwh, "hours": prior.hours}
    pairs = pd.DataFrame({"target": np.array(prior.targets)[index[0]], "source": np.array(prior.sources)[index[1]]})
    own = settings.iloc[index[2]].reset_index(drop=True)
    values = pd.DataFrame({name: np.asarray(each, float).ravel() for name, each in figures.items()})
    frame: pd.DataFrame = pd.concat([pairs, own, values], axis=1)
    return frame.dropna(subset=["val_loss", prior.metric], how="all").reset_index(drop=True)
