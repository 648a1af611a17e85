"""Names as digests: equal names are equal, missing ones stay missing, and the digests are those of HMAC-SHA256."""

import hashlib
import hmac

import numpy as np
import pandas as pd
import pytest

from results.statistics.influence import parse_predictions, patient_shares
from results.text.identifiers import DIGEST, are_digests, digested, fingerprint, identifier
from results.text.unnamed import unnamed
from tests.support.predictions import predictions

KEY, OTHER = b"k" * 32, b"o" * 32


def test_a_digest_is_the_beginning_of_hmac_sha256_of_kind_and_name():
    whole = hmac.new(KEY, b"group\0Jos\xc3\xa9", hashlib.sha256).hexdigest()
    assert identifier("group", "José", KEY) == f"g:{whole[:20]}"
    assert identifier("sample", "José", KEY) != f"f:{whole[:20]}"  # an image and a patient of one name are not linked
    assert identifier("group", "José", OTHER) != identifier("group", "José", KEY)
    assert fingerprint(KEY) != fingerprint(OTHER)
    assert fingerprint(KEY) not in KEY.hex()


def test_names_of_a_table_become_digests_and_missing_ones_stay_missing():
    table = pd.DataFrame({"sample": ["a", "b", "c", "d"], "group": ["p", "", None, "p"], "label": [0, 1, 0, 1]})
    made = digested(table, KEY)
    assert are_digests(made["sample"])
    assert made["group"].tolist()[1] == ""
    assert pd.isna(made["group"].tolist()[2])
    assert made["group"][0] == made["group"][3] == identifier("group", "p", KEY)
    assert made["label"].tolist() == [0, 1, 0, 1]
    assert table["sample"].tolist() == ["a", "b", "c", "d"]


def test_the_variance_over_patients_is_the_same_with_digests():
    groups = [f"p{i % 7}" for i in range(60)]
    table = predictions(np.random.default_rng(0), 60, 2, groups=groups)
    influences = np.random.default_rng(1).normal(size=(60, 1))
    plain, made = (parse_predictions(each) for each in (table, digested(table, KEY)))
    variance = [(patient_shares(influences, each.groups) ** 2).sum() for each in (plain, made)]
    assert variance[0] == pytest.approx(variance[1], rel=1e-12)
    assert len(patient_shares(influences, made.groups)) == 7


def test_an_image_of_an_unknown_patient_still_counts_alone():
    table = predictions(np.random.default_rng(0), 6, 2, groups=["p", "p", "", "", "", ""])
    assert len(set(parse_predictions(digested(table, KEY)).groups)) == 5


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mine: image MUELLER/1.png has 8 pixels", "mine: image … has 8 pixels"),
        ("/srv/MUELLER Hans/1.png cannot be read", "… cannot be read"),
        ("patient 'hans' is in train and in test", "patient '…' is in train and in test"),
        ("ValueError: could not convert string to float: 'Meyer^Karl'", "ValueError: could not convert string to float: '…'"),
        ("image 4711 has no group", "image … has no group"),
        ("4711 of 12 images are broken", "… of 12 images are broken"),
        ("the class 'benign' has no image in train", "the class 'benign' has no image in train"),
        ("image f:0123456789abcdef0123 is broken", "image f:0123456789abcdef0123 is broken"),
        ("DICOM files need pydicom", "DICOM files need pydicom"),
        ("C:\\data\\Hans.png is no picture", "… is no picture"),
        ("images of val and test", "images of val and test"),
        ("", ""),
    ],
)
def test_a_sentence_loses_whatever_may_be_a_name(text, left):
    assert unnamed(text, ("mine", "benign")) == left


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("f:0123456789abcdef0123", True),
        ("f:0123456789abcdef01234", False),
        ("leaf:0123456789abcdef0123", False),
        ("f:xyz", False),
    ],
)
def test_only_whole_digests_are_digests(text, found):
    assert (DIGEST.search(text) is not None) == found
