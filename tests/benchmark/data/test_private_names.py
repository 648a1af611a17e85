"""Names of private data in sentences become the digests that stand for them in tables."""

import logging

import numpy as np
import pytest

from benchmark.core.identifier_key import identifier_key
from benchmark.core.paths import decoded_folder
from benchmark.data import private_names
from benchmark.data.dataset import Dataset
from benchmark.data.private_names import digested_text, note
from results.text import plain_log
from results.text.identifiers import identifier
from results.text.plain_log import PlainRecord

KEY = b"k" * 32
IDS = [
    "benign/MUELLER_HANS/scan1.dcm",
    "benign/Schmidt Anna 1.png",
    "malignant/weber.png",
    "benign/4711/007.png",
    "b/Zoë\x1b.png",
]
GROUPS = ["PAT-0815", "Dr. Schmidt", "weber", "4711", ""]


def dataset(**changes):
    facts = {"name": "mine", "title": "t", "modality": "m", "task": "binary", "classes": ("benign", "malignant")}
    facts |= {"licence": "l", "citation": "c", "tree": "pics", "place": "/srv/hospital", "read": lambda folder: None}
    return Dataset(**facts | changes)


@pytest.fixture
def decoded(home):
    folder = decoded_folder() / "mine-16-0123456789abcdef"
    folder.mkdir(parents=True)
    columns = {"labels": np.zeros(5), "ids": np.array(IDS), "groups": np.array(GROUPS), "parts": np.full(5, "")}
    np.savez(folder / "table.npz", **columns)
    return folder


def f(name):
    return identifier("sample", name, KEY)


def g(name):
    return identifier("group", name, KEY)


@pytest.mark.usefixtures("decoded")
@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "mine: image benign/MUELLER_HANS/scan1.dcm is odd; 3 of 4711 images",
            f"mine: image {f(IDS[0])} is odd; 3 of 4711 images",
        ),
        ("/srv/hospital/pics/benign/MUELLER_HANS/scan1.dcm is damaged", f"{f(IDS[0])} is damaged"),
        ("No such file: '/srv/hospital/pics/benign/Schmidt Anna 1.png'", f"No such file: '{f(IDS[1])}'"),
        ("patient 'PAT-0815' is in train", f"patient '{g('PAT-0815')}' is in train"),
        ("patient Dr. Schmidt is in train", f"patient {g('Dr. Schmidt')} is in train"),
        ("patient weber, or the weber", f"patient {g('weber')}, or the {g('weber')}"),
        ("image 4711 of 4711, '4711'", f"image {g('4711')} of 4711, '{g('4711')}'"),
        ("KeyError: 'MUELLER_HANS'", f"KeyError: '{f('MUELLER_HANS')}'"),
        ("'benign/Schmidt Ann… and benign/MUELLER_HA...", "'… and …"),
        ("the names are 'benign/MUELL'... and others", "the names are '… and others"),
        (r"image b/Zoë\u001b.png and 'b/Zoë\x1b.png'", f"image {f(IDS[4])} and '{f(IDS[4])}'"),
        ("/srv/hospital/pics/labels.csv has no column", "DATA/labels.csv has no column"),
        ("the class 'benign' has no image in train", "the class 'benign' has no image in train"),
        (
            "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
            "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
        ),
        ("PAT-08151 is another one", "PAT-08151 is another one"),
    ],
)
def test_a_name_becomes_its_digest(text, made):
    assert digested_text(text, dataset(), KEY, strict=False) == made


@pytest.mark.usefixtures("decoded")
@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("image benign/MUELLER_HANS/scan1.dcm has no group", f"image {f(IDS[0])} has no group"),
        ("/srv/hospital/l.csv, line 7 names /srv/hospital/x/NEW Patient 9.png, which", "DATA, line 7 names DATA, which"),
        ("patient 'Neumann' is in train", "patient '…' is in train"),
    ],
)  # fmt: skip
def test_a_text_that_came_up_while_data_were_read_keeps_no_name_that_nobody_knows(text, made):
    assert digested_text(text, dataset(), KEY, strict=True) == made


def test_without_any_table_no_word_is_kept_that_may_be_a_name():
    text = "/srv/hospital/pics/MUELLER.png is broken"
    assert digested_text(text, dataset(), KEY, strict=False) == "DATA is broken"


def test_a_damaged_table_is_like_none(decoded):
    (decoded / "table.npz").write_bytes(b"PK\x03\x04 cut")
    assert digested_text("'MUELLER' is broken", dataset(), KEY, strict=False) == "'…' is broken"


@pytest.fixture
def fresh_log(monkeypatch):
    monkeypatch.setattr(plain_log, "_hide", [])
    monkeypatch.setattr(private_names, "_noted", {})


@pytest.mark.usefixtures("decoded", "fresh_log")
@pytest.mark.parametrize(("logger", "left"), [("benchmark.data", "opened NEW.png of "), ("pydicom", "opened … of ")])
def test_the_log_holds_no_names_once_a_private_data_set_was_read(logger, left):
    def line():
        return PlainRecord(logger, logging.INFO, "x.py", 1, "opened %s of %s", ("NEW.png", "PAT-0815"), None).getMessage()

    assert line() == "opened NEW.png of PAT-0815"
    note(dataset(identifiers="plain"))
    assert line() == "opened NEW.png of PAT-0815"
    note(dataset())
    assert line() == left + identifier("group", "PAT-0815", identifier_key())


@pytest.mark.usefixtures("decoded", "fresh_log")
def test_the_log_holds_no_folder_of_a_data_set_whose_entry_has_changed_its_place_meanwhile(tmp_path):
    for place in ("early", "late"):
        note(dataset(place=str(tmp_path / place)))
    said = [
        PlainRecord("benchmark.data", logging.INFO, "x.py", 1, "opened %s", (str(tmp_path / place),), None).getMessage()
        for place in ("early", "late")
    ]
    assert said == ["opened DATA"] * 2
