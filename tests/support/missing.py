"""What a test does without the files or programs that it needs: it is skipped, or fails where they are required."""

import os

import pytest


def missed(sentence: str) -> None:
    """Skips the test, or fails it where real data are required."""
    if os.environ.get("CATS_REQUIRE_DATA") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)
