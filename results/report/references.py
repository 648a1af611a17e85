"""What a paper cites: licence and citation of data sets, weights and imported runs that were used, also as BibTeX."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from results.board.imported import origins

YEAR = re.compile(r"(?:^|[\s(,])((?:18|19|20)\d\d)\)?\.?\s*\Z")  # a citation of an entry ends with its year
ARXIV = re.compile(r"\barXiv[: ]?\s*(\d{4}\.\d{4,5})\b", re.IGNORECASE)
DOI = re.compile(r"\b(10\.\d{4,9}/[^\s,;]+[^\s,;.])")
SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Reference:
    """A data set, weights, or imported runs, that an experiment used.

    Attributes:
        role: of what. name: of its entry, or of the table of imported runs. title, licence, citation: as the entry or the
            import states them; empty where it does not.
        place: where weights come from, such as a repository and its commit; empty for data sets.
        known: whether this machine has the entry.
    """

    role: Literal["target", "source", "imported runs", "imported scores"]
    name: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    place: str = ""
    known: bool = True


def imports_of(runs: pd.DataFrame) -> list[Reference]:
    """References to the tables of other people from which runs come, then those to imported scores of measures.

    Scores with the citation of runs are not named again. `runs`: see Experiment.frame.
    """
    scores = runs["kind"] == "score" if "kind" in runs else pd.Series(data=False, index=runs.index)
    found = [Reference("imported runs", each.name, "", each.licence, each.citation) for each in origins(runs[~scores])]
    known = {each.citation for each in found}
    of_scores = {each.citation: each for each in origins(runs[scores]) if each.citation not in known}
    return found + [Reference("imported scores", "measures", "", each.licence, each.citation) for each in of_scores.values()]


def bibtex(found: Sequence[Reference]) -> str:
    """An entry `@misc` for each citation. Entries of cats hold citations as sentences, so that few fields are known.

    The sentence is the note; the title is that of the data set or of the weights. Year, DOI and arXiv's number are fields where
    the sentence holds one.
    """
    made: dict[str, str] = {}
    taken: set[str] = set()
    for each in found:
        if each.citation and each.citation not in made:
            made[each.citation] = _entry(_label(each.name, taken), each)
    return "\n\n".join(made.values()) + ("\n" if made else "")


def _entry(label: str, each: Reference) -> str:
    fields = {"title": f"{{{tex(each.title or each.name)}}}", "note": tex(each.citation)}
    years, papers, objects = YEAR.search(each.citation), ARXIV.findall(each.citation), DOI.findall(each.citation)
    if years is not None and ";" not in each.citation:  # a semicolon divides two works
        fields["year"] = years[1]
    if len(papers) == 1:
        fields |= {"eprint": papers[0], "archiveprefix": "arXiv"}
    if len(objects) == 1:
        fields["doi"] = tex(objects[0])
    return "\n".join([f"@misc{{{label},", *(f"  {name} = {{{value}}}," for name, value in fields.items()), "}"])


def _label(name: str, taken: set[str]) -> str:
    """A key of BibTeX that no other entry has."""
    letters = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
    label = begin = f"cats-{letters or 'entry'}"
    while label in taken:
        label = f"{begin}-{len(taken) + 1}"
    taken.add(label)
    return label


def tex(text: str) -> str:
    """The text on one line, with the special characters of TeX escaped."""
    return "".join(SIGNS.get(sign, sign) for sign in " ".join(text.split()))
