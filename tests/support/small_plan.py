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


def small(*, recipe: dict | None = None, **changes: object) -> str:
    """The text of the small plan with some keys changed, of the recipe too; what is None is left out."""
    plan = SMALL | changes | {"recipe": _without_none(SMALL["recipe"] | (recipe or {}))}
    return yaml.safe_dump(_without_none(plan), sort_keys=False)


def _without_none(settings: dict) -> dict:
    return {key: value for key, value in settings.items() if value is not None}
