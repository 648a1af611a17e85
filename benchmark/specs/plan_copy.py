"""A copy of a plan, which the user may change."""

from itertools import dropwhile
from pathlib import Path

from benchmark.core.parse import read_yaml
from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.plan_file import ENDINGS, plan_file
from results.error import CatsError
from results.files.output import output

MEANING = "# What each key means: docs/plans.md"


def copy_plan(name: str, place: Path) -> None:
    """Copy the file of a plan to a new file, with a comment below it that states the keys that it leaves out.

    Raises CatsError if the plan is wrong, if the place exists, or if its name is not that of a plan.
    """
    load_plan(name)
    if place.suffix not in ENDINGS:
        raise CatsError(f"--output is {place}; a plan is a file that ends in .yaml")
    if place.exists():
        raise CatsError(f"{place} exists; name another file with --output, or remove this one")
    text = plan_file(name).read_text(encoding="utf-8").rstrip("\n")
    if Path(name).suffix not in ENDINGS:  # one of ours: what its first lines promise is not true of a plan that was changed
        lines = text.splitlines()
        text = "\n".join([f"# A copy of the plan {name}, to change.", *dropwhile(lambda line: line.startswith("#"), lines)])
    with output(place, "the plan", new=True) as draft:
        draft.write_text(f"{text}\n{other_keys(name)}\n{MEANING}\n", encoding="utf-8")


def other_keys(name: str) -> str:
    """A comment that names the keys that the file of a plan leaves out, with their defaults."""
    written = read_yaml(plan_file(name))
    defaults = {key: field.default for key, field in Plan.model_fields.items() if key not in written}
    stated = [f"{key}: {_written(value)}" for key, value in defaults.items() if isinstance(value, str | int)]
    return f"# Other keys and their defaults: {'; '.join(stated)}"


def _written(value: str | int) -> str:
    """A value as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
