import inspect

from benchmark.core import paths

BELOW_HOME = {  # a folder of another name would leave behind what earlier versions have kept
    "downloads_folder": "data",
    "decoded_folder": "images",
    "digests_folder": "digests",
    "leakage_folder": "leakage",
    "networks_folder": "networks",
    "pretrained_folder": "pretrained",
    "pretraining_records_folder": "pretrained/records",
    "registry_weights_folder": "published",
    "features_folder": "features",
    "scores_folder": "scores",
    "checkpoints_folder": "checkpoints",
    "calibrations_folder": "calibrations",
    "compiled_folder": "compiled/node/torch",
    "outbox_folder": "outbox",
    "snapshots_folder": "snapshots",
}


def test_every_folder_below_home_keeps_its_name(monkeypatch, tmp_path):
    monkeypatch.setenv("CATS_HOME", str(tmp_path))
    monkeypatch.setattr(paths.platform, "node", lambda: "node")
    monkeypatch.delenv("CATS_ENTRIES", raising=False)
    functions = {name: each for name, each in inspect.getmembers(paths, inspect.isfunction) if name.endswith("_folder")}
    del functions["entries_folder"]  # among the settings of the user
    assert {name: str(each().relative_to(tmp_path)) for name, each in functions.items()} == BELOW_HOME
