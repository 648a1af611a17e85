"""A driver that is killed in the middle of a training: the next one goes on after the last epoch that was kept, bit for bit."""

import signal

import pytest

from tests.integration.faults.driver import DYING, Place, ended
from tests.support.small_plan import small

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("decoded")]
PLAN = small(sources=["digits"], seeds=1, recipe={"epochs": 5}, pretraining={"size": 16, "epochs": 5})
EVERY = """
from benchmark.training import checkpoint
checkpoint.SECONDS, checkpoint.RATE, checkpoint.SHARE = 0.0, float("inf"), float("inf")
"""
STATE = r"\.cats-draft-\S+ -> \S+/checkpoints/{}\.safetensors$"


@pytest.fixture(scope="module")
def whole(tmp_path_factory, with_decoded):
    """A plan that was not disturbed: its weights by their names, and its table."""
    place = Place(tmp_path_factory.mktemp("whole"), PLAN)
    with_decoded(place.home)
    place.finish()
    assert not (place.home / "checkpoints").exists()  # the trainings are short
    return place


def weights(place):
    return {path.name: path.read_bytes() for path in place.home.glob("pretrained/*.safetensors")}


def figures(place):
    """All figures of finished runs, without what they cost."""
    runs = place.runs()
    done = runs[runs["status"] == "FINISHED"].sort_values("key", ignore_index=True)
    return done[
        ["key", "kind", *sorted(name for name in done if name.startswith(("test_", "val_", "train_", "best_", "epochs_run")))]
    ]


def killed(place, key, epochs):
    """A driver that dies when it is about to keep the state after the next epoch of this training."""
    program = (
        "-c",
        EVERY + DYING,
        STATE.format(key),
        str(2 * epochs),
    )  # a checkpoint is two renames: the costs, then the state
    ended(place.start(program=program), -signal.SIGKILL)
    assert (place.home / f"checkpoints/{key}.safetensors").exists()


def test_trainings_whose_process_was_killed_go_on_and_give_the_same(place, whole):
    place.write(PLAN)
    keys = whole.runs().set_index("kind")["key"]
    killed(place, keys["pretraining"], 3)
    killed(place, keys["cell"], 2)
    place.finish()
    assert not list(place.home.glob("checkpoints/*"))
    assert weights(place) == weights(whole)
    assert figures(place).equals(figures(whole))
    runs = place.runs().set_index("kind")
    assert runs["epochs_resumed"].to_dict() == {"pretraining": 3, "cell": 2}
    assert set(runs["status"]) == {"FINISHED"}
