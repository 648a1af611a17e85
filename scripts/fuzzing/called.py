"""Kinds of how cats is called: environment variables, output streams, command lines."""

from enum import Enum
from random import Random
from typing import Any

from fuzzing.attempt import Attempt
from fuzzing.stage import Stage
from fuzzing.values import HOSTILE, NUMBERS, PLACES, WORDS, encodable, odd_text, shown

CALLS = (
    ("board", "first.yaml", "--format", "csv"), ("board", "theirs", "--format", "csv"), ("cost", "theirs", "--format", "csv"),
    ("plan", "first.yaml"), ("check", "spots", "--size", "16"), ("list", "sources"), ("list", "targets"), ("show", "spots"),
    ("agree", "theirs", "--format", "csv"), ("compare", "alpha", "beta", "theirs", "--target", "one"),
    ("report", "theirs", "--no-log"), ("board", "theirs"),
)  # fmt: skip
FOLDERS = (
    "CATS_HOME", "CATS_DATA", "CATS_WEIGHTS", "CATS_ENTRIES", "TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
    "MPLCONFIGDIR",
)  # fmt: skip
SETTINGS = {
    "CATS_LOG": ("debug", "INFO", "nothing", "", "5", "basic_format", "name", "\x1b"),
    "MLFLOW_TRACKING_URI": PLACES,
    "COLUMNS": ("0", "1", "20", "-5", "x", "99999"),
    "TERM": ("dumb", "", "xterm-256color", "x"),
    "NO_COLOR": ("1",),
    "FORCE_COLOR": ("1",),
    "TZ": ("X", "Asia/Kathmandu", ":/etc/passwd", ""),
    "LINES": ("0", "x"),
    "LANG": ("C", "de_DE.UTF-8", "x", ""),
    "LC_ALL": ("C", "tr_TR.UTF-8", "POSIX"),
    "OMP_NUM_THREADS": ("0", "-1", "x", "", "1,2", "99999"),
    "MPLBACKEND": ("Qt5Agg", "x"),
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": ("x", "-1", "99"),
    "MLFLOW_TRACKING_USERNAME": ("a:b", "\u00e9"),
    "CUDA_VISIBLE_DEVICES": ("x", "99", "-1"),
    "PAGER": ("x",),
    "MLFLOW_EXPERIMENT_NAME": ("x",),
    "MLFLOW_RUN_ID": ("x",),
    "MLFLOW_ARTIFACT_URI": ("http://127.0.0.1:9",),
    "PYTHONIOENCODING": ("ascii",),
    "XDG_RUNTIME_DIR": ("x",),
}
ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-16", None)
WRITES = {"output", "figures", "picture", "report", "to", "contact_sheet", "duplicates"}  # options that name what is written
LEFT_OUT = {"ui"}  # it serves until it is stopped
TRAINS = {"run", "score"}  # other plans than the small one would train for minutes
FIXED = {
    "engine",
    "scheduler",
    "workers",
    "backbone",
    "device",
    "images",
    "draws",
    "pack",
}  # right values would train for long, or start a cluster
TEXTS = {
    "plan": ("first.yaml", "again.yaml", "first", "theirs", "nothing", "quickstart", "map.yaml"),
    "name": ("spots", "sheet", "boxes", "scans", "mine", "lp", "first.yaml"),
    "target": ("sheet", "cubes", "one", "nothing"),
    "one": ("scratch", "alpha", "spots"),
    "other": ("spots", "beta", "scratch"),
    "source": ("spots", "mine", "scratch"),
    "metric": ("auc", "accuracy", "loss", "brier"),
    "rule": ("min_val_loss", "max_val_auc", "oracle_test"),
    "experiment": ("first", "theirs", "x"),
    "how": ("map.yaml", "cats2024"),
    "combine": ("a=lp*class_count", "a=lp", "a=lp+", "=", "a=b/c", "a=(lp", "a=lp**99999"),
    "scores": ("lp=logme.csv", "lp=auc.csv", "=", "a="),
    "runs": ("runs.csv", "auc.csv", "data"),
    "matrix": ("auc.csv", "runs.csv", "data"),
    "origin": ("data/spots", "data/boxes.zip", "data/cubes.npz", "data/sheet/labels.csv", "data/scans", "data", "."),
    "lower": ("lp",),
    "tracking_uri": ("sqlite:///mlflow.db", "sqlite:///new.db", "mlruns"),
    "parts": ("train=train", "a=b,c", "="),
    "classes": ("dots,rings,stripes", "a", ",,"),
    "to": ("made",),
    "layout": ("class", "part/class/patient", "class/class", "/", "-"),
    "separator": (",", ";", ""),
    "decimal": (".", ",", "x"),
    "neutral": ("scratch", "mine", "nothing"),
    "group": ("patient", "(p\\d+)", "", "("),
    "label": ("finding", "age", "finding,age"),
    "path": ("file", "age"),
    "part": ("part", ""),
    "include": ("png$", "("),
    "values": ("0:255", "1"),
}


