"""Where the file of a plan is: a shipped plan by its name, or a file of the user."""

from importlib import resources
from pathlib import Path

from benchmark.specs import catalogue
from benchmark.specs.elsewhere import shipped_names
from results.error import CatsError

ENDINGS = (".yaml", ".yml")


def plan_file(name: str) -> Path:
    """The file of a plan: of a shipped plan by its name, else the file of that path. Raises CatsError if there is none."""
    shipped = shipped_names("plans")
    if name in shipped:
        return Path(str(resources.files("benchmark").joinpath("plans", f"{name}.yaml")))
    path = Path(name)
    if not path.is_file() and path.suffix not in ENDINGS:
        hint = catalogue.not_found(name, "plans", shipped)
        raise CatsError(f"there is no plan file '{name}', and no plan of that name{hint}")
    return path
