"""Odd values that people, programs and attackers write where a name, a number or a path is expected."""

from random import Random
from typing import Any

CANARY = "canary"  # a file that a hostile input would make; nothing may be made there
SECRET = "hunter2"  # the password of every address below; no command may print it

NUMBERS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1", "0", "-0.0", "1e-320", "9" * 19, "9" * 30, "9" * 4301,
    "-" + "9" * 40, "0x10", "1_000", "1,5", "1.234,5", "1e3", "٣", "½", "²", "1.", ".5", "+3", "--3", "3 ", " 3", "1e", "50%",
    "3h", "2.0", "1/2",
)  # fmt: skip
WORDS = (
    "", " ", "\t", "None", "null", "true", "no", "~", "[]", "{}", "[", "{", '"', "'", "\\", "NULL", "FINISHED", "train",
    "a" * 300, "x" * 9000, "é", "é", "ﬀ", "😀", "İ", "ß", "\u200b", "\ufeff", "\u00a0", "ａ", "a: b", "- a", "#", "a#b", "%",
    "&a", "*a", "!!x",
)  # fmt: skip
HOSTILE = (
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x07", "a\rb", "a\nb", "a\x0bb", "\x7f", "\x9b31m", "\u202egnp.exe", "\u2028",
    "\udcff", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-2+3", "$\\frac{$", "$x_{", "\\input{x}", "<script>alert(1)</script>",
    "</script><b>", "{{7*7}}", "{0}", "%s%s%n", "%(name)s", "(a+)+$", "(?P<x>", "'; DROP TABLE runs; --",
)  # fmt: skip
PLACES = (
    ".", "..", "../..", "../../outside/x", "a/b", "a\\b", "//", "/proc/none/x", "C:\\x", "~nobody/x", "con", "a" * 256,
    "x/" * 200, "models:/x/1", f"http://u:{SECRET}@127.0.0.1:9/", f"postgresql://u:{SECRET}@127.0.0.1:9/x",
    f"postgresql:/u:{SECRET}@h", f"sqlite+pysqlite:///x.db?password={SECRET}", "sqlite://", "sqlite:///", "sqlite:///.",
    "file:///proc/none", "s3://", "ftp://x", "http://127.0.0.1:9", "http://[::1", "http://127.0.0.1:99999",
    "http://é.invalid.", "dbfs:/x", "?", "%2e%2e",
)  # fmt: skip
ALL = NUMBERS + WORDS + HOSTILE + PLACES


def odd_text(rng: Random) -> str:
    """One of the odd texts, now and then two of them in one."""
    return rng.choice(ALL) if rng.random() < 0.9 else rng.choice(ALL) + rng.choice(ALL)


def odd_value(rng: Random) -> Any:
    """An odd value of any type that YAML and JSON know."""
    number = rng.choice(
        [0, -1, 1, 2**31, 2**63, 2**64, 10**9, 10**18, 10**400, 0.0, -0.0, 1e-320, 1e308, float("nan"), float("inf")]
    )
    other = rng.choice(
        [None, True, False, [], {}, [None], [[]], {"": ""}, {None: None}, {1: 2}, [1, "a"], "a" * 10, ["a"] * 1000]
    )
    return rng.choice([odd_text(rng), odd_text(rng), number, other])


def encodable(text: str) -> str:
    """The text without what neither an argument nor a variable can hold."""
    return text.replace("\0", "")


def shown(value: object) -> str:
    """A value in one short line of plain characters."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