def environment(rng: Random, _: Stage) -> Attempt:
    """Variables are odd, missing, or the output takes no letters."""
    changes: dict[str, str | None] = {}
    command, compared = rng.choice(CALLS), "figures"
    for _ in range(rng.choice([1, 1, 2])):
        if rng.random() < 0.45:
            name = rng.choice(FOLDERS)
            values = [
                None,
                "",
                "nothing/here",
                "first.yaml",
                "first.yaml/x",
                "a b",
                "a\nb",
                "é",
                "\udcff",
                "?x=1",
                "%41",
                "#",
                "~",
                "~nobody",
                "x" * 300,
                "entries",
                "/proc/none",
            ]
            changes[name] = rng.choice(values)
            compared = "nothing"
        else:
            name = rng.choice(sorted(SETTINGS))
            changes[name] = rng.choice([None, *map(encodable, SETTINGS[name])])
            if name in {"MLFLOW_TRACKING_URI", "CATS_LOG"}:
                compared = "nothing"
    if changes.get("HOME", "") is None or str(changes.get("HOME")).startswith("~"):
        changes["CATS_HOME"] = "home"  # else the home of the person who fuzzes
    if changes.get("CATS_HOME", "") in {None, "", "~", "~nobody"} or changes.get("CATS_ENTRIES", "") in {
        None,
        "",
        "~",
        "~nobody",
    }:
        changes["HOME"] = "."
    encoding = rng.choice(ENCODINGS) if rng.random() < 0.25 else "utf-8"
    if encoding != "utf-8":
        compared = "nothing"
    said = ", ".join(f"{name}={shown(value)}" for name, value in changes.items()) + (
        "" if encoding == "utf-8" else f", output {encoding}"
    )
    return Attempt(said, (command,), changes, encoding, compared, guarded=True)  # type: ignore[arg-type]


def arguments(rng: Random, _: Stage) -> Attempt:
    """A command line with right and odd arguments and options."""
    from benchmark.cli.commands import every_command

    commands = every_command()
    name = rng.choice(sorted(set(commands) - LEFT_OUT))
    line = [name]
    for parameter in commands[name].params:
        wanted = parameter.required or rng.random() < 0.18
        if not wanted or parameter.name in FIXED or "--help" in parameter.opts:
            continue
        option = [] if parameter.param_type_name == "argument" else [parameter.opts[0]]
        if parameter.param_type_name == "option" and parameter.is_flag:
            line += option
        else:
            line += [*option, encodable(_value(rng, parameter))]
    if name in TRAINS:
        line[1:2] = ["again.yaml"]
    if name == "new":
        line += ["--modality", "x", "--licence", "CC0", "--citation", "x"]
    if rng.random() < 0.12:
        line.insert(
            rng.randrange(1, len(line) + 1),
            rng.choice(["--nothing", "-x", "--", "--help", "", "--format=xml", "extra", "--metric"]),
        )
    return Attempt(" ".join(map(shown, line)), (tuple(line),), guarded=True)


def _value(rng: Random, parameter: Any) -> str:
    """A value for a parameter: most often one that fits its type, else an odd one that writes nothing elsewhere."""
    wanted = parameter.type_descriptor.annotation
    if isinstance(wanted, type) and issubclass(wanted, Enum) and rng.random() < 0.85:
        return str(rng.choice(list(wanted)).value)
    if wanted in {int, float, list[float]}:
        return str(rng.choice([0, 1, 2, 10, 0.05, -1, 3.5, 10**6, *NUMBERS]))
    if parameter.name in TEXTS and rng.random() < 0.75:
        return rng.choice(TEXTS[parameter.name])
    if parameter.name in WRITES:
        return rng.choice(
            [
                "made",
                "made/x.html",
                "made.png",
                "made.svg",
                "first.yaml",
                "first.yaml/x",
                "data",
                "a b",
                "é",
                "",
                ".",
                "x" * 300,
                "a\nb",
                "/proc/none/x",
            ]
        )
    return rng.choice(
        [text for text in (*NUMBERS, *WORDS, *HOSTILE, *PLACES) if "\udcff" not in text or rng.random() < 0.5]
    ) or odd_text(rng)
