"""Pretrained here, published in a real model registry, used by another plan: the same bits, known by their content."""

import contextlib
import json
import os
import pickle
import shutil
import sqlite3
from pathlib import Path

import pytest
import torch
from mlflow import MlflowClient
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from benchmark.core.digest import file_digest
from benchmark.entries.publish import publish
from benchmark.execution.cluster.worker import check_files
from benchmark.execution.dispatch.transport import IncompatibleError
from benchmark.execution.engine import Local
from benchmark.execution.resolution import resolve_plan
from benchmark.execution.runner import run
from benchmark.execution.watch import Watch
from benchmark.networks.load import initial_network, weights_of
from benchmark.specs import model_registry as published
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.resolve import _identity
from benchmark.specs.source import Weights
from results.error import CatsError
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.registry import Registry
from results.tracking.writer import Writer
from tests.support import odd_servers
from tests.support.damage import DAMAGES, damage_file
from tests.support.plans import leaks_of, plan_start, resolved, source_start
from tests.support.plans import registry as server

PLAN = """
experiment: first
sources: [digits]
targets: [ihc]
backbones: [test_resnet]
recipe: {size: 16, epochs: 0}
seeds: 1
subsample: {train: 40}
pretraining: {size: 16, epochs: 1, batch_size: 128}
"""
QUIET = Watch(lambda what: None, lambda record, state: None)
MODEL = "models:/digits-test_resnet/1"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with plan, database and home in which digits have been pretrained for test_resnet: made once."""
    folder = tmp_path_factory.mktemp("published")
    before = {name: os.environ.get(name) for name in ("CATS_HOME", "MLFLOW_TRACKING_URI")}
    here = Path.cwd()
    os.chdir(folder)
    os.environ["CATS_HOME"] = str(folder / "home")
    try:
        (folder / "plan.yaml").write_text(PLAN)
        work(load_plan("plan.yaml"), folder)
    finally:
        os.chdir(here)
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    return folder


def work(plan, folder):
    tracking = Experiment(f"sqlite:///{folder}/mlflow.db", plan.experiment)
    writer = Writer(tracking, Outbox(folder / "home" / "outbox" / plan.experiment))
    state = run(resolve_plan(plan, tracking.uri), writer, Local("cpu"), QUIET)
    assert state.failed == []
    return tracking.frame()


@pytest.fixture
def place(finished, tmp_path, monkeypatch):
    """A copy of it to work in. The artifacts stay where the first run put them, as on a server."""
    shutil.copytree(finished, tmp_path / "copy", ignore=shutil.ignore_patterns("mlruns"))
    monkeypatch.chdir(tmp_path / "copy")
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "copy" / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/copy/mlflow.db")
    published._version_at.cache_clear()
    weights_of.cache_clear()
    return tmp_path / "copy"


@pytest.mark.slow
def test_what_is_published_comes_back_bit_for_bit_in_another_home(place, tmp_path, monkeypatch):
    assert publish("digits", "test_resnet", server(), "plan.yaml") == MODEL
    pretrained = plan_start(load_plan("plan.yaml"), "digits", "test_resnet", 0)
    before = weights_of(pretrained)
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "another"))
    start = source_start(MODEL, "test_resnet")
    found = weights_of(start)
    assert (found.mean, found.std, found.channels, found.arguments) == (
        before.mean,
        before.std,
        before.channels,
        before.arguments,
    )
    assert found.state.keys() == before.state.keys()
    assert all(torch.equal(value, before.state[name]) for name, value in found.state.items())
    assert file_digest(tmp_path / "another" / "published" / f"{start.weights}.safetensors") == start.weights
    both = [initial_network(each, 2, 0).eval()(torch.ones(1, 3, 16, 16)) for each in (start, pretrained)]
    assert torch.equal(*both)


@pytest.mark.slow
def test_the_registry_holds_two_plain_files_in_the_run_that_made_them(place):
    publish("digits", "test_resnet", server(), "plan.yaml", name="mine")
    client = MlflowClient(server())
    version = client.get_model_version("mine", "1")
    start = plan_start(load_plan("plan.yaml"), "digits", "test_resnet", 0)
    assert version.tags["cats.key"] == start.key
    run = client.get_run(version.run_id)
    assert (run.data.tags["cats.kind"], run.data.tags["cats.key"]) == ("pretraining", start.key)
    files = {Path(item.path).name for item in client.list_artifacts(version.run_id, "weights")}
    assert files == {"weights.safetensors", "weights.json"}
    facts = json.loads(Path(client.download_artifacts(version.run_id, "weights/weights.json")).read_text())
    assert (facts["source"], facts["backbone"], facts["licence"], facts["families"]) == (
        "digits",
        "test_resnet",
        "CC BY 4.0",
        ["digits"],
    )
    assert (facts["mean"], facts["channels"], facts["arguments"], facts["data"]) == ([0.5] * 3, "rgb", {}, start.data)
    assert facts["recipe"]["size"] == 16


@pytest.mark.slow
def test_publishing_twice_gives_one_version_and_another_name_the_same_key(place):
    assert (
        publish("digits", "test_resnet", server(), "plan.yaml")
        == publish("digits", "test_resnet", server(), "plan.yaml")
        == MODEL
    )
    assert publish("digits", "test_resnet", server(), "plan.yaml", name="other") == "models:/other/1"
    keys = {source_start(model, "test_resnet").key for model in (MODEL, "models:/other/1")}
    assert len(keys) == 1
    (place / "plan.yaml").write_text(PLAN.replace("epochs: 1", "epochs: 2"))
    work(load_plan("plan.yaml"), place)
    assert publish("digits", "test_resnet", server(), "plan.yaml") == "models:/digits-test_resnet/2"
    assert source_start("models:/digits-test_resnet/2", "test_resnet").key not in keys


@pytest.mark.slow
def test_a_plan_runs_with_published_weights_and_without_their_data(place, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"[scratch, '{MODEL}']").replace("first", "second"))
    frame = work(load_plan("second.yaml"), place)
    assert sorted(frame["source"]) == [MODEL, "scratch"]
    assert set(frame["kind"]) == {"cell"}
    assert set(frame["status"]) == {"FINISHED"}
    direct = work(load_plan("plan.yaml"), place)
    cell = direct[direct["kind"] == "cell"].iloc[0]
    other = frame[frame["source"] == MODEL].iloc[0]
    assert other["test_auc"] == cell["test_auc"]
    assert other["key"] != cell["key"]


def test_published_weights_never_meet_a_target_of_their_family(place):
    publish("digits", "test_resnet", server(), "plan.yaml")
    plan = Plan(experiment="e", sources=(MODEL,), targets=("digits", "ihc"), backbones=("test_resnet",))
    assert leaks_of(plan) == {(MODEL, "digits"): f"{MODEL} and digits are of one family of data sets, 'digits'"}


def test_an_entry_of_ones_own_names_published_weights(call, place):
    publish("digits", "test_resnet", server(), "plan.yaml")
    entries = Path(os.environ["CATS_ENTRIES"]) / "sources"
    (entries / "mine.yaml").write_text(f"title: t\nlicence: l\ncitation: c\nweights: {{mlflow: {MODEL}}}\n")
    assert source_start("mine", "test_resnet").key == source_start(MODEL, "test_resnet").key
    code, out, _ = call("check", "mine", "--backbone", "test_resnet")
    assert (code, "ok     weights" in out) == (0, True), out
    with pytest.raises(CatsError, match=f"{MODEL} has sha256 .*, expected {'0' * 64}"):
        _identity("mine", Weights(mlflow=MODEL, sha256="0" * 64), "test_resnet", server())
    code, out, _ = call("check", "mine", "--backbone", "resnet18")
    assert (code, f"{MODEL} holds weights of test_resnet, not of resnet18" in out) == (1, True), out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("scratch", "test_resnet"), "scratch is random weights; only sources pretrained by a plan can be published"),
        (("imagenet", "test_resnet"), "imagenet is ready weights; only sources pretrained by a plan can be published"),
        (("digits", "test_resnot"), "timm has no backbone 'test_resnot'"),
        (("digts", "test_resnet"), "no source called 'digts'; did you mean 'digits'?"),
        (
            ("digits", "test_resnet"),
            "digits has not been pretrained for test_resnet in this way yet; name with --plan the plan",
        ),
        (
            ("digits", "test_vit", "plan.yaml"),
            "run `cats run plan.yaml` first, with digits among its sources and test_vit among",
        ),
        (("digits", "test_resnet", "plan.yaml", "a/b"), "a registered model cannot be called 'a/b'"),
    ],
)
def test_what_cannot_be_published_says_why(place, arguments, sentence):
    with pytest.raises(CatsError) as caught:
        publish(*arguments[:2], server(), *arguments[2:])
    assert sentence in str(caught.value)


def test_a_plan_that_pretrains_for_every_seed_needs_one_named(place):
    (place / "plan.yaml").write_text(PLAN + "pretraining_seed: null\n")
    with pytest.raises(CatsError, match="pretrains once for every seed; name one of 0 with --seed"):
        publish("digits", "test_resnet", server(), "plan.yaml")
    assert publish("digits", "test_resnet", server(), "plan.yaml", seed=0) == MODEL  # the same as the shared one of seed 0


def test_a_server_that_never_saw_the_pretraining_says_so(place, tmp_path, monkeypatch):
    other = f"sqlite:///{tmp_path}/other.db"
    Experiment(other, "empty")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other)
    with pytest.raises(CatsError, match=r"has no finished run of the pretraining .* `cats sync plan.yaml`"):
        publish("digits", "test_resnet", server(), "plan.yaml")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("models:/digits/1", "has no registered model 'digits'; did you mean 'digits-test_resnet'?"),
        ("models:/digits-test_resnet/7", "has no models:/digits-test_resnet/7; the versions there are 1"),
        ("models:/digits-test_resnet/latest", "is not a version of a registered model; write models:/NAME/VERSION"),
    ],
)
def test_an_unknown_model_is_refused_before_anything_starts(place, model, sentence):
    publish("digits", "test_resnet", server(), "plan.yaml")
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"['{model}']"))
    with pytest.raises(CatsError) as caught:
        resolved(load_plan("second.yaml"))
    assert sentence in str(caught.value)


def test_a_plan_is_read_without_asking_the_server(place, monkeypatch):
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"['{MODEL}']"))
    monkeypatch.setattr(Registry, "version", lambda *_: pytest.fail("the server was asked"))
    assert load_plan("second.yaml").sources == (MODEL,)


def test_cells_of_published_weights_are_listed_without_asking_the_server_again(place, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"['{MODEL}']"))
    plan = resolved(load_plan("second.yaml"))
    published._version_at.cache_clear()
    monkeypatch.setattr(Registry, "version", lambda *_: pytest.fail("the server was asked"))
    (cell,) = plan.cells()
    assert cell.start.registry == server()
    assert server() not in f"{cell!r} {cell.model_dump_json()}"  # an address may hold a password


def test_on_a_worker_its_own_address_of_the_server_comes_first(place, tmp_path, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    start, here = source_start(MODEL, "test_resnet"), server()
    unreachable = start.model_copy(update={"registry": f"sqlite:///{tmp_path}/other.db"})
    sent = pickle.loads(pickle.dumps(unreachable))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", here)
    assert (unreachable.server, sent.server) == (unreachable.registry, here)  # in the driver the argument comes first
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "worker"))
    assert weights_of(sent).state.keys() == weights_of(start).state.keys()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert pickle.loads(pickle.dumps(start)).server == start.registry


def test_a_worker_without_the_password_says_which_variable_to_set(place, tmp_path, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    start = source_start(MODEL, "test_resnet").model_copy(update={"registry": "postgresql://me:secret@db.example/cats"})
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "worker"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(CatsError, match=r"at postgresql://\*\*\*@db.example/cats, .*; set MLFLOW_TRACKING_URI on the worker"):
        weights_of(pickle.loads(pickle.dumps(start)))


def test_a_worker_whom_the_server_does_not_let_in_gets_no_job_of_these_weights_and_says_why(place, tmp_path, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"['{MODEL}']").replace("first", "second"))
    (cell,) = resolved(load_plan("second.yaml")).cells()
    weights_of(cell.start)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")

    def check_at(address):
        start = cell.start.model_copy(update={"registry": address})
        (job,) = jobs_of([cell.model_copy(update={"start": start})], "second", "NLD")
        check_files(pickle.loads(pickle.dumps(job)))

    with odd_servers.server(odd_servers.says(401, b"who are you")) as closed:
        check_at(closed.url)  # the weights lie below CATS_HOME, and nobody is asked
        assert closed.asked == []
        monkeypatch.setenv("CATS_HOME", str(tmp_path / "worker"))
        weights_of.cache_clear()
        needs = "the server requires a valid user and password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        with pytest.raises(
            IncompatibleError,
            match=f"^it has no valid login, and jobs carry none: MLflow at {closed.url} cannot be used: {needs}$",
        ):
            check_at(closed.url)
    with pytest.raises(
        IncompatibleError, match=r"at postgresql://\*\*\*@db.example/cats, .*; set MLFLOW_TRACKING_URI on the worker$"
    ):
        check_at("postgresql://me:secret@db.example/cats")
    with odd_servers.server(odd_servers.says(404)) as away:
        check_at(away.url)  # the cell tells, and the worker keeps its other jobs
        assert away.asked


def test_two_commands_of_one_process_look_for_published_weights_at_their_own_servers(place, call, tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_HOME", str(place / "home"))
    publish("digits", "test_resnet", server(), str(place / "plan.yaml"))
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"['{MODEL}']").replace("first", "second"))
    here, other = server(), f"sqlite:///{tmp_path}/other.db"
    Experiment(other, "empty")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    call("list", "plans")  # any command sets what torch reads when it is loaded
    before = dict(os.environ)
    for uri, expected in ((here, 0), (other, 2), (here, 0)):
        code, _, err = call("plan", place / "second.yaml", "--tracking-uri", uri)
        assert code == expected, err
        assert ("has no registered model 'digits-test_resnet'" in err) == (expected == 2)
    assert dict(os.environ) == before


def test_a_registry_that_fails_while_it_is_asked_what_there_is_is_one_sentence(place):
    publish("digits", "test_resnet", server(), "plan.yaml")
    registry = Registry(server())
    with contextlib.closing(sqlite3.connect(place / "mlflow.db")) as database, database:
        database.execute("ALTER TABLE registered_models RENAME TO gone")
    with pytest.raises(CatsError, match=r"MLflow at \S+ could not look up models:/other/1: "):
        registry.version("models:/other/1")


@pytest.mark.slow
def test_weights_of_another_backbone_and_models_of_other_people_are_refused(place):
    publish("digits", "test_resnet", server(), "plan.yaml")
    with pytest.raises(CatsError, match=f"{MODEL} holds weights of test_resnet, not of resnet18"):
        source_start(MODEL, "resnet18")
    client = MlflowClient(server())
    client.create_registered_model("theirs")
    client.create_model_version("theirs", "runs:/x/y", None)
    with pytest.raises(CatsError, match=r"models:/theirs/1 was not made by `cats publish`: it has no tag cats\.key"):
        source_start("models:/theirs/1", "test_resnet")


def test_a_missing_database_is_not_made(place, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(CatsError, match=r"there is no database sqlite:.*none.db; give the address of the MLflow server"):
        source_start(MODEL, "test_resnet")
    assert not (tmp_path / "none.db").exists()


def test_other_bits_than_were_published_are_not_used(place, tmp_path, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    client = MlflowClient(server())
    version = client.get_model_version("digits-test_resnet", "1")
    stored = Path(client.get_run(version.run_id).info.artifact_uri.removeprefix("file://")) / "weights" / "weights.safetensors"
    content = stored.read_bytes()
    try:
        stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(CatsError, match=r"the weights of .* have sha256 .*, expected .*; they are not used"):
            weights_of(source_start(MODEL, "test_resnet"))
        assert not list((place / "home" / "published").glob("*"))
    finally:
        stored.write_bytes(content)


@pytest.mark.parametrize("answer", ["{outside}/secret.safetensors", "{folder}/../secret.safetensors", "{folder}/weights.pkl"])
def test_a_server_does_not_choose_what_is_read(place, tmp_path, monkeypatch, answer):
    publish("digits", "test_resnet", server(), "plan.yaml")
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    for each in (outside, folder):
        each.mkdir()
    for path in (outside / "secret.safetensors", tmp_path / "secret.safetensors", folder / "weights.pkl"):
        path.write_bytes(b"secret")
    registry = Registry(server())
    asked = []

    def answered(self, path, target):
        asked.append(path)
        return answer.format(outside=outside, folder=folder)

    monkeypatch.setattr(LocalArtifactRepository, "download_artifacts", answered)
    with pytest.raises(CatsError, match="the file is not read"):
        registry.download(registry.version(MODEL), folder)
    assert asked == ["weights/weights.safetensors"]


def test_a_link_in_the_download_is_not_followed(place, tmp_path, monkeypatch):
    publish("digits", "test_resnet", server(), "plan.yaml")
    (tmp_path / "secret.safetensors").write_bytes(b"secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "weights.safetensors").symlink_to(tmp_path / "secret.safetensors")
    registry = Registry(server())
    monkeypatch.setattr(LocalArtifactRepository, "download_artifacts", lambda *_: str(folder / "weights.safetensors"))
    with pytest.raises(CatsError, match="the file is not read"):
        registry.download(registry.version(MODEL), folder)


def test_the_command_publishes_on_the_server_it_is_given(place, call, monkeypatch):
    home, uri = str(place / "home"), f"sqlite:///{place}/mlflow.db"
    monkeypatch.setenv("CATS_HOME", home)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    arguments = ("publish", "digits", "--backbone", "test_resnet", "--plan", place / "plan.yaml", "--tracking-uri", uri)
    code, out, err = call(*arguments)
    assert code == 0, err
    assert f"digits for test_resnet is {MODEL} on {uri}" in out
    code, _, err = call("publish", "imagenet", "--backbone", "test_resnet", "--tracking-uri", uri)
    assert code == 2
    assert "imagenet is ready weights" in err
    (place / "second.yaml").write_text(PLAN.replace("[digits]", f"['{MODEL}']"))
    code, out, err = call("plan", place / "second.yaml", "--tracking-uri", uri)
    assert code == 0, err
    assert "1 cell of plan" in out


def test_whatever_damages_published_weights_they_are_fetched_again(place, tmp_path, monkeypatch, caplog):
    publish("digits", "test_resnet", server(), "plan.yaml")
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "another"))
    start = source_start(MODEL, "test_resnet")
    before = {name: value.clone() for name, value in weights_of(start).state.items()}  # the file itself is mapped
    path = tmp_path / "another" / "published" / f"{start.weights}.safetensors"
    for how in DAMAGES:
        damage_file(path, how)
        weights_of.cache_clear()
        caplog.clear()
        after = weights_of(start).state
        assert all(torch.equal(value, before[name]) for name, value in after.items()), how
        assert f"{path} " in caplog.text, how


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_weights_are_not_published(place, how):
    (path,) = (place / "home" / "pretrained").glob("*.safetensors")
    damage_file(path, how)
    with pytest.raises(CatsError, match=f"the pretrained weights {path} are damaged"):
        publish("digits", "test_resnet", server(), "plan.yaml")
