"""README and docs: complete, up to date, without broken links, with commands and plans that parse."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import typer
import yaml

from benchmark.cli.commands import every_command, load
from benchmark.cli.main import app
from benchmark.core.parse import parse
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import recipe_points
from tests.support.markdown import INLINE, anchors, blocks, inline_commands, links, prose, shell_lines
from tests.support.paths import ROOT


def _sections():
    folder = ROOT / "scripts" / "documentation"
    spec = importlib.util.spec_from_file_location("docs_sections", folder / "sections.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(folder))  # the module imports its neighbour
    spec.loader.exec_module(module)
    sys.path.remove(str(folder))
    return module


sections = _sections()
PAGES = sections.pages()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
PACKAGES = ("benchmark", "results", "sources", "targets", "similarity")
OURS = re.compile(r"\bCATS_[A-Z_]+\b")
MODELS = [key for key in sections.SECTIONS if key.endswith("-keys")]


@pytest.fixture(scope="module")
def everything():
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@cache
def trees():
    return [ast.parse(path.read_text(encoding="utf-8")) for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def test_every_module_says_in_a_sentence_what_it_does():
    texts = {}
    for folder in ("benchmark", "results"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if source.strip():
                texts[str(path.relative_to(ROOT))] = ast.get_docstring(ast.parse(source)) or ""
    assert not {name: text for name, text in texts.items() if len(text.split()) < 5}


def test_readme_is_a_front_page():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_pages_of_docs_can_be_read_in_one_go():
    for page in PAGES:
        text = sections.SECTION.sub("", page.read_text(encoding="utf-8"))
        assert len(text.splitlines()) <= 250, f"{page.name} is longer than 250 lines"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_generated_sections_are_up_to_date(page):
    text = page.read_text(encoding="utf-8")
    assert sections.written_again(text) == text, "run scripts/docs"


def test_every_section_stands_in_a_page(everything):
    found = [match["name"] for match in sections.SECTION.finditer(everything)]
    assert sorted(found) == sorted(sections.SECTIONS)


@pytest.mark.parametrize("name", MODELS)
def test_every_key_is_explained(name, everything):
    section = next(match["text"] for match in sections.SECTION.finditer(everything) if match["name"] == name)
    unexplained = [row["key"] for row in sections.ROW.finditer(section) if not row["meaning"].strip()]
    assert not unexplained, f"the table {name} does not say what {unexplained} mean; write it in the last column"


def test_a_meaning_survives_when_a_table_is_made_again():
    made = sections.SECTIONS["budget-keys"]("| `hours` | 1 | 2 | Our own words. |\n")
    assert "| `hours` | none | number > 0 | Our own words. |" in made
    assert "| `kwh` | none | number > 0 |  |" in made


def test_every_command_and_option_is_in_the_docs():
    reference = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    general = reference.split("<!-- generated: command-reference")[0]
    for name, command in every_command().items():
        part = reference.split(f"## cats {name}\n")[1].split("\n## ")[0]
        options = {option: each.name for each in command.params for option in each.opts if each.name != "help"}
        for option, parameter in options.items():
            where = general if parameter in sections.OF_EVERY_COMMAND else part
            assert not option.startswith("--") or f"`{option}`" in where, f"cats {name} {option}"


def test_options_that_take_numbers_are_not_called_text():
    values = {option: sections._values(p) for p in load("run").params for option in p.opts}
    assert values["--kwh"] == "number"
    assert values["--cells"].startswith("whole number")
    assert values["--engine"] == "text"


def test_a_description_ends_before_the_command_of_its_file():
    text = "# What it is, in a clause: the\n# default.\n#   cats run plan.yaml\n# Our own choice.\nsize: 64\n"
    assert sections.first_sentence(text) == "What it is, in a clause: the default."


def variables_read_by(tree):
    """Environment variables: what environ, getenv and envvar= are given, CATS_..., and constants that list such names."""
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    constants = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign) and _named(node)}
    words = [word for value in lists if isinstance(value, ast.Tuple) and all(map(_upper, value.elts)) for word in value.elts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            words += [*(node.args[:1] if _asks(node) else []), *(k.value for k in node.keywords if k.arg == "envvar")]
        elif isinstance(node, ast.Subscript) and _environ(node.value):
            words.append(node.slice)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            words.append(node)
    for word in words:
        found = constants.get(word.id) if isinstance(word, ast.Name) else word
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def _named(node):
    return isinstance(node.targets[0], ast.Name)


def _upper(node):
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(re.fullmatch(r"[A-Z]+(_[A-Z]+)+", node.value))
    )


def _asks(call):
    named = (
        isinstance(call.func, ast.Attribute) and call.func.attr in {"get", "setdefault", "pop"} and _environ(call.func.value)
    )
    return named or (isinstance(call.func, ast.Attribute) and call.func.attr == "getenv")


def _environ(node):
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (isinstance(node, ast.Name) and node.id == "environ")


@pytest.mark.slow
def test_every_environment_variable_is_in_the_docs(everything):
    read = {name for tree in trees() for name in variables_read_by(tree)}
    assert {"CATS_HOME", "CATS_LOG", "MLFLOW_TRACKING_URI", "OMP_WAIT_POLICY", "TORCHINDUCTOR_CACHE_DIR"} <= read
    assert not sorted(name for name in read if f"`{name}" not in everything)


def test_no_variable_in_the_docs_is_an_invention(everything):
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in (*PACKAGES, "scripts", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".py", ".sh", ""}
    )
    assert not sorted({name for name in OURS.findall(everything) if name not in code})


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "scripts" / "cluster" / "README.md"], ids=str)
def test_links_and_anchors_lead_somewhere(page):
    for link in links(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(place), f"{page.name}: {link} has no such heading"


def test_docs_link_only_to_what_the_website_holds():
    for page in (ROOT / "docs").glob("*.md"):
        assert not [link for link in links(page.read_text(encoding="utf-8")) if link.startswith("..")], page.name


def test_every_page_is_in_the_index_and_in_the_navigation():
    readme, index = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/index.md"))
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        if page.name != "index.md":
            assert f"(docs/{page.name})" in readme
            assert f"({page.name})" in index
        assert f": {page.name}" in navigation


def parsed(words, *, complete):
    """Parse `cats ...` without running it. Words in capital letters stand for something of the reader's."""
    name, *rest = words[1:]
    if name in {"--help", "COMMAND"}:
        return
    if name.startswith("-"):
        assert name in {option for each in typer.main.get_command(app).params for option in each.opts}, name
        return
    command = load(name)
    rest = [word for word in rest if word != "..."]
    if "--help" in rest:
        return
    given = command.make_parser(command.context_class(command)).parse_args(args=rest)[0]
    for parameter in command.params:
        value = given.get(parameter.name)
        assert not complete or not parameter.required or value not in (None, ()), f"{parameter.name} is missing"
        for choice in value if isinstance(value, list | tuple) else [value]:
            choices = [str(getattr(one, "value", one)) for one in getattr(parameter.type_descriptor, "choices", None) or []]
            assert choice is None or not choices or str(choice) in choices, f"{choice} is none of {choices}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_line_parses(page):
    text = page.read_text(encoding="utf-8")
    for complete, lines in ((True, shell_lines(text)), (False, inline_commands(text, "cats"))):
        for words in lines:
            if words[0] == "cats":
                try:
                    parsed(words, complete=complete)
                except Exception as error:  # noqa: BLE001 - whatever the parser says
                    pytest.fail(f"{' '.join(words)}: {type(error).__name__} {error}")


