"""The sets of MedMNIST, twelve of pictures and six of volumes, as medmnist.INFO describes them."""

import importlib.util
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal, cast

from benchmark.data.dataset import Dataset, File
from benchmark.data.readers.npz import npz
from benchmark.data.readers.samples import Reader
from benchmark.specs.target import Target
from results.error import CatsError, nearest
from results.files.atomic import atomic_write, scratch_folder
from results.record import Task
from results.text.brief import briefly

SIZES = (28, 64, 128, 224)
VOLUME_SIZES = (28, 64)
WAYS = ("slices", "orthogonal")
TASKS: dict[str, Task] = {
    "binary-class": "binary",
    "multi-class": "multiclass",
    "multi-label, binary-class": "multilabel",
    "ordinal-regression": "ordinal",
}


@lru_cache(maxsize=1)
def medmnist_info() -> dict[str, Any]:
    """medmnist.INFO, read from its own file: `import medmnist` would import torch, which listing entries does not need."""
    package = importlib.util.find_spec("medmnist")
    assert package is not None
    assert package.origin is not None
    spec = importlib.util.spec_from_file_location("medmnist_info", Path(package.origin).with_name("info.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.INFO)


def medmnist_target(name: str, size: int, *, modality: str, family: str = "", known_duplicates: int = 0) -> Target:
    """One set of MedMNIST at one of its four sizes, with official split and MD5. Raises CatsError for another size."""
    path = _path(name, size, SIZES)
    fields: dict[str, Any] = {"modality": modality, "family": family, "known_duplicates": known_duplicates}
    return Target(name=name, dataset=_dataset(name, size, f"v2-{size}", npz(path), **fields))


def medmnist_volumes(name: str, size: int, views: str, slices: int, *, modality: str, family: str = "") -> Target:
    """One of the six sets of volumes, of which a network sees slices (see readers.views). Raises CatsError as above."""
    path = _path(name, size, VOLUME_SIZES)
    if views not in WAYS:
        raise CatsError(f"{name} has no views '{views}'{nearest(views, WAYS)}")
    if not isinstance(slices, int) or isinstance(slices, bool):
        raise CatsError(f"{name}: slices is {briefly(slices)}; it must be a whole number")
    read = npz(path, views=cast("Literal['slices', 'orthogonal']", views), slices=slices)
    fields: dict[str, Any] = {"modality": modality, "family": family}
    return Target(name=name, dataset=_dataset(name, size, f"v2-{size}-{views}-{slices}", read, **fields))


def _path(name: str, size: int, sizes: tuple[int, ...]) -> str:
    """The file of a set below the data folder. Raises CatsError for a size that it does not have."""
    if not isinstance(size, int) or size not in sizes:
        raise CatsError(f"{name} has no size {size}; allowed are {', '.join(map(str, sizes))}")
    return f"medmnist/{name}{'' if size == SIZES[0] else f'_{size}'}.npz"


def _dataset(name: str, size: int, revision: str, read: Reader, **fields: Any) -> Dataset:
    facts, mark = medmnist_info()[name], "" if size == SIZES[0] else f"_{size}"
    return Dataset(
        name=name,
        title=f"{facts['python_class']}, {size} px",
        task=TASKS[facts["task"]],
        classes=tuple(facts["label"][key] for key in sorted(facts["label"], key=int)),
        licence=facts["license"],
        citation="Yang et al., MedMNIST v2, Scientific Data 10:41, 2023",
        files=(File(path=_path(name, size, SIZES), md5=facts[f"MD5{mark}"], url=facts[f"url{mark}"]),),
        revision=revision,
        shape=(size, size),
        images=sum(facts["n_samples"].values()),
        official=("train", "val", "test"),
        read=read,
        **fields,
    )


def is_medmnist(dataset: Dataset) -> bool:
    """True for a data set of MedMNIST, which the package medmnist can download."""
    return dataset.name in medmnist_info() and all(file.path.startswith("medmnist/") for file in dataset.files)


def download_set(dataset: Dataset, folder: Path) -> None:
    """Download the file of a set into a data folder by the package medmnist. Raises CatsError if that fails."""
    from benchmark.machine.timm_import import declare_missing

    declare_missing()  # medmnist imports torchvision
    import medmnist

    file = dataset.files[0]
    size = int(dataset.revision.split("-")[1])
    final = folder / file.path
    with atomic_write(final, final.name, durable=True) as draft, scratch_folder(final.parent) as scratch:
        try:
            kind = getattr(medmnist, medmnist_info()[dataset.name]["python_class"])
            kind(split="test", root=str(scratch), download=True, size=size)
            (scratch / final.name).replace(draft)
        except (RuntimeError, OSError, HTTPException, ValueError) as error:
            raise CatsError(
                f"{dataset.name} could not be downloaded; fetch {file.url} by hand where there is a network, "
                f"and put it as {file.path} into the folder CATS_DATA or into {folder}"
            ) from error
    file.verify(final, dataset.name)
