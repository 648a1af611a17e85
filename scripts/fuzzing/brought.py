"""Kinds of data that people bring: tables, arrays, archives, pictures, DICOM files, weights."""

import json
import os
import pickle
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from fuzzing.archives import damage_archive
from fuzzing.arrays import damage_hdf5, damage_npz
from fuzzing.attempt import CONTENT, Attempt
from fuzzing.blobs import damage_file
from fuzzing.dicoms import damage_dicom
from fuzzing.pictures import damage_picture
from fuzzing.rows import damage_table
from fuzzing.stage import Stage
from fuzzing.trees import damaged
from fuzzing.values import CANARY

FACTS = ("--modality", "drawings", "--licence", "CC0", "--citation", "the fuzzer")


def _attempt(rng: Random, said: str, name: str, origin: str, compared: str = "content") -> Attempt:
    """The entry that exists is checked, or `cats new` writes another one that is checked then."""
    home = {} if rng.random() < 0.3 else {"CATS_HOME": "new-home"}  # of which the first has images decoded before
    if rng.random() < 0.35:
        return Attempt(said, (("new", "target", "made", "--from", origin, *FACTS), ("check", "made", "--size", "16")), home)
    return Attempt(said, (("check", name, "--size", "16"), (CONTENT, name)), home, compared=compared)  # type: ignore[arg-type]


def tables(rng: Random, stage: Stage) -> Attempt:
    """The table beside pictures is damaged."""
    said, plain = damage_table(rng, stage.work / "data" / "sheet" / "labels.csv")
    return _attempt(rng, said, "sheet", "data/sheet/labels.csv", "same content" if plain else "content")


def arrays(rng: Random, stage: Stage) -> Attempt:
    """An npz or an HDF5 file is damaged."""
    if rng.random() < 0.7:
        return _attempt(rng, damage_npz(rng, stage.work / "data" / "cubes.npz"), "cubes", "data/cubes.npz")
    said = damage_hdf5(rng, stage.work / "data" / "volumes" / rng.choice(["train.h5", "val.h5", "test.h5"]))
    return Attempt(
        said, (("check", "volumes", "--size", "16"), (CONTENT, "volumes")), {"CATS_HOME": "new-home"}, compared="content"
    )


def archives(rng: Random, stage: Stage) -> Attempt:
    """An archive of pictures is damaged."""
    file = rng.choice(["boxes.zip", "crates.tar.gz"])
    return _attempt(rng, damage_archive(rng, stage.work / "data" / file), file.partition(".")[0], f"data/{file}")


def pictures(rng: Random, stage: Stage) -> Attempt:
    """Some pictures of a folder are damaged, or something else lies among them."""
    name, origin = rng.choice([("spots", "data/spots"), ("sheet", "data/sheet/labels.csv")])
    return _attempt(rng, _among(rng, stage.work / "data" / name, ".png", damage_picture), name, origin)


def dicom(rng: Random, stage: Stage) -> Attempt:
    """Some DICOM files of a folder are damaged, or something else lies among them."""
    return _attempt(rng, _among(rng, stage.work / "data" / "scans", ".dcm", damage_dicom), "scans", "data/scans")


def _among(rng: Random, folder: Path, ending: str, damage: Callable[[Random, Path], str]) -> str:
    files = sorted(folder.rglob(f"*{ending}"))
    if rng.random() < 0.12:
        return _stranger(rng, files)
    chosen = files if rng.random() < 0.04 else rng.sample(files, rng.choice([1, 1, 1, 3]))
    return "; ".join(damage(rng, path) for path in chosen[:4]) + _rest(rng, chosen[4:], damage)


def _rest(rng: Random, paths: Sequence[Path], damage: Callable[[Random, Path], str]) -> str:
    for path in paths:
        damage(rng, path)
    return f"; and {len(paths)} more" if paths else ""


def _stranger(rng: Random, files: Sequence[Path]) -> str:
    """Something among the files that is none of them."""
    beside = rng.choice(files)
    names = [
        b"\xff\xfe.png",
        b"a\nb.png",
        b"\x1b[31m.png",
        b" .png",
        b"=cmd.png",
        b"a.PNG",
        b"Thumbs.db",
        b"._x.png",
        b"x.txt",
        "é.png".encode(),
        b"-rf.png",
        b"x" * 250,
    ]
    name = os.fsdecode(rng.choice(names))
    path = beside.parent.parent / name if rng.random() < 0.3 else beside.with_name(name)
    match rng.choice(["copy", "empty", "folder", "link", "circle", "pipe", "outside"]):
        case "copy":
            path.write_bytes(beside.read_bytes())
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(beside.name)
        case "circle":
            path.symlink_to("..")
        case "pipe":
            os.mkfifo(path)
        case "outside":
            path.symlink_to("/proc/self/fd/0")
    return f"{name!a} beside {beside.name}: {'a link' if path.is_symlink() else 'a pipe' if path.is_fifo() else 'more'}"


def weights(rng: Random, stage: Stage) -> Attempt:
    """A file of weights is damaged, or holds something else."""
    path = stage.work / "home" / "weights" / "test_resnet.mine.safetensors"
    said = rng.choice([damage_file, damage_file, _header_of_weights, _numbers_of_weights, _other_weights])(rng, path)
    commands = [("check", "mine", "--backbone", "test_resnet"), ("check", "mine"), ("plan", "mine.yaml")]
    return Attempt(said, (rng.choice(commands),))


def _header_of_weights(rng: Random, path: Path) -> str:
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header, said = damaged(rng, json.loads(content[8 : 8 + size]))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", rng.choice([len(text), len(text), len(text), 2**40])) + text + content[8 + size :])
    return f"{path.name}: header {said}"


def _numbers_of_weights(rng: Random, path: Path) -> str:
    content = bytearray(path.read_bytes())
    start = 8 + struct.unpack("<Q", content[:8])[0]
    value = rng.choice([float("nan"), float("inf"), 1e38, -1.0])
    count = rng.choice([1, (len(content) - start) // 4])
    at = start + 4 * rng.randrange((len(content) - start) // 4 - count + 1)
    content[at : at + 4 * count] = struct.pack("<f", value) * count
    path.write_bytes(content)
    return f"{path.name}: {count} numbers are {value}"


class _Runs:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Callable[..., int], tuple[str]]:
        return os.system, (f"touch {CANARY}",)


def _other_weights(rng: Random, path: Path) -> str:
    """In place of the safetensors file one of torch, with other things than tensors."""
    import torch

    path.unlink()
    made = path.with_suffix(rng.choice([".pt", ".pth", ".bin", ".ckpt"]))
    state = torch.nn.Linear(2, 2).state_dict()
    odd = rng.choice(
        [
            state,
            {"state_dict": state},
            {"model": {"a": 1}},
            [1, 2],
            None,
            {"a": torch.tensor(float("nan"))},
            {1: state},
            _Runs(),
            {"x": _Runs()},
        ]
    )
    if rng.random() < 0.3:
        made.write_bytes(pickle.dumps(odd, protocol=rng.choice([0, 2, 5])))
    else:
        torch.save(odd, made, _use_new_zipfile_serialization=rng.random() < 0.7)
    return f"{made.name} holds {type(odd).__name__}" + (f", {damage_file(rng, made)}" if rng.random() < 0.4 else "")
