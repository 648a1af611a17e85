"""Writes a damaged YAML file: most often from a damaged tree, else with what only the text can hold."""

from pathlib import Path
from random import Random
from typing import Any

import yaml
from fuzzing import trees
from fuzzing.values import CANARY, odd_text, shown


def damage_yaml(rng: Random, path: Path) -> str:
    """Replace a YAML file by a damaged one. Returns what was done."""
    text = path.read_text(encoding="utf-8")
    if rng.random() < 0.7:
        tree, said = trees.damaged(rng, yaml.safe_load(text))
        path.write_text(yaml.safe_dump(tree, allow_unicode=rng.random() < 0.5), encoding="utf-8", errors="surrogatepass")
        return f"{path.name}: {said}"
    content, said = rng.choice(CHANGES)(rng, text)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return f"{path.name}: {said}"


def _value_of_line(rng: Random, text: str, value: str) -> str:
    """The text with the value of one of its lines replaced."""
    lines = text.splitlines()
    chosen = rng.choice([number for number, line in enumerate(lines) if ": " in line] or [0])
    lines[chosen] = lines[chosen].partition(":")[0] + ": " + value
    return "\n".join(lines) + "\n"


def _bomb(rng: Random, text: str) -> tuple[str, str]:
    width, depth = rng.choice([(9, 9), (2, 30), (10, 6)])
    levels = ['a0: &a0 ["x", "x"]'] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return "\n".join(levels) + "\n" + _value_of_line(rng, text, f"*a{depth - 1}"), f"aliases, {width} to the power of {depth}"


def _merges(rng: Random, text: str) -> tuple[str, str]:
    depth = rng.choice([3, 18, 60])
    levels = ["b0: &b0 {x: 1}"] + [f"b{n}: &b{n} {{<<: [*b{n - 1}, *b{n - 1}]}}" for n in range(1, depth)]
    return "\n".join(levels) + f"\n<<: *b{depth - 1}\n" + text, f"merge keys, {depth} deep"


def _itself(rng: Random, text: str) -> tuple[str, str]:
    return _value_of_line(
        rng, text, rng.choice(["&x [*x]", "&x {y: *x}", "*nowhere", "&x", "*x"])
    ), "an alias of itself, or of nothing"


def _tagged(rng: Random, text: str) -> tuple[str, str]:
    tag = rng.choice(
        [
            f"!!python/object/apply:os.system ['touch {CANARY}']",
            "!!python/name:os.system",
            "!!binary ////",
            "!!set {a, b}",
            "!!int x",
            "!!timestamp 2026-13-45",
            "2026-01-01",
            "!!omap [a: 1]",
            "!!float .nan",
            "0o17",
            "0b1",
            "1:30:00",
            "!unknown x",
            "!!null ''",
        ]
    )
    return _value_of_line(rng, text, tag), f"a value is {tag}"


def _deep(rng: Random, text: str) -> tuple[str, str]:
    depth = rng.choice([100, 2000, 100_000])
    opening, closing = rng.choice([("[", "]"), ("{a: ", "}"), ("- ", "")])
    return _value_of_line(rng, text, opening * depth + closing * rng.choice([depth, 0])), f"{depth} times {opening}"


def _cut(rng: Random, text: str) -> tuple[str, str]:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(["", "", "\t", "\0", "'", ": :", "\n---\n" + text, "\n...\nx"]), f"cut after {at} characters"


def _twice(rng: Random, text: str) -> tuple[str, str]:
    lines = text.splitlines()
    chosen = rng.choice(lines)
    return "\n".join([*lines, chosen]) + "\n", f"the line {shown(chosen)} twice"


def _encoded(rng: Random, text: str) -> tuple[bytes, str]:
    code = rng.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig", "cp1252"])
    return _value_of_line(rng, text, "é").encode(code), f"written as {code}"


def _ended(rng: Random, text: str) -> tuple[str, str]:
    end = rng.choice(["\r\n", "\r", "\x85", "\u2028", "\n\n", "\n\t"])
    return text.replace("\n", end), f"lines end with {end!r}"


def _raw(rng: Random, text: str) -> tuple[str, str]:
    value = odd_text(rng)
    return _value_of_line(rng, text, value), f"a value is {shown(value)}, not quoted"


def _long(rng: Random, text: str) -> tuple[str, str]:
    made: Any = rng.choice(
        ["9" * 5000, "[" + "a, " * 300_000 + "]", "x" * 3_000_000, "{" + ", ".join(f"k{n}: 1" for n in range(50_000)) + "}"]
    )
    return _value_of_line(rng, text, made), f"a value of {len(made)} characters"


CHANGES = (_bomb, _merges, _itself, _tagged, _tagged, _deep, _cut, _cut, _twice, _encoded, _ended, _raw, _raw, _long)
