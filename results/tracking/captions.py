"""What MLflow shows of a run before anybody opens it: its name, and who sent it."""

import getpass
import os
from functools import cache

from results.record import Record
from results.text.plain import LONGEST_NAME, plain, shortened

WORDS = {"cell": "", "pretraining": " pretraining", "score": " scores"}
UNKNOWN = "unknown"  # the seed of imported runs
NOTE = "mlflow.note.content"  # the tag that holds the description of a run or an experiment


def title_of(record: Record) -> str:
    """A name that a narrow column shows whole, such as "fractal → digits s2"; a long one keeps its seed."""
    ends = " → ".join(record.names[name] for name in ("source", "target") if name in record.names)
    seed = record.names.get("seed", UNKNOWN)
    tail = WORDS[record.kind] + (f" s{seed}" if seed != UNKNOWN and record.kind != "score" else "")
    tail = shortened(plain(tail), LONGEST_NAME // 2)
    return shortened(plain(ends), LONGEST_NAME - len(tail)) + tail


@cache
def user() -> dict[str, str]:
    """The tag of the user who sends records, as MLflow's own programs write it; none if the system does not know the user."""
    name = os.environ.get("MLFLOW_TRACKING_USERNAME")
    try:
        name = name or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return {}
    return {"mlflow.user": shortened(plain(name), LONGEST_NAME)}
