"""Folders whose names are the classes of a classifier: the labels of the pictures in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.file_tree import composed
from benchmark.entries.folder_names import are_ids
from results.error import near_name, nearest
from results.text.counts import how_many


@dataclass(frozen=True)
class Folders:
    """Attributes:
    labels: (N,) index of the class of each picture, -1 where its folder is no class; None if no folder is a class.
    notes: sentences about folders that the classifier does not know.
    """

    labels: np.ndarray | None
    notes: tuple[str, ...]


def labels_by_folder(names: Sequence[str], classes: Sequence[str], where: str) -> Folders:
    """The labels of pictures by the last folder of their paths, and what is said of folders that are no classes.

    Names are compared letter by letter: a folder that is spelt otherwise than a class gives no label, because nobody said that
    it is the same class.
    """
    index = {composed(name): number for number, name in enumerate(classes)}
    folders = [PurePosixPath(composed(name)).parent.name for name in names]
    counts = Counter(folder for folder in folders if folder)
    unknown = {folder: count for folder, count in counts.items() if folder not in index}
    if not counts:
        return Folders(None, ())
    if len(unknown) == len(counts):
        near = next((folder for folder in unknown if near_name(folder, classes)), None)
        if near is None:
            what = "patients, not classes" if are_ids(list(unknown)) else "no classes of the classifier"
            return Folders(None, (f"{where}: the folders name {what}: nothing is scored",))
        close, seen = nearest(near, classes), f"there is {quoted(unknown)}, and nothing is scored"
        return Folders(None, (f"{where}: no folder is a class of the classifier{close}: {seen}",))
    notes = tuple(
        f"{where}: the folder '{folder}' is no class of the classifier{nearest(folder, classes)}; its "
        f"{how_many(count, 'picture is', 'pictures are')} predicted and not scored"
        for folder, count in unknown.items()
    )
    if "" in folders:
        outside = folders.count("")
        they, lie = "it is" if outside == 1 else "they are", how_many(outside, "picture lies", "pictures lie")
        notes += (f"{where}: {lie} in no class folder; {they} predicted and not scored",)
    return Folders(np.array([index.get(folder, -1) for folder in folders], dtype=np.int64), notes)