def test_a_command_line_that_is_wrong_is_found():
    with pytest.raises(Exception, match="--no-such"):
        parsed(["cats", "run", "PLAN", "--no-such"], complete=True)
    with pytest.raises(AssertionError, match="sheep"):
        parsed(["cats", "run", "PLAN", "--device", "sheep"], complete=True)
    with pytest.raises(AssertionError, match="missing"):
        parsed(["cats", "run"], complete=True)
    with pytest.raises(KeyError):
        parsed(["cats", "walk"], complete=False)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_scripts_named_in_shell_blocks_exist(page):
    for words in shell_lines(page.read_text(encoding="utf-8")):
        for word in words[: 2 if words[0] == "python" else 1]:
            assert not word.startswith("scripts/") or (ROOT / word).is_file(), word


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_plans_and_recipes_in_the_docs_are_valid(page):
    for block in blocks(page.read_text(encoding="utf-8"), "yaml"):
        content = yaml.safe_load(block)
        if "sources" in content and "targets" in content:
            content = parse(Plan, {"experiment": "docs", **content}, page.name).model_dump()
            recipe_points(content["recipe"], page.name)
        elif set(content) == {"recipe"}:
            recipe_points(content["recipe"], page.name)
        elif set(content) == {"budget"}:
            parse(Plan, {"experiment": "d", "sources": ["a"], "targets": ["b"], "backbones": ["c"], **content}, page.name)


