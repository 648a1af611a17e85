"""Names of other people reach people in few ways, and each has one door that makes them harmless: no code goes around."""

import ast
import re

import pytest

from tests.support.paths import ROOT

FILES = [
    path.relative_to(ROOT)
    for name in ("benchmark", "results", "sources", "targets", "similarity")
    for path in sorted((ROOT / name).rglob("*.py"))
]
# What opens a way out, and the one file that may do it.
DOORS = {
    r"print|input|.*\.s?echo|(.*\.)?prompt|.*\.confirm": "benchmark/cli/terminal.py",
    r"logging\.basicConfig": "results/text/plain_log.py",
    r"(rich\.console\.)?Console": "results/text/console.py",
    r"sys\.(stdout|stderr|__stdout__|__stderr__)\.(write|writelines)": "benchmark/cli/terminal.py",
    r"csv\.(writer|DictWriter)|.*\.to_csv": "results/text/printing.py",
    r".*\.to_(markdown|html|latex|string)|tabulate": "results/text/printing.py",
    r".*\.savefig": "results/text/drawing.py",
    r"(jinja2\.)?Environment": "results/report/render.py",
}
PATTERNS = {"compile", "match", "fullmatch", "search", "findall", "finditer", "split", "sub"}


def around(path, tree):
    """Calls that go around a door, and regular expressions that end at `$`, which also stands before a last line end."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        for pattern, door in DOORS.items():
            if re.fullmatch(pattern, name) and not str(path).startswith(door):
                yield f"line {call.lineno}: {name} belongs into {door}"
        if isinstance(call.func, ast.Attribute) and call.func.attr in PATTERNS and ast.unparse(call.func.value) == "re":
            texts = [node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)]
            flags = ast.unparse(call)
            if texts and str(texts[-1]).endswith("$") and not str(texts[-1]).endswith(r"\$") and "MULTILINE" not in flags:
                yield f"line {call.lineno}: {texts[-1]} lets a line end through; write \\Z"


@pytest.mark.slow
def test_every_way_out_goes_through_its_door():
    found = {str(path): list(around(path, ast.parse((ROOT / path).read_text(encoding="utf-8")))) for path in FILES}
    assert len(found) > 150
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    ["print(x)", "typer.echo(x)", "typer.prompt(x)", "Console()", "sys.stderr.write(x)", "csv.writer(x)", "frame.to_csv(x)",
     "frame.to_markdown()", "figure.savefig(x)", "Environment()", "logging.basicConfig()",
     "re.compile('^a$')", "re.match(rf'{x}$', y)"],
)  # fmt: skip
def test_such_a_line_would_be_found(line):
    assert list(around("benchmark/cli/other.py", ast.parse(line)))
