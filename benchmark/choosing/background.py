"""What is known of other targets before the first run: public runs, and runs of this server, without the target's family."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from benchmark.choosing.own_runs import NONE_BROUGHT, priors_of
from benchmark.execution.records import runs_of
from benchmark.specs import catalogue
from benchmark.specs.family import declared_families
from benchmark.specs.recipe import Recipe
from results.board.request import RunQuery
from results.choosing.merge import merged
from results.choosing.prior import Prior
from results.choosing.public_runs import public_runs
from results.error import CatsError
from results.text.counts import how_many
from results.tracking.change_counter import is_missing

NONE = "none"
METRIC = "auc"
PUBLIC = "the public runs are of resnet18 with settings of sgd; with other backbones and optimisers sources may rank otherwise"
SHOWN = 6  # experiments that a sentence names
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
    named = experiments is not None
    names = _all(uri) if experiments is None else experiments
    own, left = [], _LeftOut()
    for name in names:
        own += _priors(name, uri, asked, None if named else left)
    left.tell(say)
    whole = merged([_public(say), *own])
    whole = replace(whole, family={**whole.family, **declared_families(whole.targets)})
    family = catalogue.target(target).dataset.relatives
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
    """The experiments of a server that do not speak, by the reason."""

    unfit: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)

    def tell(self, say: Say) -> None:
        """Say which they are, in one sentence for each reason."""
        if self.imported:
            say(f"imported experiments speak only where --prior names them: {_listed(self.imported)}")
        if self.unfit:
            say(f"these experiments cannot speak for a source: {_listed(self.unfit)}; name one with --prior for the reason")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _priors(name: str, uri: str, asked: Asked, left: _LeftOut | None) -> list[Prior]:
    """The runs of an experiment. With `left`, experiments that do not fit are noted there, and give nothing.

    Raises CatsError without `left`, if a person has named the experiment and it does not fit.
    """
    try:
        frame = runs_of(uri, name)
        if left is not None and len(frame) and frame["imported"].notna().any():
            left.imported.append(name)
            return []
        return priors_of(frame, RunQuery(name, METRIC), *asked)
    except CatsError:
        if left is None:
            raise
        left.unfit.append(name)
        return []
