"""Scores are stored under a digest of the code that computes them: of the measure, and of all that it uses of ours."""

import sys
from pathlib import Path

import pytest

from benchmark.measures.code_digest import code_digest
from benchmark.specs import catalogue

ROOT = Path(__file__).parents[3]
OWN = '''"""A measure of one's own."""

from benchmark import Array, measure
IMPORT


@measure(grows="1", citation="nobody, 2026")
def mine(features: Array) -> float:
    """DOCSTRING"""
    return CODE  # COMMENT
'''


@pytest.fixture
def mine(home):
    """`mine(CODE="2.0")` is a measure of the user's own with these words in its file."""

    def made(**words):
        text = OWN
        for word, default in {"IMPORT": "", "DOCSTRING": "One.", "CODE": "1.0", "COMMENT": ""}.items():
            text = text.replace(word, words.get(word, default))
        folder = home / "entries" / "similarity"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mine.py").write_text(text)
        catalogue.measure.cache_clear()
        return catalogue.measure("mine")

    return made


@pytest.fixture
def changed(monkeypatch):
    """`changed(file, old, new)`: from here on the file reads as if the first `old` in it were `new`."""
    real = Path.read_bytes

    def change(file, old, new):
        before = real(ROOT / file)
        assert old.encode() in before
        after = before.replace(old.encode(), new.encode(), 1)
        monkeypatch.setattr(Path, "read_bytes", lambda path: after if path == ROOT / file else real(path))
        sys.modules["benchmark.measures.code_digest"]._parsed.cache_clear()

    yield change
    sys.modules["benchmark.measures.code_digest"]._parsed.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measure", "file", "old", "new"),
    [
        ("knn", "similarity/knn.py", "folds: int = 5", "folds: int = 6"),
        ("knn", "benchmark/measures/cross_validation.py", "1e-9", "1e-8"),  # imported by the measure
        ("sfda", "benchmark/measures/low_rank.py", 'mode="r"', 'mode="full"'),  # imported by what the measure imports
        ("etran", "benchmark/measures/tail_energy.py", "int(share", "round(share"),
        ("pge", "benchmark/networks/copying.py", "__getstate__", "__dict__"),  # of another folder
        ("pge", "benchmark/machine/timm_import.py", "\ndef ", "\nEXTRA = 1\n\n\ndef "),
        ("knn", "benchmark/specs/score_interval.py", "1.96 ", "1.97 "),  # the interval of every measure
        ("knn", "benchmark/specs/measure.py", "len(draws.target) / 2", "len(draws.target) / 3"),  # which resamples count
        ("source_size", "benchmark/specs/needs.py", "dtype=np.float64", "dtype=np.float32"),
        ("knn", "benchmark/measures/inputs.py", "sigmoids.sum(", "sigmoids.max("),
        ("fu", "benchmark/measures/resampling.py", "rng.choice(own, (count", "rng.choice(own[1:], (count"),
    ],
)
def test_other_code_of_a_measure_or_of_what_it_uses_anywhere_is_another_score(measure, file, old, new, changed):
    before = code_digest(catalogue.measure(measure))
    changed(file, old, new)
    assert code_digest(catalogue.measure(measure)) != before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("similarity/knn.py", "import numpy as np\n", "import json\n\nimport numpy as np\n"),
        ("similarity/knn.py", '"""Nearest', '"""The nearest'),
        ("similarity/knn.py", '    """Held-out accuracy', '    """The held-out accuracy'),
        ("similarity/knn.py", "    return float(average", "    # a remark\n    return float(average"),
        ("similarity/knn.py", "k < 1", "k  <  1"),
        ("benchmark/measures/cross_validation.py", "import numpy as np\n", "import numpy as np\nimport scipy.linalg\n"),
        ("benchmark/specs/measure.py", '"""Return the score and its interval.', '"""Return a score and its interval.'),
        ("benchmark/specs/needs.py", '"""Check the inputs', '"""Checks the inputs'),
        ("benchmark/measures/inputs.py", '"""Softmax of', '"""The softmax of'),
        ("benchmark/measures/inputs.py", "import numpy as np\n", "import json\n\nimport numpy as np\n"),
        ("benchmark/training/features.py", "\ndef features_of", "\nEXTRA = 1\n\n\ndef features_of"),  # imported by inputs.py
        ("benchmark/data/split.py", "\ndef split", "\nEXTRA = 1\n\n\ndef split"),
        ("benchmark/measures/mmd.py", "weights**2", "weights**3"),  # of other measures
    ],
)
def test_imports_comments_docstrings_formatting_and_what_it_does_not_use_are_not(file, old, new, changed):
    before = code_digest(catalogue.measure("knn"))
    changed(file, old, new)
    assert code_digest(catalogue.measure("knn")) == before


def test_a_measure_of_the_users_own_is_digested_by_its_file(mine):
    plain = code_digest(mine())
    assert code_digest(mine(CODE="2.0")) != plain
    assert code_digest(mine(COMMENT="said", DOCSTRING="Another one.", IMPORT="import json")) == plain


def test_what_a_measure_of_the_users_own_imports_of_ours_counts_through_the_face_too(mine, changed):
    lines = "from benchmark import generator\nfrom results.statistics.multiple_testing import holm"
    words = {"IMPORT": lines, "CODE": "float(holm([generator('a').random()])[0])"}
    before = code_digest(mine(**words))
    changed("benchmark/core/seed.py", ">> 1", ">> 2")
    another = code_digest(mine(**words))
    assert another != before
    changed("results/statistics/multiple_testing.py", "\ndef holm", "\nEXTRA = 1\n\n\ndef holm")
    assert code_digest(mine(**words)) not in {before, another}


def test_types_of_arguments_are_not_followed(changed):
    """A source and a network are inputs of a measure, whose identity is part of the key; their code is none of the measure."""
    before = code_digest(catalogue.measure("class_count")), code_digest(catalogue.measure("fu"))
    changed("benchmark/networks/network.py", "\nclass Network", "\nEXTRA = 1\n\n\nclass Network")
    assert code_digest(catalogue.measure("fu")) == before[1]
    changed("benchmark/specs/source.py", "\nclass Source", "\nEXTRA = 1\n\n\nclass Source")
    assert code_digest(catalogue.measure("class_count")) == before[0]
