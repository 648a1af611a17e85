"""A question about finished runs: about which plan or experiment, on which server, by which metric."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from benchmark.answers.query import RunReader
from benchmark.notebook.door import NotebookDoor
from benchmark.notebook.subject import Subject, reader_for
from results.board.request import runs_of_query
from results.tracking.frame import left_out

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Asked:
    """A question.

    Attributes:
        subject: a plan or an experiment. uri: address of the MLflow server or database; None: the usual one.
        metric, rule: instead of the plan's. train: one number of training images of several.
        door: keeps the sentences that come up.
    """

    subject: Subject
    uri: str | None = None
    metric: str | None = None
    rule: str | None = None
    train: str | int | None = None
    door: NotebookDoor = field(default_factory=NotebookDoor)

    def reader(self) -> RunReader:
        """The reader of its runs. Raises CatsError if there is no such plan or no such database."""
        found = reader_for(self.subject, self.uri, self.metric, self.rule, self.train)
        return replace(found, say=self.door.say)

    def attempts(self) -> "tuple[RunReader, pd.DataFrame]":
        """The reader, and the runs that the question is about, of all numbers of training images if it names none."""
        reader = self.reader()
        frame = reader.frame()
        for sentence in left_out(frame):
            self.door.say(sentence)
        return reader, runs_of_query(frame, reader.query.of_every_size if self.train is None else reader.query)
