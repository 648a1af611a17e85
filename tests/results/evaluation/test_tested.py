import pandas as pd
import pytest

from results.evaluation.tested import images_and_patients, rest_on


@pytest.mark.parametrize(
    ("groups", "found", "said"),
    [
        (["a", "a", "b"], (3, 2), "3 test images of 2 patients"),
        (["a", "b", "c"], (3, 3), "3 test images of 3 patients"),
        (["a", "", "b"], (3, None), "3 test images; of how many patients is not known"),
        ([None, "a"], (2, None), "2 test images; of how many patients is not known"),
    ],
)
def test_images_and_patients_are_counted_where_every_patient_is_known(groups, found, said):
    assert images_and_patients(pd.DataFrame({"group": groups})) == found
    assert rest_on(*found) == said


def test_a_table_without_patients_or_images_says_nothing():
    assert images_and_patients(pd.DataFrame({"label": [1]})) is None
    assert images_and_patients(pd.DataFrame({"group": []})) is None
