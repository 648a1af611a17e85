"""DTD: describable textures, 47 classes of 120 photographs, in the published layout images/CLASS/*.jpg.

labels/{train,val,test}1.txt hold the first of the ten official splits, 40 images of each class in each part; without them,
70/15/15 are drawn.
"""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from benchmark import Dataset, Samples, Source, Tree, TreeReader, folders

PARTS = ("train", "val", "test")
CLASSES = """
    banded blotchy braided bubbly bumpy chequered cobwebbed cracked crosshatched crystalline dotted fibrous flecked freckled
    frilly gauzy grid grooved honeycombed interlaced knitted lacelike lined marbled matted meshed paisley perforated pitted
    pleated polka-dotted porous potholed scaly smeared spiralled sprinkled stained stratified striped studded swirly veined
    waffled woven wrinkled zigzagged
""".split()  # noqa: SIM905 - 47 quoted names are hard to read


FOLDERS = folders(CLASSES, root="images")


def read(path: Path) -> Samples:
    """The class is the folder; the part is in the lists of the first official split."""
    samples = FOLDERS(path)
    tree = Tree(path)
    lists = lists_of(tree)
    if not all(lists.values()):
        return samples
    part_of = {
        line.strip(): part for part, names in lists.items() for line in next(iter(tree.read(names[:1]))).decode().splitlines()
    }
    return replace(samples, parts=[part_of.get("/".join(PurePosixPath(name).parts[-2:]), "extra") for name in samples.ids])


def lists_of(tree: Tree) -> dict[str, list[str]]:
    """Part → names of its list of the first split, none or one."""
    return {part: [n for n in tree.names if f"/{n}".endswith(f"/labels/{part}1.txt")] for part in PARTS}


def files(tree: Tree) -> list[str]:
    """The pictures, and the lists of the first split."""
    return [*FOLDERS.files(tree), *(name for names in lists_of(tree).values() for name in names)]


dataset = Dataset(
    name="dtd",
    title="Describable textures",
    modality="photograph",
    task="multiclass",
    classes=tuple(CLASSES),
    licence="for research",
    citation="Cimpoi et al., Describing Textures in the Wild, CVPR 2014",
    images=5_640,
    tree="dtd",
    obtain="fetch dtd-r1.0.1.tar.gz from robots.ox.ac.uk/~vgg/data/dtd and put it as dtd.tar.gz, or unpacked, into CATS_DATA",
    read=TreeReader(read, files),
)
source = Source(name="dtd", title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation)
