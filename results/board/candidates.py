"""What is compared: a source on a backbone, and how boards name it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class Candidate(NamedTuple):
    """A source that gives a backbone its start."""

    source: str
    backbone: str

    def __str__(self) -> str:
        return f"{self.source} on {self.backbone}"


def names_of(candidates: Sequence[tuple[str, str]]) -> list[str]:
    """The name of each candidate: its source; with its backbone where the candidates have several backbones."""
    several = len({backbone for _, backbone in candidates}) > 1
    return [str(Candidate(*each)) if several else each[0] for each in candidates]


def plain_source(label: str) -> str:
    """The source of a label such as `imagenet on resnet18`."""
    return candidate_of(label).source


def candidate_of(label: str) -> Candidate:
    """The candidate of a label such as `imagenet on resnet18`."""
    source, _, backbone = label.partition(" on ")
    return Candidate(source, backbone)


def across(candidates: Iterable[tuple[str, str]]) -> bool:
    """Whether a choice is one among all candidates: there are several backbones, and one of them has one source alone.

    Otherwise a source is chosen on each backbone.
    """
    held: dict[str, set[str]] = {}
    for source, backbone in candidates:
        held.setdefault(backbone, set()).add(source)
    return len(held) > 1 and min(map(len, held.values())) == 1


def labels(cells: "pd.DataFrame", several: bool) -> "pd.Series":
    """The name of the candidate of each cell: the source; with its backbone where the board shows several."""
    source = cells["source"].astype(str)
    return source if not several else source + " on " + cells["backbone"].astype(str)


def row_names(candidates: Iterable[tuple[str, str]], *, several: bool) -> list[str]:
    """The names that `labels` gives to the cells of these candidates, each once."""
    return list(dict.fromkeys(str(Candidate(*each)) if several else each[0] for each in candidates))


def are_of(runs: "pd.DataFrame", candidates: Iterable[tuple[str, str]]) -> "pd.Series":
    """Whether each run is of one of the candidates, by its columns source and backbone."""
    import pandas as pd

    allowed = set(candidates)
    own = zip(runs["source"], runs["backbone"], strict=True)
    return pd.Series([pair in allowed for pair in own], index=runs.index, dtype=bool)


def apart_note(candidates: Iterable[tuple[str, str]]) -> list[str]:
    """Return the sentence that architecture and source cannot be told apart, and of which sources; nothing if they can.

    They can where every two sources share a backbone, or are linked by sources that do, if source and backbone do not interact.
    """
    groups: list[tuple[set[str], set[str]]] = []  # sources that are linked by backbones, and these backbones
    for source, backbone in candidates:
        linked = [group for group in groups if source in group[0] or backbone in group[1]]
        groups = [group for group in groups if group not in linked]
        groups.append(({source}.union(*(own for own, _ in linked)), {backbone}.union(*(own for _, own in linked))))
    if len(groups) < 2:
        return []
    each = sorted(f"{', '.join(sorted(sources))} (on {', '.join(sorted(backbones))})" for sources, backbones in groups)
    listed = f"{'; '.join(each[:-1])} and {each[-1]}"
    note = f"architecture and source cannot be told apart: no backbone is shared between {listed}, so that a difference between"
    return [f"{note} them may be of the source or of the backbone"]


def apart_notes(runs: "pd.DataFrame") -> list[str]:
    """Return the sentences of `apart_note` about each target, which is named where it is not so on all of them."""
    by_target = runs.groupby("target")[["source", "backbone"]]
    return _each_target({str(target): here.itertuples(index=False, name=None) for target, here in by_target})


def choice_notes(choices: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the sentences of `apart_notes` about the candidates that are chosen among on each target.

    choices: target → labels of candidates with their backbones, such as `imagenet on resnet18`.
    """
    return _each_target({target: [candidate_of(label) for label in labels] for target, labels in choices.items()})


def _each_target(candidates: Mapping[str, Iterable[tuple[str, str]]]) -> list[str]:
    said: dict[str, list[str]] = {}
    for target, here in candidates.items():
        for note in apart_note(here):
            said.setdefault(note, []).append(target)
    every = len(candidates)
    return [note if len(targets) == every else f"{', '.join(targets)}: {note}" for note, targets in said.items()]


def absences(absent: Mapping[tuple[str, str], str]) -> list[str]:
    """Return one sentence for each candidate that a plan leaves out, because its source has no weights for its backbone."""
    return [f"left out by `missing: skip`: {reason}" for reason in absent.values()]
