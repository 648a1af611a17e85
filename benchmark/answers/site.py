"""A small site of several experiments: an index, and for each experiment its report and its board."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.answers.judged import Terms
from benchmark.answers.page import shared_page

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.answers.query import RunReader


def write_site(asked: "Sequence[tuple[str, RunReader]]", folder: Path, title: str, terms: Terms) -> list[Path]:
    """Write the site of several plans or experiments into a folder; returns the files.

    A site is made to be published: no page names a patient or shows a picture, and runs of early versions get digests.

    Args:
        asked: each plan or experiment as a person writes it, with the reader of its runs.
        folder: of the site; files of the same names in it are replaced.
        title: of the index.
        terms: how runs are judged.

    Raises:
        CatsError: one of them has no runs, or the disk refuses.
    """
    from results.board.export import FILE, board_json
    from results.files.output import output
    from results.report.export import numbered, slug
    from results.sharing.site import SiteEntry, index_page

    pages: dict[Path, str] = {}
    entries: list[SiteEntry] = []
    folders = numbered([slug(reader.query.experiment) for _, reader in asked])
    for (subject, reader), name in zip(asked, folders, strict=True):
        page = shared_page(subject, reader, terms)
        entries.append(SiteEntry(name, reader.query.experiment, page.board, _newest(page.runs), page.verdict))
        pages |= {folder / name / "index.html": page.html, folder / name / FILE: board_json(page.board) + "\n"}
    pages[folder / "index.html"] = index_page(entries, title)
    for path, text in pages.items():  # only when all experiments could be read
        with output(path, "the site") as draft:
            draft.write_text(text, encoding="utf-8")
    return list(pages)


def _newest(runs: "pd.DataFrame") -> str:
    """The day of the newest run, so that the same runs give the same page."""
    return datetime.fromtimestamp(float(runs["started"].max()) / 1000, UTC).strftime("%Y-%m-%d")
