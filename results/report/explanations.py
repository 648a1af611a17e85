"""The section of a report that shows what kept classifiers look at: the sheets that `cats explain` has drawn."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from results.error import CatsError
from results.report.html import Page, Picture, Section

ID, TITLE = "explanations", "What kept classifiers look at"
NOTE = "A map shows what an answer rests on, not why, and not whether the answer is right; the sentences say what was checked."


@dataclass(frozen=True)
class Explained:
    """The sheet of a kept classifier.

    Attributes:
        name: of the classifier. key: of its cell.
        sheet: a PNG file. sentences: what was checked about it.
    """

    name: str
    key: str
    target: str
    sheet: bytes
    sentences: tuple[str, ...] = ()


def require_of_experiment(explained: Sequence[Explained], keys: Collection[str], experiment: str) -> None:
    """Raises CatsError if a classifier was kept from no cell of the experiment, so that the page would mix two questions."""
    for each in explained:
        if each.key not in keys:
            raise CatsError(
                f"{each.name} was kept from no cell of '{experiment}' (its key is {each.key[:12]}); name classifiers that "
                "`cats keep` has made of this experiment"
            )


def explanations(explained: Sequence[Explained]) -> Section:
    """The sheets, one part for each classifier."""
    parts = [
        Section(
            f"{ID}-{number}", each.name, notes=each.sentences,
            pictures=[Picture(f"{each.target}: Grad-CAM and integrated gradients", each.name, each.sheet)],
        )
        for number, each in enumerate(explained, 1)
    ]  # fmt: skip
    return Section(ID, TITLE, notes=[NOTE], parts=parts)


def without_pictures(page: Page) -> Page:
    """The page as it may leave this machine: sheets show pictures of patients."""
    return replace(page, sections=[each for each in page.sections if each.id != ID])
