"""Damages npz and HDF5 files by what their arrays are, not by their bytes."""

import io
import struct
import zipfile
from pathlib import Path
from random import Random

import numpy as np
from fuzzing.blobs import damage_file
from fuzzing.values import odd_text, shown

HUGE = 10**12


def damage_npz(rng: Random, path: Path) -> str:
    """Replace an npz file by a damaged one. Returns what was done."""
    if rng.random() < 0.3:
        return damage_file(rng, path)
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    if rng.random() < 0.3:
        said = rng.choice(MEMBERS)(rng, path, arrays)
        return f"{path.name}: {said}"
    said = []
    for _ in range(rng.choice([1, 1, 2])):
        name = rng.choice(list(arrays))
        made = rng.choice(CHANGES)(rng, arrays[name])
        arrays[name] = made
        said.append(f"{name} is {made.dtype} {made.shape}")
    np.savez(path, **arrays)
    return f"{path.name}: {'; '.join(said)}"


def damage_hdf5(rng: Random, path: Path) -> str:
    """Damage an HDF5 file. Returns what was done."""
    import h5py

    if rng.random() < 0.5:
        return damage_file(rng, path)
    with h5py.File(path, "r+") as file:
        name = rng.choice(list(file))
        old = file[name][()]
        del file[name]
        what = rng.choice(["an array", "an array", "huge", "a link", "a link to another file", "a group", "gone"])
        match what:
            case "an array":
                made = rng.choice(CHANGES)(rng, old)
                file[name] = made.astype(float) if made.dtype.kind not in "iufb" else made
                what = f"{made.dtype} {made.shape}"
            case "huge":
                file.create_dataset(name, (HUGE, *old.shape[1:]), old.dtype, chunks=(1, *old.shape[1:]))
            case "a link":
                file[name] = h5py.SoftLink(rng.choice(["/nowhere", f"/{name}", "/"]))
            case "a link to another file":
                file[name] = h5py.ExternalLink(rng.choice(["../outside/x.h5", "/dev/zero", path.name]), f"/{name}")
            case "a group":
                file.create_group(name)
    return f"{path.name}: {name} is {what}"


def _type(rng: Random, array: np.ndarray) -> np.ndarray:
    kind = rng.choice(["f4", "f8", ">u2", "i8", "u1", "?", "c8", "U5", "S3", "i1", "f2", "M8[s]", "V3"])
    with np.errstate(all="ignore"):
        return array.astype(kind) if kind != "V3" else np.zeros(array.shape, kind)


def _shape(rng: Random, array: np.ndarray) -> np.ndarray:
    array = np.atleast_1d(array)  # an earlier change may have left one number
    return rng.choice(
        [array[:0], array[:-1], array[None], array[..., None], array.reshape(-1), array.T, array[:1], np.asfortranarray(array)]
    )


def _number(rng: Random, array: np.ndarray) -> np.ndarray:
    made = array.astype(rng.choice(["f8", "i8"])) if rng.random() < 0.8 else array.copy()
    where = tuple(rng.randrange(length) for length in made.shape)
    values = [-1, 10**9, 2**31, 2**62, 1, 300, 99] + (
        [0.5, float("nan"), float("inf"), 1e308] if made.dtype.kind == "f" else []
    )
    with np.errstate(all="ignore"):
        made[where] = np.array(rng.choice(values)).astype(made.dtype)
    return made


def _scalar(rng: Random, array: np.ndarray) -> np.ndarray:
    return rng.choice(
        [
            np.array(1),
            np.array(odd_text(rng).encode("utf-8", "replace").decode()),
            np.array([]),
            np.full(array.shape, 7, array.dtype),
        ]
    )


CHANGES = (_type, _shape, _shape, _number, _number, _number, _scalar)


def _promise(rng: Random, path: Path, arrays: dict[str, np.ndarray]) -> str:
    """The header of one array promises more than the file holds."""
    name = rng.choice(list(arrays))
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({HUGE}, 16, 16), }}"
    odd = [
        header,
        header.replace("|u1", "|O"),
        header.replace(str(HUGE), "-1"),
        "{" * 5000,
        header.replace("|u1", "V" + "9" * 12),
        "1",
    ]
    text = rng.choice(odd).ljust(117 if rng.random() < 0.8 else 60_000)
    magic = b"\x93NUMPY" + bytes(rng.choice([(1, 0), (1, 0), (2, 0), (9, 9)])) + struct.pack("<H", len(text) + 1)
    with zipfile.ZipFile(path, "w") as file:
        for each, array in arrays.items():
            file.writestr(
                zipfile.ZipInfo(f"{each}.npy"), magic + text.encode() + b"\n" + bytes(64) if each == name else _npy(array)
            )
    return f"the header of {name} is {shown(text.strip())}"


def _names(rng: Random, path: Path, arrays: dict[str, np.ndarray]) -> str:
    """Members under other names, twice, or beside others."""
    chosen = rng.choice(list(arrays))
    odd = rng.choice(
        [chosen.upper(), f"../{chosen}", f"x/{chosen}", odd_text(rng).encode("utf-8", "replace").decode() or "x", "file", ""]
    )
    how = rng.choice(["called", "beside", "twice", "without"])
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays.items():
            if name != chosen or how in {"beside", "twice"}:
                file.writestr(zipfile.ZipInfo(f"{name}.npy"), _npy(array))
        if how != "without":
            file.writestr(zipfile.ZipInfo(f"{chosen if how == 'twice' else odd}.npy"), _npy(arrays[chosen]))
    return f"{chosen} is {how} {shown(odd)}"


def _pickled(rng: Random, path: Path, arrays: dict[str, np.ndarray]) -> str:
    """One array holds objects, which only a pickle can say."""
    chosen = rng.choice(list(arrays))
    np.savez(
        path, allow_pickle=True, **{name: array.astype(object) if name == chosen else array for name, array in arrays.items()}
    )
    return f"{chosen} holds objects"


def _bomb(rng: Random, path: Path, arrays: dict[str, np.ndarray]) -> str:
    """One array of zeros, small when packed."""
    chosen, count = rng.choice(list(arrays)), rng.choice([10**5, 4 * 10**5])
    zeros = np.zeros((count, 16, 16), np.uint8)
    np.savez_compressed(path, **{name: zeros if name == chosen else array for name, array in arrays.items()})
    return f"{chosen} has {count} images of zeros"


MEMBERS = (_promise, _promise, _names, _pickled, _bomb)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
