"""`cats new` on folders, archives, tables and npz files as people have them, and on what they get wrong."""

import os
import pty
import select
import subprocess
import sys
import tarfile
import time
import zipfile

import numpy as np
import pytest
import yaml
from PIL import Image

from benchmark.specs import catalogue
from tests.support import processes
from tests.support.paths import ROOT

FACTS = ("--modality", "microscope", "--licence", "CC0", "--citation", "Us, 2026")


def picture(path, number, size=(20, 16), mode="L"):
    rng = np.random.default_rng(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, 255, (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0]), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def cells(own):
    """own/pictures/cells/{benign,malignant}, 30 grey pictures of 16 × 20 each."""
    for number in range(60):
        picture(own / "pictures" / "cells" / ("benign", "malignant")[number % 2] / f"{number}.png", number)
    return own / "pictures" / "cells"


def written(own, kind="sources", name="cells"):
    return yaml.safe_load((own / "entries" / kind / f"{name}.yaml").read_text())["dataset"]


@pytest.mark.parametrize("kind", ["source", "target"])
def test_a_folder_becomes_an_entry_of_about_ten_lines_that_passes_the_check(call, own, cells, kind):
    code, _, err = call("new", kind, "cells", "--from", cells, *FACTS)
    assert code == 0, err
    assert "60 pictures in 2 classes (benign 30, malignant 30); all 16 × 20, grey; no official parts" in err
    assert err.endswith("next: cats check cells --contact-sheet sheets\n")
    text = (own / "entries" / f"{kind}s" / "cells.yaml").read_text()
    assert 8 <= len(text.splitlines()) <= 14
    entry = written(own, f"{kind}s")
    assert (entry["task"], entry["images"], entry["shape"]) == ("binary", 60, [16, 20])
    assert (entry["place"], entry["tree"]) == (str(cells.parent), "cells")
    code, out, err = call("check", "cells", "--contact-sheet", "sheets", "--size", 16)
    assert code == 0, out + err
    assert len(list((own / "sheets").glob("*.png"))) == 2


def test_data_below_the_data_folder_need_no_place(call, own, cells, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(own / "pictures"))
    assert call("new", "source", "cells", "--from", "pictures/cells", *FACTS)[0] == 0
    assert "place" not in written(own)
    assert written(own)["tree"] == "cells"


def test_official_parts_are_seen_below_a_folder_around_everything(call, own):
    for number in range(90):
        part = ("training", "valid", "test")[number % 3]
        picture(own / "set" / "release-2" / part / f"class {number // 3 % 2}" / f"{number}.jpg", number, mode="RGB")
    code, _, err = call("new", "target", "cells", "--from", "set", *FACTS)
    assert code == 0, err
    assert "colour; official parts: train 30, val 30, test 30" in err
    code, out, err = call("check", "cells", "--size", 16)
    assert code == 0, out + err
    assert "train 30, val 30, test 30 images (official), every class in each" in out


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_an_archive_is_read_in_place(call, own, cells, ending):
    path = own / f"archived{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in cells.rglob("*.png"):
                archive.write(file, file.relative_to(cells.parent))
            archive.writestr("__MACOSX/cells/._0.png", b"rubbish")
    else:
        with tarfile.open(path, "w:gz") as tar:
            tar.add(cells, "cells")
    code, _, err = call("new", "source", "cells", "--from", path, *FACTS)
    assert code == 0, err
    assert "60 pictures in 2 classes" in err
    if ending == ".tar.gz":
        code, out, err = call("check", "cells", "--size", 16)
        assert code == 0, out + err


