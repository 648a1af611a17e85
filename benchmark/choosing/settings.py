"""The settings that a choice may try: those of a grid, those that the prior knows, or a ladder of learning rates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.core.parse import parse
from benchmark.specs.recipe import Recipe, flat, with_defaults
from results.choosing.prior import Prior, Setting
from results.error import CatsError
from results.text.counts import how_many

FACTORS = (1.0, 0.1, 10.0, 0.01)  # times the learning rate of the recipe: one rung for each decade
# A rung is known to policies by its factor; by its rate they would take it for one of SGD, whose usual rates are others.
FACTOR = "lr_factor"
SHOWN = 8  # settings that a sentence names
CHANGED = {"optimiser", "lr", "momentum", "weight_decay"}  # what a setting of the prior may change of a recipe


@dataclass(frozen=True)
class Settings:
    """What can be tried with every source.

    Attributes:
        table: name → setting. recipes: name → the recipe with the values of the setting.
        note: a sentence about where the settings come from.
    """

    table: Mapping[str, Setting]
    recipes: Mapping[str, Recipe]
    note: str


def settings_of(name: str, points: Sequence[Recipe], prior: Prior) -> Settings:
    """The settings for a recipe.

    A grid has its own points. Otherwise the settings of the prior are taken where they are changes of the recipe, and a ladder
    of learning rates where they are not. A recipe that trains no backbone has one setting.

    Args:
        name: of the recipe, for sentences.
        points: its points.
        prior: runs of other targets.
    """
    base = points[0]
    if len(points) > 1:
        table = {setting.name: (setting, point) for point in points for setting in [_point_setting(point, points, prior)]}
        return _settings(table, f"recipe {name} is a grid: its {len(points)} points are the settings")
    if not base.trains_backbone:
        setting = Setting.of({})
        return _settings({setting.name: (setting, base)}, f"recipe {name} trains no backbone: one setting for each source")
    known, rungs = _of_prior(base, prior), _ladder(base)
    if known:
        held = {recipe for _, recipe in known.values()}
        more = {} if len(known) >= len(rungs) else {k: rung for k, rung in rungs.items() if rung[1] not in held}
        beside = f", and {len(more)} learning rates beside them" if more else ""
        names = listed([*known, *more])
        return _settings(
            {**known, **more},
            f"{how_many(len(known), 'setting')} of the prior tried as changes of recipe {name}{beside}: {names}",
        )
    why = _misfit(base, prior)
    rates = ", ".join(f"{rate:g}" for rate in sorted((recipe.lr for _, recipe in rungs.values()), reverse=True))
    return _settings(rungs, f"learning rates {rates} are the settings of recipe {name}{f', because {why}' if why else ''}")


def listed(names: Sequence[str]) -> str:
    """Names of settings in a sentence: the first SHOWN of them, and how many others there are."""
    named, others = names[:SHOWN], len(names) - SHOWN
    return ", ".join(named) + (f" and {how_many(others, 'other')}" if others > 0 else "")


def _settings(table: Mapping[str, tuple[Setting, Recipe]], note: str) -> Settings:
    return Settings({k: setting for k, (setting, _) in table.items()}, {k: recipe for k, (_, recipe) in table.items()}, note)


def _point_setting(point: Recipe, points: Sequence[Recipe], prior: Prior) -> Setting:
    """The setting of a point of a grid: that of the prior where it has an equal one, else one of the values that vary."""
    texts = [with_defaults(flat(each)) for each in points]
    varied = [column for column in texts[0] if len({text[column] for text in texts}) > 1]
    own = with_defaults(flat(point))
    values = {column: own[column] for column in varied}
    return next((each for each in prior.settings if _equal(each.values, values)), Setting.of(values))


def _of_prior(base: Recipe, prior: Prior) -> dict[str, tuple[Setting, Recipe]]:
    """The settings of the prior that are changes of a recipe; of two that make one recipe the first."""
    found: dict[str, tuple[Setting, Recipe]] = {}
    seen: set[Recipe] = set()
    for setting in prior.settings:
        recipe = _changed(base, setting) if _fits(base, setting) else None
        if recipe is not None and recipe not in seen:
            seen.add(recipe)
            found[setting.name] = _live(setting, recipe, base), recipe
    if base.optimiser == "sgd":
        return found
    return dict(sorted(found.items(), key=lambda item: _rung(item[1][1].lr / base.lr)))


def _live(setting: Setting, recipe: Recipe, base: Recipe) -> Setting:
    """A setting of the prior under its name; of another optimiser than SGD with the factor of its rate, as a rung has it."""
    if recipe.optimiser == "sgd" or "lr" not in setting.values:
        return setting
    others = {column: value for column, value in setting.values.items() if column != "lr"}
    return Setting(setting.name, {**others, FACTOR: f"{recipe.lr / base.lr:g}"})


def _rung(factor: float) -> int:
    """The place of a learning rate, as a multiple of the recipe's, among the rungs of the ladder: the nearest decade counts."""
    return min(range(len(FACTORS)), key=lambda place: abs(math.log10(factor / FACTORS[place])))


def _fits(base: Recipe, setting: Setting) -> bool:
    """Whether a setting means the same with a recipe: a momentum belongs to SGD, and its learning rates are not Adam's.

    A learning rate alone does not say whose it is, and must not be far from that of the recipe.
    """
    values = setting.values
    if not values or not set(values) <= CHANGED:
        return False
    if "momentum" in values or "optimiser" in values:
        return values.get("optimiser", base.optimiser) == "sgd" or "momentum" not in values
    rate = _value(values.get("lr", str(base.lr)))
    return isinstance(rate, int | float) and min(FACTORS) / 2 < rate / base.lr < 2 * max(FACTORS)


def _changed(base: Recipe, setting: Setting) -> Recipe | None:
    """The recipe with the values of a setting; None if a value is none of a recipe."""
    try:
        return parse(Recipe, {**base.model_dump(), **{k: _value(text) for k, text in setting.values.items()}}, "prior")
    except CatsError:
        return None


def _misfit(base: Recipe, prior: Prior) -> str:
    """Why no setting of the prior is a change of the recipe; empty if it has none."""
    if not prior.settings:
        return ""
    if any("momentum" in setting.values for setting in prior.settings) and base.optimiser != "sgd":
        return f"those of the prior are for sgd and the recipe has {base.optimiser}"
    return "those of the prior are no changes of a recipe"


def _ladder(base: Recipe) -> dict[str, tuple[Setting, Recipe]]:
    found = {}
    for factor in FACTORS:
        rate = float(f"{base.lr * factor:.6g}")
        setting = Setting(f"lr={rate}", {FACTOR: str(factor)})
        found[setting.name] = setting, base.model_copy(update={"lr": rate})
    return found


def _equal(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return one.keys() == other.keys() and all(_value(one[column]) == _value(other[column]) for column in one)


def _value(text: str) -> Any:
    """The value that a text of MLflow means."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)
