"""The promises of an entry that are checked before it is written: all that need no decoded image."""

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.split import split
from benchmark.entries.conformance import Case, checksums, described, files, groups, labels
from benchmark.entries.finding import run_promise
from results.error import CatsError

QUICK = ("described", "files", "checksums", "labels", "groups", "parts")


def require_quick_promises(dataset: Dataset) -> None:
    """Raises CatsError for the first promise that is broken."""
    case = Case(dataset, 0)
    for promise in (described, files, checksums, labels, groups, parts):
        finding = run_promise(promise.__name__, lambda promise=promise: promise(case))  # type: ignore[misc]
        if finding.state == "broken":
            raise CatsError(
                f"nothing is written, because the entry would break the promise {finding.promise}: {finding.sentence}"
            )


def parts(case: Case) -> str:
    """Images, or groups of images, suffice for every class in every part; copies are not looked for here."""
    samples, blank = case.samples, np.full(len(case.samples.ids), "")
    table = Decoded(
        images=np.zeros((len(samples.ids), 0)),
        labels=samples.labels,
        ids=np.array(samples.ids),
        groups=blank if samples.groups is None else np.array(samples.groups),
        parts=blank if samples.parts is None else np.array(samples.parts),
        digest="",
    )
    return ", ".join(f"{part} {len(rows):,}" for part, rows in split(case.dataset, table).items())
