"""What a plan states: as names and texts for a report, and as YAML to run it again."""

import yaml

from benchmark.specs.plan import Plan, is_plan, load_plan


def plan_facts(subject: str | Plan) -> list[tuple[str, str]]:
    """The settings of a plan, or the name of an experiment; never a path of this machine. Raises CatsError for a wrong plan."""
    if isinstance(subject, str) and not is_plan(subject):
        return [("experiment", subject), ("plan", "none; all finished cells of the experiment count")]
    loaded = load_plan(subject) if isinstance(subject, str) else subject
    facts = loaded.model_dump(mode="json", exclude={"missing"} if loaded.missing == "error" else None)
    texts = [(name, _text(value)) for name, value in facts.items() if value is not None]
    return [(name, text) for name, text in texts if text]  # a budget without a limit has no text


def plan_text(plan: Plan) -> str:
    """The plan as YAML, without what has its default; the same plan gives the same text."""
    content = plan.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump({"experiment": plan.experiment, **content}, sort_keys=False, allow_unicode=True)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items() if item is not None)
    if isinstance(value, list):
        return ", ".join(" on ".join(each) if isinstance(each, list) else str(each) for each in value)
    return str(value)
