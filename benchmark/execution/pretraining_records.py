"""What a pretraining leaves: weights, and the record of how they were made, which a driver that dies must not take with it.

Nobody makes weights again that are there. So the record is kept beside them before they are, until a driver has put it into
its outbox; the next driver of the experiment looks for what another one left.
"""

from contextlib import suppress
from pathlib import Path

from benchmark.core.paths import pretrained_folder, pretraining_records_folder
from benchmark.specs.start import Start, pretrained_path
from results.atomic import disk_error, draft_path, move_into_place, remove
from results.error import CatsError
from results.record import Outcome
from results.tracking.outbox import Outbox

NO_WEIGHTS = "its process died before the weights were kept"


def weights_draft(start: Start) -> Path:
    """Where weights are written before they are kept: a place of this process alone, since two may make the same weights."""
    return draft_path(pretrained_path(start))


def keep_weights(draft: Path, start: Start, outcome: Outcome) -> Outcome:
    """Keep the record, then the weights in `draft`. Returns how it ended: failed if the disk refused one of them."""
    try:
        _records().put(outcome)
        move_into_place(draft, pretrained_path(start), durable=True)
    except (CatsError, OSError) as error:
        remove(draft)
        with suppress(CatsError):
            discard_record(outcome)
        if isinstance(error, OSError):
            return _failed(outcome, str(disk_error("pretrained weights", draft.parent, error)))
        return _failed(outcome, f"cannot keep pretrained weights in {draft.parent}: {error}")
    return outcome


def discard_record(outcome: Outcome) -> None:
    """A driver has the record now."""
    if outcome.record.kind == "pretraining":
        _records().discard(outcome)


def adopt(outbox: Outbox, experiment: str) -> None:
    """Bring what other drivers of the experiment left into its outbox."""
    records = _records()
    for path, outcome in records:
        if outcome.record.experiment != experiment:
            continue
        if (pretrained_folder() / f"{outcome.record.key}.safetensors").exists():
            outbox.adopt(path)
        else:
            outbox.put(_failed(outcome, NO_WEIGHTS))
            records.remove(path)


def _records() -> Outbox:
    return Outbox(pretraining_records_folder())


def _failed(outcome: Outcome, reason: str) -> Outcome:
    return Outcome(outcome.record.model_copy(update={"status": "failed", "reason": reason}))
