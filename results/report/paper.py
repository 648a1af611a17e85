"""What a paper states of its experiments: data, licences and citations, machines, versions, and the plan to run them again."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from results.board.basis import versions_of
from results.board.board import Board
from results.report.html import Section, Table
from results.report.references import NOT_STATED, Reference, bibtex

ID, TITLE = "paper", "For a paper"
NAMES = {
    "commit": "commit of the program", "cats_bench": "cats-bench", "trainer": "version of the trainer", "device": "device",
    "hardware": "model of the GPU, else the kind of machine", "cpu": "model of the processor", "cores": "cores",
    "ram_gb": "memory, GB", "threads": "threads of an attempt",
}  # fmt: skip
ALWAYS = ("commit", "cats_bench", "trainer", "device", "hardware", "cpu")  # rows that say so where nothing is recorded


def paper(board: Board, frame: pd.DataFrame, used: Sequence[Reference] = (), plan: str = "") -> Section:
    """The section for a paper.

    Args:
        board: of the runs.
        frame: the attempts that the page is about, see Experiment.frame.
        used: data sets, weights and imported runs, as their entries and the import describe them.
        plan: its YAML; empty where the page is about an experiment.
    """
    parts = [_data(board), _versions(frame)]
    if used:
        parts += [_references(used), Section("paper-bibtex", "BibTeX", code=bibtex(used))]
    if plan:
        parts.append(Section("paper-plan", "The plan, to run it again", code=plan))
    return Section(ID, TITLE, parts=[part for part in parts if part.code or part.tables])


def _data(board: Board) -> Section:
    """The digests of each target: of images, labels and official split, and of splits that were drawn."""
    rows = []
    for target in board.targets:
        own = [each for each in board.basis if each.target == target]
        data, splits = (sorted({one for each in own for one in getattr(each, name)}) for name in ("data", "splits"))
        seeds = sorted({seed for each in own for seed in each.seeds}, key=lambda seed: (len(seed), seed))
        drawn = _listed(splits) if splits or not data else "none: the parts are fixed"
        rows.append([target, _listed(data), drawn, ", ".join(seeds)])
    head = ("target", "digest of the data", "digest of the drawn split", "seeds")
    table = Table("paper-data", "Data that the figures rest on (SHA-256)", head, rows, frozenset(head))
    return Section("paper-digests", "Data", tables=[table])


def _versions(frame: pd.DataFrame) -> Section:
    """Versions and hardware of the finished attempts, with the number of attempts of each."""
    done = frame[frame["status"] == "FINISHED"]
    found: dict[str, Counter[str]] = {name: Counter() for name in ALWAYS}
    for text, times in (done["environment"].value_counts() if "environment" in done else pd.Series(dtype=int)).items():
        for name, value in versions_of(str(text)).items():
            found.setdefault(name, Counter())[value] += int(times)
    rows = []
    for name, counts in found.items():
        for value, times in sorted(counts.items()):
            rows.append([NAMES.get(name, name), value, f"{times:,}"])
        if len(done) > counts.total():
            rows.append([NAMES.get(name, name), "not recorded", f"{len(done) - counts.total():,}"])
    head = ("what", "value", "finished attempts")
    table = Table("paper-versions", "Programs and machines of the finished attempts", head, rows, frozenset(head[:2]))
    return Section("paper-machines", "Programs and machines", tables=[table] if len(done) else [])


def _references(used: Sequence[Reference]) -> Section:
    """Licences and citations, as the entries and the imports state them."""
    foreign = [each for each in used if each.role.startswith("imported")]
    own = len(foreign) < len(used)
    stated = {(True, False): "the entries state", (True, True): "the entries and the import state"}
    caption = f"What was used, as {stated.get((own, bool(foreign)), 'the import states')} it"
    rows = [
        [each.role, each.name, each.title or "–", each.licence or NOT_STATED, each.citation or NOT_STATED, each.place or "–"]
        for each in used
    ]
    head = ("role", "name", "title", "licence", "citation", "place of the weights")
    table = Table("paper-references", caption, head, rows, frozenset(head))
    notes = []
    if own:
        notes.append("The strictest of these licences applies to weights that were trained with these data, too.")
    if foreign:
        notes.append(
            "Imported runs used the data sets and weights of those who made them, not the entries of cats-bench: their paper "
            "says which to cite besides."
        )
    unknown = [each.name for each in used if not each.known]
    if unknown:
        notes.append(f"Nothing is known of {', '.join(unknown)}, because this machine has no such entry.")
    return Section("paper-licences", "Licences and citations", tables=[table], notes=notes)


def _listed(digests: Sequence[str]) -> str:
    return ", ".join(digests) or "not recorded"
