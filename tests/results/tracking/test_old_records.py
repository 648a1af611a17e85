"""Real records of every trainer, as an outbox held them, can still be sent and are still on a board."""

import pytest

from results.board.board import make_board
from results.board.request import RunQuery
from results.record import Record
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.paths import ASSETS

RECORDS = sorted(ASSETS.glob("record-trainer-*.json"))


def test_there_is_a_record_of_every_trainer_up_to_today():
    from benchmark.core.trainer_version import TRAINER

    trainers = [Record.model_validate_json(path.read_text()).environment["trainer"] for path in RECORDS]
    assert trainers == [str(number) for number in range(1, TRAINER + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_that_an_earlier_trainer_left_in_the_outbox_is_sent_and_is_on_the_board(path, tmp_path):
    text = path.read_text()
    record = Record.model_validate_json(text)
    outbox = Outbox(tmp_path / "outbox")
    waiting = outbox.folder / f"{record.key}-{record.attempt}"
    waiting.mkdir()
    (waiting / "record.json").write_text(text)
    tracking = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "small")
    assert Writer(tracking, outbox).deliver() == 1
    (row,) = make_board(tracking.frame(), RunQuery("small")).targets["ihc"]
    assert (row.source, row.seeds, row.mean) == ("scratch", 1, pytest.approx(record.scores["auc"]))
    assert row.energy_kwh == pytest.approx(sum(cost.kwh("modelled") for cost in record.costs))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_of_an_earlier_trainer_is_written_back_as_it_was(path):
    assert Record.model_validate_json(path.read_text()).model_dump_json() == path.read_text().strip()
