"""ROC and precision-recall curves of each class against the rest, of one run, and their drawings."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from results.evaluation.chosen_run import ChosenRun
from results.evaluation.positive import positive_of_two
from results.report.attempts import thinned
from results.report.charts import draw_precision_recall, draw_roc
from results.report.html import Chart
from results.report.readings import Curves

MOST_LINES = 6  # classes in one drawing; more lines cannot be told apart
MOST_POINTS = 200  # of one line


def curves_of(run: ChosenRun) -> list[Curves]:
    """The curves of each class against the rest, of at most MOST_LINES classes."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    made = []
    two = len(run.classes) == 2 and not run.test.multilabel  # the ROC curve of one class mirrors that of the other
    mirror = 1 - positive_of_two(run.classes) if two else None
    for column, each in enumerate(run.classes[:MOST_LINES]):
        truth, given = run.test.truth[:, column], run.test.probabilities[:, column]
        if not 0 < truth.sum() < len(truth) or not np.isfinite(given).all():
            continue
        wrong, right, _ = roc_curve(truth, given)
        precise, found, _ = precision_recall_curve(truth, given)
        made.append(Curves(each, float(truth.mean()), wrong, right, found, precise, column != mirror))
    return made if any(each.roc for each in made) else []


def discrimination(run: ChosenRun, whole: Sequence[Curves], name: str) -> list[Chart]:
    """ROC and precision-recall curves, one class against the rest."""
    if not whole:
        return []
    roc, recall = [], []
    for each in whole:
        places = thinned(len(each.wrong), MOST_POINTS)
        if each.roc:
            roc.append((each.name, each.wrong[places].tolist(), each.right[places].tolist()))
        found, precise = steps_of(each)
        others = thinned(len(found), MOST_POINTS)
        recall.append((f"{each.name} ({each.share:.0%} of the images)", found[others].tolist(), precise[others].tolist()))
    more = f" of the first {MOST_LINES} of {len(run.classes)} classes" if len(run.classes) > MOST_LINES else ""
    titles = (f"{run.target}: ROC curves{more}", f"{run.target}: precision and recall{more}")
    return [
        Chart(f"{name}-roc", titles[0], "Each class against the rest.", partial(draw_roc, roc, titles[0]), wide=False),
        Chart(
            f"{name}-recall", titles[1], "Each class against the rest; a network that guesses has the precision of its share.",
            partial(draw_precision_recall, recall, titles[1]), wide=False,
        ),
    ]  # fmt: skip


def steps_of(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """(P,) recall, descending, and (P,) precision, as steps: a precision holds from its recall down to the next smaller one.

    The area below the steps is the average precision. They end at the highest threshold that finds an image of the class: above
    it nothing is found, so that there is no precision to draw. scikit-learn adds a precision of 1 at recall 0, which is no
    threshold of the network.
    """
    some = curves.found > 0
    found, precise = curves.found[some], curves.precise[some]
    return np.append(found, 0.0), np.append(precise, precise[-1])
