"""Which image or patient of a data set a digest in a record stands for; only who has the key can find out."""

import re

from benchmark.core.identifier_key import key_file, key_that_exists
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.private_names import names_of
from results.error import CatsError
from results.text.identifiers import DIGITS, identifier

GIVEN = re.compile(rf"[fg]:[0-9a-f]{{4,{DIGITS}}}")


def names_behind(dataset: Dataset, size: int, digest: str) -> list[str]:
    """The names of images, groups and folders of a data set whose digest begins with `digest`, each as a sentence.

    Raises CatsError if that is no digest, if there is no key, or if no name has it.
    """
    if GIVEN.fullmatch(digest) is None:
        raise CatsError(f"--identifier is '{digest}'; allowed is a digest or its beginning, such as f:9b1c or g:04d2f7")
    key = key_that_exists()
    if key is None:
        raise CatsError(f"there is no key {key_file()}, so that no digest was made with this CATS_HOME")
    images = load_images(dataset, size)
    names = {each for known in (names_of(dataset) or {}).values() for each in known}
    found = sorted({(each.kind, each.name) for each in names if identifier(each.kind, each.name, key).startswith(digest)})
    if not found:
        raise CatsError(
            f"no image and no {dataset.groups or 'group'} among the {len(images.ids)} images of {dataset.name} has the digest "
            f"{digest} with the key {key_file()}; it may come from another key or another data set"
        )
    words = {"sample": "image or folder", "group": dataset.groups or "group"}
    return [f"{identifier(kind, name, key)} is the {words[kind]} '{name}'" for kind, name in found]
