"""Inference from an npz file in MedMNIST's layout."""

import zipfile
from pathlib import Path

import numpy as np

from benchmark.data.readers.samples import PARTS
from benchmark.entries.inferred import Inferred, require_two_classes
from results.error import CatsError


def infer_npz(path: Path) -> Inferred:
    """Infer classes and shapes from the arrays `{train,val,test}_{images,labels}`. Raises CatsError if one is missing."""
    needed = [f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")]
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            absent = sorted(set(needed) - set(content.files))
            if absent:
                raise CatsError(f"{path} has no {', '.join(absent)}; it has {', '.join(content.files) or 'nothing'}")
            labels = {part: content[f"{part}_labels"] for part in PARTS}
            images = [content[f"{part}_images"].shape for part in PARTS]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise CatsError(f"{path} is not a whole npz file without pickles: {error}") from error
    every = np.concatenate([part.reshape(len(part), -1) for part in labels.values()])
    multilabel = every.shape[1] > 1
    if multilabel:
        counts = {f"label {i}": int(n) for i, n in enumerate(every.sum(axis=0))}
    else:
        counts = {str(i): int((every == i).sum()) for i in range(int(every.max()) + 1)}
    require_two_classes(path, counts)
    return Inferred(
        path.parent,
        {"npz": {"file": path.name}},
        counts,
        inside=path,
        parts={part: len(rows) for part, rows in labels.items()},
        shapes={(int(shape[1]), int(shape[2])): shape[0] for shape in images},
        grey=all(len(shape) == 3 or shape[3] == 1 for shape in images),
        multilabel=multilabel,
    )
