"""A place in which `cats choose` runs in seconds: weights of a tiny network, and a recipe of one epoch, two learning rates."""

from functools import cache
from pathlib import Path

RECIPE = "{base: finetune, size: 16, epochs: 1, batch_size: 64, lr: [0.01, 0.001]}\n"
SOURCES = ("imagenet", "inat_bird", "inat_insect")
CALL = ("choose", "ihc", "--recipe", "tiny.yaml", "--prior", "none")


@cache
def _weights(number):
    import torch
    from safetensors.torch import save

    from benchmark.machine.timm_import import timm

    with torch.random.fork_rng():
        torch.manual_seed(number)
        network = timm.create_model("test_resnet", num_classes=10)
    return save(network.state_dict(), {"mean": "0.5,0.5,0.5", "std": "0.25,0.25,0.25"})


def furnish(folder: Path, monkeypatch=None) -> Path:
    """Put the recipe and the weights into a folder; with `monkeypatch` CATS_WEIGHTS names those."""
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "tiny.yaml").write_text(RECIPE)
    for number, name in enumerate(SOURCES):
        (folder / "weights" / f"test_resnet.{name}.safetensors").write_bytes(_weights(number))
    if monkeypatch is not None:
        monkeypatch.setenv("CATS_WEIGHTS", str(folder / "weights"))
    return folder
