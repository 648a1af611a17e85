"""What is known of other targets before the first run: public runs, and runs of this server, without the target's family."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from benchmark.choosing.own_runs import NONE_BROUGHT, priors_of
from benchmark.execution.records import runs_of
from benchmark.specs import catalogue
from benchmark.specs.family import declared_families
from benchmark.specs.recipe import Recipe
from results.board.request import RunQuery
from results.choosing.merge import merged
from results.choosing.prior import Prior, data_set_of
from results.choosing.public_runs import public_runs
from results.error import CatsError, first_line
from results.text.counts import how_many
from results.tracking.change_counter import is_missing

if TYPE_CHECKING:
    import pandas as pd

NONE = "none"
METRIC = "auc"
PUBLIC = "the public runs are of resnet18 with settings of sgd; with other backbones and optimisers sources may rank otherwise"
TOY = "test_"  # begins the names of timm's networks for tests, such as that of the plan `quickstart`
SHOWN = 6  # experiments, or reasons, that a sentence names
Say = Callable[[str], None]


class Asked(NamedTuple):
    """The recipe and the backbone of a choice, as far as they are known.

    Attributes:
        own: source → the backbone that its entry brings, on which it is tried instead.
    """

    recipe: Recipe | None = None
    backbone: str | None = None
    own: Mapping[str, str] = NONE_BROUGHT


NOTHING_ASKED = Asked()


def background_of(target: str, experiments: Sequence[str] | None, uri: str, say: Say, asked: Asked = NOTHING_ASKED) -> Prior:
    """The runs of other targets that may speak for the sources; what it rests on is said.

    Args:
        target: neither its own runs nor those of its family count.
        experiments: names of what speaks beside the public runs, or "none" alone for no runs at all; None for all experiments
            of this server that fit, but imported ones.
        uri: address of the MLflow server or database.
        say: gets the sentences.
        asked: what the choice is about; settings of runs with another protocol or optimiser are not those of its recipe.

    Raises:
        CatsError: a named experiment is not there, or its runs cannot count.
    """
    if experiments is not None and list(experiments) == [NONE]:
        return Prior.empty()
    family = catalogue.target(target).dataset.relatives
    left = None if experiments is not None else _LeftOut(target, family)
    names = _all(uri) if experiments is None else experiments
    own = [prior for name in names for prior in _priors(name, uri, asked, left)]
    if left is not None:
        left.tell(say)
    whole = merged([_public(say), *own])
    whole = replace(whole, family={**whole.family, **declared_families(whole.targets)})
    held, prior = len(whole.targets), whole.without(target, family)
    if held and not prior.targets:
        say(f"all runs of the prior are of {target} or of its family '{family}', and none of them may speak for it")
    elif len(prior.targets) < held:
        gone = held - len(prior.targets)
        targets = how_many(gone, "target of the prior is", "targets of the prior are")
        say(f"{targets} {target} or of its family, and {'is' if gone == 1 else 'are'} left out")
    if not prior.targets:
        say("no run of another target is known: every source is new, and nothing is said about how sure the answer is")
    return prior


def _public(say: Say) -> Prior:
    """The public runs; nothing, with a sentence, if the file of this installation cannot be read."""
    try:
        prior = public_runs().portable()
    except CatsError as error:
        say(str(error))
        return Prior.empty()
    return replace(prior, origin=(*prior.origin, PUBLIC)) if prior.targets else prior


def _all(uri: str) -> list[str]:
    """The names of all experiments of a server; those of MLflow itself hold no runs of ours."""
    if is_missing(uri):
        return []
    from results.tracking.experiments import experiment_names

    return experiment_names(uri)


@dataclass
class _LeftOut:
    """The experiments of a server that do not speak although they hold finished runs of other tasks, by the reason.

    Attributes:
        target, family: of the choice. Experiments without a finished run of another task, such as an earlier call for the same
            target or a call that was stopped early, have nothing to say, and nothing is wrong with them: they are not named.
        unfit: sentences. imported, toys: names.
    """

    target: str
    family: str | None
    unfit: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    toys: list[str] = field(default_factory=list)

    def tell(self, say: Say) -> None:
        """Say which they are, in one sentence for each reason."""
        if self.imported:
            say(f"imported experiments speak only where --prior names them: {_listed(self.imported)}")
        if self.toys:
            say(f"experiments of networks for tests ({TOY}…) speak only where --prior names them: {_listed(self.toys)}")
        if self.unfit:
            say(f"not every experiment of this server can speak for a source, and nothing is to be done: {_listed(self.unfit)}")

    def may_speak(self, frame: "pd.DataFrame") -> bool:
        """Whether a finished cell is of another task than the choice."""
        runs = frame.reindex(columns=["kind", "status", "target"])  # an experiment without a run has no columns
        done = runs[(runs["kind"] == "cell") & (runs["status"] == "FINISHED")]
        targets = sorted(set(done["target"].dropna().astype(str)))
        families, own = declared_families(targets), {data_set_of(self.target), self.family} - {None}
        return any(not {data_set_of(name), families.get(name)} & own for name in targets)


def _of_toys(frame: "pd.DataFrame", backbone: str | None) -> bool:
    """Whether all cells are of networks for tests, and the choice is about another one: what they say holds for no real one."""
    networks = set(frame.loc[frame["kind"] == "cell", "backbone"].dropna().astype(str)) if "backbone" in frame else set()
    real = backbone is not None and not backbone.startswith(TOY)
    return real and bool(networks) and all(name.startswith(TOY) for name in networks)


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def _priors(name: str, uri: str, asked: Asked, left: _LeftOut | None) -> list[Prior]:
    """The runs of an experiment. With `left`, experiments that do not fit are noted there, and give nothing.

    Raises CatsError without `left`, if a person has named the experiment and it does not fit.
    """
    try:
        frame = runs_of(uri, name)
        if left is not None and not left.may_speak(frame):
            return []
        if left is not None and frame["imported"].notna().any():
            left.imported.append(name)
            return []
        if left is not None and _of_toys(frame, asked.backbone):
            left.toys.append(name)
            return []
        return priors_of(frame, RunQuery(name, METRIC), *asked)
    except CatsError as error:
        if left is None:
            raise
        left.unfit.append(first_line(error).partition("; ")[0])  # without the advice for a call that names the experiment
        return []
