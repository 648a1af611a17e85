"""What a release promises: one version everywhere, and a wheel that holds all that it needs and works without a checkout."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string

import pytest
import yaml

import benchmark
from tests.support.markdown import links
from tests.support.paths import ROOT

PACKAGES = ("benchmark", "results", "similarity", "sources", "targets")
BESIDE = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "NOTICE", "catsbench.py")
BUILD = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
USE = """
import benchmark, catsbench
assert len(catsbench.public_runs()) > 20_000
from benchmark.cli.main import main
print(benchmark.__file__)
main()
"""


def _description():
    spec = importlib.util.spec_from_file_location("description", ROOT / "scripts" / "packaging" / "description.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.description


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    headings = re.findall(r"^## (\d\S*) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert benchmark.__version__ == project["version"] == cited["version"]
    assert headings[0] == (cited["version"], cited["date-released"])


@pytest.mark.parametrize("address", ["", "https://example.org/cats-bench/blob/v1"])
def test_the_description_has_no_link_that_leads_nowhere(address):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = links(_description()(readme, address))
    assert len(found) == (len(links(readme)) if address else 0)
    assert all(link.startswith("https://") for link in found)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        shutil.copy(ROOT / name, folder)
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "dist" / done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as file:
        held = set(file.namelist())
    about = {name for name in held if ".dist-info/" in name}
    wanted = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held - about == wanted | {"catsbench.py"}
    assert {name.partition("/")[2] for name in about} >= {"licenses/LICENSE", "licenses/NOTICE", "entry_points.txt"}


@pytest.mark.slow
def test_a_wheel_runs_without_a_checkout_in_an_empty_home(wheel, tmp_path):
    site, home, work = tmp_path / "site", tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site)
    (about,) = site.glob("*.dist-info")
    assert message_from_string((about / "METADATA").read_text(encoding="utf-8"))["Version"] == benchmark.__version__
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CATS_", "MLFLOW_"))}
    variables |= {"HOME": str(home), "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", USE, "list", "sources", "--json"]
    done = subprocess.run(command, cwd=work, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    place, _, told = done.stdout.partition("\n")
    assert place == str(site / "benchmark" / "__init__.py")
    assert {path.stem for path in (ROOT / "sources").glob("[a-z]*")} <= {entry["name"] for entry in json.loads(told)}
