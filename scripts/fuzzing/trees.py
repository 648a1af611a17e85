"""Damages trees of mappings and lists, as YAML and JSON hold them."""

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzzing.values import odd_text, odd_value, shown

Place = tuple[Any, ...]  # keys and indices from the root to a value


def places(tree: Any, before: Place = ()) -> Iterator[Place]:
    """The places of all values, the root excluded."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(pairs):
        yield (*before, key)
        yield from places(value, (*before, key))


def damaged(rng: Random, tree: Any) -> tuple[Any, str]:
    """A copy of the tree with one to three changes, and the changes in words."""
    made, said = copy.deepcopy(tree), []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        known = list(places(made))
        if not known:
            return odd_value(rng), "the whole is another value"
        place = rng.choice(known)
        said.append(f"{'.'.join(map(str, place))}: {rng.choice(CHANGES)(rng, _owner(made, place), place[-1])}")
    return made, "; ".join(said)


def _owner(tree: Any, place: Place) -> Any:
    for key in place[:-1]:
        tree = tree[key]
    return tree


def _drop(_: Random, owner: Any, key: Any) -> str:
    del owner[key]
    return "dropped"


def _replace(rng: Random, owner: Any, key: Any) -> str:
    owner[key] = odd_value(rng)
    return f"is {shown(owner[key])}"


def _retype(rng: Random, owner: Any, key: Any) -> str:
    value = owner[key]
    kinds: list[Callable[[], Any]] = [lambda: str(value), lambda: [value], lambda: {"value": value}, lambda: [value, value]]
    kinds += [lambda: {str(value): value}, lambda: bool(value), lambda: len(str(value)), lambda: float(len(str(value)))]
    owner[key] = rng.choice(kinds)()
    return f"is {shown(owner[key])}"


def _unit(rng: Random, owner: Any, key: Any) -> str:
    value = owner[key]
    if isinstance(value, int | float):
        owner[key] = rng.choice(
            [f"{value} s", f"{value}%", f"{value}px", -value, value * 1000, value / 1000, value + 0.5, f"{value}"]
        )
    else:
        owner[key] = rng.choice(
            [str(value).upper(), f" {value} ", f"{value}s", str(value)[:-1], f"{value}\n", str(value) * 500]
        )
    return f"is {shown(owner[key])}"


def _rename(rng: Random, owner: Any, key: Any) -> str:
    if not isinstance(owner, dict):
        return _replace(rng, owner, key)
    name = rng.choice([str(key).upper(), f"{key}s", str(key)[1:], f"{key} ", odd_text(rng), None, 3, True, 1.5])
    owner[name] = owner.pop(key)
    return f"is called {shown(name)}"


def _add(rng: Random, owner: Any, key: Any) -> str:
    if isinstance(owner, dict):
        name = odd_text(rng)
        owner[name] = odd_value(rng)
        return f"beside it {shown(name)}: {shown(owner[name])}"
    owner.insert(rng.randrange(len(owner) + 1), rng.choice([copy.deepcopy(owner[key]), odd_value(rng)]))
    return "one more beside it"


def _nest(rng: Random, owner: Any, key: Any) -> str:
    depth = rng.choice([1, 3, 50, 150])
    for _ in range(depth):
        owner[key] = rng.choice([[owner[key]], {"a": owner[key]}]) if depth < 10 else [owner[key]]
    return f"nested {depth} deep"


def _swap(rng: Random, owner: Any, key: Any) -> str:
    other = rng.choice(list(owner) if isinstance(owner, dict) else range(len(owner)))
    owner[key], owner[other] = owner[other], owner[key]
    return f"exchanged with {shown(other)}"


def _enlarge(rng: Random, owner: Any, key: Any) -> str:
    value = owner[key]
    if isinstance(value, list):
        owner[key] = value * rng.choice([2, 200])
    elif isinstance(value, dict):
        owner[key] = value | {f"k{number}": number for number in range(rng.choice([3, 3000]))}
    else:
        owner[key] = rng.choice([10**6, 10**9, 10**18, 10**400, str(value) * 10_000])
    return f"is {shown(owner[key])}"


CHANGES = (_drop, _replace, _replace, _replace, _retype, _unit, _rename, _add, _nest, _swap, _enlarge)
