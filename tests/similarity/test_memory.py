"""No measure of arrays holds anything that is quadratic in the number of images."""

import sys

import pytest

from tests.support import processes

COUNT = 18_000  # a square of so many numbers takes 2.6 GB, in float32 1.3 GB
MOST = 1_200 * 2**20  # bytes beyond what the imports take: the pairs of PARC's 5,000 images are the most
CHILD = """
import resource, sys
import ot, scipy.linalg, scipy.optimize, scipy.sparse.linalg, sklearn.mixture, sklearn.neighbors
from tests.support.measures import MEASURES
from tests.support.measures import all_inputs
from tests.support.measures import of

count, most = int(sys.argv[1]), int(sys.argv[2])
given, other = all_inputs(count, dims=8), all_inputs(count, dims=8, seed=1)
given |= {"source_" + need: other[need] for need in ("features", "neutral", "labels")}
with open("/proc/self/statm") as there:
    limit = int(there.read().split()[0]) * resource.getpagesize() + most
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for name, asked in MEASURES.items():
    try:
        print(name, "scores", asked(**of(asked, given)), flush=True)
    except MemoryError as error:
        print(name, "is too large", error, flush=True)
if len(sys.argv) > 3:
    [0.0] * (most // 8 + 1)
"""


def child(*more):
    return processes.run(["-c", CHILD, COUNT, MOST, *more])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sizes and limits of a process are those of Linux")
def test_many_images_fit_into_little_memory():
    done = child("and then more than that")
    said = done.stdout.splitlines()
    assert len(said) > 25, done.stderr[-2000:]
    assert not [line for line in said if " scores " not in line]
    assert "MemoryError" in done.stderr, "the limit did not hold"
