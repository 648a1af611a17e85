import sqlite3
import subprocess

import pytest

from results.files.atomic import DRAFT
from results.tracking.database import make_database
from results.tracking.experiment import Experiment
from tests.support import processes


def fill(uri):
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as database:
        database.execute("CREATE TABLE whole (x)")
    database.close()


def test_who_dies_while_a_database_is_made_leaves_none_and_the_next_makes_it(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"

    def die(draft):
        fill(draft)
        raise SystemExit

    with pytest.raises(SystemExit):
        make_database(uri, die)
    assert not (tmp_path / "mlflow.db").exists()
    for end in ("", "-journal"):
        (tmp_path / f"{DRAFT}0-mlflow.db{end}").write_bytes(b"half a step")
    make_database(uri, fill)
    assert [file.name for file in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_database_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"something")
    make_database(f"sqlite:///{tmp_path}/mlflow.db", pytest.fail)
    make_database("http://127.0.0.1:9", pytest.fail)
    assert (tmp_path / "mlflow.db").read_bytes() == b"something"


def test_a_database_in_a_folder_that_is_not_there_yet_is_made_whole_too(tmp_path):
    made = []
    make_database(f"sqlite:///{tmp_path}/new/place/mlflow.db", lambda uri: (made.append(uri), fill(uri)))
    assert made[0].startswith(f"sqlite:///{tmp_path}/new/place/{DRAFT}")
    assert [file.name for file in (tmp_path / "new" / "place").iterdir()] == ["mlflow.db"]


def test_an_empty_file_is_no_database_yet(tmp_path):
    (tmp_path / "mlflow.db").touch()
    make_database(f"sqlite:///{tmp_path}/mlflow.db", fill)
    assert (tmp_path / "mlflow.db").stat().st_size > 0


@pytest.mark.slow
def test_processes_that_need_a_new_database_at_once_all_have_it(tmp_path):
    code = (
        "from mlflow import MlflowClient; from results.tracking.experiment import Experiment; "
        "from tests.support import databases; databases.copied = MlflowClient; "  # no copy: MLflow itself makes the tables
        f"print(Experiment('sqlite:///{tmp_path}/mlflow.db', 'new').experiment_id)"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    said = [process.communicate(timeout=200) for process in [processes.start(["-c", code], **pipes) for _ in range(2)]]
    assert {out.strip() for out, _ in said} == {Experiment(f"sqlite:///{tmp_path}/mlflow.db", "new").experiment_id}, said
