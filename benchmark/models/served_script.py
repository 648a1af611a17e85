"""The script that MLflow copies into a model and runs to load it, so that nothing is pickled."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from benchmark.models.model import Model, read_model
from benchmark.models.serving import ARTIFACT, COLUMN, RequestError, answers
from results.error import CatsError


class Served(PythonModel):
    """What MLflow loads: reads the model folder once, and answers requests on the CPU."""

    model: Model

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model folder. Raises CatsError if it is damaged."""
        self.model = read_model(Path(context.artifacts[ARTIFACT]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[dict[str, Any]]:  # noqa: ARG002
        """A table with the column `image` → one answer for each line, see `answers`. Raises RequestError."""
        try:
            return answers(self.model, model_input[COLUMN])
        except CatsError as error:
            raise RequestError(str(error)) from error


set_model(Served())
