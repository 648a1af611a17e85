"""Runs with several numbers of training images, and the curves of them."""

import numpy as np
import pandas as pd

from results.board.request import RunQuery
from results.data_size.curves import make_curves
from tests.support.runs import run

SIZES = (25, 50, 100, 250, 500)
NOISE = (0.002, -0.002, 0.0)
QUERY = RunQuery("toy")


def grows(images, slope=0.05):
    """A baseline that gains by the logarithm of the images."""
    return 0.6 + slope * np.log(images / 25)


def line(source, value, sizes=SIZES, noise=NOISE, **changes):
    """Runs of a source, a seed for each value of the noise, which all numbers of images share."""
    return [
        run(source, "a", seed, value(n) + off, **drawn(n) | {"run_id": f"{source}{n}{seed}"} | changes)
        for n in sizes
        for seed, off in enumerate(noise)
    ]


def drawn(n):
    return {"subsample.train": str(n), "images_train": float(n)}


def ends_at(nil_at, slope=0.02):
    """A source whose advantage over `grows` ends at a number of images."""
    return lambda n: grows(n) - slope * np.log(n / nil_at)


STILL = (0.0, 0.0, 0.0)
SCRATCH = line("scratch", grows, noise=STILL)


def curves(*parts, **options):
    return make_curves(pd.DataFrame([row for part in parts for row in part]), QUERY, **options)
