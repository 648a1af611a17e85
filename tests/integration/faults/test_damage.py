"""A disk that damages whatever lies below CATS_HOME between two runs of a plan: the second one gives the same table."""

import re

import pytest

from tests.integration.faults.driver import PLAN, same
from tests.support.damage import damage_file
from tests.support.small_plan import small

pytestmark = pytest.mark.slow
# All that a plan leaves, and how each kind is looked after: a checksum inside, a note beside it, or nothing to lose.
INSIDE = (
    r"digests/\w+|digests/parts-\w+\.json|leakage/\w+\.json|snapshots/\w+/runs\.parquet|snapshots/\w+/images/\w+\.npz"
    r"|snapshots/\w+/board\.note|.*\.sum"
)
BESIDE = r"images/[\w-]+/(images\.npy|table\.npz|copies-\d+\.npz|fingerprints-\d+\.npz)|pretrained/\w+\.safetensors"
NOTHING = r"outbox/\w+\.lock"


@pytest.mark.parametrize("how", ["one bit flipped", "empty"])
def test_files_that_are_damaged_between_two_runs_change_no_figure(place, undisturbed, how):
    place.write(small(seeds=1))
    place.finish()
    files = [path for path in sorted(place.home.rglob("*")) if path.is_file()]
    for path in files:
        name = path.relative_to(place.home).as_posix()
        assert re.fullmatch(f"{INSIDE}|{BESIDE}|{NOTHING}", name), f"{name} is kept, and nothing says whether it is whole"
        if path.suffix != ".sum" and path.stat().st_size:
            damage_file(path, how)
    place.write(PLAN)
    told = place.finish()
    same(place.table(), undisturbed)
    assert re.search(r"pretrained/\w+\.safetensors (is empty|has another checksum)", told)
    assert len(re.findall(r"images/digits-16-\w+/images\.npy", told)) == 1
