"""Which files are pictures. Their content says so, or the ending of their name; both name one list of formats.

Formats that start another program (EPS), or that hold more than pictures (PDF, HDF5), are never opened.
"""

import re
from collections.abc import Sequence

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.strangers import is_stranger

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "DIB", "WEBP", "GIF", "JPEG2000", "PPM")  # names of Pillow
PICTURE_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
OTHER_ENDINGS = {
    ".webp", ".gif", ".jfif", ".jpe", ".jif", ".mpo", ".dib", ".jp2", ".j2k", ".jpx", ".jpf", ".ppm", ".pgm", ".pbm", ".pnm",
    ".apng",
}  # fmt: skip
ALL_ENDINGS = PICTURE_ENDINGS | OTHER_ENDINGS
DOCUMENTS = {
    ".csv", ".tsv", ".txt", ".md", ".rst", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".html", ".htm", ".pdf", ".doc", ".docx",
    ".xls", ".xlsx", ".ods", ".odt", ".rtf", ".tex", ".bib", ".py", ".ipynb", ".m", ".r", ".sh", ".bat", ".log", ".ini", ".cfg",
    ".toml", ".db", ".sqlite", ".pth", ".pt", ".ckpt", ".safetensors", ".onnx", ".parquet", ".md5", ".sha256", ".url", ".lock",
}  # fmt: skip
PAPERS = {
    "readme",
    "license",
    "licence",
    "copying",
    "changelog",
    "citation",
    "authors",
    "notice",
    "makefile",
    "md5sums",
    "dicomdir",
}
GZIP = b"\x1f\x8b"
DIB_SIZES = {12, 40, 52, 56, 64, 108, 124}  # bytes of the header that follows that of a BMP


def picture_names(tree: Tree) -> list[str]:
    """Names of all pictures of a tree, sorted: by their ending, and by their content where the ending says nothing."""
    names = [name for name in tree.names if not is_stranger(name)]
    unclear = [name for name in names if not named_as_picture(name) and not is_document(name)]
    heads = tree.heads(unclear)
    return [name for name in names if named_as_picture(name) or (name in heads and is_picture(name, heads[name]))]


def named_as_picture(name: str) -> bool:
    """True if the ending of a name is that of a picture."""
    return ending_of(name) in ALL_ENDINGS


def ending_of(name: str) -> str:
    """The ending of a name in lower case, as `.png`; empty if there is none."""
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


def is_document(name: str) -> bool:
    """True if a file is by its name a text, a table, a program or weights, and never a picture."""
    return ending_of(name) in DOCUMENTS or _stem(name).lower() in PAPERS


def _stem(name: str) -> str:
    """The last part of a name without its ending, as `PurePosixPath(name).stem`, which takes ten times as long."""
    last = name.rstrip("/").rpartition("/")[2]
    stem, dot, ending = last.rpartition(".")
    return stem if dot and stem and ending else last


def is_picture(name: str, head: bytes) -> bool:
    """True if a file begins as a picture of FORMATS does. A TIFF has no ending or one of its own: slides are TIFF too."""
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return not ending_of(name)
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"\xff\x4f\xff\x51")):
        return True
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return True
    if head.startswith(b"\x00\x00\x00\x0cjP  \r\n\x87\n"):
        return True
    if head.startswith(b"BM"):
        return int.from_bytes(head[14:18], "little") in DIB_SIZES
    return bool(re.match(rb"P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+\d+\s", head))


def kinds_of(tree: Tree, names: Sequence[str]) -> dict[str, str]:
    """Name → what a file that is no picture is: `DICOM`, `archive`, the ending of its name, or `no ending`."""
    heads = tree.heads(names)
    return {name: _kind(name, heads[name]) for name in names}


def _kind(name: str, head: bytes) -> str:
    if head[128:132] == b"DICM":
        return "DICOM"
    if head.startswith(GZIP) and (inner := ending_of(name.rpartition(".")[0])) not in {"", ".tar"}:
        return f"{inner}{ending_of(name)}"  # one packed file, such as scan.nii.gz
    packed = head.startswith((b"PK\x03\x04", GZIP, b"Rar!", b"7z\xbc\xaf\x27\x1c")) or ending_of(name) == ".tar"
    if packed and not is_document(name):
        return f"archive {ending_of(name)}".strip()
    return ending_of(name) or "no ending"
