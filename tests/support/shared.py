"""Small experiments to be shared, and archives of them, made without a report: nothing is drawn."""

from functools import partial

import numpy as np

from results.board.board import make_board
from results.board.request import RunQuery
from results.record import Outcome
from results.report.references import Reference
from results.sharing.archive import Content, write_archive
from results.sharing.gather import copies_of
from results.sharing.merge import merge
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.predictions import predictions
from tests.support.records import OLD

USED = [Reference("target", "breastmnist", "BreastMNIST", "CC BY 4.0", "Yang et al., MedMNIST v2, Scientific Data 10, 2023")]


def outcome(source="imagenet", seed=0, auc=0.9, attempt=None, **changes):
    """A finished cell with predictions."""
    names = OLD.names | {"source": source, "seed": str(seed)}
    facts = OLD.facts | {"data": "d1", "record_version": "1"} | changes.pop("facts", {})
    what = {"key": f"{source}-{seed}", "attempt": attempt or f"{source}{seed}", "experiment": "toy", "names": names}
    what |= {"facts": facts, "scores": {"auc": auc}, "started": 1_700_000_000.0 + seed, "ended": 1_700_000_010.0 + seed}
    table = predictions(np.random.default_rng(seed), 12, 2, groups=[f"patient {number}" for number in range(12)])
    return Outcome(OLD.model_copy(update=what | changes), table)


def filled(uri, outcomes, name="toy"):
    """An experiment with these outcomes."""
    tracking = Experiment(uri, name)
    for each in outcomes:
        send(tracking, each)
    return tracking


SEVERAL = [outcome(source, seed, 0.9 - 0.1 * (source == "scratch")) for source in ("imagenet", "scratch") for seed in (0, 1)]


def archived(tracking, path, **content):
    """The archive of an experiment, with a page that is none."""
    frame = tracking.frame()
    made = Content(make_board(frame, RunQuery(tracking.name)), "<p>page</p>", frame["environment"], used=USED, **content)
    write_archive(path, made, copies_of(tracking, print), print)
    return path


def merged(tracking, source):
    """What became of the runs of an open archive, or of another experiment."""
    if hasattr(source, "copies"):
        return list(merge(tracking, ((copy, partial(source.files, copy)) for copy in source.copies())))
    return list(merge(tracking, ((copy, partial(dict, files)) for copy, files in copies_of(source, print))))
