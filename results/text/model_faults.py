"""What pydantic refuses, in words for the person who wrote it: which key, which value, what is allowed.

Pydantic's own sentences are about programs ("Input should be a valid dictionary").
"""

from collections.abc import Mapping
from typing import Any

from results.text.brief import briefly, short

KINDS = {
    "int": "a whole number", "float": "a number", "finite": "a finite number", "bool": "true or false", "string": "text",
    "list": "a list", "tuple": "a list", "set": "a list", "frozen": "a list", "dict": "keys with values",
    "mapping": "keys with values", "model": "keys with values", "dataclass": "keys with values", "none": "nothing",
    "date": "a date", "datetime": "a date and time",
}  # fmt: skip
LIMITS = {
    "greater_than": ("gt", "a number above {}"), "greater_than_equal": ("ge", "a number of at least {}"),
    "less_than": ("lt", "a number below {}"), "less_than_equal": ("le", "a number of at most {}"),
    "multiple_of": ("multiple_of", "a multiple of {}"), "too_short": ("min_length", "a list of at least {}"),
    "too_long": ("max_length", "a list of at most {}"), "string_too_short": ("min_length", "text of length {} at least"),
    "string_too_long": ("max_length", "text of length {} at most"),
}  # fmt: skip
PATTERNS = {
    "^[A-Z]{3}$": "an ISO code of three capital letters, such as NLD",
    "^[0-9a-f]{64}$": "a sha256: 64 of the signs 0 to 9 and a to f",
}
OURS = ("truth", "digits", "gigantic", "size")  # types of problems that this project names; their texts say what is allowed


def what_is_allowed(problem: Mapping[str, Any]) -> str:
    """What is allowed instead of the value of a problem, as the end of a sentence: `a whole number`."""
    kind, context = str(problem["type"]), problem.get("ctx", {})
    if kind in OURS:
        return str(problem["msg"])
    if kind in LIMITS:
        name, words = LIMITS[kind]
        return words.format(context[name])
    if kind in {"literal_error", "enum"}:
        return str(context["expected"])
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], "text of another form")
    return KINDS.get(kind.partition("_")[0], "another value")


def fault(problem: Mapping[str, Any]) -> str:
    """A problem of ValidationError.errors() as a sentence without an end: `costs.0.seconds is 'x'; allowed is a number`."""
    key = short(".".join(map(str, problem["loc"])))
    match problem["type"]:
        case "missing":
            return f"the key '{key}' is missing"
        case "extra_forbidden":
            return f"there is no key '{key}'"
        case "json_invalid" | "json_type":
            return "it is no valid JSON"
        case "invalid_key":
            return f"{key} is no text, as every key must be"
        case "value_error" | "assertion_error":
            return f"{f'{key}: ' if key else ''}{problem['ctx']['error']}"
    return f"{key or 'the whole'} is {briefly(problem['input'])}; allowed is {what_is_allowed(problem)}"


def first_fault(error: BaseException) -> str:
    """The first problem of an error of pydantic, and how many more there are."""
    if not hasattr(error, "errors"):
        return str(error)
    problems = error.errors(include_url=False)
    more = f" (and {len(problems) - 1} more mistakes)" if len(problems) > 1 else ""
    return fault(problems[0]) + more
