"""`cats new` on folders as people have them: it reads them and says how, or refuses and names the option that decides."""

import gzip
import re
import tarfile
import zipfile

import numpy as np
import pytest
import yaml
from PIL import Image

from benchmark.specs import catalogue
from tests.support.new_folders import FACTS, new, put


def tree(own, names, each=1):
    """Pictures `each` times in every folder of `names`, all different."""
    for number, name in enumerate(names):
        for i in range(each):
            put(own / "set" / name / f"{number}_{i}.png", number * 1000 + i)
    return own / "set"


def written(own, kind="targets"):
    return yaml.safe_load((own / "entries" / kind / "mine.yaml").read_text())["dataset"]


def checked(call):
    code, out, err = call("check", "mine", "--size", 16)
    assert code == 0, out + err
    return out


PATIENTS = [f"p{i:02d}" for i in range(40)]
LAYOUTS = {
    "class": (["a", "b"], (), "folders are read as class", {}),
    "parts": (
        ["TRAIN/a", "TRAIN/b", "Test_Set/a", "Test_Set/b"],
        (),
        "official parts: train 40, test 40",
        {"parts": {"TRAIN": "train", "Test_Set": "test"}},
    ),
    "holdout": (
        ["training/a", "training/b", "dev/a", "dev/b", "hold-out/a", "hold-out/b"],
        (),
        "train 40, val 40, test 40",
        {},
    ),
    "class/part": (
        ["a/train", "b/train", "a/test", "b/test"],
        (),
        "read as class/part",
        {"parts": {"train": "train", "test": "test"}},
    ),
    "outer": (["test/a", "test/b"], (), "folders are read as test/class", {"root": "test"}),
    "outer and parts": (
        ["train/v2/train/a", "train/v2/train/b", "train/v2/test/a", "train/v2/test/b"],
        (),
        "train/v2/part/class",
        {"root": "train/v2"},
    ),
    "twice": (
        ["train/train/a", "train/train/b", "test/test/a", "test/test/b"],
        (),
        "read as part/part/class",
        {"parts": {"train": "train", "test": "test"}},
    ),
    "other cases": (["train/A", "train/b", "test/a", "test/B"], ("--merge-labels",), "train 40, test 40", {}),
    "class/images": (["a/images", "b/images"], (), "read as class/-", {"level": 1}),
    "class/patient": (
        [f"{'ab'[i % 2]}/{p}" for i, p in enumerate(PATIENTS)],
        (),
        "40 patients",
        {"level": 1, "group": "^[^/]+/([^/]+)/"},
    ),
    "patient/class": ([f"{p}/{c}" for p in PATIENTS for c in "01"], (), "read as patient/class", {"group": "^([^/]+)/"}),
    "slides": ([f"{'ab'[i % 2]}/slide {p}" for i, p in enumerate(PATIENTS)], (), "40 slides", {}),
    "numbers": ([f"{'ab'[i % 2]}/{i + 1}" for i in range(40)], (), "read as class/patient", {}),
    "codes": ([f"{'ab'[i % 2]}/TCGA-{i % 7}B-{1000 + i}" for i in range(40)], (), "read as class/patient", {}),
    "digests": ([f"{'ab'[i % 2]}/{i * 7919:03x}f{i:04x}" for i in range(40)], (), "read as class/patient", {}),
    "part/class/patient": (
        [f"{'train' if i < 26 else 'test'}/{'ab'[i % 2]}/{p}" for i, p in enumerate(PATIENTS)],
        (),
        "part/class/patient",
        {},
    ),
    "left out": (
        [f"{part}/{c}" for part in ("TRAIN", "TEST", "TEST_SIMPLE") for c in "ab"],
        ("--parts", "TRAIN=train,TEST=test,TEST_SIMPLE=-"),
        "train 40, test 40",
        {},
    ),
    "one part": (
        ["train/a", "train/b", "test/a", "test/b"],
        ("--parts", "train=train,test=-"),
        "no official parts",
        {"root": "train"},
    ),
    "pooled": (["train/a", "train/b", "val/a", "val/b"], ("--layout", "-/class"), "80 pictures", {}),
    "val tests": (["train/a", "train/b", "val/a", "val/b"], ("--parts", "train=train,val=test"), "train 40, test 40", {}),
    "magnification": ([f"{c}/{m}X" for c in "ab" for m in (40, 100)], ("--layout", "class/-"), "80 pictures", {"level": 1}),
    "one magnification": (
        [f"{c}/{m}X" for c in "ab" for m in (40, 100)],
        ("--include", "/40X/"),
        "40 pictures",
        {"include": "/40X/"},
    ),
    "kinds of tumours": (
        [f"{c}/{k}" for c in "ab" for k in "klmnopqrstuvw"],
        ("--layout", "class/lesion"),
        "lesion",
        {"groups": "lesion"},
    ),
    "folders of parts as classes": (["test", "control"], ("--layout", "class"), "(control 20, test 20)", {}),
    "mixed depth": (["a", "a/more", "b"], ("--layout", "class/-"), "(a 40, b 20)", {"level": 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_read_as_what_it_is(call, own, name):
    folders, options, sentence, expected = LAYOUTS[name]
    tree(own, folders, each=20 if len(folders) < 40 else 1)
    code, _, err = new(call, *options)
    assert code == 0, err
    assert sentence in err
    entry = written(own)
    found = {**entry, **entry["read"]["folders"]}
    assert {key: found.get(key) for key in expected} == expected
    if name == "left out":
        assert "40 pictures are left out by the entry, for example TEST_SIMPLE/a/" in err
    if name in {"class/part", "class/patient", "patient/class", "left out"}:
        checked(call)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("name", ["class/patient", "parts"])
def test_an_archive_is_read_as_the_folder_is(call, own, kind, name):
    folders, _, sentence, _ = LAYOUTS[name]
    path = tree(own, folders, each=20 if len(folders) < 40 else 1)
    if kind == "zip":
        with zipfile.ZipFile(own / "packed.zip", "w") as archive:
            for file in path.rglob("*.png"):
                archive.write(file, file.relative_to(path.parent))
    else:
        with tarfile.open(own / f"packed.{kind}", "w:gz" if kind == "tar.gz" else "w") as archive:
            archive.add(path, "set")
    code, _, err = new(call, path=f"packed.{kind}")
    assert code == 0, err
    assert sentence in err
    checked(call)


UNCLEAR = {
    "TEST_SIMPLE": (
        [f"{part}/{c}" for part in ("TRAIN", "TEST", "TEST_SIMPLE") for c in "ab"],
        "--parts 'TEST=test,TEST_SIMPLE=-,TRAIN=train'",
    ),
    "two tests": (
        [f"{part}/{c}" for part in ("train", "test", "testing") for c in "ab"],
        "two of them would be the same part; say it with --parts",
    ),
    "no test": (
        ["train/a", "train/b", "val/a", "val/b"],
        "no test part is among them; say it with --parts 'train=train,val=test'",
    ),
    "numbered": (
        [f"{part}/{c}" for part in ("train_1", "test_1") for c in "ab"],
        "it is not clear which of them are parts; say it with --parts",
    ),
    "flat parts": (["train", "test"], "no folder per class below; what is needed is a table of labels"),
    "flat parts and more": (["train", "test", "unlabelled"], "it is not clear which of them are parts"),
    "magnifications": (
        [f"{c}/{m}X" for c in ("a", "b", "c") for m in (40, 100, 200)],
        "look like magnifications; say what the folders are",
    ),
    "magnifications outside": ([f"{m}x/{c}" for c in ("a", "b") for m in (40, 100, 200)], "--layout -/class"),
    "kinds": (
        [f"a/{k}" for k in ("adenosis", "fibroma")] + [f"b/{k}" for k in ("ductal", "lobular")],
        "--layout class/- or --layout -/class",
    ),
    "grades": ([f"{c}/grade{k}" for c in "ab" for k in range(8)], "--layout class/-"),
    "folds": ([f"fold{k}/{c}" for c in "ab" for k in range(8)], "--layout class/- or --layout -/class"),
    "years": ([f"{2010 + k}/{c}" for c in "ab" for k in range(8)], "--layout class/- or --layout -/class"),
    "deep": ([f"{c}/{k}/{m}/p" for c in "ab" for k in "xy" for m in "uv"], "folders lie in 4 levels"),
    "mixed depth": (["a", "a/more", "b"], "pictures lie in a and in a/more; say what the folders are"),
    "masks beside": (["images", "masks"], "the folder images would be a class, which its name does not suggest"),
    "masks inside": ([f"{c}/{k}" for c in "ab" for k in ("images", "masks")], "--include '/images/', or take all"),
    "a part without classes": (
        ["train/a", "train/b", "test"],
        "test holds pictures in no class folder, other parts have some; leave it out with --parts 'test=-,train=train'",
    ),
    "a class in one part": (["train/a", "train/b", "test/a", "test/c"], "the class folder b is in train and not in test"),
    "another case in one part": (
        ["train/A", "train/b", "test/a", "test/b"],
        "say with --merge-labels that a is the same class",
    ),
    "mixed depth in parts": (["train/a", "train/b", "test/a", "test/b/more"], "--layout part/class/-"),
    "kinds in parts": ([f"{p}/{c}/{k}" for p in ("train", "test") for c in "ab" for k in "xy"], "--layout part/class/- or"),
    "dates": ([f"2021-03-{k + 10}/{c}" for c in "ab" for k in range(8)], "--layout class/- or --layout -/class"),
    "hospitals": ([f"hospital_{k}/{c}" for c in "ab" for k in range(8)], "--layout class/- or --layout -/class"),
    "other numbers": ([f"{c}/q{k}" for c in "ab" for k in range(8)], "--layout class/- or --layout -/class"),
    "patients alone": (
        [f"patient_{k}" for k in range(8)],
        "the 8 folders patient_0, patient_1, ... look like patients, not classes",
    ),
    "codes of patients": (
        [f"PX-{k}" for k in range(100215, 100223)],
        "look like patients, not classes; what is needed is a folder per class, or --layout class",
    ),
    "months": ([f"2025{k:02d}" for k in range(1, 13)], "the 12 folders 202501, 202502, ... look like dates, not classes"),
    "months apart": (["2025-01", "2025-02"], "the 2 folders 2025-01, 2025-02 look like dates"),
    "days": (["2025_01_31", "2025_02_01", "2025_02_03"], "look like dates"),
    "days in one piece": (["20250131", "19991231", "20250203", "unsorted"], "look like dates"),
    "days, the day first": (["31.01.2025", "01.02.2025"], "look like dates"),
    "months of a year": (["2025/01", "2025/02"], "the 2 folders 01, 02 look like dates"),
    "months in parts": ([f"{p}/2025{k:02d}" for p in ("train", "test") for k in range(1, 4)], "look like dates"),
    "hospitals alone": (["hospital_1", "hospital_2"], "look like sites, not classes"),
    "folds alone": (["fold_1", "fold_2"], "look like folds, not classes"),
    "magnifications alone": (["40X", "100X"], "look like magnifications, not classes"),
    "one class": (["a"], "holds one folder of pictures only"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_not_clear_is_asked_for(call, own, name):
    folders, sentence = UNCLEAR[name]
    tree(own, folders, each=3)
    code, _, err = new(call)
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not list((own / "entries" / "targets").iterdir())


@pytest.mark.parametrize("folders", [["202513", "198501"], ["202501", "202502", "a", "b"], ["01", "02"], ["20250132", "2"]])
def test_numbers_that_are_no_dates_may_be_classes(call, own, folders):
    tree(own, folders, each=3)
    assert new(call)[0] == 0


@pytest.mark.parametrize("names", [True, False])
def test_a_table_beside_folders_of_dates_is_named_if_it_names_the_pictures(call, own, names):
    tree(own, [f"2025{k:02d}" for k in range(1, 5)], each=5)
    files = sorted(file.relative_to(own / "set").as_posix() for file in (own / "set").rglob("*.png"))
    rows = [f"{file if names else number},{'ab'[number % 2]}" for number, file in enumerate(files)]
    (own / "set" / "findings.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    (own / "set" / "other.csv").write_text("date,scanner\n2025-01-01,a\n")
    code, _, err = new(call)
    table = err.strip().split("--from ")[1]
    assert (code, table) == (2, "set/findings.csv" if names else "LABELS.csv), or --layout class if that is meant")
    code, _, err = new(call, path="set/findings.csv")
    assert code == (0 if names else 2), err


@pytest.mark.parametrize("study", ["", "/study1", "/{}"])
def test_folders_that_a_table_of_patients_names_are_no_classes(call, own, study):
    people = ["ada", "bea", "cleo", "dora"]
    tree(own, [f"{name}{study.format(name[0])}" for name in people], each=3)
    rows = [f"{name};{50 + number};{'ab'[number % 2]}" for number, name in enumerate(people)]
    (own / "set" / "patients.csv").write_text("\n".join(["Patient ID;Age;Finding", *rows]) + "\n")
    code, _, err = new(call)
    assert (code, "the 4 folders ada, bea, ... look like patients, not classes" in err) == (2, True), err
    assert "join set/patients.csv, which has a row per patient, to the pictures as docs/tables.md shows" in err
    code, _, err = new(call, path="set/patients.csv")
    assert code == 2
    assert (
        "patients.csv has a row per patient, not per picture: the column 'Patient ID' holds the folder, such as ada; join"
        in err
    )
    assert not list((own / "entries" / "targets").iterdir())


def test_a_table_of_patients_beside_class_folders_changes_nothing(call, own):
    tree(own, ["benign", "malignant"], each=6)
    (own / "set" / "patients.csv").write_text("patient_id,age\n" + "".join(f"{number},5{number}\n" for number in range(6)))
    (own / "set" / "classes.csv").write_text("class,meaning\nbenign,harmless\nmalignant,cancer\n")
    assert new(call)[0] == 0


# folders → what the sentence advises, and what comes of it: a fact of the entry
ADVICE = {
    "masks in classes": ([f"{c}/{k}" for c in "ab" for k in ("images", "masks")], "--include '(/images/)'", "(a 20, b 20)"),
    "two kinds of masks": (
        [f"{p}/{c}/{k}" for p in ("Train", "Val", "Test") for c in "ab" for k in ("images", "lung masks", "infection masks")],
        "--include '(/images/)'",
        "train 40, val 40, test 40",
    ),
    "masks around classes": (
        [f"{k}/{c}" for k in ("images", "GT") for c in "ab"],
        "--include '([^']+GT[^']+)'",
        "(a 20, b 20)",
    ),
    "annotations": ([f"{c}/{k}" for c in "ab" for k in ("img", "Annotations_1")], "--include '(/img/)'", "(a 20, b 20)"),
    "masks below pictures": (["a", "b", "a/masks", "b/masks"], "--include '([^']+masks[^']+)'", "(a 20, b 20)"),
    "masks beside classes": (["a", "b", "masks/a"], "--include '([^']+masks[^']+)'", "(a 20, b 20)"),
    "masks of several": (
        [f"{c}/{k}" for c in "ab" for k in ("left", "right", "label")],
        "--include '(.+label[^']+)', or",
        "--layout class/-",
    ),
    "copy": (["no", "yes", "all/no", "all/yes"], "--include '([^']+)'", "(no 20, yes 20)"),
    "copy with parts": (
        [f"{o}{p}/{c}" for o in ("", "set/") for p in ("train", "test") for c in "ab"],
        "--include '([^']+)'",
        "train 40, test 40",
    ),
    "parts at the end": ([f"seg_{p}/{c}" for p in ("train", "test") for c in "ab"], "--parts '([^']+)'", "train 40, test 40"),
    "numbered parts": ([f"{p}_1/{c}" for p in ("train", "test") for c in "ab"], "--parts '([^']+)'", "train 40, test 40"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ADVICE)
def test_what_a_sentence_advises_is_right(call, own, name):
    folders, advice, fact = ADVICE[name]
    tree(own, folders, each=20)
    code, _, err = new(call)
    assert code == 2
    match = re.search(advice, err)
    assert match, err
    assert "--layout class/-" not in err
    code, _, err = new(call, advice.split()[0], match[1])
    assert code == (2 if fact.startswith("--") else 0), err
    assert fact in err


@pytest.mark.parametrize("folders", [ADVICE["masks in classes"][0], ADVICE["copy"][0]])
def test_a_layout_makes_no_class_of_masks_or_copies(call, own, folders):
    tree(own, folders, each=3)
    code, _, err = new(call, "--layout", "class/-")
    assert code == 2
    assert "--include" in err


RESTARTING = {
    "sites": [f"{s}/{g}" for s in ("karolinska", "radboud") for g in range(6)],
    "eyes": [f"{s}/{g}" for s in ("left", "right") for g in range(8)],
    "numbered in each class": [f"{c}/{k}" for c in ("benign", "malignant") for k in range(1, 9)],
    "more in one class": [f"a/patient_{k}" for k in range(8)] + [f"b/patient_{k}" for k in range(20)],
    "in parts": [
        f"{p}/{c}/{k:02d}" for p in ("train", "test") for c in "ab" for k in range(*((0, 8) if p == "train" else (8, 16)))
    ],
    "grades around": [f"{g}/{s}" for s in ("karolinska", "radboud") for g in range(6)],
}


@pytest.mark.parametrize("name", RESTARTING)
def test_numbers_that_each_folder_has_are_asked_for(call, own, name):
    tree(own, RESTARTING[name], each=3)
    code, _, err = new(call)
    assert code == 2
    assert "class/patient or --layout" in err
    assert ("takes the same name in two classes as two patients" in err) == (name != "grades around")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folders", "layout", "groups"),
    [
        (RESTARTING["numbered in each class"], "class/patient", "16 patients"),
        (RESTARTING["in parts"], "part/class/patient", "32 patients"),
        ([f"{c}/{10253 + k}" for c in "ab" for k in range(12)], None, "12 patients"),
        ([f"{'ab'[k % 2]}/{k}" for k in range(12)] + ["b/0"], None, "12 patients"),
    ],
)
def test_patients_are_counted_in_each_class_where_their_numbers_begin_again(call, own, folders, layout, groups):
    tree(own, folders, each=4)
    code, _, err = new(call, *(("--layout", layout) if layout else ()))
    assert code == 0, err
    assert groups in err
    checked(call)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "refused"),
    [
        (["c/x.mat"], True), (["c/x.h5", "c/notes.txt"], True), (["c/deep/x.mp4"], True), (["c/x.pt"], True),
        (["c/x"], True), (["c/notes.txt", "c/t.csv"], False), (["c/Thumbs.db", "c/.x.mat"], False), (["a/x.mat"], False),
        (["masks/x.mat"], False),
    ],
)  # fmt: skip
def test_a_folder_without_pictures_beside_classes_is_not_left_out_silently(call, own, files, refused):
    tree(own, ["a", "b"], each=101)
    for name in files:
        (own / "set" / name).parent.mkdir(exist_ok=True, parents=True)
        (own / "set" / name).write_bytes(b"MATLAB 5.0")
    code, _, err = new(call)
    assert (code == 2) == refused, err
    if refused:
        assert "would be missing as a whole" in err
        (pattern,) = re.findall(r"--include '([^']+)'", err)
        code, _, err = new(call, "--include", pattern)
        assert code == 0, err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--layout", "classes"), "--layout holds 'classes'; allowed are class, part, patient"),
        (("--layout", "part/patient"), "--layout part/patient names no class: if no folder of set is one"),
        (("--layout", "part/class"), "names 2 folders; pictures of set lie in a"),
        (("--layout", "class", "--parts", "a=train"), "--parts is given, but --layout class has no part"),
        (("--parts", "x=train"), "--parts names x; set has no such folder"),
        (("--parts", "a=train"), "--parts does not say what the folder b is; add b=train, val, test or -"),
        (("--parts", "a"), "--parts holds 'a'; write WORD=PART"),
        (("--include", "("), "'(' is not a regular expression"),
        (("--include", "nothing"), "set holds no picture"),
        (("--label", "dx"), "--label cannot be used with folders of pictures"),
        (("--licence", "unknown"), "--licence is 'unknown', which says nothing: licence must be given"),
        (("--citation", "?"), "--citation is '?', which says nothing: citation must be given"),
    ],
)  # fmt: skip
def test_an_option_that_does_not_fit_is_one_sentence(call, own, options, sentence):
    tree(own, ["a", "b"], each=3)
    code, _, err = new(call, *options)
    assert code == 2
    assert sentence in err
    assert not list((own / "entries" / "targets").iterdir())


TINY = [f"n{i:08d}" for i in range(200)]


@pytest.fixture
def declare(monkeypatch):
    """Let a shipped entry declare as many pictures as a small copy of its data has."""

    def make(name, dataset, images):
        shipped = ((name, dataset.model_copy(update={"images": images})),)
        monkeypatch.setattr("benchmark.entries.known_sets._shipped", lambda: shipped)

    return make


@pytest.mark.parametrize(("images", "named"), [(None, False), (40, True), (38, False), (41, True), (780, False)])
def test_names_of_classes_alone_are_no_known_set(call, own, declare, images, named):
    tree(own, ["benign", "malignant"], each=20)
    declare("wisconsin_fna", catalogue.target("wisconsin_fna").dataset, images)
    code, _, err = new(call)
    assert code == 0, err
    assert ("which is shipped as wisconsin_fna" in err) == named


@pytest.mark.slow
def test_tiny_imagenet_is_named(call, own, declare):
    declare("tiny_imagenet", catalogue.source("tiny_imagenet").dataset, 400)
    from sources.tiny_imagenet import CLASSES

    lines = []
    for number, wnid in enumerate(CLASSES):
        put(own / "set" / "train" / wnid / "images" / f"{wnid}_0.JPEG", number, "JPEG")
        put(own / "set" / "val" / "images" / f"val_{number}.JPEG", number, "JPEG")
        lines.append(f"val_{number}.JPEG\t{wnid}\t0\t0\t9\t9\n")
    put(own / "set" / "test" / "images" / "test_0.JPEG", 1, "JPEG")
    (own / "set" / "val" / "val_annotations.txt").write_text("".join(lines))
    code, _, err = new(call)
    assert code == 2
    assert "pictures lie in images and in" in err
    assert "the layout is that of Tiny ImageNet, which is shipped as tiny_imagenet: `cats show tiny_imagenet`" in err


@pytest.mark.parametrize(
    ("name", "shipped"),
    [("breastmnist.npz", "breastmnist"), ("camelyonpatch_level_2_split_train_x.h5", "pcam"), ("mine.npz", ""), ("mine.h5", "")],
)
def test_a_file_of_a_shipped_set_is_named(call, own, name, shipped):
    (own / name).write_bytes(b"PK")
    code, _, err = new(call, path=name)
    assert code == 2
    assert ("a file of this name belongs to" in err) == bool(shipped)
    assert f"which is shipped as {shipped}: `cats show {shipped}`" in err or not shipped


def test_a_folder_with_a_file_of_a_shipped_set_is_named(call, own):
    (own / "set").mkdir()
    (own / "set" / "camelyonpatch_level_2_split_test_x.h5").write_bytes(b"HDF")
    code, _, err = new(call)
    assert code == 2
    assert "holds no picture" in err
    assert "which is shipped as pcam" in err


def test_an_npz_file_of_a_shipped_set_is_read_and_named(call, own):
    arrays = {
        f"{part}_images": np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8) for part in ("train", "val", "test")
    }
    np.savez(own / "breastmnist.npz", **arrays, **{f"{name[:-7]}_labels": np.arange(40)[:, None] % 2 for name in arrays})
    code, _, err = new(call, path="breastmnist.npz")
    assert code == 0, err
    assert "a file of this name belongs to BreastMNIST, 28 px, which is shipped as breastmnist" in err


def busi(own):
    for name in ("benign", "malignant", "normal"):
        for i in range(1, 9):
            put(own / "set" / name / f"{name} ({i}).png", i)
            put(own / "set" / name / f"{name} ({i})_mask.png", 100 + i)
    put(own / "set" / "benign" / "benign (4)_mask_1.png", 9)


def test_busi_as_published_has_masks(call, own, declare):
    busi(own)
    declare("busi", catalogue.target("busi").dataset, 24)
    code, _, err = new(call)
    assert code == 2
    assert "25 of 49 pictures look like masks of others, for example benign/benign (1)_mask.png beside benign (1)" in err
    assert "--include '^(?!.*(_mask))', or take all with --include '.'" in err
    assert "which is shipped as busi" in err
    code, _, err = new(call, "--include", "^(?!.*(_mask))")
    assert code == 0, err
    assert "24 pictures in 3 classes" in err
    assert "25 pictures are left out by the entry, for example benign/benign (1)_mask.png" in err
    assert "25 pictures are left out by the entry" in checked(call)


def test_a_pattern_for_endings_lets_no_mask_in(call, own):
    busi(own)
    code, _, err = new(call, "--include", r"\.png$")
    assert code == 2
    assert r"leave them out with --include '^(?!.*(_mask)).*\.png$', or take all with --include '.'" in err
    code, _, err = new(call, "--include", r"^(?!.*(_mask)).*\.png$")
    assert code == 0, err
    (own / "entries" / "targets" / "mine.yaml").unlink()
    code, _, err = new(call, "--include", ".")
    assert "49 pictures in 3 classes" in err


def test_a_table_beside_pictures_without_folders_is_named(call, own):
    for i in range(9):
        put(own / "set" / f"{i}.png", i)
    (own / "set" / "truth.csv").write_text("x")
    code, _, err = new(call)
    assert code == 2
    assert "or a table of labels beside the pictures: --from set/truth.csv" in err


def test_pages_that_are_not_read_are_said(call, own):
    path = tree(own, ["a", "b"], each=20)
    pages = [Image.fromarray(np.full((8, 8), i, np.uint8)) for i in range(3)]
    for name in ("x.tif", "y.gif"):
        pages[0].save(path / "a" / name, save_all=True, append_images=pages[1:])
    code, _, err = new(call)
    assert code == 0, err
    assert "2 of 2 pictures hold several pages, of which the first is read, as in a/x.tif" in err


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "JPEG"])
def test_pictures_of_other_endings_are_pictures(call, own, kind):
    tree(own, ["a"], each=20)
    for i in range(20):
        put(own / "set" / "b" / (f"{i}" if kind == "JPEG" else f"{i}.{kind.lower()}"), i + 500, kind)
    code, _, err = new(call)
    assert code == 0, err
    assert "40 pictures in 2 classes (a 20, b 20)" in err
    checked(call)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([f"c/{i}.heic" for i in range(20)], "of 60 files 20 cannot be read as pictures (20 .heic; for example c/"),
        ([f"a/more/{i}.svs" for i in range(2)], "the folder a/more would be missing as a whole"),
        (["a/x.heic"], "1 .heic; for example a/x.heic), and 1% may be; convert them to PNG, or leave them out with --include"),
        (["a/x"], "1 no ending"),
        (["c/all.zip"], "the folder c would be missing as a whole"),
    ],
)
def test_files_that_may_be_pictures_are_not_left_out_silently(call, own, names, sentence):
    tree(own, ["a", "b"], each=20)
    for name in names:
        (own / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (own / "set" / name).write_bytes(b"PK\x03\x04" if name.endswith("zip") else b"ftypheic")
    code, _, err = new(call)
    assert code == 2
    assert sentence in err
    code, _, err = new(call, "--include", r"\.(png)$")
    assert code == 0, err
    assert "not read as pictures: " in err
    assert "not read as pictures: " in checked(call)


def test_links_of_an_archive_that_lead_nowhere_are_not_left_out_silently(call, own):
    path = tree(own, ["a", "b"], each=20)
    with tarfile.open(own / "set.tar", "w") as archive:
        archive.add(path, ".")
        for i in range(20):
            link = tarfile.TarInfo(f"c/{i}.png")
            link.type, link.linkname = tarfile.SYMTYPE, f"/mnt/{i}.png"
            archive.addfile(link)
    code, _, err = new(call, path="set.tar")
    assert code == 2
    assert "20 link that leads out or to nothing; for example c/0.png), and the folder c would be missing as a whole" in err


def test_check_says_what_a_later_visitor_left_in_the_folder(call, own):
    tree(own, ["a", "b"], each=40)
    assert new(call)[0] == 0
    for name in ("README.md", "Thumbs.db", "a/labels.xml", "model.pth.tar"):
        (own / "set" / name).write_bytes(b"x")
    assert "not read as pictures: 1 .md, 1 .xml, 1 .pth.tar" in checked(call)
    for i in range(9):
        (own / "set" / "a" / f"{i}.heic").write_bytes(b"ftypheic")
    code, out, _ = call("check", "mine", "--size", 16)
    assert code == 1
    assert "broken files" in out
    assert "of 89 files 9 cannot be read as pictures (9 .heic" in out


def test_one_broken_picture_is_named_with_the_way_to_allow_it(call, own):
    path = tree(own, ["a", "b"], each=20)
    whole = (path / "a" / "0_0.png").read_bytes()
    (path / "a" / "0_0.png").write_bytes(whole[: len(whole) // 2])
    code, _, err = new(call)
    assert code == 2
    assert "a/0_0.png is not a picture that can be read" in err
    assert (
        "1 of 40 pictures cannot be read: repair or remove them, or allow them with --broken 0.03 (in the entry: broken)" in err
    )
    code, _, err = new(call, "--broken", "0.03")
    assert code == 0, err
    assert written(own)["broken"] == 0.03
    code, out, err = call("check", "mine", "--size", 16)
    assert code == 0, out + err


def test_a_picture_that_is_too_large_is_named(call, own):
    path = tree(own, ["a", "b"], each=20)
    (path / "a" / "large.pgm").write_bytes(b"P5 20000 20000 255 ")
    code, _, err = new(call)
    assert code == 2
    assert "a/large.pgm is larger than 178,956,970 pixels" in err


def test_an_empty_folder_is_said(call, own):
    tree(own, ["a", "b"], each=20)
    (own / "set" / "c").mkdir()
    (own / "set" / ".cache").mkdir()
    code, _, err = new(call)
    assert code == 0, err
    assert "empty folders: c\n" in err
    assert "which keeps the promises that need no decoded picture: described, files, checksums, labels, groups, parts" in err


@pytest.mark.parametrize("each", [1, 2])
def test_too_few_pictures_are_refused_and_called_pictures(call, own, each):
    tree(own, ["a", "b"], each=each)
    code, _, err = new(call)
    assert code == 2
    assert "nothing is written, because the entry would break the promise parts" in err
    assert "a drawn split needs at least 3 of each class" in err
    assert "group" not in err.splitlines()[-1]
    assert not list((own / "entries" / "targets").iterdir())


def test_a_source_named_as_a_target_says_so(call, own):
    tree(own, ["a", "b"], each=20)
    assert call("new", "source", "mine", "--from", "set", *FACTS)[0] == 0
    plan = "{experiment: x, sources: [scratch], targets: [mine], backbones: [test_resnet], recipe: finetune, seeds: 1}"
    (own / "plan.yaml").write_text(plan)
    code, _, err = call("plan", "plan.yaml")
    assert code == 2
    assert "no target called 'mine' in plan.yaml; 'mine' is a source: name it under `sources`; to test on its own" in err


def test_a_name_that_is_no_text_is_named(call, own):
    tree(own, ["a", "b"], each=3)
    (own / "set" / "a").rename(own / "set" / "gr\udcfc\udce7e")
    code, _, err = new(call)
    assert code == 2
    assert "is not written in UTF-8; rename it" in err


def test_contact_sheets_are_not_put_among_the_pictures(call, own, monkeypatch):
    path = tree(own, ["a", "b"], each=20)
    assert new(call)[0] == 0
    monkeypatch.chdir(path)
    code, _, err = call("check", "mine", "--contact-sheet", "sheets", "--size", 16)
    assert code == 2
    assert "sheets lies among the pictures of mine; name a folder elsewhere" in err


@pytest.mark.slow
@pytest.mark.parametrize("fold", ["fold{}", "Fold_{}", "cv-{}", "split{}", "{}-fold"])
@pytest.mark.parametrize("outer", ["", "data/"])
def test_folds_with_parts_in_each_of_them_are_asked_and_one_is_taken(call, own, fold, outer):
    names = [fold.format(number) for number in (1, 2, 3)]
    tree(own, [f"{outer}{name}/{part}/{kind}" for name in names for part in ("train", "test") for kind in "ab"], each=5)
    code, _, err = new(call)
    assert code == 2
    pattern = f"^{outer}{re.escape(names[0])}/"
    assert f"the folders {', '.join(names)} look like the folds of a cross-validation, as each holds test, train" in err
    assert f"take one of them with --include '{pattern}', or all with --include '.'" in err
    code, _, err = new(call, "--include", pattern)
    assert code == 0, err
    assert "official parts: train 10, test 10" in err
    checked(call)


def test_numbered_classes_with_parts_in_them_are_no_folds(call, own):
    tree(own, ["0/train", "0/test", "1/train", "1/test"], each=20)
    code, _, err = new(call)
    assert code == 0, err
    assert "read as class/part" in err


BREAKHIS = ("benign/SOB/adenosis/SOB_B_A_14-22549AB", "malignant/SOB/ductal_carcinoma/SOB_M_DC_14-2523")


def test_a_part_of_breakhis_in_its_own_folders_is_named(call, own):
    for number, folder in enumerate(BREAKHIS):
        mark = folder.rpartition("/")[2].replace("_14", "-14")
        for zoom in (40, 100):
            for i in range(10):
                name = f"histology_slides/breast/{folder}/{zoom}X/{mark}-{zoom}-{i + 1:03d}.png"
                put(own / "BreaKHis_v1" / name, 1000 * number + 10 * zoom + i)
    code, _, err = new(call, path="BreaKHis_v1")
    assert code == 2
    assert "which is shipped as breakhis: `cats show breakhis` says where to put it" in err
    code, _, err = new(call, "--layout", "class/-", path="BreaKHis_v1/histology_slides/breast")
    assert code == 0, err
    assert "which is shipped as breakhis" in err


@pytest.mark.parametrize(
    ("ending", "kind"), [(".nii.gz", ".nii.gz"), (".png.gz", ".png.gz"), (".mha.gz", ".mha.gz"), (".tar.gz", "archive .gz")]
)
def test_a_packed_picture_is_no_archive(call, own, ending, kind):
    tree(own, ["a", "b"], each=20)
    (own / "set" / "c").mkdir()
    for number in range(3):
        (own / "set" / "c" / f"{number}{ending}").write_bytes(gzip.compress(b"x" * 300))
    code, _, err = new(call)
    assert code == 2
    assert f"(3 {kind}; for example c/" in err
    assert "and the folder c would be missing as a whole" in err


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".mat", ".mp4", ".h5"])
def test_check_misses_a_folder_without_pictures_as_new_does(call, own, ending):
    tree(own, ["a", "b"], each=20)
    assert new(call)[0] == 0
    checked(call)
    (own / "set" / "c").mkdir()
    (own / "set" / "c" / f"1{ending}").write_bytes(b"x")
    out = checked(call)
    assert "the folder c lies beside folders of pictures and holds none (1 file, for example c/1" in out
    assert "it is no declared class and is not read" in out
    (own / "entries" / "targets" / "mine.yaml").unlink()
    assert new(call, "--include", "^(?!(c)/)")[0] == 0
    checked(call)


@pytest.mark.parametrize("lost", ["test/b", "test"])
def test_check_refuses_a_folder_of_a_declared_class_that_holds_no_picture(call, own, lost):
    tree(own, [f"{part}/{name}" for part in ("train", "test") for name in ("a", "b")], each=30)
    assert new(call)[0] == 0
    checked(call)
    for path in list((own / "set" / lost).rglob("*.png")):
        path.unlink()
        path.with_suffix(".mat").write_bytes(b"x")
    code, out, _ = call("check", "mine", "--size", 16)
    assert code == 1
    assert "broken files" in out
    assert f"the folder {lost} lies beside folders of pictures and holds none" in out
