"""The kinds of inputs. Each function damages the stage and says what was done and which commands must bear it."""

from collections.abc import Callable
from random import Random

from fuzzing import brought, called, kept, stored, written
from fuzzing.attempt import Attempt
from fuzzing.stage import Stage

KINDS: dict[str, Callable[[Random, Stage], Attempt]] = {
    "entries": written.entries,
    "plans": written.plans,
    "maps": written.maps,
    "tables": brought.tables,
    "arrays": brought.arrays,
    "archives": brought.archives,
    "pictures": brought.pictures,
    "dicom": brought.dicom,
    "weights": brought.weights,
    "home": kept.home,
    "tags": stored.tags,
    "database": stored.database_file,
    "predictions": kept.predictions,
    "environment": called.environment,
    "arguments": called.arguments,
}