def table(own, header="image;dx;patient_id;split"):
    lines = [header]
    for number in range(60):
        picture(own / "set" / "pictures" / f"p{number}.jpg", number)
        part = ("training", "training", "validation", "test")[number // 2 % 4]
        lines.append(f"p{number};{('mass', 'cyst')[number % 2]};{number // 2};{part}")
    path = own / "set" / "labels.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_is_understood_from_its_columns(call, own):
    code, _, err = call("new", "target", "cells", "--from", table(own), *FACTS)
    assert code == 0, err
    assert "official parts: train 32, val 14, test 14; groups by patient" in err
    entry = written(own, "targets")
    assert entry["classes"] == ["cyst", "mass"]
    assert entry["groups"] == "patient"
    options = entry["read"]["table"]
    assert (options["path"], options["label"], options["group"], options["part"]) == ("image", "dx", "patient_id", "split")
    assert (options["images"], options["ending"], options["separator"]) == ("pictures", ".jpg", ";")
    code, out, err = call("check", "cells", "--size", 16)
    assert code == 0, out + err
    assert "30 × patient, each in one part" in out


def test_another_column_for_the_label_is_another_identity(call, own):
    path = table(own, header="image;dx;patient_id;split")
    call("new", "target", "cells", "--from", path, *FACTS)
    entry = own / "entries" / "targets" / "cells.yaml"
    catalogue.target.cache_clear()
    before = catalogue.target("cells").dataset.digest()
    assert hash(catalogue.target("cells").dataset)  # what is loaded is remembered by data set
    entry.write_text(entry.read_text().replace("group: patient_id", "group: image"))
    catalogue.target.cache_clear()
    assert catalogue.target("cells").dataset.digest() != before


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        (("p7;", "p700;"), (), "names pictures/p700.jpg, which is not in"),
        (("dx", "what"), (), "has no column that looks like a label; name it with --label, one of image, what, patient_id"),
        (("dx", "dx"), ("--label", "dy"), "has no column 'dy'; allowed are dx, image, patient_id, split"),
        (("dx", "dx"), ("--path", "dx"), "the column 'dx' of"),
        (("validation", "later"), (), "the column 'split' holds 'later'; allowed are train"),
        (("p3;cyst", "p3"), (), "line 5 does not have as many values as there are columns"),
    ],
)
def test_a_wrong_table_is_one_sentence(call, own, change, options, sentence):
    path = table(own)
    path.write_text(path.read_text().replace(*change))
    code, _, err = call("new", "target", "cells", "--from", path, *FACTS, *options)
    assert code == 2
    assert sentence in err
    assert not (own / "entries" / "targets" / "cells.yaml").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("p7;", "p700;"), "p700"),
        (("p7;cyst", "p7;cists"), "cists"),
    ],
)
def test_a_table_that_changes_after_it_was_described_breaks_a_promise(call, own, change, sentence):
    path = table(own)
    call("new", "target", "cells", "--from", path, *FACTS)
    path.write_text(path.read_text().replace(*change))
    code, out, _ = call("check", "cells")
    assert code == 1
    assert "broken labels" in out
    assert sentence in out


def npz(own, **others):
    arrays = {}
    for part, count in (("train", 40), ("val", 10), ("test", 12)):
        arrays[f"{part}_images"] = np.random.default_rng(count).integers(0, 255, (count, 12, 12), dtype=np.uint8)
        arrays[f"{part}_labels"] = np.arange(count)[:, None] % 2
    np.savez(own / "mine.npz", **{**arrays, **others})
    return own / "mine.npz"


def test_an_npz_file_has_its_classes_named(call, own):
    code, _, err = call("new", "target", "cells", "--from", npz(own), *FACTS, "--classes", "cyst,mass")
    assert code == 0, err
    assert "62 pictures in 2 classes" in err
    assert written(own, "targets")["classes"] == ["cyst", "mass"]
    code, out, err = call("check", "cells", "--size", 12)
    assert code == 0, out + err
    assert "checksums  as declared" in out


def test_several_labels_make_a_multilabel_entry(call, own):
    labels = {f"{part}_labels": np.arange(n * 3).reshape(n, 3) % 2 for part, n in (("train", 40), ("val", 10), ("test", 12))}
    code, _, err = call("new", "target", "cells", "--from", npz(own, **labels), *FACTS)
    assert code == 0, err
    entry = written(own, "targets")
    assert (entry["task"], entry["images"], len(entry["classes"])) == ("multilabel", 62, 3)


@pytest.mark.parametrize(
    ("names", "given", "classes"),
    [
        (("10", "2", "0", "1"), (), ["0", "1", "2", "10"]),
        (("mild", "none", "severe"), (), None),
        (("mild", "none", "severe"), ("--classes", "none,mild,severe"), ["none", "mild", "severe"]),
    ],
)
def test_folders_of_ordered_classes_need_an_order(call, own, names, given, classes):
    for number in range(60):
        picture(own / "graded" / names[number % len(names)] / f"{number}.png", number)
    code, _, err = call("new", "target", "cells", "--from", "graded", *FACTS, "--task", "ordinal", *given)
    assert code == (0 if classes else 2), err
    if classes:
        assert written(own, "targets")["classes"] == classes
    else:
        assert "the order of mild, none, severe is not known: name them from the least to the most with --classes" in err


