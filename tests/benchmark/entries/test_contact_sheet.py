"""What stands above a contact sheet."""

import pytest

from benchmark.entries.contact_sheet import heading


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 image"), (32, "32 images"), (33, "32 of 33 images"), (2000, "32 of 2,000 images")]
)
def test_a_sheet_that_shows_some_images_of_a_class_says_of_how_many(count, said):
    assert heading("normal", count) == f"normal: {said}"
