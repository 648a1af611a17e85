"""The page of MLflow that `cats ui` opens: the runs of an experiment, in the order of its board."""

import sys
import webbrowser
from dataclasses import dataclass

from benchmark.cli.terminal import finish, print_line, say
from results.error import CatsError, NoExperimentError


@dataclass(frozen=True)
class Links:
    """Addresses of pages: `runs`, best first, or the list of experiments; `view`: the runs with figures as columns, or None."""

    runs: str
    view: str | None = None


@dataclass(frozen=True)
class Page:
    """What is shown once MLflow's server answers: its `root`, with what is to be said of it, and the addresses of pages.

    `browser`: whether the best page is opened. `result`: whether the addresses are what the user has asked for, and are
    printed to the standard output.
    """

    root: str
    links: Links
    browser: bool
    result: bool = False

    def show(self) -> None:
        """Print the addresses, and open the best one in a browser if that is wanted."""
        tell = print_line if self.result else say
        tell(f"MLflow's pages: {self.root}")
        tell(f"the runs, best first: {self.links.runs}")
        if self.links.view is not None:
            tell(f"with figures as columns: {self.links.view}")
        finish()  # the pages stay open, and a program that reads the addresses waits for them
        if self.browser:
            webbrowser.open(self.links.view or self.links.runs)


def links_of(root: str, tracking_uri: str, subject: str | None) -> Links:
    """The pages of a plan or an experiment below the address of a server; without a subject, of the only experiment there is.

    Where there are several, the page lists them. Raises CatsError if there is no such plan or experiment.
    """
    from benchmark.answers.query import no_experiment
    from benchmark.specs.plan import is_plan, load_plan
    from results.metrics import metric_of
    from results.tracking.experiment import Experiment
    from results.tracking.experiments import experiment_names
    from results.tracking.links import experiments_page, runs_page, view_page
    from results.tracking.log_board import has_view, metric_shown

    metric, name = None, subject
    if subject is None:
        try:
            names = experiment_names(tracking_uri)
        except CatsError:  # MLflow's server says what is wrong
            names = []
        if len(names) != 1:
            return Links(experiments_page(root))
        name = names[0]
    elif is_plan(subject):
        loaded = load_plan(subject)
        metric, name = loaded.metric, loaded.experiment
    try:
        tracking = Experiment(tracking_uri, str(name), create=False)
    except NoExperimentError as error:
        raise NoExperimentError(no_experiment(error, None if subject is None or is_plan(subject) else subject)) from error
    metric = metric or metric_shown(tracking)
    runs = runs_page(root, tracking.experiment_id, metric, higher=metric_of(metric).higher_is_better)
    return Links(runs, view_page(root, tracking.experiment_id) if has_view(tracking) else None)


def is_interactive() -> bool:
    """Whether a person sits at this terminal, on a machine with a browser that opens a window of its own."""
    try:
        return sys.stderr.isatty() and type(webbrowser.get()) is not webbrowser.GenericBrowser  # which runs in the terminal
    except webbrowser.Error:
        return False
