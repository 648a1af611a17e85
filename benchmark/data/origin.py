"""What a record says of a data set beside its digest: its size, and where its files are; never a place on this machine."""

import json
from pathlib import PurePath

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from results.text.hidden import shown

WEB = ("https://", "http://")


def declared_facts(dataset: Dataset) -> dict[str, str]:
    """What is known of a data set without its images."""
    origin = origin_of(dataset)
    return {"data_classes": str(len(dataset.classes))} | ({} if origin is None else {"data_source": origin})


def counted_facts(images: Decoded) -> dict[str, str]:
    """What is known of a data set once its images have been read: how many there are, whatever a plan takes of them."""
    return {"data_images": str(len(images.ids))}


def origin_of(dataset: Dataset) -> str | None:
    """`hub:REPOSITORY@COMMIT`, or the address of the first file that can be downloaded; None if neither is known."""
    hub = json.loads(dataset.options or "{}").get("hub")
    if isinstance(hub, dict) and not PurePath(str(hub.get("repository"))).is_absolute():
        return f"hub:{hub.get('repository')}@{hub.get('revision')}"
    urls = (file.url for file in dataset.files if file.url is not None and file.url.startswith(WEB))
    return next(map(shown, urls), None)
