"""Kinds of what people write: entries, plans, and maps and tables of `cats import`."""

from random import Random

from fuzzing.attempt import CONTENT, Attempt
from fuzzing.rows import damage_table
from fuzzing.stage import Stage
from fuzzing.yaml_text import damage_yaml

TARGETS = ("spots", "sheet", "cubes", "boxes", "scans", "volumes")


def entries(rng: Random, stage: Stage) -> Attempt:
    """An entry of a target or a source is damaged; it is checked, shown, listed or used."""
    name = rng.choice([*TARGETS, "mine"])
    folder = "sources" if name == "mine" else "targets"
    said = damage_yaml(rng, stage.work / "entries" / folder / f"{name}.yaml")
    if rng.random() < 0.3:
        others = [
            ("show", name),
            ("list", folder),
            ("plan", "mine.yaml" if name == "mine" else "first.yaml"),
            ("list", "sources", "--format", "json"),
        ]
        return Attempt(said, (rng.choice(others),))
    if name == "mine":
        return Attempt(said, (("check", name, "--backbone", "test_resnet"),))
    return Attempt(said, (("check", name, "--size", "16"), (CONTENT, name)), compared="content")


def plans(rng: Random, stage: Stage) -> Attempt:
    """A plan is damaged; what reads plans and trains nothing is called."""
    said = damage_yaml(rng, stage.work / "first.yaml")
    commands = [
        ("plan", "first.yaml"),
        ("plan", "first.yaml", "--list-cells"),
        ("plan", "first.yaml", "--detect", "0.05"),
        ("board", "first.yaml"),
    ]
    commands += [
        ("cost", "first.yaml"),
        ("agree", "first.yaml"),
        ("compare", "scratch", "spots", "first.yaml", "--target", "sheet"),
    ]
    commands += [("report", "first.yaml", "--no-log"), ("sync", "first.yaml")]
    return Attempt(said, (("plan", "first.yaml") if rng.random() < 0.5 else rng.choice(commands),))


def maps(rng: Random, stage: Stage) -> Attempt:
    """A map, a table of runs or a matrix of other people is damaged; it is imported and shown."""
    what, plain = rng.choice(["map", "map", "runs", "runs", "auc", "logme"]), False
    if what == "map":
        said = damage_yaml(rng, stage.work / "map.yaml")
    else:
        said, plain = damage_table(rng, stage.work / f"{what}.csv")
    into = ("--experiment", "new")
    if what in {"map", "runs"}:
        commands = [("import", "runs.csv", "--map", "map.yaml", *into), ("board", "new", "--format", "csv")]
    else:
        commands = [
            ("import", "--matrix", "auc.csv", "--scores", "logme=logme.csv", *into),
            rng.choice([("agree", "new"), ("board", "new")]),
        ]
    return Attempt(said, tuple(commands), compared="figures" if plain else "nothing")
