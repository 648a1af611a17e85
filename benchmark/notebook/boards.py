"""Boards, comparisons, judged measures, costs and reports of finished runs, as results of a notebook."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.answers.judged import Terms, agreement_of, comparison_of, cost_of
from benchmark.answers.learned import learning
from benchmark.answers.page import page_options
from benchmark.notebook.asked import Asked
from benchmark.notebook.subject import Subject, noise_of, plan_or_experiment, several
from results.board.board import make_board
from results.board.ranking import Impute
from results.board.request import runs_of_query
from results.files.output import output as written
from results.files.output import require_place
from results.notebook.answers import Agreed, Compared, Cost, agreement_result, comparison_result, cost_result
from results.notebook.board import Board, board_result
from results.report.render import render
from results.report.whole import whole_page
from results.tracking.experiment import Experiment


def board(
    plan: Subject,
    *,
    metric: str | None = None,
    rule: str | None = None,
    noise: float | None = None,
    impute: Impute | None = None,
    images: bool = True,
    train: str | int | None = None,
    fresh: bool = False,
    tracking_uri: str | None = None,
) -> Board:
    """Show which source wins on each target, how sure that is, and what it cost, as `cats board` does.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        metric: metric of the test images; by default the plan's, and `auc` for an experiment.
        rule: rule that chooses among grid points; by default the plan's.
        noise: known noise of the metric; differences up to this value are ties.
        impute: rank that a pair without a run gets in the mean ranks: `worst` or `median`.
        images: whether intervals include the sampling error of the test images, which reads every run's predictions.
        train: number of training images, or `all`; by default the largest that the plan states.
        fresh: whether every run is read again, also finished runs.
        tracking_uri: address of the MLflow server or database.

    Returns:
        The board: `.frame` has one row for each target and source, `.overall` one for each source over all targets,
        `.verdict(target)` is a sentence, and `.plot(ax, target=...)` draws one target.

    Raises:
        CatsError: there is no such plan or experiment, no finished run, or no such metric.

    Example:
        >>> made = catsbench.board("toy")
        >>> made.frame[["target", "source", "rank", "tie"]].head(2)
          target source  rank  tie
        0    ihc   good     1    1
        1    ihc   fair     2    2
        >>> made.verdict("ihc")
        'good wins (3 seeds, 95 %)'
        >>> made.plot(target="pond").get_xlabel()
        'pond: mean auc with 95 % interval'
    """
    asked, terms = Asked(plan, tracking_uri, metric, rule, train), Terms(images, noise_of(noise), impute, fresh)
    reader = asked.reader()
    made = make_board(reader.frame(fresh=fresh), reader.query, terms.judging(reader))
    return board_result(made, asked.door.said)


def compare(
    plan: Subject,
    one: str,
    other: str,
    target: str,
    *,
    metric: str | None = None,
    rule: str | None = None,
    backbone: str | None = None,
    train: str | int | None = None,
    tracking_uri: str | None = None,
) -> Compared:
    """Compare two sources on a target, as `cats compare` does: paired difference with interval and p value.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        one: name of a source, or 'SOURCE on BACKBONE'.
        other: name of another one.
        target: name of the target.
        metric: metric of the test images; by default the plan's.
        rule: rule that chooses among grid points; by default the plan's.
        backbone: compare on this backbone; needed if both sources have several.
        train: number of training images, or `all`.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row: `difference` is the metric of `one` minus that of `other`, with `low`, `high` and `p`.

    Raises:
        CatsError: there is no such plan, experiment, source or target, or the two have no seed in common.

    Example:
        >>> made = catsbench.compare("toy", "good", "bad", "ihc")
        >>> made.frame[["seeds", "images"]].to_dict("records")
        [{'seeds': 3, 'images': 90}]
        >>> made.title.split(":")[0]
        'good is better than bad'
    """
    asked = Asked(plan, tracking_uri, metric, rule, train)
    return comparison_result(comparison_of(asked.reader(), (one, other), target, backbone), asked.door.said)


def agree(
    plan: Subject,
    *,
    combine: Sequence[str] = (),
    learn_from: Sequence[str] = (),
    metric: str | None = None,
    rule: str | None = None,
    noise: float | None = None,
    images: bool = True,
    train: str | int | None = None,
    tracking_uri: str | None = None,
) -> Agreed:
    """Judge each measure by the source that it would choose, as `cats agree` does.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        combine: also judge NAME=FORMULA, such as lpxfu=lp*fu, of scores that are scaled to 0 ... 1 on each target.
        learn_from: plans or experiments on whose boards and scores one more measure, `learned`, is fitted.
        metric: metric of the test images; by default the plan's.
        rule: rule that chooses among grid points; by default the plan's.
        noise: known noise of the metric; differences up to this value are ties.
        images: whether intervals include the sampling error of the test images.
        train: number of training images, or `all`.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each measure, target (`mean` for all of them) and statistic, with `value`, `low`, `high`, `p`, `p_holm`.

    Raises:
        CatsError: there are no finished runs, or no scores of measures; `score` makes some.

    Example:
        >>> catsbench.agree("toy")
        Traceback (most recent call last):
            ...
        results.error.CatsError: experiment 'toy' holds no scores of measures; make some with `cats score`
    """
    asked = Asked(plan, tracking_uri, metric, rule, train)
    named = several("combine", combine), several("learn_from", learn_from)
    return agreement_result(agreement_of(asked.reader(), Terms(images, noise_of(noise)), *named), asked.door.said)


def cost(
    plan: Subject,
    *,
    metric: str | None = None,
    over: int | None = None,
    images: bool = True,
    train: str | int | None = None,
    fresh: bool = False,
    tracking_uri: str | None = None,
) -> Cost:
    """Show the energy (kWh), CO2e (kg) and seconds of an experiment, and the regret that they avoid, as `cats cost` does.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        metric: metric of the regret; by default the plan's.
        over: number of targets that share a pretraining; by default all of the experiment.
        images: whether intervals include the sampling error of the test images.
        train: number of training images, or `all`.
        fresh: whether every run is read again, also finished runs.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each figure: `table`, `line`, `column`, and `value`, NaN where a part of it is missing.

    Raises:
        CatsError: there is no such plan or experiment, or no run.

    Example:
        >>> frame = catsbench.cost("toy").frame
        >>> int(frame.query("line == 'all attempts' and column == 'attempts'")["value"].iloc[0])
        36
    """
    asked, terms = Asked(plan, tracking_uri, metric, train=train), Terms(images, fresh=fresh)
    bill, tradeoff = cost_of(asked.reader(), terms, over, one_size=train is not None, regret=bool(metric or train))
    return cost_result(bill, tradeoff, asked.door.said)


def report(
    plan: Subject,
    output: str | Path = "report.html",
    *,
    metric: str | None = None,
    rule: str | None = None,
    noise: float | None = None,
    impute: Impute | None = None,
    images: bool = True,
    train: str | int | None = None,
    combine: Sequence[str] = (),
    learn_from: Sequence[str] = (),
    tracking_uri: str | None = None,
) -> Path:
    """Write all results into one HTML file that opens offline, as `cats report` does, and return its path.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        output: the HTML file.
        metric: metric of the test images; by default the plan's.
        rule: rule that chooses among grid points; by default the plan's.
        noise: known noise of the metric; differences up to this value are ties.
        impute: rank that a pair without a run gets in the mean ranks: `worst` or `median`.
        images: whether intervals include the sampling error of the test images.
        train: number of training images, or `all`.
        combine: combinations NAME=FORMULA that the section of the agreement judges too.
        learn_from: plans or experiments whose boards teach `learned`, which that section judges too.
        tracking_uri: address of the MLflow server or database.

    Raises:
        CatsError: there is no such plan or experiment, no finished run, too few targets teach, or the file cannot be written.

    Example:
        >>> catsbench.report("toy", metric="ouc")
        Traceback (most recent call last):
            ...
        results.error.CatsError: no run of 'toy' has the metric 'ouc'; did you mean 'auc'?
    """
    asked, terms = Asked(plan, tracking_uri, metric, rule, train), Terms(images, noise_of(noise), impute)
    place = Path(output)
    require_place(place, "the report")
    reader, formulas = asked.reader(), several("combine", combine)
    learn = learning(reader, several("learn_from", learn_from))
    tracking = Experiment(reader.uri, reader.query.experiment, create=False)
    frame = reader.frame()
    runs = runs_of_query(frame, reader.query.of_every_size)
    options = page_options(plan_or_experiment(plan), runs, tracking, combine=formulas, learn=learn)
    _, page, _ = whole_page(reader, frame, terms.judging(reader), tracking, options)
    with written(place, "the report") as draft:
        draft.write_text(render(page), encoding="utf-8")
    return place