def _measure_of(page):
    return next(block for block in blocks((ROOT / page).read_text(encoding="utf-8"), "python") if "@measure" in block)


@pytest.mark.parametrize("page", ["README.md", "docs/measures.md"])
def test_the_measure_in_the_docs_works(page, tmp_path, monkeypatch):
    import numpy as np

    from benchmark.specs import catalogue

    (tmp_path / "similarity").mkdir()
    (tmp_path / "similarity" / "spread.py").write_text(_measure_of(page), encoding="utf-8")
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path))
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    near, far = (rng.normal(size=(60, 5)) + scale * labels[:, None] for scale in (0.1, 3.0))
    assert catalogue.measure("spread")(far, labels) > catalogue.measure("spread")(near, labels) > 0


def test_the_entry_in_the_docs_works(tmp_path, monkeypatch):
    from benchmark.specs import catalogue

    blocks_of = blocks((ROOT / "docs" / "entries.md").read_text(encoding="utf-8"), "python")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "noise.py").write_text(next(b for b in blocks_of if "Samples" in b), encoding="utf-8")
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path))
    samples = catalogue.source("noise").dataset.read(tmp_path)
    assert len(list(samples.images)) == len(samples.labels) == len(samples.ids) == 200


def sentences_of_the_code():
    """Every string of the packages, `…` where a value is filled in."""
    found = []
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_messages_in_troubleshooting_are_those_of_the_code():
    pages = [
        (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        for name in ("troubleshooting", "choose", "models", "data_size", "notebook", "sharing")
    ]
    said = sentences_of_the_code()
    tables = [table for text in pages for table in re.findall(r"^\| message \|(?:.*\n\|)*", text, re.MULTILINE)]
    messages = [message for table in tables for message in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)]
    assert len(messages) > 20
    parts = [part.strip() for message in messages for part in message.split("…")]
    assert not [part for part in parts if len(part) > 3 and part not in said]


