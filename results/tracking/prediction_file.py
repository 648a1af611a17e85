"""The file of predictions, in an outbox, in MLflow and in a cache: parquet whose pages hold their checksums."""

from io import BytesIO
from pathlib import Path

import pandas as pd


def write_predictions(table: pd.DataFrame, file: Path | BytesIO) -> None:
    """Write the predictions of a run, one row per test image. Raises OSError if the disk refuses."""
    table.to_parquet(file, index=False, write_page_checksum=True)


def read_predictions(file: Path | BytesIO) -> pd.DataFrame:
    """Read the predictions of a run. Raises OSError or ArrowException if the file is missing or damaged.

    Files of older versions hold no checksums; of them a flipped bit may go unnoticed.
    """
    return pd.read_parquet(file, page_checksum_verification=True)
