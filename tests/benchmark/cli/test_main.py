"""The command line: every mistake is one sentence on stderr and exit code 2."""

import gc
import json

import pytest

from benchmark.execution.records import outbox_of
from benchmark.machine.cycles import OBJECTS
from benchmark.specs.plan import load_plan
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.experiments import experiment_names
from tests.support.records import record
from tests.support.servers import free_port

GOOD = "sources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16, epochs: 0}\nseeds: 1\n"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[scratch]", "[imagnet]"), "no source called 'imagnet' in plan.yaml; did you mean 'imagenet'?"),
        (("[ihc]", "[brestmnist]"), "no target called 'brestmnist' in plan.yaml; did you mean 'breastmnist'?"),
        (("sources", "sorces"), "plan.yaml: there is no key 'sorces'; did you mean 'sources'?"),
        (("seeds: 1", "seeds: many"), "plan.yaml: seeds: 'many' is neither"),
        (
            ("seeds: 1", "rule: best"),
            "plan.yaml: rule is 'best', allowed are 'min_val_loss', 'within_one_se', 'max_val_auc' or 'last_epoch'",
        ),
        (("seeds: 1", "metric: auk"), "there is no metric 'auk'; did you mean 'auc'?"),
        (("size: 16", "sise: 16"), "there is no key 'sise'; did you mean 'size'?"),
        (("epochs: 0", "epochs: -1"), "epochs is -1"),
        (("[scratch]", "[]"), "plan.yaml: sources"),
    ],
)
def test_a_wrong_plan_starts_nothing(cats, tmp_path, change, sentence):
    (tmp_path / "plan.yaml").write_text(GOOD.replace(*change))
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (GOOD.replace("test_resnet", "resnet81"), "timm has no backbone 'resnet81'; did you mean 'resnet"),
        (
            GOOD.replace("[scratch]", '[textures, "textures[from=scratch]"]'),
            "sources textures and textures[from=scratch] give test_resnet the same weights; name one of them",
        ),
        (GOOD + "country: ZZZ\n", "codecarbon knows no country 'ZZZ'"),
    ],
    ids=["backbone", "two names of one start", "country"],
)
def test_what_does_not_exist_is_refused_by_plan_and_by_run_before_anything_starts(cats, tmp_path, command, content, sentence):
    (tmp_path / "plan.yaml").write_text(content)
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert sentence in err


def test_a_plan_that_run_refuses_is_refused_by_plan_too(cats, tmp_path):
    (tmp_path / "plan.yaml").write_text(GOOD.replace("[scratch]", "[digits, pathmnist]"))
    code, out, err = cats("plan", "plan.yaml")
    assert code == 2
    assert "a pretraining runs first: digits, test_resnet, " in out
    assert "`cats run` will not start:\npathmnist: " in err


@pytest.mark.parametrize("plan", ["nowhere.yaml", "nowhere"])
def test_a_missing_plan_is_named(cats, plan):
    code, _, err = cats("run", plan)
    assert code == 2
    assert plan in err


def test_missing_weights_say_where_they_are_looked_for(cats, tmp_path):
    (tmp_path / "plan.yaml").write_text(GOOD.replace("[scratch]", "[inat_bird]"))
    code, _, err = cats("run", "plan.yaml")
    assert code == 2
    assert "test_resnet.inat_bird.safetensors not found in" in err
    assert "CATS_WEIGHTS" in err


def test_a_board_without_database_makes_none(cats, tmp_path):
    code, _, err = cats("board", "quickstart")
    assert code == 2
    assert "there is no database sqlite:///mlflow.db" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_plan_is_forecast_without_making_a_database(cats, tmp_path):
    code, out, _ = cats("plan", "quickstart")
    assert code == 0
    assert "21 cells of plan 'quickstart': 0 done, 21 to make" in out
    assert "not run: digits → digits" in out
    assert not list(tmp_path.glob("mlflow.db"))


@pytest.mark.parametrize("kind", ["sources", "targets", "measures", "plans", "recipes"])
def test_lists_are_json_too(cats, kind):
    code, out, _ = cats("list", kind, "--format", "json")
    assert code == 0
    rows = json.loads(out)
    assert all("name" in row for row in rows)
    assert rows or kind == "measures"


def test_show_gives_everything_declared(cats):
    code, out, _ = cats("show", "digits", "--json")
    assert code == 0
    assert set(json.loads(out)) == {"source", "target"}
    code, _, err = cats("show", "digit")
    assert code == 2
    assert "did you mean 'digits'?" in err


def test_fetch_says_when_there_is_nothing_to_fetch(cats):
    code, _, err = cats("fetch", "fractal")
    assert code == 2
    assert "fractal has no files to fetch: it is made here" in err


@pytest.mark.parametrize("name", ["quickstart", "first"])
def test_shipped_plans_load(name):
    assert load_plan(name).experiment == name


@pytest.mark.slow
def test_records_that_wait_are_sent_by_the_name_of_their_experiment_and_a_wrong_name_makes_none(cats, tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    code, _, err = cats("sync", "toy")
    assert (code, "there is no database sqlite:///mlflow.db" in err, (tmp_path / "mlflow.db").exists()) == (2, True, False)
    Experiment(uri, "toy")
    outbox_of(uri, "toy").put(Outcome(record()))
    code, _, err = cats("sync", "tyo")
    assert (code, "no experiment 'tyo' on" in err, "did you mean 'toy'" in err) == (2, True, True)
    away = f"http://127.0.0.1:{free_port()}"
    assert cats("sync", "toy", "--tracking-uri", away)[2].endswith("Connection refused\n")
    outbox_of(away, "toy").put(Outcome(record()))
    code, _, err = cats("sync", "toy", "--tracking-uri", away)
    assert (code, err.endswith("Connection refused; 1 record still waits in the outbox\n")) == (2, True)
    assert cats("sync", "toy")[:2] == (0, "1 record sent to toy on sqlite:///mlflow.db\n")
    assert len(Experiment(uri, "toy", create=False).frame()) == 1
    assert experiment_names(uri) == ["toy"]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "objects"), [("list sources", OBJECTS), ("--help", OBJECTS), ("plan quickstart", 700)])
def test_only_commands_that_train_nothing_look_for_unused_cycles_seldom(cats, words, objects):
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        assert cats(*words.split())[0] == 0
        assert gc.get_threshold() == (objects, 10, 10)
    finally:
        gc.set_threshold(*before)
