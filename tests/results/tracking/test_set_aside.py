"""Records that are damaged or that MLflow refuses are set aside with a reason, and what belongs to no record stops nothing."""

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, TEMPORARILY_UNAVAILABLE

from results.error import CatsError
from results.record import Outcome
from results.tracking import outbox
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.records import OLD, TABLE


def put(box, *names):
    for name in names:
        box.put(Outcome(OLD.model_copy(update={"key": name, "attempt": f"a{name}", "started": 1.7e9, "ended": 1.7e9}), TABLE))


def sent(tracking):
    return sorted(tracking.frame()["key"])


def states(tracking):
    return sorted(run.info.status for run in tracking.runs())


@pytest.fixture
def box(tmp_path):
    made = Outbox(tmp_path / "box")
    put(made, "k0", "k1", "k2")
    return made


REFUSED = {
    "a name that MLflow does not take": {"settings": {"a" * 300: "1"}},
    "a parameter twice as long as MLflow keeps": {"settings": {"no|name": "x"}},
    "without a seed": {"names": {"source": "a", "target": "b", "backbone": "c"}},
    "without a digest": {"facts": {}},
    "a time that is no time": {"ended": float("inf")},
    "a key that breaks a filter": {"key": "it's", "settings": {"a" * 300: "1"}},
    "a figure with a name of nothing": {"scores": {"\x00": 0.5}},
}


@pytest.mark.slow
@pytest.mark.parametrize("change", REFUSED)
def test_a_record_that_mlflow_refuses_is_set_aside_by_name_and_those_behind_it_are_sent(
    tracking, box, tmp_path, caplog, change
):
    odd = OLD.model_copy(update={"key": "odd", "attempt": "b0"} | REFUSED[change])
    box.put(Outcome(odd, TABLE))
    put(box, "k3")
    writer = Writer(tracking, box)
    writer.tidy()
    writer.deliver()
    assert set(sent(tracking)) >= {"k0", "k1", "k2", "k3"}
    assert "RUNNING" not in states(tracking)
    if not writer.refused:  # newer versions of MLflow may take it
        return
    (place,) = box.aside.iterdir()
    assert place.name == f"{odd.key}-b0"
    (sentence,) = writer.refused
    assert str(place) in sentence
    assert (place / "reason.txt").read_text().strip() in sentence
    assert sentence in caplog.text
    again = Writer(tracking, box)
    again.tidy()  # the next command tries it once more
    assert again.deliver() == 0
    assert len(again.refused) == 1
    assert [path.name for path in box.aside.iterdir()] == [f"{odd.key}-b0"]
    assert "RUNNING" not in states(tracking)


def test_a_record_that_mlflow_takes_later_is_sent(tracking, box, monkeypatch):
    real = tracking.client.log_batch

    def refuses(run_id, *arguments):
        if tracking.client.get_run(run_id).data.tags["cats.key"] == "k1":
            raise MlflowException("no such parameter", BAD_REQUEST)
        return real(run_id, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(tracking.client, "log_batch", refuses)
        assert Writer(tracking, box).deliver() == 2
    assert states(tracking) == ["FINISHED", "FINISHED", "KILLED"]
    writer = Writer(tracking, box)
    writer.tidy()
    assert (writer.deliver(), writer.refused) == (1, [])
    assert states(tracking) == ["FINISHED"] * 3
    assert not list(box.aside.iterdir())


@pytest.mark.parametrize("code", [None, TEMPORARILY_UNAVAILABLE])
def test_a_server_that_takes_nothing_sets_nothing_aside(tracking, box, monkeypatch, code):
    def away(*_):
        raise MlflowException("away", code) if code else MlflowException("away")

    monkeypatch.setattr(tracking.client, "create_run", away)
    with pytest.raises(CatsError, match="could not store a record: away"):
        Writer(tracking, box).deliver()
    assert len(list(box)) == 3
    assert not box.aside.exists()


def unowned(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "notes.txt").write_text("mine")
    (folder / "a folder").mkdir()
    (folder / ".git").mkdir()
    (folder / ".git" / "x").write_text("mine")
    (folder / ".cats-notes").mkdir()
    (folder / "link").symlink_to(folder / "nowhere")
    (folder / ("f" * 64 + "-" + "0" * 32)).write_text("a file that is called like a record")


def test_what_is_unowned_stops_nothing_and_stays(tracking, box):
    unowned(box.folder)
    before = {path.name for path in box.folder.iterdir()} - {"k0-ak0", "k1-ak1", "k2-ak2"}
    writer = Writer(tracking, box)
    box.sweep()
    writer.tidy()
    assert (writer.deliver(), writer.refused) == (3, [])
    assert box.empty
    assert {path.name for path in box.folder.iterdir()} == before
    assert (box.folder / ".git" / "x").read_text() == "mine"


@pytest.mark.parametrize("name", ["." + "f" * 64 + "-" + "0" * 32, "." + "f" * 64 + "-" + "0" * 32 + ".part"])
def test_what_a_crash_of_an_older_version_left_is_swept(box, name):
    (box.folder / name).mkdir()
    (box.folder / name / "record.json").write_text("{")
    box.sweep()
    assert not (box.folder / name).exists()


DAMAGES = {
    "empty": lambda place: (place / "record.json").write_bytes(b""),
    "no JSON": lambda place: (place / "record.json").write_text("{"),
    "bytes": lambda place: (place / "record.json").write_bytes(b"\xff\xfe\x00"),
    "a folder": lambda place: ((place / "record.json").unlink(), (place / "record.json").mkdir()),
    "another version": lambda place: (place / "record.json").write_text('{"version":99}'),
    "predictions cut off": lambda place: (place / "predictions.parquet").write_bytes(b"PAR1"),
    "deep": lambda place: (place / "record.json").write_text("[" * 100_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_set_aside_and_those_behind_it_are_sent(tracking, box, damage):
    DAMAGES[damage](box.folder / "k1-ak1")
    writer = Writer(tracking, box)
    writer.tidy()
    assert writer.deliver() == 2
    assert sent(tracking) == ["k0", "k2"]
    (sentence,) = writer.refused
    assert "k1-ak1" in sentence
    assert (box.aside / "k1-ak1" / "reason.txt").exists()
    writer.tidy()
    assert len(writer.refused) == 1  # it stays where it is


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_record_that_is_damaged_while_it_waits_is_set_aside_by_the_next_delivery(tracking, box, damage):
    writer = Writer(tracking, box)
    writer.tidy()
    DAMAGES[damage](box.folder / "k1-ak1")
    assert (writer.deliver(), box.count) == (2, 0)
    assert "k1-ak1" in writer.refused[0]


def test_a_delivery_to_a_server_that_is_away_reads_few_of_the_waiting_records(tracking, box, monkeypatch):
    """As many reads for each delivery as records wait would be their square over an outage."""

    def away(*_):
        raise MlflowException("away")

    reads = []
    put(box, *(f"m{i}" for i in range(20)))
    monkeypatch.setattr(outbox, "read", lambda path, real=outbox.read: (reads.append(path), real(path))[1])
    monkeypatch.setattr(tracking.client, "create_run", away)
    with pytest.raises(CatsError, match="away"):
        Writer(tracking, box).deliver()
    assert len(reads) == 2
    assert box.count == 23
