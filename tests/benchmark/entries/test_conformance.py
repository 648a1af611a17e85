"""Each promise is seen broken, with its sentence and exit code 1, on an entry that breaks just this one."""

import itertools

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from benchmark.data.dataset import Dataset, File
from benchmark.data.readers.samples import Samples
from benchmark.entries.conformance import Case, apart, checksums, enough, examine_data, groups, labels, trains, values
from benchmark.entries.finding import Note
from benchmark.machine.timm_import import timm
from results.error import CatsError
from tests.support import encoders

FACTS = {"title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l", "citation": "c"}

REVISIONS = itertools.count()


def entry(samples, **changes):
    revision = str(next(REVISIONS))  # each revision is decoded again
    return Dataset(name="mine", revision=revision, **{**FACTS, **changes}, read=lambda _: samples)


def noise(count=100, size=8):
    return list(np.random.default_rng(0).integers(0, 255, (count, size, size), dtype=np.uint8))


def samples(count=100, images=None, label=None, ids=None, **more):
    given = np.arange(count) % 2 if label is None else label
    return Samples(noise(count) if images is None else images, given, ids or [str(i) for i in range(count)], **more)


def broken(dataset):
    """Name and sentence of what is broken."""
    found = list(examine_data(Case(dataset, 8)))
    return [(finding.promise, finding.sentence) for finding in found if finding.state == "broken"]


def test_an_entry_that_keeps_everything(own):
    assert not broken(entry(samples(), images=100, shape=(8, 8)))


@pytest.mark.slow
@pytest.mark.parametrize("value", ["", " ", "unknown", "TODO"])
@pytest.mark.parametrize("key", ["title", "modality", "licence", "citation"])
def test_an_empty_fact(own, key, value):
    assert broken(entry(samples(), **{key: value})) == [("described", f"mine: {key} must be given")]


def test_a_file_that_is_not_there(own):
    [(promise, sentence)] = broken(entry(samples(), files=(File(path="x.npz"),)))
    assert promise == "files"
    assert "mine: x.npz not found in" in sentence


def test_a_file_with_another_checksum(own):
    (own / "home" / "data").mkdir(parents=True)
    (own / "home" / "data" / "x.npz").write_bytes(b"x")
    [(promise, sentence)] = broken(entry(samples(), files=(File(path="x.npz", sha256="f" * 64),)))
    assert promise == "checksums"
    assert f"expected {'f' * 64}; it is damaged or another version" in sentence
    assert isinstance(checksums(Case(entry(samples(), files=(File(path="x.npz"),)), 8)), Note)


@pytest.mark.parametrize(
    ("given", "changes", "sentence"),
    [
        (samples(), {"images": 99}, "mine has 100 images; 99 are declared"),
        (samples(label=np.arange(100) % 3), {}, "mine: image 2 has label 2; allowed are 0 to 1 (a, b)"),
        (samples(label=np.zeros(100, dtype=int)), {}, "mine: the class 'b' has no image in the data"),
        (
            samples(label=np.zeros((100, 2), dtype=int) + 2),
            {"task": "multilabel"},
            "mine is multi-label: labels must be 100 × 2",
        ),
        (samples(ids=["same"] * 100), {}, "mine: an image id is given twice"),
        (samples(label=np.arange(99) % 2), {}, "mine has 99 labels for 100 images"),
    ],
)
def test_a_table_that_is_not_as_declared(own, given, changes, sentence):
    [(promise, said)] = broken(entry(given, **changes))
    assert promise == "labels"
    assert sentence in said


@pytest.mark.parametrize(
    ("images", "changes", "sentence"),
    [
        (noise(), {"shape": (9, 9)}, "mine: image 0 has 8×8 pixels; the declared shape is 9×9"),
        (noise(99), {}, "there are only 99 images for 100 labels"),
        ([image.astype(float) for image in noise()], {}, "mine: image 0 is float64"),
    ],
)
def test_pictures_that_are_not_as_declared(own, images, changes, sentence):
    [(promise, said)] = broken(entry(samples(images=images), **changes))
    assert promise == "pictures"
    assert sentence in said


def test_a_picture_that_does_not_open(call, own):
    for number in range(60):
        path = own / "cells" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(60)[number]).save(path)
    call("new", "source", "mine", "--from", "cells", "--modality", "m", "--licence", "l", "--citation", "c")
    (own / "cells" / "a" / "0.png").write_bytes(b"torn")
    code, out, err = call("check", "mine")
    assert code == 1
    assert "broken pictures" in out
    assert "0.png" in out
    assert "mine: 4 promises kept, 1 broken" in err


