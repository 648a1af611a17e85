"""Where the files of a data set can be had, as a record may say it: never a place on this machine."""

import json
from pathlib import PurePath

from benchmark.data.dataset import Dataset
from results.text.hidden import shown

WEB = ("https://", "http://")


def origin_of(dataset: Dataset) -> str | None:
    """`hub:REPOSITORY@COMMIT`, or the address of the first file that can be downloaded; None if neither is known."""
    hub = json.loads(dataset.options or "{}").get("hub")
    if isinstance(hub, dict) and not PurePath(str(hub.get("repository"))).is_absolute():
        return f"hub:{hub.get('repository')}@{hub.get('revision')}"
    urls = (file.url for file in dataset.files if file.url is not None and file.url.startswith(WEB))
    return next(map(shown, urls), None)
