"""The model card: metadata that the hub's library reads back, every figure of the manifest, and what is missing is said."""

import json
import re

import numpy as np
import pytest
from huggingface_hub import ModelCard

from benchmark.models.card import card_of, write_card
from benchmark.models.card_text import NO_DEVICE
from benchmark.models.manifest import (
    Attribution,
    Comparison,
    Counts,
    Manifest,
    Reading,
    Score,
    SubgroupScore,
    SubgroupScores,
    Threshold,
)
from benchmark.specs.recipe import Recipe
from results.error import CatsError
from results.evaluation.calibration import temperature_of
from results.evaluation.reliability import ECE_INTERVAL
from tests.support.hostile import HOSTILE

FIELDS = {
    "name": "spots-imagenet-resnet18-0", "key": "0" * 64, "task": "binary", "classes": ("benign", "malignant"),
    "created": 86400,
    "names": {"source": "imagenet", "target": "spots", "backbone": "resnet18", "seed": "0"},
    "architecture": {"backbone": "resnet18", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
    "reading": Reading(size=64), "recipe": Recipe(size=64, epochs=3),
}  # fmt: skip
FULL = {
    "temperature": 1.25,
    "scores": {"auc": Score(value=0.9, low=0.8, high=0.95), "ece": Score(value=0.0512)},
    "calibrated": {"brier": Score(value=0.11, low=0.09, high=0.13), "ece": Score(value=0.021, low=0.0, high=0.05)},
    "subgroups": (
        SubgroupScores(
            attribute="site", metric="auc", sentence="site: south is worst (0.700, 95 % 0.600 – 0.800)",
            groups=(
                SubgroupScore(name="south", images=120, score=Score(value=0.7, low=0.6, high=0.8)),
                SubgroupScore(name="tiny", images=3, remark="only 3 images; 20 are needed"),
            ),
        ),
    ),
    "thresholds": (
        Threshold(
            name="malignant", fixed="sensitivity", asked=0.95, threshold=0.3127,
            sensitivity=Score(value=0.94, low=0.9, high=0.97), specificity=Score(value=0.6, low=0.5, high=0.7),
        ),
    ),
    "attributions": (
        Attribution(role="target", name="spots", title="Spots of the breast", licence="CC BY 4.0", citation="Our group, 2026"),
        Attribution(role="source", name="imagenet", title="ImageNet-1k", licence="research only", citation=""),
    ),
    "facts": {"data": "d1g35t", "images": "780"},
    "notes": ("the source holds images of the target",),
    "energy": {"counter": 0.0123, "modelled": 0.002}, "missing": ("gpu",),
    "comparison": Comparison(
        largest=2.5e-7, tolerance=1e-4, equal_machine=False, precision="bfloat16", largest_float32=0.031, made_again=True
    ),
    "environment": {"torch": "2.13.0"}, "digests": {"weights.safetensors": "abc"},
}  # fmt: skip


def manifest(**changes):
    return Manifest(**(FIELDS | changes))


def sections(text):
    """The sections of a card by title."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def test_the_metadata_are_read_back_by_the_library_of_the_hub():
    data = ModelCard(card_of(manifest(**FULL))).data.to_dict()
    assert (data["license"], data["library_name"], data["pipeline_tag"]) == ("other", "cats-bench", "image-classification")
    assert data["datasets"] == ["imagenet", "spots"]
    assert data["metrics"] == ["auc", "ece"]
    assert {"medical-imaging", "research-only"} <= set(data["tags"])
    (result,) = data["model-index"][0]["results"]
    assert result["dataset"] == {"name": "Spots of the breast", "type": "spots", "split": "test"}
    auc, ece = result["metrics"]
    assert (auc["value"], auc["args"]) == (0.9, {"low": 0.8, "high": 0.95, "interval": 0.95})
    assert (ece["value"], "args" in ece) == (0.0512, False)


def test_the_card_says_what_the_manifest_knows():
    text = sections(card_of(manifest(**FULL), ("explanations/sheet.png", ["Maps follow the network."])))
    assert "| kept | 1970-01-02 |" in text["What it is"]
    assert "| AUC | 0.900 (0.800 – 0.950) |" in text["How good it is"]
    assert "on another machine than that of the record" in text["How good it is"]
    assert "(bfloat16) its probabilities differ from those behind these figures by at most 2.5e-07" in text["How good it is"]
    assert "(allowed: 0.0001), and in float32, in which the classifier is used, by at most 0.031." in text["How good it is"]
    assert "trained again" in text["How good it is"]
    row = "| malignant | sensitivity ≥ 0.95 | 0.313 | 0.940 (0.900 – 0.970) | 0.600 (0.500 – 0.700) |"
    assert row in text["Operating points"]
    assert "temperature 1.25" in text["Calibration"]
    assert "| Brier score | not known | 0.110 (0.090 – 0.130) |\n| ECE | 0.051 | 0.021 (0.000 – 0.050) |" in text["Calibration"]
    assert "| source | imagenet | ImageNet-1k | research only |" in text["Data and licences"]
    assert "- spots: Our group, 2026" in text["Data and licences"]
    assert text["Subgroups"].splitlines()[2:] == [
        "| site | south | 120 | 0.700 (0.600 – 0.800) | – |",
        "| site | tiny | 3 | not defined | only 3 images; 20 are needed |",
        "",
        "- site: south is worst (0.700, 95 % 0.600 – 0.800).",
    ]
    assert text["Leakage and other notes"] == "- the source holds images of the target"
    assert text["Energy"].splitlines() == [
        "- 12.3 Wh, read from a hardware counter", "- 2 Wh, estimated from load and nominal power",
        "- energy of gpu: missing, so the sum is larger than stated",
    ]  # fmt: skip
    assert text["Explanations"] == "![Test images with heat maps](explanations/sheet.png)\n\n- Maps follow the network."
    for fact in (
        "| data | d1g35t |",
        "| images | 780 |",
        "| torch | 2.13.0 |",
        "| sha256 of weights.safetensors | abc |",
        "epochs 3",
    ):
        assert fact in text["How it was made"]


def test_the_card_has_words_for_metrics_and_settings_and_the_class_of_a_sensitivity():
    recipe = Recipe(epochs=3, lr=3e-5, k=(1, 5), augment={"rotate": 10, "shift": 0.1})
    found = {name: Score(value=0.5) for name in ("auc", "average_precision", "f1", "kappa", "sensitivity", "specificity")}
    text = sections(card_of(manifest(recipe=recipe, scores=found, classes=("malignant", "normal, benign"))))
    assert [line.split("|")[1].strip() for line in text["How good it is"].splitlines()[2:8]] == [
        "AUC", "average precision, mean over the classes (macro)", "F1, mean over the classes (macro)", "quadratic kappa",
        "sensitivity for malignant, where the most probable class decides",
        "specificity for malignant, where the most probable class decides",
    ]  # fmt: skip
    row = "| recipe | epochs 3, learning rate (lr) 0.00003, augment (rotate 10, shift 0.1), k (1, 5) |"
    assert row in text["How it was made"].splitlines()


def test_the_card_says_what_is_not_known_and_never_0():
    text = sections(card_of(manifest()))
    assert "how good the classifier is is not known" in text["How good it is"]
    assert text["Energy"] == "The energy of the training is not known."
    assert "are not calibrated" in text["Calibration"]
    assert "names no attributes of images" in text["Subgroups"]
    assert "is not known" in text["Subgroups"]
    assert "None was chosen" in text["Operating points"]
    assert "do not pass it on" in text["Data and licences"]
    assert "holds no sheet" in text["Explanations"]
    assert "model-index" not in ModelCard(card_of(manifest())).data.to_dict()


@pytest.mark.parametrize(
    ("tested", "reading", "said"),
    [
        (Counts(images=1036, patients=9), {}, "rest on 1,036 test images of 9 patients."),
        (Counts(images=1, patients=1), {"slices": 3}, "rest on 1 test volume of 1 patient."),
        (Counts(images=36), {}, "rest on 36 test images; of how many patients is not known."),
        (None, {}, None),
    ],
)
def test_the_card_says_how_many_test_images_and_patients_the_figures_rest_on(tested, reading, said):
    described = manifest(**FULL, tested=tested, reading=Reading(size=64, **reading))
    first = sections(card_of(described))["How good it is"].splitlines()[0]
    assert first == (f"These figures, and all others of test images on this page, {said}" if said else first)
    assert first.startswith("| metric") == (said is None)


def test_the_card_says_where_it_speaks_of_calibration_that_the_probabilities_are_not_calibrated():
    truth = np.arange(36) % 2
    found = temperature_of("binary", truth, np.eye(2)[truth] * 0.8 + 0.1)
    assert found.value == 1
    text = sections(card_of(manifest(**FULL | {"temperature": 1.0, "notes": ("the source leaks", found.note)})))
    assert text["Calibration"].startswith(
        "The probabilities are not calibrated (temperature 1), because the network is right about all 36 validation images, "
    )
    assert "chosen on" not in text["Calibration"]
    assert text["Operating points"].splitlines()[0].split("|")[3] == " probability ≥ "
    assert text["Leakage and other notes"] == "- the source leaks"
    found = temperature_of("binary", truth, np.eye(2)[1 - truth] * 0.8 + 0.1)
    text = sections(card_of(manifest(**FULL | {"temperature": found.value, "notes": (found.note,)})))
    assert "not sure enough. The temperature is the largest allowed one, 20: " in text["Calibration"]
    assert "The temperature" not in text["Leakage and other notes"]


def test_the_card_says_why_a_calibration_error_may_be_the_end_of_its_interval():
    text = sections(card_of(manifest(**FULL)))
    assert ECE_INTERVAL not in text["How good it is"]  # it has no interval there
    assert text["Calibration"].endswith(ECE_INTERVAL)


def test_the_first_sentence_says_that_it_is_no_medical_device():
    text = card_of(manifest()).split("---\n", 2)[2].strip().splitlines()
    assert text[2] == f"**{NO_DEVICE}**"
    assert NO_DEVICE.startswith("This is research software and no medical device.")
    assert "Diagnosis" in sections(card_of(manifest()))["What it must not be used for"].splitlines()[0]


def named(name):
    """A manifest in which all that other people write is this text."""
    return manifest(
        classes=(name, "other"), names=FIELDS["names"] | {"target": name}, notes=(name,), facts={name: name},
        attributions=(Attribution(role="target", name=name, title=name, licence=name, citation=name),),
        scores={name: Score(value=0.5)},
        subgroups=(SubgroupScores(attribute=name, metric="auc", sentence=name, groups=(SubgroupScore(name=name, images=1),)),),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_names_of_others_are_text_and_nothing_else(name):
    """No name of an entry begins a heading, a column or a block of metadata of its own."""
    text, plain = card_of(named(name)), card_of(named("plain"))
    assert list(sections(text)) == list(sections(plain))
    assert text.count("\n---\n") == 1
    assert text.split("\n---\n")[1].count("\n") == plain.split("\n---\n")[1].count("\n") or not name
    assert ModelCard(text).data.to_dict().keys() == ModelCard(plain).data.to_dict().keys()


def test_the_command_writes_the_card_into_the_folder_once(cats, tmp_path):
    folder = tmp_path / "m"
    (folder / "explanations").mkdir(parents=True)
    (folder / "model.json").write_text(manifest(**FULL).model_dump_json())
    (folder / "explanations" / "sheet.png").write_bytes(b"")
    (folder / "explanations" / "check.json").write_text(json.dumps({"sentences": ["Half of the map lies inside."]}))
    code, out, err = cats("card", "m")
    assert (code, err) == (0, "")
    assert out.startswith("wrote m/README.md; read it")
    assert "](explanations/sheet.png)\n\n- Half of the map lies inside." in (folder / "README.md").read_text()
    assert cats("card", "m")[::2] == (2, "cats: m/README.md exists; name another file with --output, or remove this one\n")
    assert cats("card", "m", "--to", "cards/one.md")[0] == 0
    assert "](../m/explanations/sheet.png)" in (tmp_path / "cards" / "one.md").read_text()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "model.json").unlink(), r"m holds no model\.json"),
        (lambda folder: (folder / "model.json").write_text("{"), r"m/model\.json is damaged: "),
        (
            lambda folder: (folder / "explanations" / "check.json").write_text("[]"),
            r"check\.json is damaged; remove",
        ),
        (
            lambda folder: (folder / "explanations" / "check.json").write_text("[" * 100_000),
            r"check\.json is damaged; remove",
        ),
    ],
)
def test_a_damaged_folder_gets_no_card(damage, sentence, tmp_path):
    folder = tmp_path / "m"
    (folder / "explanations").mkdir(parents=True)
    (folder / "model.json").write_text(manifest().model_dump_json())
    (folder / "explanations" / "sheet.png").write_bytes(b"")
    damage(folder)
    with pytest.raises(CatsError, match=sentence):
        write_card(folder)
    assert not (folder / "README.md").exists()
