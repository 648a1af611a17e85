"""With the key the name behind a digest can be found, and without it not."""

import pytest

from benchmark.core.identifier_key import identifier_key, key_file
from benchmark.core.paths import entries_folder
from results.text.identifiers import identifier

ENTRY = """
import numpy as np
from benchmark import Dataset, Samples, Target

def read(folder):
    images = [np.full((8, 8), 10 * i, np.uint8) for i in range(20)]
    ids = [f"scans/p{i % 7}/{i}.png" for i in range(20)]
    return Samples(images, np.arange(20) % 2, ids, [f"Hans {i % 7}" for i in range(20)])

facts = dict(title="t", modality="m", task="binary", classes=("a", "b"), licence="l", citation="c", groups="patient")
target = Target(name="ours", dataset=Dataset(name="ours", read=read, **facts))
"""


@pytest.fixture
def ours():
    (entries_folder() / "targets").mkdir(parents=True)
    (entries_folder() / "targets" / "ours.py").write_text(ENTRY)


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    ("kind", "name", "what"),
    [
        ("sample", "scans/p3/17.png", "image or folder"),
        ("group", "Hans 4", "patient"),
        ("sample", "p3", "image or folder"),
        ("sample", "17.png", "image or folder"),
    ],
)
@pytest.mark.parametrize("digits", [9, 22])
def test_a_digest_and_its_beginning_lead_to_the_name(cats, kind, name, what, digits):
    whole = identifier(kind, name, identifier_key())
    code, out, _ = cats("check", "ours", "--identifier", whole[:digits])
    assert (code, out) == (0, f"{whole} is the {what} '{name}'\n")


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("17.png", "--identifier is '17.png'; allowed is a digest or its beginning, such as f:9b1c or g:04d2f7"),
        ("x:0123", "allowed is a digest or its beginning"),
        ("f:012", "allowed is a digest or its beginning"),
        ("f:0123456789abcdef01234", "allowed is a digest or its beginning"),
        ("f:00000000", "no image and no patient among the 20 images of ours has the digest f:00000000 with the key"),
    ],
)
def test_what_is_no_digest_or_no_name_is_one_sentence(cats, given, said):
    identifier_key()
    code, out, err = cats("check", "ours", "--identifier", given)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.usefixtures("ours")
def test_without_a_key_none_is_made(cats):
    code, _, err = cats("check", "ours", "--identifier", "f:0123")
    assert code == 2
    assert "there is no key" in err
    assert not key_file().exists()
