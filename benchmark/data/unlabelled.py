"""Pictures of a data set without labels, for which a competition wants a table: where they lie, and what is written."""

from typing import Literal

from pydantic import Field, field_validator

from benchmark.core.numeric import Numeric
from results.record import Task


class Unlabelled(Numeric):
    """The pictures of a competition's test part, and the table that is submitted for them. No part of the identity.

    Attributes:
        files: pattern of their names in the tree of the data set; `*` stands for any characters of one folder or file.
            The id of a picture is its name without folders and ending.
        columns: names of the two columns of the table, id and answer.
        answer: the probability of the second class of a binary task, or the number of the predicted class, counted from 0.
        sample: table in the tree whose ids and their order the submission must have; without the file ids are sorted.
    """

    files: str = Field(min_length=1)
    columns: tuple[str, str]
    answer: Literal["probability", "class"] = "probability"
    sample: str = "sample_submission.csv"

    @field_validator("columns")
    @classmethod
    def _two_names(cls, columns: tuple[str, str]) -> tuple[str, str]:
        if not all(name.strip() for name in columns) or columns[0] == columns[1]:
            named = ", ".join(f"'{name}'" for name in columns)
            raise ValueError(
                f"columns of unlabelled are {named}; they must be two different names, of the id and of the answer"
            )
        return columns

    def require_task(self, name: str, task: Task) -> None:
        """Raises ValueError if the data set `name` has a task whose answer is not one number."""
        if self.answer == "probability" and task != "binary":
            raise ValueError(f"unlabelled of {name} asks for one probability and the task is {task}; write answer: class")
        if task == "multilabel":
            raise ValueError(f"unlabelled of {name} asks for one class and the task is multilabel; no table can be submitted")
