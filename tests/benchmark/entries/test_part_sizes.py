"""What `cats check` says of the sizes of the parts: how many patients decide how wide every interval is."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.entries.part_sizes import origin, part_sizes

PARTS = {"train": np.arange(6), "val": np.arange(6, 8), "test": np.arange(8, 12)}
PATIENTS = ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e", "e", "f"]


@pytest.mark.parametrize(
    ("kind", "groups", "said"),
    [
        ("patient", PATIENTS, "train 6, val 2, test 4 images of 3, 1 and 2 patients"),
        ("lesion", PATIENTS, "train 6, val 2, test 4 images of 3, 1 and 2 lesions"),
        ("patient", [*PATIENTS[:-1], ""], "train 6, val 2, test 4 images"),
        ("image", [""] * 12, "train 6, val 2, test 4 images"),
        (None, [""] * 12, "train 6, val 2, test 4 images"),
    ],
)
def test_the_patients_of_each_part_are_counted_where_all_are_known(kind, groups, said):
    assert part_sizes(SimpleNamespace(groups=kind), SimpleNamespace(groups=np.array(groups)), PARTS) == said


@pytest.mark.parametrize(
    ("parts", "said"),
    [(["", ""], "drawn 70/15/15"), (["train", "val"], "official"), (["train", "test"], "official, val drawn from train")],
)
def test_it_is_said_where_the_parts_come_from(parts, said):
    assert origin(np.array(parts)) == said
