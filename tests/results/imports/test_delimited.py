"""Text tables of other programs: separators, decimal signs and encodings are found out, and what is ambiguous is refused."""

import pandas as pd
import pytest

from results.error import CatsError
from results.imports.delimited import Writing, read_delimited
from results.imports.matrix import read_grid

PLAIN = "source,idc,ihc\nimagenet,0.91,0.85\nscratch,0.7,\n"
TRUE = {"idc": {"imagenet": 0.91, "scratch": 0.7}, "ihc": {"imagenet": 0.85}}
COMMAS = PLAIN.replace(",", ";").replace("0.", "0,")
WRITTEN = {
    "commas": PLAIN.encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "vertical bars": PLAIN.replace(",", "|").encode(),
    "decimal commas and semicolons": COMMAS.encode(),
    "decimal commas and tabs": COMMAS.replace(";", "\t").encode(),
    "decimal commas in quotes": b'source,idc,ihc\nimagenet,"0,91","0,85"\nscratch,"0,7",\n',
    "a decimal comma beside whole numbers": b"source;idc;ihc\nimagenet;0,91;0,85\nscratch;0,70;\n",
    "a mark of UTF-8": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16, as spreadsheets write Unicode text": PLAIN.replace(",", "\t").encode("utf-16"),
    "a line that names the separator": b"sep=;\r\n" + COMMAS.replace("\n", "\r\n").encode(),
    "other line ends": PLAIN.replace("\n", "\r\n").encode(),
    "blanks around names": PLAIN.replace("imagenet", " imagenet ").replace("idc", " idc").encode(),
    "separators at the ends of rows": PLAIN.replace("\n", ",\n").encode(),
    "quoted names": b'source,idc,"ihc"\n"imagenet",0.91,0.85\nscratch,0.7,\n',
}


def grid(tmp_path, content, writing=Writing()):  # noqa: B008 - frozen
    (tmp_path / "m.csv").write_bytes(content)
    return read_grid(tmp_path / "m.csv", writing)


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_matrix_is_the_same_however_it_is_written(tmp_path, content):
    found = grid(tmp_path, content)
    assert {c: column.dropna().to_dict() for c, column in found.items()} == TRUE


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("source,a;b,c\nx,1;2,3\n", "may be separated by commas and semicolons; say which one, for example --separator ','"),
        ("source;a;b\nx;1,234;5,678\n", "'1,234' may be 1.234 or 1234; say --decimal , for the first, or write 1234"),
        ("source;a;b\nx;0,91;0.85\n", "has decimal commas in column 'a' (0,91) and decimal points in column 'b'"),
        ("source;a\nx;0,91\ny;0.85\n", "column 'a' is '0,91', which is not a number"),
        (
            "source   a   b\nx   0.1   0.2\n",
            "has one column only; columns are separated by commas, semicolons, tabs, vertical bars",
        ),
        ("source;a;b\nx;1,234,567;0,5\n", "column 'a' is '1,234,567', which is not a number"),
        ("source;a\nx;0,5\ny;1,234,567\n", "'1,234,567' has commas between thousands, and '0,5' a decimal comma"),
        ("source;a\nx;12,345,678\ny;1,234\n", "'12,345,678' has commas between thousands; write 12345678"),
        ("source,a,b,a\nx,1,2,3\n", "two columns have the name 'a'"),
        ("", "cannot be read as .csv: No columns to parse from file"),
        ("source,a\nx,1\ny,1,2\n", "cannot be read as .csv: Error tokenizing data"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(tmp_path, content, sentence):
    with pytest.raises(CatsError) as caught:
        grid(tmp_path, content.encode())
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_first_line_that_is_no_line_of_names_is_one_sentence(tmp_path):
    with pytest.raises(CatsError, match="cannot be read as names of columns: field larger than field limit"):
        grid(tmp_path, f"source,{'a' * 200_000}\nx,1\n".encode())


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(CatsError, match="is no text in UTF-8"):
        grid(tmp_path, "source,a\nschön,1\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("content", "writing", "found"),
    [
        ("source,a;b,c\nx,1;2,3\n", Writing(","), ["a;b", "c"]),
        ("source,a;b,c\nx,1;2,3\n", Writing(";"), ["b,c"]),
        ("source:a:b\nx:1:2\n", Writing(":"), ["a", "b"]),
    ],
)
def test_the_separator_that_is_named_counts(tmp_path, content, writing, found):
    (tmp_path / "m.csv").write_text(content)
    assert list(read_delimited(tmp_path / "m.csv", writing))[1:] == found


def test_the_decimal_sign_that_is_named_counts(tmp_path):
    assert grid(tmp_path, b"source;a;b\nx;1,234;5,678\n", Writing(decimal=",")).loc["x", "a"] == 1.234
    with pytest.raises(CatsError, match="is '0,91', which is not a number"):
        grid(tmp_path, b"source;a\nx;0,91\n", Writing(decimal="."))


@pytest.mark.parametrize(
    ("fields", "sentence"), [({"separator": ";;"}, "one character is needed"), ({"decimal": ";"}, "must be '.' or ','")]
)
def test_a_wrong_way_of_writing_is_refused(fields, sentence):
    with pytest.raises(CatsError, match=sentence):
        Writing(**fields)


def test_texts_with_commas_stay_texts(tmp_path):
    (tmp_path / "t.csv").write_text("run;note;lr\na;1,2 and 3;0,1\nb;;0,2\n")
    table = read_delimited(tmp_path / "t.csv", Writing())
    pd.testing.assert_series_equal(table["lr"], pd.Series([0.1, 0.2], name="lr"))
    assert table["note"].tolist()[0] == "1,2 and 3"
