"""The sheet of explanations in the folder of a kept classifier, and what was checked about it."""

import json
from pathlib import Path

from benchmark.models.manifest import CHECK, EXPLANATIONS, SHEET
from benchmark.models.model import read_manifest
from results.error import CatsError
from results.files.limits import whole_file
from results.report.explanations import Explained

PNG = b"\x89PNG\r\n\x1a\n"  # how a file begins


def sheet_of(folder: Path) -> tuple[Path, list[str]] | None:
    """The sheet that `cats explain` has drawn, and sentences about it. None if there is no sheet.

    Raises CatsError if the file with the check is damaged.
    """
    sheet = folder / EXPLANATIONS / SHEET
    if not sheet.is_file():
        return None
    check = sheet.with_name(CHECK)
    try:
        sentences = json.loads(check.read_text(encoding="utf-8"))["sentences"] if check.is_file() else []
        said = [str(each) for each in sentences]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CatsError(f"{check} is damaged; remove the folder {sheet.parent}, and make it again") from error
    return sheet, said


def explained(folder: Path) -> Explained:
    """The sheet of a kept classifier as a report shows it. Raises CatsError if there is none or it cannot be shown."""
    manifest, found = read_manifest(folder), sheet_of(folder)
    if found is None:
        raise CatsError(f"{folder} holds no sheet of explanations; `cats explain {folder}` draws one")
    sheet, sentences = found
    try:
        content = whole_file(sheet)
    except OSError as error:
        raise CatsError(f"{sheet} cannot be read: {error.strerror}") from error
    if not content.startswith(PNG):
        raise CatsError(f"{sheet} is no PNG file; remove the folder {sheet.parent}, and make it again")
    return Explained(manifest.name, manifest.key, manifest.names.get("target", "unknown"), content, tuple(sentences))
