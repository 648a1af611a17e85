"""The candidates of a choice: which backbone, and which sources have weights for it on this machine."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.core.paths import pretrained_folder
from benchmark.specs import catalogue
from benchmark.specs.candidates import brought
from benchmark.specs.lineage import lineage
from benchmark.specs.resolve import backbones_with_file, start_of
from benchmark.specs.source import Source
from benchmark.specs.start import is_pretrained
from results.board.candidates import Candidate
from results.error import CatsError
from results.text.counts import how_many

BACKBONE = "mobilenetv2_100"  # where no file of weights lies on this machine
SHOWN = 6  # backbones that a sentence names


@dataclass(frozen=True)
class Candidates:
    """A backbone and the sources that are tried, in order; `notes` are sentences about how they were found.

    Attributes:
        own: source → the backbone that its entry brings, of the sources that a person has named.
    """

    backbone: str
    sources: tuple[str, ...]
    notes: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def candidates(self) -> list[Candidate]:
        """Each source with the backbone on which it is tried."""
        return [Candidate(source, self.own.get(source, self.backbone)) for source in self.sources]


def candidates_of(wanted: Sequence[str], backbone: str | None, registry: str) -> Candidates:
    """The candidates: what a person has named, else the sources whose weights lie on this machine.

    Args:
        wanted: sources by name; empty where nothing is named.
        backbone: a name of timm; None takes the backbone for which most of these sources have a file of weights.
        registry: address of the MLflow server that has published weights.

    Raises:
        CatsError: a name is unknown or given twice, no source has weights for the backbone, or no source uses it.
    """
    named = [catalogue.source(name) for name in wanted]
    twice = next((name for name, times in Counter(wanted).items() if times > 1), None)
    if twice is not None:
        raise CatsError(f"--sources: '{twice}' is given twice")
    own = {name: its for name in wanted if (its := brought(lineage(name))) is not None}
    if named and len(own) == len(named):
        if backbone is not None:
            raise CatsError(
                f"--backbone names {backbone}, but every source of --sources brings its own backbone: "
                f"{', '.join(f'{source} brings {its}' for source, its in own.items())}; leave --backbone out"
            )
        return Candidates(next(iter(own.values())), tuple(wanted), _brought(own), own)
    files = _files([entry for entry in named if entry.name not in own] or _entries())
    notes: list[str] = []
    if backbone is None:
        backbone, sentence = _usual_backbone(_without_own(files))
        notes.append(sentence)
    _check_backbone(backbone)
    if wanted:
        return Candidates(backbone, tuple(wanted), (*notes, *_brought(own)), own)
    here = [*files.get(backbone, []), *_pretrained_here(backbone, registry)]
    if here:
        return Candidates(backbone, tuple(here), (*notes, _found(here, backbone)))
    fetched = _fetched(backbone, registry)
    if not fetched:
        raise CatsError(f"no source has weights for {backbone}{_elsewhere(files)}")
    notes.append(f"no weights for {backbone} lie on this machine; those of {', '.join(fetched)} are fetched")
    return Candidates(backbone, tuple(fetched), tuple(notes))


def _brought(own: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{source} is tried on the backbone that it brings, {backbone}" for source, backbone in own.items())


def _entries() -> Iterator[Source]:
    """All sources that are ready weights. An entry that is broken is no candidate; a command that names it says why."""
    for name in catalogue.names("sources"):
        try:
            entry = catalogue.source(name)
        except CatsError:
            continue
        if entry.weights is not None:
            yield entry


def _files(entries: Iterable[Source]) -> dict[str, list[str]]:
    """Backbone → the sources that have a file of weights for it on this machine."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        for backbone in backbones_with_file(entry.weights) if entry.weights is not None else ():
            found.setdefault(backbone, []).append(entry.name)
    return found


def _without_own(files: dict[str, list[str]]) -> dict[str, list[str]]:
    """The files without those of sources that bring a backbone, whose number says nothing of it; all if there are no others."""
    rest = {backbone: [name for name in names if brought(lineage(name)) is None] for backbone, names in files.items()}
    return {backbone: names for backbone, names in rest.items() if names} or files


def _usual_backbone(files: dict[str, list[str]]) -> tuple[str, str]:
    counts = Counter({backbone: len(names) for backbone, names in files.items()})
    if not counts:
        return BACKBONE, f"the backbone is {BACKBONE}; --backbone names another one"
    most = max(counts.values())
    backbone = min(name for name, count in counts.items() if count == most)
    have = how_many(most, "source has", "sources have")
    return backbone, f"the backbone is {backbone}, for which {have} weights on this machine; --backbone names another one"


def _check_backbone(backbone: str) -> None:
    from benchmark.specs.backbones import check_backbone

    check_backbone(backbone)


def _pretrained_here(backbone: str, registry: str) -> list[str]:
    """The sources that an earlier plan has pretrained on this machine, as the recipe `pretraining` does."""
    if not pretrained_folder().is_dir() or not any(pretrained_folder().iterdir()):
        return []
    found = []
    for name in catalogue.names("sources"):
        try:
            links = lineage(name)
            if links[0].dataset is not None and is_pretrained(start_of(links, backbone, 0, {}, registry)):
                found.append(name)
        except CatsError:  # its data are not on this machine
            continue
    return found


def _fetched(backbone: str, registry: str) -> list[str]:
    """The sources whose weights for this backbone are not on this machine, but are known to timm, the hub or MLflow."""
    found = []
    for entry in _entries():
        try:
            start_of((entry,), backbone, 0, {}, registry)
        except CatsError:
            continue
        found.append(entry.name)
    return found


def _found(names: Sequence[str], backbone: str) -> str:
    if len(names) == 1:
        return f"{names[0]} alone has weights for {backbone} on this machine; --sources names others"
    return f"{len(names)} sources have weights for {backbone} on this machine: {', '.join(names)}; --sources names others"


def _elsewhere(files: dict[str, list[str]]) -> str:
    """The end of a sentence: for which backbones there are weights on this machine."""
    if not files:
        return "; put BACKBONE.NAME.safetensors into CATS_WEIGHTS, or name sources with --sources that are pretrained here"
    ordered = sorted(files, key=lambda name: (-len(files[name]), name))
    others = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return f"; there are weights for {', '.join(ordered[:SHOWN])}{others}: name one with --backbone"
