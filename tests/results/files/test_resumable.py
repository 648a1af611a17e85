"""A folder that takes long to make: who gets its draft, and when it is kept."""

from contextlib import suppress

import pytest

from results.error import CatsError
from results.files.resumable import STATE, StoppedError, resumable_write


def attempt(path, *, error=None, state=True, finished=False):
    """The names in the draft at the beginning of an attempt that writes one more file and ends by an error; None: no draft."""
    with (
        suppress(KeyboardInterrupt, CatsError),
        resumable_write(path, "the folder", lambda: finished, lambda: pytest.fail("nobody else is there")) as draft,
    ):
        if draft is None:
            return None
        names = sorted(each.name for each in draft.iterdir())
        (draft / f"file{len(names)}").touch()
        (draft / STATE).touch() if state else (draft / STATE).unlink(missing_ok=True)
        if error is not None:
            raise error
        return names
    return names


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StoppedError("a process has died")])
def test_a_draft_with_a_state_is_given_to_the_next_one(tmp_path, error):
    path = tmp_path / "images" / "toy"
    assert attempt(path, error=error) == []
    assert attempt(path, state=False) == ["file0", STATE]
    assert [each.name for each in path.parent.iterdir()] == ["toy"]
    assert sorted(each.name for each in path.iterdir()) == ["file0", "file2"]


@pytest.mark.parametrize(
    ("error", "state"), [(KeyboardInterrupt(), False), (CatsError("wrong"), True), (OSError(28, "No space left"), True)]
)
def test_a_draft_without_a_state_and_that_of_a_wrong_content_are_removed(tmp_path, error, state):
    path = tmp_path / "toy"
    assert attempt(path, error=error, state=state) == []
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_of_the_disk_is_a_sentence(tmp_path):
    sentence = r"cannot keep the folder in .*: No space left; make room"
    with (
        pytest.raises(CatsError, match=sentence),
        resumable_write(tmp_path / "toy", "the folder", lambda: False, lambda: None),
    ):
        raise OSError(28, "No space left")


def test_nothing_happens_if_another_process_has_made_the_folder(tmp_path):
    assert attempt(tmp_path / "toy", finished=True) is None
    assert list(tmp_path.iterdir()) == []
