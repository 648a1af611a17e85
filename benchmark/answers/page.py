"""What a report says about the plan and the entries behind it, for the command, the notebook or the archive that writes one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.answers.as_run import as_run
from benchmark.specs.plan import Plan, is_plan, load_plan
from benchmark.specs.plan_facts import plan_facts, plan_text

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.answers.judged import Terms
    from benchmark.answers.query import RunReader
    from results.board.board import Board
    from results.report.whole import PageOptions
    from results.tracking.experiment import Experiment


def page_options(
    subject: str | Plan,
    runs: "pd.DataFrame",
    tracking: "Experiment",
    facts: Sequence[tuple[str, str]] = (),
    **others: Any,
) -> "PageOptions":
    """The options of a page about a plan or an experiment.

    Args:
        subject: the plan, its file, its name, or the name of an experiment.
        runs: the attempts of the page, see Experiment.frame.
        tracking: the experiment, which knows with which options the plan was run.
        facts: more of what was asked.
        others: further fields of PageOptions.

    Raises:
        CatsError: the plan is wrong.
    """
    from benchmark.specs.used import used
    from results.board.imported import imported
    from results.report.references import imports_of
    from results.report.whole import PageOptions

    own = runs[~imported(runs)]  # runs of others used no entry of this machine, whatever their sources are called
    entries = used(own["source"].dropna(), own["target"].dropna()) if {"source", "target"} <= set(runs) else []
    plan = load_plan(subject) if isinstance(subject, str) and is_plan(subject) else subject
    asked = as_run(plan, tracking) if isinstance(plan, Plan) else subject
    cited, text = [*entries, *imports_of(runs)], plan_text(plan) if isinstance(plan, Plan) else ""
    return PageOptions([*plan_facts(asked), *facts], used=cited, plan=text, **others)


@dataclass(frozen=True)
class SharedPage:
    """A report that may leave this machine: names of private images and patients are digests in it.

    Attributes:
        board: that the page shows. html: the page. verdict: what was found, in sentences.
        runs: the attempts of the plan or the experiment, as they may be shown.
        options: what the page says of the plan and the entries.
    """

    board: "Board"
    html: str
    runs: "pd.DataFrame"
    options: "PageOptions"
    verdict: tuple[str, ...]


def shared_page(subject: str, reader: "RunReader", terms: "Terms") -> SharedPage:
    """The report of a plan or an experiment, as archives and sites hold it. Raises CatsError if there are no runs."""
    from benchmark.execution.shared_names import frame_without_names, reason_without_names
    from results.board.request import runs_of_query
    from results.report.render import render
    from results.report.whole import whole_page
    from results.tracking.experiment import Experiment

    frame = frame_without_names(reader.frame(fresh=terms.fresh))
    tracking = Experiment(reader.uri, reader.query.experiment, create=False)
    runs = runs_of_query(frame, reader.query.of_every_size)
    options = page_options(subject, runs, tracking, reason=reason_without_names)
    board, page, _ = whole_page(reader, frame, terms.judging(reader), tracking, options)
    return SharedPage(board, render(page), runs, options, tuple(page.verdict))