def test_blank_pictures(own):
    assert ("values", "mine: every image is blank: all its pixels have one value") in broken(
        entry(samples(images=[np.full((8, 8), i % 250, dtype=np.uint8) for i in range(100)]))
    )
    images = [*noise(99), np.zeros((8, 8), dtype=np.uint8)]
    said = values(Case(entry(samples(images=images)), 8))
    assert isinstance(said, Note)
    assert said == "values from 0 to 254; 1 of 100 images is blank"


PARTS = ["train"] * 60 + ["val"] * 20 + ["test"] * 20


def test_a_patient_in_two_parts(own):
    patients = [str(i // 2) for i in range(99)] + ["0"]
    [(promise, sentence)] = broken(entry(samples(groups=patients, parts=PARTS), groups="patient"))
    assert promise == "groups"
    assert sentence.startswith(
        "mine: patient '0' is in train and in test; it must be in one part only: put its images into one"
    )


def test_patients_declared_and_not_given_or_given_and_not_declared(own):
    assert broken(entry(samples(), groups="patient")) == [
        ("groups", "mine: `groups: patient` is declared, but 100 images have no group")
    ]
    named = entry(samples(groups=[str(i) for i in range(100)]))
    assert broken(named) == [
        ("groups", "mine: the reader returns groups, but `groups:` of the entry does not say what they are")
    ]
    assert groups(Case(entry(samples()), 8)) == "it is not known which images belong to one patient; boards note this"


def test_a_class_that_is_absent_from_a_part(own):
    label = np.arange(100) % 2
    label[80:] = 0
    found = broken(entry(samples(label=label, parts=PARTS)))
    assert found[0][1] == "mine: the class 'b' has no image in test"


def test_few_images_of_a_class_are_a_note(own):
    label = np.array([0] * 80 + [1] * 20)
    said = enough(Case(entry(samples(label=label)), 8))
    assert isinstance(said, Note)
    assert said == "fewer than 20 training images: b 14"


def test_a_small_class_is_split_without_a_word_from_the_library(own):
    label = np.array([0] * 80 + [1] * 18 + [2] * 2)
    assert len(broken(entry(samples(label=label), task="multiclass", classes=("a", "b", "c")))) == 1  # two images, three parts


def test_test_images_that_are_in_train_too(own):
    images = noise()
    images[80:] = images[:20]
    found = dict(broken(entry(samples(images=images, parts=PARTS))))
    counts = "20 images of mine (20 in test; 20 exact copies, 0 near-copies) lie in an earlier part too"
    assert list(found) == ["apart"]
    assert found["apart"].startswith(counts)
    said = apart(Case(entry(samples(images=images, parts=PARTS), known_duplicates=20), 8))
    assert isinstance(said, Note)
    assert said == f"{counts}, as the entry allows"


def test_a_step_that_ends_in_nan(own, monkeypatch):
    monkeypatch.setattr("benchmark.training.evaluate.loss_of", lambda logits, labels: logits.sum() * float("nan"))
    with pytest.raises(CatsError, match="mine: the loss is nan before and nan after a training step"):
        trains(Case(entry(samples()), 8))


def test_a_multilabel_entry_trains(own):
    label = np.random.default_rng(1).integers(0, 2, (300, 3))
    dataset = entry(samples(300, label=label), task="multilabel", classes=("a", "b", "c"))
    assert isinstance(labels(Case(dataset, 8)), Note)
    assert not broken(dataset)


def test_a_name_nobody_knows(call):
    code, _, err = call("check", "breastmnst")
    assert code == 2
    assert "no source called 'breastmnst'; did you mean 'breastmnist'?" in err


@pytest.fixture
def weights(own, monkeypatch):
    """Weights for test_resnet under the name mine; returns how to spoil them."""
    monkeypatch.setenv("CATS_WEIGHTS", str(own))
    entry = "title: t\nlicence: l\ncitation: c\nweights: {file: mine, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}\n"
    (own / "entries" / "sources" / "mine.yaml").write_text(entry)
    state = timm.create_model("test_resnet", num_classes=0).state_dict()

    def save(spoil=lambda state: state, name="test_resnet"):
        save_file(spoil(dict(state)), own / f"{name}.mine.safetensors")

    return save


def test_ready_weights_are_found_fitted_and_run(call, weights):
    weights()
    code, out, _ = call("check", "mine")
    assert code == 0, out
    assert "ok     weights    372,688 fit test_resnet: " in out
    assert "test_resnet.mine.safetensors, sha256 " in out
    assert "test_resnet gives 96 finite features" in out


def test_a_file_for_a_backbone_nobody_has_is_a_note(call, weights):
    weights()
    weights(name="test_resnot")
    code, out, _ = call("check", "mine")
    assert code == 0, out
    assert "note   weights    timm has no backbone 'test_resnot'" in out


@pytest.mark.parametrize(
    ("spoil", "arguments", "code", "sentence"),
    [
        (lambda s: {k: v for k, v in s.items() if "conv1" not in k}, (), 1, "the weights do not fit test_resnet"),
        (
            lambda s: {k: v * float("nan") if v.is_floating_point() else v for k, v in s.items()},
            (),
            1,
            "features that are not finite",
        ),
        (lambda s: s, ("--backbone", "resnet18"), 1, "source mine has no weights for resnet18"),
        (lambda s: s, ("--backbone", "resnet81"), 1, "timm has no backbone 'resnet81'"),
        (lambda s: s, ("--contact-sheet", "x"), 2, "mine has no pictures for a contact sheet"),
    ],
)
def test_ready_weights_that_break_a_promise(call, weights, spoil, arguments, code, sentence):
    weights(spoil)
    given, out, err = call("check", "mine", *arguments)
    assert given == code
    assert sentence in out + err


def test_weights_without_file_need_a_backbone(call, own, monkeypatch):
    monkeypatch.setenv("CATS_WEIGHTS", str(own))
    code, _, err = call("check", "imagenet")
    assert code == 2
    assert "imagenet has no file BACKBONE.imagenet.safetensors in" in err
    assert "name a backbone with --backbone" in err


@pytest.mark.slow
def test_weights_that_set_the_size_of_their_network_are_run_at_that_size(call, own, weights):
    state = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=32).state_dict()
    save_file(state, own / "vit_tiny_patch16_224.mine.safetensors", metadata={"img_size": "32"})
    code, out, _ = call("check", "mine")
    assert (code, "vit_tiny_patch16_224 gives 192 finite features at 32 px" in out) == (0, True), out


@pytest.mark.parametrize(("darkest", "said"), [(15, True), (60, True), (100, False), (255, False)])
@pytest.mark.parametrize("several", [False, True])
def test_a_class_that_is_darker_than_the_others_altogether_is_noted(own, darkest, said, several):
    labels = np.arange(100) % 2
    tops = np.where(labels, 255, darkest)
    images = [(image.astype(int) * top // 255).astype(np.uint8) for image, top in zip(noise(100), tops, strict=True)]
    changes = {"task": "multilabel"} if several else {}
    marks = np.stack([labels == 0, labels == 1], axis=1).astype(np.int64) if several else labels
    found = values(Case(entry(samples(images=images, label=marks), **changes), 8))
    assert ("a network could tell them apart by that alone; bring them to one range" in found) == said
    assert isinstance(found, Note) == said


def test_data_without_patients_say_so_and_boards_do_not_ask_for_them():
    """Before, a board said of handwritten digits that no patient ids are known."""
    from sources.digits import dataset

    assert dataset.groups == "image"
    alone = entry(samples()).model_copy(update={"groups": "image"})
    assert groups(Case(alone, 8)) == "there are no patients: each image counts alone"
    grouped = entry(samples(groups=[f"p{i}" for i in range(len(samples().images))])).model_copy(update={"groups": "image"})
    with pytest.raises(CatsError, match="the reader returns groups, but `groups: image` says that each image counts alone"):
        groups(Case(grouped, 8))


def test_weights_are_tried_on_the_backbone_that_their_entry_brings(call, own, monkeypatch):
    monkeypatch.setenv("CATS_WEIGHTS", str(own / "weights"))
    encoders.encoder(own / "entries", own / "weights", "mine", "test_resnet")
    code, out, _ = call("check", "mine")
    assert code == 0, out
    assert "fit test_resnet: " in out
    (own / "weights" / "test_resnet.mine.safetensors").rename(own / "weights" / "test_convnext.mine.safetensors")
    code, out, _ = call("check", "mine")
    assert code == 1
    assert "source mine has no weights for test_resnet: test_resnet.mine.safetensors not found in " in out
    encoders.entry(own / "entries", "mine", "file: mine", "test_resnot")
    code, out, _ = call("check", "mine")
    assert (code, "timm has no backbone 'test_resnot'" in out) == (1, True), out
