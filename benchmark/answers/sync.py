"""Records that wait on this machine are sent to MLflow."""

from collections.abc import Callable

from benchmark.answers.as_run import as_run
from benchmark.execution.records import outbox_of, waiting_for
from benchmark.specs.plan import Plan
from benchmark.specs.plan_facts import plan_text
from results.error import CatsError, NoExperimentError
from results.text.counts import how_many


def send_waiting(experiment: str, plan: Plan | None, tracking_uri: str, say: Callable[[str], None]) -> tuple[int, int]:
    """Send the records of an experiment that wait in its outbox; returns how many were sent, and how many were set aside.

    Args:
        experiment: its name.
        plan: that it belongs to, which is stored with it; None: only an experiment that exists is used.
        tracking_uri: address of the server or database.
        say: gets the sentence that another driver is at work.

    Raises:
        CatsError: MLflow cannot be used, or refuses all records; the sentence says how many still wait.
    """
    try:
        return _sent(experiment, plan, tracking_uri, say)
    except NoExperimentError:  # perhaps a name that was mistyped
        raise
    except CatsError as error:
        waiting = waiting_for(tracking_uri, experiment)
        if not waiting:
            raise
        raise CatsError(f"{error}; {how_many(waiting, 'record still waits', 'records still wait')} in the outbox") from error


def _sent(experiment: str, plan: Plan | None, tracking_uri: str, say: Callable[[str], None]) -> tuple[int, int]:
    from benchmark.answers.query import require_experiment
    from benchmark.execution.pretraining_records import adopt
    from benchmark.machine.signals import delay_signals
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.plan_run import fold
    from results.tracking.writer import Writer, close_abandoned

    if plan is None:  # a name that was mistyped makes no experiment
        require_experiment(tracking_uri, experiment)
    tracking, outbox = Experiment(tracking_uri, experiment), outbox_of(tracking_uri, experiment)
    with Lease(tracking, outbox, say) as lease:
        fold(tracking, None if plan is None else plan_text(as_run(plan, tracking)))
        adopt(outbox, experiment)
        writer = Writer(tracking, outbox, lease)
        writer.tidy()
        sent = writer.deliver(delay_signals)
        close_abandoned(tracking)
    return sent, len(writer.refused)
