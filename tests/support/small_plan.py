"""The small plan of tests that run a whole one: two sources, of which one is pretrained here, and one target made here."""

import yaml

SMALL = {
    "experiment": "small",
    "sources": ["scratch", "digits"],
    "targets": ["ihc"],
    "backbones": ["test_resnet"],
    "recipe": {"base": "finetune", "size": 16, "epochs": 2, "batch_size": 32},
    "seeds": 2,
    "subsample": {"train": 60},
    "pretraining": {"size": 16, "epochs": 1},
}
FOR_EVER = [0, 100_000]  # epochs: the cells with the first end by themselves, those with the second when they are stopped


def small(*without: str, recipe: dict | None = None, **changes: object) -> str:
    """The text of the small plan, without some of its keys, with some changed; of the recipe only those that are named."""
    plan = SMALL | {"recipe": SMALL["recipe"] | (recipe or {})} | changes
    return yaml.safe_dump({key: value for key, value in plan.items() if key not in without}, sort_keys=False)
