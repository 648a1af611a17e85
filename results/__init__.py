"""What was measured: records, MLflow, boards. Imports neither torch nor the other packages of cats-bench."""

import os
from collections.abc import MutableMapping

NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "HF_HUB_DISABLE_TELEMETRY": "1"}
NO_TRACKING = "DO_NOT_TRACK"  # MLflow and huggingface_hub obey it too, whatever their own variable says


def without_telemetry(environ: MutableMapping[str, str] = os.environ) -> None:
    """Tell libraries to report nothing about their use to their makers, unless the user has set their variable."""
    own = any(name in environ for name in NO_TELEMETRY)
    for name, value in NO_TELEMETRY.items():
        environ.setdefault(name, value)
    if not own:
        environ.setdefault(NO_TRACKING, "true")


without_telemetry()  # here, because no module of this project that imports such a library is loaded before this package