@pytest.mark.slow
def test_the_table_of_coverage_has_the_rows_that_its_script_makes():
    script = ROOT / "scripts" / "simulate_coverage.py"
    run = subprocess.run([sys.executable, str(script), "3"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    kept = page.split("<!-- coverage: begin -->\n")[1].split("<!-- coverage: end -->")[0]
    made, written = ([line.rsplit("|", 2)[0] for line in text.strip().splitlines()[2:]] for text in (run.stdout, kept))
    assert made == written


def test_the_table_of_calibration_has_the_rows_that_its_script_makes(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    at = ROOT / "scripts" / "simulate_calibration.py"
    specification = importlib.util.spec_from_file_location("simulate_calibration", at)
    script = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = script  # dataclasses look their module up
    specification.loader.exec_module(script)
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    kept = page.split("<!-- calibration: begin -->\n")[1].split("<!-- calibration: end -->")[0]
    rows = [line.split(" | ")[:2] for line in kept.strip().splitlines()[2:]]
    assert rows == [[f"| {world.name}", count] for world in script.worlds() for count in ("150", "1,000")]
    made = [cell.strip() for cell in script.line(script.World(2), 150, 3)]
    assert (made[0], made[2]) == ("2 classes, well calibrated", "0.000")


def crossings(monkeypatch):
    """The script of the simulated crossings, as a module."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    at = ROOT / "scripts" / "simulate_crossing.py"
    specification = importlib.util.spec_from_file_location("simulate_crossing", at)
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    return script


def test_the_table_of_crossings_has_the_rows_that_its_script_makes(monkeypatch):
    script = crossings(monkeypatch)
    page = (ROOT / "docs" / "data_size.md").read_text(encoding="utf-8")
    kept = page.split("<!-- simulated: begin -->\n")[1].split("<!-- simulated: end -->")[0].strip().splitlines()
    names = [[cell.strip() for cell in line.split("|")[1:4]] for line in kept[2:]]
    assert names == [made[:3] for made in script.rows(1)]
    held = [float(line.split("|")[4].strip().removesuffix(" %")) for line in kept[2:]]  # of the way that `cats curve` takes
    assert min(held) >= 94
    kept = page.split("<!-- curved: begin -->\n")[1].split("<!-- curved: end -->")[0].strip().splitlines()[2:]
    lines = [[cell.strip() for cell in line.split("|")[1:5]] for line in kept]
    assert [line[:3] for line in lines] == [made[:3] for made in script.curved_rows(1)]
    low = {(line[0].rsplit(" ", 1)[-1], line[1]) for line in lines if float(line[3].removesuffix(" %")) < 92}
    assert low == {("80", "25, 500"), ("50", "25, 100, 500"), ("35", "25, 50, 100, 250, 500")}  # the page warns of these


@pytest.mark.parametrize("number", range(9))
def test_a_truth_that_is_bent_between_the_numbers_is_nil_where_its_straight_lines_are_above_nil(monkeypatch, number):
    kind = crossings(monkeypatch).CURVED[number]
    assert (kind.truth[kind.places < kind.nil] > 0).all()
    assert (kind.truth[kind.places > kind.nil] < 0).all()
    assert kind.truth[0] == pytest.approx(float(kind.name.split(", ")[1].split(" ")[0]))
    assert np.interp(kind.nil, kind.places, kind.truth) > 0.0005


def test_a_script_puts_its_table_into_its_place_alone(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from documentation.place import put

    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n<!-- y: begin -->\nold\n<!-- y: end -->\n")
    put(page, "x", "| new |\n")
    assert page.read_text() == ("a\n<!-- x: begin -->\n| new |\n<!-- x: end -->\nb\n<!-- y: begin -->\nold\n<!-- y: end -->\n")
    with pytest.raises(ValueError, match="unpack"):
        put(page, "z", "| new |\n")


def test_every_rule_and_metric_is_in_the_docs():
    from results.board.rules import RULES
    from results.metrics import METRICS

    text = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
    computed = [name for name, metric in METRICS.items() if metric.compute is not None]
    assert not [name for name in (*RULES, *computed) if f"`{name}`" not in text and f"--rule {name}" not in text]


PATH = re.compile(r"(?:benchmark|results|sources|targets|similarity|scripts|tests|docs)/[\w./-]*")
OF_THE_READER = {"sources/mine.yaml", "similarity/spread.py"}  # files that the docs tell readers to write


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=str)
def test_files_named_in_the_docs_exist(page):
    named = {code for code in INLINE.findall(prose(page.read_text(encoding="utf-8"))) if PATH.fullmatch(code)}
    assert not [name for name in named - OF_THE_READER if "NAME" not in name and not (ROOT / name).exists()]


def test_functions_named_in_architecture_are_in_their_files():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    steps = re.findall(r"^\| \d+ \| `([^`]+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert len(steps) > 10
    for file, name in steps:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {getattr(node, "name", "") for node in tree.body}, f"{file} has no {name}"


def test_functions_named_in_statistics_exist():
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    named = re.findall(r"\| `(\w+)\.(\w+)` \|$", text, re.MULTILINE)
    assert len(named) > 10
    for module, name in named:
        assert hasattr(importlib.import_module(f"results.statistics.{module}"), name), f"{module}.{name}"


def test_every_column_of_a_board_is_explained():
    from results.board.columns import OVERALL_COLUMNS, ROW_COLUMNS

    text = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
    headings = [column.heading for column in (*ROW_COLUMNS, *OVERALL_COLUMNS)]
    assert not [heading for heading in headings if not re.search(rf"^\| {re.escape(heading)} \| \w", text, re.MULTILINE)]
