"""How many test images, and how many patients, figures rest on: three patients are a small proof."""

import numpy as np
import pandas as pd

from results.text.counts import how_many


def images_and_patients(table: pd.DataFrame) -> tuple[int, int | None] | None:
    """The numbers of test images and of their patients in a table of predictions, see results.record.Outcome.

    The number of patients is None where the patient of an image is not known, and the whole is None where the table has no
    image, or no column of patients.
    """
    if not len(table) or "group" not in table:
        return None
    groups = table["group"].fillna("").astype(str).to_numpy()
    return len(table), None if (groups == "").any() else len(np.unique(groups))


def rest_on(images: int, patients: int | None, *, volumes: bool = False) -> str:
    """`36 test images of 9 patients`, or what is not known of the patients; `volumes`: that an image is a volume."""
    kind = "volume" if volumes else "image"
    counted = how_many(images, f"test {kind}")
    if patients is None:
        return f"{counted}; of how many patients is not known"
    return f"{counted} of {how_many(patients, 'patient')}"
