"""The attempts of a plan or an experiment, their predictions and their curves, as results of a notebook."""

from benchmark.notebook.asked import Asked
from benchmark.notebook.subject import Subject
from results.notebook.result import Result
from results.notebook.runs import curves_result, predictions_result, runs_result
from results.report.attempts import attempts
from results.report.build import reader as history_of
from results.tracking.experiment import Experiment
from results.tracking.predictions import of_trusted_places


def runs(plan: Subject, *, train: str | int | None = None, tracking_uri: str | None = None) -> Result:
    """Every attempt of a plan or an experiment, oldest first: at cells, pretrainings and scores.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        train: number of training images, or `all`; by default all that the plan states.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each attempt: who, status, kWh, every `test_...` and `val_...` figure, and the settings of the recipe.

    Raises:
        CatsError: there is no such plan or experiment, or no run.

    Example:
        >>> frame = catsbench.runs("toy").frame
        >>> frame.groupby("source")["test_auc"].size().to_dict()
        {'bad': 12, 'fair': 12, 'good': 12}
    """
    asked = Asked(plan, tracking_uri, train=train)
    reader, frame = asked.attempts()
    return runs_result(frame, reader.query.experiment, reader.query.metric, asked.door.said)


def predictions(
    plan: Subject, *, validation: bool = False, train: str | int | None = None, tracking_uri: str | None = None
) -> Result:
    """What every finished cell said of every test image.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        validation: whether predictions of validation images are read instead; runs of early versions have none.
        train: number of training images, or `all`; by default all that the plan states.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each run and image: `label`, and `probability_CLASS` from 0 to 1 for each class.

    Raises:
        CatsError: there is no such plan or experiment, or no cell has stored predictions.

    Example:
        >>> frame = catsbench.predictions("toy").frame
        >>> len(frame), frame["run_id"].nunique()
        (3240, 36)
    """
    asked = Asked(plan, tracking_uri, train=train)
    reader, frame = asked.attempts()
    cells = attempts(frame)
    cells = cells[(cells["kind"] == "cell") & (cells["status"] == "FINISHED")] if len(cells) else cells
    read = of_trusted_places(reader.validation_predictions if validation else reader.predictions, asked.door.say)
    return predictions_result(cells, reader.query.experiment, read, asked.door.said)


def curves(plan: Subject, *, train: str | int | None = None, tracking_uri: str | None = None) -> Result:
    """The figures of every attempt by epoch, such as the training loss and the AUC of the validation images.

    Args:
        plan: a plan or an experiment, see the module catsbench.
        train: number of training images, or `all`; by default all that the plan states.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each run, figure and epoch; epochs count from 1.

    Raises:
        CatsError: there is no such plan or experiment, or no run has a curve.

    Example:
        >>> catsbench.curves("toi")
        Traceback (most recent call last):
            ...
        results.error.NoExperimentError: no experiment 'toi' on sqlite:///mlflow.db; did you mean 'toy'?
    """
    asked = Asked(plan, tracking_uri, train=train)
    reader, frame = asked.attempts()
    tracking = Experiment(reader.uri, reader.query.experiment, create=False)
    return curves_result(attempts(frame), reader.query.experiment, history_of(tracking), asked.door.said)
