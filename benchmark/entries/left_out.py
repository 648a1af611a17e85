"""Files of a tree that are not read: counted by kind, and refused where images would be missing without a word."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from benchmark.data.readers.file_tree import Tree, composed
from benchmark.data.readers.picture_format import ALL_ENDINGS, ending_of, is_document, kinds_of, picture_names
from benchmark.data.readers.samples import TreeReader
from benchmark.data.readers.strangers import is_stranger
from benchmark.entries.masks import is_mask_folder
from results.error import CatsError
from results.text.counts import how_many

SHARE = 0.01  # of files that may be pictures; if more of them cannot be read, the data are refused
TENSORS = {".pt", ".parquet"}  # weights or a table, but in a folder of their own perhaps images
LINK = "link that leads out or to nothing"
UNREAD = {  # endings of pictures that are not read
    ".heic", ".heif", ".avif", ".jxl", ".jxr", ".dcm", ".ima", ".nii", ".mha", ".mhd", ".nrrd", ".svs", ".ndpi", ".mrxs",
    ".scn", ".czi", ".lif", ".lsm", ".nd2", ".vsi", ".bif", ".qptiff", ".btf", ".psd", ".xcf", ".raw", ".dng", ".cr2", ".cr3",
    ".nef", ".arw", ".orf", ".rw2", ".tga", ".pcx", ".eps", ".ps", ".svg", ".ico", ".exr", ".hdr", ".npy", ".fits", ".sgi",
    ".img",
}  # fmt: skip
CHECKPOINT = ".pth.tar"  # weights of a network, which are no archive of pictures


@dataclass
class LeftOut:
    """What is not read: names by kind.

    Attributes:
        missed: files that may be pictures, but not of a format that is read. archives: packed files inside the tree.
        others: documents, weights and the like. unchosen: pictures that the entry leaves out.
    """

    missed: dict[str, list[str]] = field(default_factory=dict)
    archives: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    unchosen: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """What is not read, one sentence for each group of files; empty if everything is read."""
        found = []
        if self.unchosen:
            what = how_many(len(self.unchosen), "picture is", "pictures are")
            found.append(f"{what} left out by the entry, for example {self.unchosen[0]}")
        unread = self.missed | self.archives | self.others
        if unread:
            found.append(f"not read as pictures: {_counted(unread)}")
        return found


def left_out(tree: Tree, taken: Iterable[str], expects: Callable[[str], bool]) -> LeftOut:
    """The files of a tree that are not among those taken; `expects` is True for names that should be read if possible."""
    read, readable = set(taken), set(picture_names(tree))
    rest = [name for name in (*tree.names, *tree.listing.lost) if name not in read and not is_stranger(name)]
    unclear = [name for name in rest if name not in readable and name in tree.spelt.values() and not is_document(name)]
    kinds, left = kinds_of(tree, unclear), LeftOut()
    for name in rest:
        kind = kinds.get(name) or (LINK if name in tree.listing.lost else ending_of(name) or "no ending")
        if name.lower().endswith(CHECKPOINT):
            kind = CHECKPOINT
        if name in readable:
            left.unchosen.append(name)
        elif is_document(name) or not expects(name) or not _may_be_picture(kind):
            left.others.setdefault(kind, []).append(name)
        else:
            (left.archives if _archives(kind) else left.missed).setdefault(kind, []).append(name)
    return left


def _may_be_picture(kind: str) -> bool:
    """True if files of a kind may be pictures, packed (`.nii.gz`, `.png.gz`) or in an archive too."""
    return bool(_archives(kind)) or kind.removesuffix(".gz") in {*UNREAD, *ALL_ENDINGS, "DICOM", "no ending", LINK}


def require_few(tree: Tree, left: LeftOut, taken: Iterable[str]) -> None:
    """Raises CatsError if a folder of images, or more than SHARE of the images, would be missing."""
    read = list(taken)
    missed = [name for names in left.missed.values() for name in names]
    packed = [name for names in left.archives.values() for name in names]
    kept = {folder for name in read for folder in _folders(name)}
    gone = next((name for name in (*missed, *packed) if "/" in name and name.rpartition("/")[0] not in kept), None)
    if gone is None and len(missed) <= SHARE * (len(missed) + len(read)):
        return
    which = f"the folder {gone.rpartition('/')[0]} would be missing as a whole" if gone else f"{SHARE:.0%} may be"
    endings = "|".join(sorted({re.escape(ending_of(name).removeprefix(".")) for name in read if ending_of(name)}))
    remedy = f"convert them to PNG, or leave them out with --include '\\.({endings})$' (in the entry: include)"
    raise CatsError(
        f"{tree.path}: of {len(missed) + len(packed) + len(read):,} files {len(missed) + len(packed):,} cannot be read as "
        f"pictures ({_counted(left.missed | left.archives)}; for example {(gone or missed[0])}), and {which}; {remedy}"
    )


def require_whole_folders(tree: Tree, taken: Iterable[str]) -> None:
    """Raises CatsError for a folder beside those of pictures, or as deep as they are, that holds files but no picture.

    Texts, and folders that are called like masks or annotations, are no pictures of a class.
    """
    lost = _without_pictures(tree, taken)
    if lost:
        raise _missing(tree, lost)


def folders_left_out(tree: Tree, taken: Iterable[str], reader: TreeReader) -> list[str]:
    """A sentence about folders beside those of pictures that hold files but no picture; empty if there are none.

    Files that the reader does not expect are missed by nobody. Raises CatsError if such a folder is that of a declared class.
    """
    lost = _without_pictures(tree, taken, reader.expects)
    needed = {folder: names for folder, names in lost.items() if _below(folder, names) & reader.class_folders}
    if needed:
        raise _missing(tree, needed)
    return [f"{_seen(lost)}; it is no declared class and is not read"] if lost else []


def _below(folder: PurePosixPath, names: Iterable[str]) -> set[str]:
    """The names of a folder and of all folders below it that hold files."""
    return {composed(part) for name in names for part in PurePosixPath(name).parts[len(folder.parts) - 1 : -1]}


def _without_pictures(
    tree: Tree, taken: Iterable[str], expects: Callable[[str], bool] = lambda _: True
) -> dict[PurePosixPath, list[str]]:
    """Folder → files, of folders beside those of pictures, or as deep as they are, that hold no picture."""
    direct = {PurePosixPath(text) for text in {name.rpartition("/")[0] for name in taken}}
    kept = {above for folder in direct for above in _with_parents(folder)}
    parents, depths = {folder.parent for folder in direct if folder.name}, {len(folder.parts) for folder in direct}
    lost: dict[PurePosixPath, list[str]] = {}
    without: dict[str, list[PurePosixPath]] = {}  # folder → itself and those above it that are not kept
    for name in tree.names:
        if not expects(name) or is_stranger(name) or (is_document(name) and ending_of(name) not in TENSORS):
            continue
        text = name.rpartition("/")[0]
        if text not in without:
            without[text] = [folder for folder in _with_parents(PurePosixPath(text)) if folder not in kept]
        folders = without[text]
        if not folders or any(map(is_mask_folder, folders[0].parts)):
            continue
        if folders[-1].parent in parents or len(folders[0].parts) in depths:
            lost.setdefault(folders[-1], []).append(name)
    return lost


def _with_parents(folder: PurePosixPath) -> tuple[PurePosixPath, ...]:
    return (folder, *folder.parents)


def _seen(lost: dict[PurePosixPath, list[str]]) -> str:
    folder, names = next(iter(lost.items()))
    files = how_many(len(names), "file")
    return f"the folder {folder} lies beside folders of pictures and holds none ({files}, for example {names[0]})"


def _missing(tree: Tree, lost: dict[PurePosixPath, list[str]]) -> CatsError:
    return CatsError(
        f"{tree.path}: {_seen(lost)}, and would be missing as a whole; convert its files to PNG, or leave the folder out with "
        f"--include '{_except(lost)}'"
    )


def _except(folders: Iterable[PurePosixPath]) -> str:
    return f"^(?!({'|'.join(re.escape(str(folder)) for folder in folders)})/)"


def _archives(kind: str) -> set[str]:
    return {kind} if kind.startswith("archive") else set()


def _folders(name: str) -> list[str]:
    return [str(folder) for folder in PurePosixPath(name).parents]


def _counted(kinds: dict[str, list[str]]) -> str:
    """`90 .webp, 3 no ending`, the most frequent first."""
    counts = Counter({kind: len(names) for kind, names in kinds.items()}).most_common()
    listed = ", ".join(f"{count:,} {kind}" for kind, count in counts[:6])
    return listed + (f", and {len(counts) - 6} more kinds" if len(counts) > 6 else "")
