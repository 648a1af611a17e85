"""Curves over the number of training images, as a result of a notebook."""

from benchmark.answers.judged import Terms, curves_of
from benchmark.notebook.asked import Asked
from benchmark.notebook.subject import Subject
from results.notebook.data_sizes import DataSizeCurves, curve_result


def curve(
    plan: Subject,
    baseline: str = "scratch",
    *,
    metric: str | None = None,
    rule: str | None = None,
    images: bool = True,
    fresh: bool = False,
    tracking_uri: str | None = None,
) -> DataSizeCurves:
    """Show up to how many training images each source helps, as `cats curve` does; figures by epoch are `curves`.

    Args:
        plan: a plan or an experiment with several numbers of training images, see the module catsbench.
        baseline: the source with which the others are compared, on the same backbone.
        metric: metric of the test images; by default the plan's.
        rule: rule that chooses among grid points; by default the plan's.
        images: whether intervals include the sampling error of the test images.
        fresh: whether every run is read again, also finished runs.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each target, source and number of training images, with the `advantage` over the baseline; the notes say
        where it ends, and `.plot(ax, target=...)` draws one target.

    Raises:
        CatsError: there is no such plan or experiment, it has one number of training images, or the baseline has no run.

    Example:
        >>> catsbench.curve("toy")
        Traceback (most recent call last):
            ...
        results.error.CatsError: experiment 'toy' has finished cells of one number of training images, or of none that is ...
    """
    asked = Asked(plan, tracking_uri, metric, rule)
    return curve_result(curves_of(asked.reader(), Terms(images, fresh=fresh), baseline), asked.door.said)
