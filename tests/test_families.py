"""The table of families of backbones: what a call leaves to the next one, and how attempts become lines. Nothing is trained."""

import importlib
import json
import sys
from collections import Counter

import pytest

from benchmark.networks.input_size import size_refusal
from tests.support.paths import ROOT

REFUSED = "backbone x has patches of 14 pixels, which do not divide 64; write size: 56 or 70, or choose another backbone"


@pytest.fixture
def families(monkeypatch):
    """The modules of the script: cases, table and the script itself."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    names = ("families.cases", "families.table", "check_families")
    yield tuple(importlib.import_module(name) for name in names)
    for name in ("families", *names):
        sys.modules.pop(name, None)


@pytest.fixture
def made(families, monkeypatch):
    """Attempts as `cats` would end them: ViT is refused at 64 pixels, all else works; what was tried at which size."""
    cases, tried = families[0], []

    def attempt(family, what, asked, size):
        tried.append((family, what, size))
        refused = family == "ViT" and size == 64
        said = REFUSED if refused else "50 of 51" if what == cases.SCORE else ""
        return cases.Attempt(family, cases.FAMILIES[family], what, asked, size, not refused, said, {}, 0.1)

    monkeypatch.setattr(cases, "attempt", attempt)
    return tried


def call(families, monkeypatch, folder, *arguments):
    monkeypatch.setattr(sys, "argv", ["check_families.py", *arguments, "--folder", str(folder)])
    monkeypatch.setattr(families[2], "prepare", lambda _: None)  # would change this process for good
    families[2].main()


def kept(folder):
    return json.loads((folder / "attempts.json").read_text())


@pytest.mark.parametrize("left", range(7))
def test_a_call_goes_on_where_the_last_one_ended_wherever_that_was(families, made, monkeypatch, tmp_path, left, capsys):
    arguments = ("ViT", "ResNet", "--protocols", "finetune", "probe", "--sizes", "64")
    call(families, monkeypatch, tmp_path, *arguments)
    whole, text = list(made), capsys.readouterr().out
    vit = [("ViT", what, size) for what in ("finetune", "probe", "score") for size in (64, 70)]
    assert whole == [*vit, *(("ResNet", what, 64) for what in ("finetune", "probe", "score"))]
    assert len(kept(tmp_path)) == 9
    made.clear()
    (tmp_path / "attempts.json").write_text(json.dumps(kept(tmp_path)[:left]))
    call(families, monkeypatch, tmp_path, *arguments)
    assert made == whole[left:]
    assert capsys.readouterr().out == text
    assert Counter((each["family"], each["what"], each["size"]) for each in kept(tmp_path)) == Counter(whole)


def test_a_protocol_that_is_asked_for_later_is_added(families, made, monkeypatch, tmp_path, capsys):
    call(families, monkeypatch, tmp_path, "ResNet", "--protocols", "probe", "--sizes", "64")
    call(families, monkeypatch, tmp_path, "ResNet", "--protocols", "probe", "lora", "lora", "--sizes", "64", "224")
    assert made == [("ResNet", what, size) for size, what in
                    [(64, "probe"), (64, "score"), (64, "lora"), (224, "probe"), (224, "lora"), (224, "score")]]  # fmt: skip
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ResNet")]
    assert lines[-1] == "| ResNet | `resnet10t` |" + " works | works | 50 of 51 |" * 2


def test_the_table_is_written_into_its_place(families, made, monkeypatch, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- families: begin -->\nold\n<!-- families: end -->\nafter\n")
    monkeypatch.setattr(families[2], "PAGE", page)
    call(families, monkeypatch, tmp_path, "ResNet", "--protocols", "probe", "--sizes", "64", "--write")
    printed = capsys.readouterr().out.removesuffix("\n")
    assert page.read_text() == f"before\n<!-- families: begin -->\n{printed}<!-- families: end -->\nafter\n"


@pytest.mark.parametrize("wrong", [["Vit"], ["--sizes", "large"], ["--protocols", "finetun"], ["--folder"]])
def test_a_wrong_argument_is_refused_before_anything_is_tried(families, made, monkeypatch, tmp_path, wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        call(families, monkeypatch, tmp_path / "new", *wrong)
    assert stopped.value.code == 2
    assert not made
    assert not (tmp_path / "new").exists()


def test_what_became_of_each_attempt_is_a_cell_and_equal_sentences_have_one_number(families):
    cases, table, _ = families

    def of(family, what, size, said="", reasons=None, *, works=True):
        return cases.Attempt(family, family.lower(), what, 64, size, works, said, reasons or {}, 1.0)

    done = [
        of("A", "probe", 64),
        of("A", "score", 64, "49 of 51", {"knn": "it has one image", "fid": "no features"}),
        of("B", "probe", 64, REFUSED, works=False), of("B", "probe", 70),
        of("B", "score", 64, REFUSED, works=False), of("B", "score", 70, "50 of 51", {"knn": "it has two images"}),
        of("C", "probe", 64, REFUSED, works=False), of("C", "probe", 70, "out of memory", works=False),
        of("C", "score", 64, "out of memory", works=False),
        of("D", "score", 64, "50 of 51", {"knn": "it has one image"}),
    ]  # fmt: skip
    assert table.page(done, ("probe", "score"), [64]).splitlines() == [
        "| family | backbone | probe, 64 px | measures, 64 px |",
        "| --- | --- | --- | --- |",
        "| A | `a` | works | 49 of 51 |",
        "| B | `b` | no (1), 70 px: works | no (1), 70 px: 50 of 51 |",
        "| C | `c` | no (1), 70 px: no | no (2) |",
        "| D | `d` | not tried | 50 of 51 |",
        "",
        f"1. {REFUSED}",
        "2. out of memory",
        "",
        "Measures without a score, of 3 pairs of backbone and size:",
        "",
        "- `fid` on 1: no features",
        "- `knn` on 3: it has one image",
    ]


@pytest.mark.parametrize(
    ("code", "output", "said"),
    [
        (2, "a line\ncats: recipe: lora needs\n  a rank\n", "lora needs a rank"),
        (2, "no such option\n", "no such option"),
        (2, "", "ended with exit code 2 and without a word"),
        (1, "1 of 1\n  failed: cell a: out of memory\n  failed: cell b: out of disk\nend\n", "cell b: out of disk"),
        (1, "", "ended with exit code 1 and without a word"),
    ],
)
def test_the_last_sentence_of_what_does_not_work_is_kept(families, code, output, said):
    assert families[0].ended("none", "probe", code, output) == (False, said, {})


@pytest.mark.slow
def test_the_size_of_the_second_attempt_is_one_that_the_refusal_of_cats_names(families):
    refusal = size_refusal("vit_small_patch14_dinov2", 64, {})
    assert families[0].ELSEWHERE in refusal
    assert families[0].largest_size(refusal) == 70
    assert size_refusal("vit_small_patch14_dinov2", 70, {}) is None


def test_each_family_is_a_backbone_of_timm_and_each_protocol_one_of_cats(families):
    import timm

    from benchmark.specs.protocols import PROTOCOLS

    cases = families[0]
    assert set(cases.PROTOCOLS) <= set(PROTOCOLS)
    assert set(cases.FAMILIES.values()) <= set(timm.list_models())