def test_nothing_is_overwritten(call, own, cells):
    path = own / "entries" / "sources" / "cells.yaml"
    path.write_text("mine\n")
    code, _, err = call("new", "source", "cells", "--from", cells, *FACTS)
    assert code == 2
    assert f"{path} exists already and is not overwritten" in err
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("source", "cells", "--from", "nowhere"), "there is no folder or file nowhere"),
        (("source", "My-Cells", "--from", "pictures/cells"), "'My-Cells' is not a valid name; allowed are lower case letters"),
        (("source", "digits", "--from", "pictures/cells"), "there is a source called 'digits' already"),
        (("source", "breastmnist", "--from", "pictures/cells"), "'breastmnist' is a target already, and every target"),
        (("source", "cells", "--from", "pictures/cells/benign"), "holds one folder of pictures only"),
        (("source", "cells", "--from", "pictures"), ""),
        (("source", "cells", "--from", "empty"), "empty holds no picture; pictures end in .bmp"),
        (("source", "cells", "--from", "note.txt"), "note.txt has no layout that can be read; allowed are a folder,"),
        (("source", "cells", "--from", "torn.zip"), "torn.zip is not a whole zip or tar archive"),
        (("source", "cells", "--from", "broken"), "broken: a/x.png is not a picture that can be read"),
        (("source", "cells", "--from", "loose"), "loose holds pictures outside of any class folder"),
        (("source", "cells", "--from", "bare.npz"), "bare.npz has no test_images"),
        (("source", "cells", "--from", "torn.npz"), "torn.npz is not a whole npz file"),
        (("source", "cells", "--from", "pictures/cells", "--classes", "benign,malign"), "--classes names benign, malign;"),
        (("source", "cells", "--from", "pictures/cells", "--task", "binery"), "no 'binery'; did you mean binary?"),
    ],
)  # fmt: skip
def test_what_cannot_become_an_entry_is_one_sentence(call, own, cells, arguments, sentence):
    (own / "empty").mkdir()
    (own / "note.txt").write_text("x")
    (own / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    (own / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    np.savez(own / "bare.npz", x=np.zeros(3))
    for name in ("broken/a/x.png", "broken/b/x.png"):
        (own / name).parent.mkdir(parents=True)
        (own / name).write_bytes(b"no picture")
    picture(own / "loose" / "a" / "1.png", 1)
    picture(own / "loose" / "2.png", 2)
    code, _, err = call("new", *arguments, *FACTS)
    assert code == (2 if sentence else 0)
    assert sentence in err
    assert (own / "entries" / "sources" / "cells.yaml").exists() == (not sentence)


def test_missing_facts_are_named_before_anything_is_looked_at(call, own, cells):
    code, _, err = call("new", "source", "cells", "--from", cells, "--modality", "microscope")
    assert code == 2
    assert err == "cats: --licence and --citation must be given, because cats cannot ask for them without a terminal\n"


def test_an_archive_beside_a_folder_of_its_name_is_not_mistaken_for_it(call, own, cells):
    with zipfile.ZipFile(own / "pictures" / "cells.zip", "w") as archive:
        for file in cells.rglob("*.png"):
            archive.write(file, file.relative_to(cells))
    code, _, err = call("new", "source", "cells", "--from", own / "pictures" / "cells.zip", *FACTS)
    assert code == 2
    assert f"'cells' leads to {cells}, not to {cells}.zip: rename one of them" in err


PLAN = """
experiment: mine
sources: [cells]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: finetune, size: 16, epochs: 1, batch_size: 32}
seeds: 1
subsample: {train: 60}
pretraining: {size: 16, epochs: 1}
"""


@pytest.mark.slow
def test_a_plan_runs_with_a_new_source(own, cells):
    (own / "plan.yaml").write_text(PLAN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for arguments in (["new", "source", "cells", "--from", str(cells), *FACTS], ["run", "plan.yaml"]):
        done = processes.run(["-m", "benchmark", *arguments], timeout=200, env=environment)
        assert done.returncode == 0, done.stderr
    assert "1 cell: 0 were done, 1 made now, 0 attempts failed" in done.stderr


@pytest.mark.slow
def test_at_a_terminal_missing_facts_are_asked_for(own, cells):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "benchmark", "new", "source", "cells", "--from", str(cells), *FACTS[:2]]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=own) as process:
        os.close(theirs)
        seen, answers, deadline = "", {"licence: ": b"CC0\n", "citation: ": b"Us, 2026\n"}, time.monotonic() + 60
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                seen += os.read(ours, 4096).decode()
            except OSError:
                break
            for question in [question for question in answers if seen.endswith(question)]:
                os.write(ours, answers.pop(question))
        assert process.wait(20) == 0, seen
    os.close(ours)
    assert (written(own)["licence"], written(own)["citation"]) == ("CC0", "Us, 2026")
