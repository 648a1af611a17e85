"""The script that MLflow copies into a model and runs to load it, so that nothing is pickled."""

from mlflow.models import set_model

from benchmark.models.serving import Served

set_model(Served())
