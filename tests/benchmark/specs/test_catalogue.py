"""Entries of the user's own and of other packages."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

import benchmark
from benchmark.data.dataset import Dataset
from benchmark.data.readers.samples import Samples
from benchmark.specs import catalogue, entry_places, old_imports
from benchmark.specs.reference import split_reference
from results.error import CatsError
from tests.support import processes
from tests.support.paths import ROOT

WEIGHTS = "title: Ours\nlicence: l\ncitation: c\nweights: {file: mine}\n"
PYTHON = """
import numpy as np
from benchmark import Dataset, Samples, Source


def read(_):
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    images = [rng.integers(0, 200, (12, 12), dtype=np.uint8) + np.uint8(40 * label) for label in labels]
    return Samples(images, labels, [str(i) for i in range(200)])


dataset = Dataset(
    name="NAME", title="Noise", modality="synthetic", task="binary", classes=("dark", "bright"), licence="none needed",
    citation="nobody", images=200, shape=(12, 12), read=read,
)
source = Source(name="NAME", title="Noise", dataset=dataset, licence="none needed", citation="nobody")
"""


def write(own, where, text):
    path = own / "entries" / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_own_yaml_and_python_entries_are_listed_and_shown(call, own):
    write(own, "sources/mine.yaml", WEIGHTS)
    write(own, "sources/noise.py", PYTHON.replace("NAME", "noise"))
    code, out, _ = call("list", "sources", "--format", "json")
    assert code == 0
    kinds = {row["name"]: row["kind"] for row in json.loads(out)}
    assert (kinds["mine"], kinds["noise"]) == ("weights", "pretraining")
    assert kinds["imagenet"] == "weights"
    code, out, _ = call("show", "noise", "--json")
    assert json.loads(out)["source"]["dataset"]["classes"] == ["dark", "bright"]


def test_the_list_of_sources_ends_with_the_targets(call):
    _, _, err = call("list", "sources")
    assert re.fullmatch(r"(\d+) of \1 sources; every target is a source too\n", err)


def test_a_name_in_two_places_is_refused_by_naming_both_files(call, own):
    first = write(own, "sources/noise.py", PYTHON.replace("NAME", "noise"))
    second = write(own, "sources/noise.yaml", WEIGHTS)
    for command in (("show", "noise"), ("check", "noise"), ("list", "sources")):
        code, out, err = call(*command)
        assert code == (1 if command[0] == "list" else 2)  # the others are listed
        assert ("imagenet" in out) == (command[0] == "list")
        found = "38 of 38 sources; every target is a source too\n" if command[0] == "list" else ""
        assert err == f"{found}cats: there are 2 sources called 'noise': {first} and {second}; rename one of them\n"


@pytest.mark.parametrize(
    ("kind", "file", "text", "said"),
    [
        ("sources", "sources/mine.yaml", "", "mine.yaml is empty"),
        ("targets", "targets/mine.yaml", "title: [x\n", "mine.yaml, line 2 is not valid YAML"),
        ("measures", "similarity/mine.py", "def mine(", "mine.py cannot be loaded: SyntaxError"),
    ],
)
def test_a_list_with_a_broken_entry_has_the_others_and_one_sentence(call, own, kind, file, text, said):
    whole = json.loads(call("list", kind, "--json")[1])
    write(own, file, text)
    code, out, err = call("list", kind, "--json")
    assert code == 1
    assert [row["name"] for row in json.loads(out)] == sorted([row["name"] for row in whole] + ["mine"])
    assert (said in err, err.count("\ncats: ")) == (True, 1)


def test_a_name_of_ours_is_not_taken_over_silently(call, own):
    path = write(own, "sources/digits.yaml", WEIGHTS)
    code, _, err = call("show", "digits")
    assert code == 2
    assert f"there are 2 sources called 'digits': sources/digits.py and {path}; rename one of them" in err


def test_the_checkout_as_own_folder_counts_once(call, own, monkeypatch):
    monkeypatch.setenv("CATS_ENTRIES", str(ROOT))
    assert call("show", "digits")[0] == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title: x\nwieghts: {file: m}\n", "mine.yaml: there is no key 'wieghts'; did you mean 'weights'?"),
        ("", "mine.yaml is empty"),
        ("title: [x\n", "mine.yaml, line 2 is not valid YAML"),
        ("title: x\ntitle: y\n", "mine.yaml, line 2 is not valid YAML: key 'title' is given twice"),
        ("dataset: {task: binary}\n", "mine.yaml: the key 'dataset.modality' is missing"),
        ("title: x\nweights: !!python/object/apply:os.system ['true']\n", "mine.yaml, line 2 is not valid YAML"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line_or_key(call, own, text, sentence):
    write(own, "sources/mine.yaml", text)
    code, _, err = call("show", "mine")
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("show", "medical"), "; `cats list KIND` lists all of a KIND: sources, targets, measures, plans or recipes"),
        (("check", "medical"), " more; `cats list sources` lists all"),
        (("choose", "medical"), " more; `cats list targets` lists all"),
        (("choose", "breastmnis"), "; did you mean 'breastmnist'?\n"),
    ],
)
def test_a_name_that_is_near_none_is_answered_with_what_lists_all(call, own, command, said):
    code, _, err = call(*command)
    assert code == 2
    assert said in err


BRINGS = "from benchmark import Source\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nowhere_at_all\n", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("x = 1\n", "must define `source`, a Source or a function that returns a Source"),
        ("source = 1\n", "must define `source`, a Source or a function that returns a Source"),
        ("def source():\n    return 1\n", "returns a int; it must return a Source"),
        (f"{BRINGS}source = Source(name='m', title=3)\n", "mine.py: Source: title is 3; allowed is text"),
        (
            f"{BRINGS}def source():\n    return Source(name='m')\n",
            "mine cannot be made with no option: the key 'title' is missing",
        ),
        ("def source(size=1):\n    return 1\n", "mine takes no option 'side'; did you mean 'size'?"),
    ],
)
def test_a_wrong_python_entry_is_named_with_its_reason(call, own, text, sentence):
    path = write(own, "sources/mine.py", text)
    code, _, err = call("show", "mine[side=2]" if "side" in sentence else "mine")
    assert code == 2
    assert sentence in err
    assert str(path) in err or "takes no option" in err or "cannot be made" in err


def test_data_are_found_in_the_place_and_the_place_is_no_part_of_the_identity(own):
    def described(**where):
        facts = {"title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l", "citation": "c"}
        return Dataset(name="mine", **facts, **where, read=lambda _: Samples([], [], []))

    digests = set()
    for folder in ("here", "there"):
        (own / folder / "cells" / "a").mkdir(parents=True)
        (own / folder / "cells" / "a" / "x.png").write_bytes(b"x")
        dataset = described(tree="cells", place=str(own / folder))
        assert dataset.folder() == own / folder / "cells"
        digests.add(dataset.digest())
    assert len(digests) == 1
    with pytest.raises(ValueError, match="'/data/cells' must be below the data folder; declare a folder elsewhere as place"):
        described(tree="/data/cells")
    with pytest.raises(ValueError, match="must be below the data folder"):
        described(files=({"path": "../x.npz"},))
    with pytest.raises(ValueError, match="place is 'data'; it must be an absolute path"):
        described(tree="cells", place="data")


def test_a_target_with_a_metric_hears_where_the_metric_belongs(own):
    facts = "modality: m, task: binary, classes: [a, b], licence: l, citation: c"
    write(own, "targets/mine.yaml", f"metric: kappa\ndataset: {{{facts}, tree: x, read: {{folders: {{}}}}}}\n")
    with pytest.raises(CatsError) as caught:
        catalogue.target("mine")
    sentence = "a target has no metric, because a board has one metric for all targets; write it in the plan"
    assert str(caught.value) == f"{own}/entries/targets/mine.yaml: {sentence}"


def test_an_entry_of_ours_may_not_name_a_place(own, monkeypatch):
    facts = "modality: m, task: binary, classes: [a, b], licence: l, citation: c"
    write(own, "sources/mine.yaml", f"dataset: {{{facts}, tree: x, place: {own}, read: {{npz: {{file: x}}}}}}\n")
    monkeypatch.setattr(entry_places, "ours", lambda kind: own / "entries" / kind)
    with pytest.raises(CatsError, match="only your own entries, in CATS_ENTRIES, may have it"):
        catalogue.source("mine")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("imagnet", "no source called 'imagnet'; did you mean 'imagenet'?"),
        ("brestmnist", "no source called 'brestmnist'; did you mean 'breastmnist'?"),  # every target is a source too
        ("zzzzzz", "no source called 'zzzzzz'; allowed are "),
        ("ImageNet", "'ImageNet' is not a name; write a name like breastmnist or breastmnist[size=64]"),
        ("digits[", "'digits[' is not a name"),
        ("../digits", "'../digits' is not a name"),
        ("digits[from]", "'digits[from]': 'from' is not an option; write an option like size=64"),
        ("digits[size=3]", "digits takes no option"),
        ("mednist[size=3]", "mednist takes no option 'size'"),
        ("fractal[clases=3]", "fractal takes no option 'clases'; did you mean 'classes'?"),
        ("fractal[form=digits]", "fractal takes no option 'form'; did you mean 'from'?"),
        ("scratch[from=digits]", "scratch is random weights"),
        ("imagenet[from=digits]", "imagenet is ready weights"),
    ],
)
def test_a_wrong_source_gets_its_sentence(name, sentence):
    with pytest.raises(CatsError) as caught:
        catalogue.source(name)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("brestmnist", "no target called 'brestmnist' in p.yaml; did you mean 'breastmnist'?"),
        ("fractal", "no target called 'fractal' in p.yaml; 'fractal' is a source: name it under `sources`"),
        ("breastmnist[size=30]", "breastmnist has no size 30; allowed are 28, 64, 128, 224"),
        ("breastmnist[from=digits]", "breastmnist takes no option 'from'"),
    ],
)
def test_a_wrong_target_gets_its_sentence(name, sentence):
    with pytest.raises(CatsError) as caught:
        catalogue.target(name, " in p.yaml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("value", ["{", "'", "2024-13-45", "[1"])
def test_an_option_that_is_no_value_is_a_sentence(value):
    with pytest.raises(CatsError, match="breastmnist"):
        catalogue.target(f"breastmnist[size={value}]")


def test_an_option_given_twice_is_refused_like_a_key_given_twice():
    with pytest.raises(CatsError, match="size"):
        catalogue.target("breastmnist[size=28,size=64]")


def test_a_start_without_a_name_is_refused():
    with pytest.raises(CatsError, match="from"):
        catalogue.source("digits[from=]")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("ihc", ("ihc", {})),
        ("breastmnist[size=64]", ("breastmnist", {"size": 64})),
        ("fractal[classes=7, per_class=3]", ("fractal", {"classes": 7, "per_class": 3})),
        ("a[x=0.5,y=true,z=word]", ("a", {"x": 0.5, "y": True, "z": "word"})),
        ("digits[from=textures[from=fractal]]", ("digits", {"from": "textures[from=fractal]"})),
    ],
)
def test_options_have_the_types_of_yaml(reference, found):
    assert split_reference(reference) == found


def test_an_entry_is_made_once():
    assert catalogue.target("breastmnist") is catalogue.target("breastmnist")


def test_a_target_that_is_a_source_too_keeps_its_data():
    assert catalogue.source("breastmnist").dataset.digest() == catalogue.target("breastmnist").dataset.digest()
    assert catalogue.source("ihc").citation == catalogue.target("ihc").dataset.citation


@pytest.mark.slow
def test_asking_for_one_entry_imports_no_other():
    code = "import sys; from benchmark.specs import catalogue; catalogue.target('breastmnist'); catalogue.names('sources')"
    listed = "print(*[m for m in sys.modules if m.startswith(('sources.', 'targets.', 'similarity.'))])"
    done = subprocess.run([sys.executable, "-c", f"{code}; {listed}"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["targets.breastmnist"]


@pytest.fixture
def package(own):
    """A real package with two sources and a measure, installed into a folder of its own."""
    project = own / "noisepack"
    (project / "noisepack").mkdir(parents=True)
    (project / "noisepack" / "__init__.py").write_text("")
    (project / "noisepack" / "entry.py").write_text(PYTHON.replace("NAME", "noise"))
    (project / "noisepack" / "nothing.py").write_text(
        'from benchmark import measure\n\n\n@measure(grows="1", citation="nobody")\n'
        'def nothing(features, *, value=0.5):\n    """Always one half."""\n    return value\n'
    )
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "noisepack"\nversion = "1"\n'
        '[project.entry-points."cats.sources"]\nnoise = "noisepack.entry"\n'
        '[project.entry-points."cats.targets"]\nbroken = "noisepack.nowhere"\n'
        '[project.entry-points."cats.similarity"]\nnothing = "noisepack.nothing"\n'
        '[tool.setuptools]\npackages = ["noisepack"]\n'
    )
    site = own / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--disable-pip-version-check", "--target", site, project], check=True, timeout=120)

    def cats(*arguments):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))}
        return processes.run(["-m", "benchmark", *arguments], timeout=120, env=environment)

    return cats


@pytest.mark.slow
def test_entries_of_another_package_are_listed_shown_checked_and_used(package, own):
    listed = {row["name"]: row["kind"] for row in json.loads(package("list", "sources", "--json").stdout)}
    assert listed["noise"] == "pretraining"
    (measure,) = [row for row in json.loads(package("list", "measures", "--json").stdout) if row["name"] == "nothing"]
    assert (measure["needs"], measure["grows"], measure["options"]) == ("features", "1", "value=0.5")
    plan = own / "plan.yaml"
    plan.write_text(
        "sources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16}\nseeds: 1\n"
        'measures: [nothing, "nothing[value=2.0]"]\nsubsample: {train: 40}\n'
    )
    scored = package("score", plan, "--format", "csv", "--tracking-uri", f"sqlite:///{own}/mlflow.db")
    assert [line.split(",")[3:5] for line in scored.stdout.splitlines()[1:]] == [
        ["nothing", "0.5"],
        ["nothing[value=2.0]", "2.0"],
    ], scored.stderr
    assert json.loads(package("show", "noise", "--json").stdout)["source"]["title"] == "Noise"
    checked = package("check", "noise")
    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert "noise: 11 promises kept, 0 broken" in checked.stderr
    broken = package("show", "broken")
    assert broken.returncode == 2
    assert "noisepack.nowhere of the package noisepack cannot be loaded: ModuleNotFoundError" in broken.stderr


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("from benchmark.measure import measure", "write `from benchmark import Array, Draws, Undefined, measure`"),
        ("from benchmark.dataset import Dataset", "write `from benchmark import Dataset, File, Samples`"),
        ("import benchmark.readers", "write `from benchmark import folders, npz, pictures`"),
        ("from benchmark.sample import multiplicities", "import from benchmark.measures.resampling instead"),
        ("from benchmark.runner import run", "an entry imports what it needs from the package `benchmark`"),
    ],
)
def test_an_entry_that_imports_a_module_of_the_earlier_layout_says_what_to_import_now(home, line, instead):
    (home / "entries" / "targets").mkdir(parents=True)
    (home / "entries" / "targets" / "mine.py").write_text(f"{line}\n")
    with pytest.raises(CatsError) as refused:
        catalogue.target("mine")
    module = line.split()[1]
    assert str(refused.value) == (
        f"{home}/entries/targets/mine.py cannot be loaded: ModuleNotFoundError: No module named '{module}'; {instead}"
    )


def test_what_is_advised_exists():
    for names in old_imports.NAMES.values():
        assert set(names.split(", ")) <= benchmark.MODULES.keys()
    for modules in old_imports.MATHEMATICS.values():
        assert all(importlib.util.find_spec(module) for module in modules.split(" or "))
    for module in (*old_imports.NAMES, *old_imports.MATHEMATICS):
        assert importlib.util.find_spec(module) is None


def test_an_entry_whose_images_could_change_unnoticed_is_refused(home):
    (home / "entries" / "targets").mkdir(parents=True)
    (home / "entries" / "targets" / "mine.yaml").write_text(
        "dataset:\n  title: t\n  modality: m\n  task: binary\n  classes: [a, b]\n  licence: l\n  citation: c\n"
        "  read: {npz: {file: own.npz}}\n"
    )
    with pytest.raises(
        CatsError, match="neither tree nor files is given; without them a change of the images would not be noticed"
    ):
        catalogue.target("mine")
