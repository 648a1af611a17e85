"""Small data sets in the layouts of public ones: a table and pictures, of which those of a malignant case are bright."""

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from benchmark.specs import catalogue

FACTS = ("--modality", "microscope", "--licence", "CC0", "--citation", "Us, 2026")
COUNT = 60
LABEL = np.random.default_rng(1).integers(0, 2, COUNT)
ORDER = [int(n) for n in np.random.default_rng(3).permutation(COUNT)]  # of the rows
NAMES = ("benign", "malignant")


def put(path, number):
    """A picture; that of a malignant case is bright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 100, (8, 8), dtype=np.uint8) + 120 * LABEL[number]
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def made(own, name, numbers=range(COUNT)):
    """Pictures below own/set; `name` is a function of their number."""
    for number in numbers:
        put(own / "set" / name(number), number)
    return own / "set"


def table(path, *, header=True, separator=",", **columns):
    """A table with a row per picture; a column is a function of the number of the picture."""
    columns = {"label": lambda n: NAMES[LABEL[n]]} | columns
    cells = {name: [value(n) for n in ORDER] for name, value in columns.items() if value}
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(cells).to_csv(path, index=False, header=header, sep=separator)
    return path


def adding(own, call):
    """`run(path, ...)` of `cats new`, which returns exit code and standard error."""

    def run(path, *options):
        code, _, err = call("new", "target", "cells", "--from", path, *FACTS, *options)
        assert (own / "entries" / "targets" / "cells.yaml").exists() == (code == 0), err
        assert err.count("\n") == (1 if code else 3), err
        return code, err

    return run


def entry(own):
    return yaml.safe_load((own / "entries" / "targets" / "cells.yaml").read_text())["dataset"]


def options(own):
    return entry(own)["read"]["table"]


def right(bright="malignant", count=COUNT):
    """True if every image that is read has the label with which it was made, and `cats check` reads the same."""
    catalogue.target.cache_clear()
    dataset = catalogue.target("cells").dataset
    samples = dataset.read(dataset.folder())
    found = np.array([image.mean() >= 110 for image in samples.images])
    assert len(found) == count
    return bool((found == (samples.labels == list(dataset.classes).index(bright))).all()) and bool(dataset.digest())


def again(own):
    (own / "entries" / "targets" / "cells.yaml").unlink()
