"""The candidates of a plan: sources with backbones of their own, pairs that a person names, and what has no weights."""

import itertools

import pytest

from benchmark.execution.resolution import resolve_pairs
from benchmark.execution.selection import selection_of
from benchmark.specs import catalogue
from benchmark.specs.candidates import listed
from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.resolve import start_of
from benchmark.specs.source import NoWeightsError, Source, Weights
from results.error import CatsError
from tests.support.encoders import encoder, entry
from tests.support.plans import cells_of, registry, resolved

COMMIT = "0" * 40
FREE, OWN = ("one", "two"), {"a": "net_a", "b": "net_b"}


@pytest.fixture
def place(own, monkeypatch):
    """Two encoders with backbones of their own, and one that has a file for test_resnet and none of its own."""
    monkeypatch.setenv("CATS_WEIGHTS", str(own / "weights"))
    encoder(own / "entries", own / "weights", "enc_vit", "test_vit")
    encoder(own / "entries", own / "weights", "enc_res", "test_resnet")
    entry(own / "entries", "plain", "file: enc_res")
    for remembered in (catalogue.source, catalogue.target):
        remembered.cache_clear()
    return own


def plan(**changes):
    content = {"experiment": "e", "targets": ["ihc"], "recipe": {"size": 160, "epochs": 0}, "seeds": 1} | changes
    return Plan(**content)


def loaded(place, text):
    (place / "plan.yaml").write_text("targets: [ihc]\nrecipe: {size: 160, epochs: 0}\nseeds: 1\n" + text)
    return load_plan("plan.yaml")


@pytest.mark.parametrize("backbones", [("x",), ("x", "y", "net_a")])
def test_a_source_with_a_backbone_of_its_own_is_one_candidate_and_the_others_are_crossed(backbones):
    own = {"one": None, "a": "net_a", "two": None, "b": "net_b"}
    found = listed((), own, backbones)
    assert set(found) == {*itertools.product(FREE, backbones), *OWN.items()}
    assert len(found) == len(FREE) * len(backbones) + len(OWN)


def test_a_plan_without_such_sources_is_the_product_backbone_after_backbone():
    found = listed((), dict.fromkeys(FREE), ("x", "y"))
    assert found == (("one", "x"), ("two", "x"), ("one", "y"), ("two", "y"))


def test_named_candidates_are_taken_as_they_are():
    named = plan(candidates=[["a", "x"], ["one", "y"]]).candidates
    assert listed(named, {"a": "net_a", "one": None}, ()) == (("a", "x"), ("one", "y"))


def test_the_cells_of_a_plan_are_counted_by_its_candidates(place):
    made = plan(
        sources=["scratch", "enc_vit"], backbones=["test_resnet", "test_convnext"], targets=["ihc", "digits"], seeds=3,
        recipe={"size": 160, "epochs": 0, "lr": [0.1, 0.2]},
    )  # fmt: skip
    cells = list(cells_of(made))
    assert len(cells) == len({cell.key for cell in cells}) == (1 * 2 + 1) * 2 * 3 * 2
    assert {(cell.source, cell.backbone) for cell in cells} == {
        ("scratch", "test_resnet"), ("scratch", "test_convnext"), ("enc_vit", "test_vit"),
    }  # fmt: skip
    assert set(selection_of(resolved(made)).candidates) == {(cell.source, cell.backbone) for cell in cells}


def test_backbones_may_be_left_out_if_every_source_brings_its_own(place):
    made = loaded(place, "sources: [enc_vit, enc_res]\n")
    assert {(cell.source, cell.backbone) for cell in cells_of(made)} == {("enc_vit", "test_vit"), ("enc_res", "test_resnet")}


def test_a_cell_has_one_key_however_its_candidate_is_named(place):
    ways = [
        plan(sources=["scratch"], backbones=["test_resnet"]), plan(candidates=[["scratch", "test_resnet"]]),
        plan(sources=["scratch", "enc_vit"], backbones=["test_resnet"], missing="skip"),
    ]  # fmt: skip
    keys = [next(cell.key for cell in cells_of(way) if cell.source == "scratch") for way in ways]
    assert len(set(keys)) == 1


def test_a_pretraining_has_the_backbone_of_the_source_that_it_starts_from(place):
    made = plan(sources=["scratch", "digits[from=enc_vit]"], backbones=["test_resnet"])
    assert set(resolve_pairs(made, registry()).candidates) == {("scratch", "test_resnet"), ("digits[from=enc_vit]", "test_vit")}


REFUSED = [
    (
        "sources: [scratch, enc_vit]\n",
        "the key 'backbones' is missing: the source scratch brings no backbone of its own;",
    ),
    ("sources: [scratch, plain]\n", "the sources scratch, plain bring no backbones; write for example `backbones: ["),
    (
        "sources: [enc_vit]\nbackbones: [test_resnet]\n",
        "leave `backbones` out, or name the pairs, such as `candidates: [[enc_vit, test_resnet]]`",
    ),
    (
        "sources: [scratch]\ncandidates: [[scratch, test_resnet]]\n",
        "`candidates` and `sources` are given; a plan names either `candidates`, or `sources` and `backbones`",
    ),
    ("backbones: [test_resnet]\ncandidates: [[scratch, test_resnet]]\n", "`candidates` and `backbones` are given; a plan"),
    ("backbones: [test_resnet]\n", "the key 'sources' is missing; name `sources` and `backbones`, or `candidates`"),
    ("candidates: []\n", "candidates: the list is empty"),
    ("candidates: [[scratch, test_resnet], [scratch, test_resnet]]\n", "'scratch on test_resnet' is given twice"),
    ("candidates: [[scratch]]\n", "candidates: ['scratch'] is not a pair of a source and a backbone; write a list like [["),
    ("candidates: [scratch]\n", "candidates: 'scratch' is not a pair of a source and a backbone"),
    ("candidates: scratch\n", "candidates: 'scratch' is not a list of pairs; write a list like [["),
    ("candidates: [[scratch, 3]]\n", "candidates: ['scratch', 3] is not a pair of a source and a backbone"),
    ("candidates: [[scrotch, test_resnet]]\n", "no source called 'scrotch' in plan.yaml; did you mean 'scratch'?"),
    ("sources: [scratch]\nbackbones: [test_resnet]\nmissing: ignore\n", "missing is 'ignore', allowed are 'error' or 'skip'"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_what_names_no_candidates_is_one_sentence(place, text, sentence):
    with pytest.raises(CatsError) as caught:
        loaded(place, text)
    assert sentence in str(caught.value)
    assert "plan.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_candidate_without_weights_is_refused_by_name_with_the_backbones_that_have_some(place):
    made = plan(candidates=[["scratch", "test_vit"], ["enc_vit", "test_resnet"], ["plain", "test_vit"]])
    with pytest.raises(CatsError) as caught:
        resolved(made)
    first, second = str(caught.value).splitlines()
    assert first.startswith("source enc_vit has no weights for test_resnet: test_resnet.enc_vit.safetensors not found in ")
    assert first.endswith("it has weights for test_vit")
    assert second.startswith("source plain has no weights for test_vit: ")
    assert second.endswith("it has weights for test_resnet")


def test_or_is_left_out_with_its_reason(place):
    made = resolved(plan(candidates=[["scratch", "test_vit"], ["enc_vit", "test_resnet"]], missing="skip"))
    assert made.candidates == (("scratch", "test_vit"),)
    assert [cell.source for cell in made.cells()] == ["scratch"]
    assert list(made.absent) == [("enc_vit", "test_resnet")]
    assert made.absent["enc_vit", "test_resnet"].startswith("source enc_vit has no weights for test_resnet: ")


def test_a_board_without_the_weights_of_others_knows_the_same(place):
    made = plan(candidates=[["scratch", "test_vit"], ["enc_vit", "test_resnet"]], missing="skip")
    selection = selection_of(resolve_pairs(made, registry()))
    assert list(selection.absent) == [("enc_vit", "test_resnet")]
    assert selection.absent["enc_vit", "test_resnet"] == resolved(made).absent["enc_vit", "test_resnet"]
    assert selection_of(resolve_pairs(made.model_copy(update={"missing": "error"}), registry())).absent == {}


def test_if_nothing_is_left_the_plan_is_refused(place):
    with pytest.raises(
        CatsError, match="plan 'e' has no candidate to run, because `missing: skip` leaves out all: source enc_vit"
    ):
        resolved(plan(candidates=[["enc_vit", "test_resnet"]], missing="skip"))


def test_only_missing_weights_are_left_out(place):
    """A file that is not the declared one is an error, whatever the plan says of what is missing."""
    entry(place / "entries", "plain", f"file: enc_res, sha256: '{'0' * 64}'")
    catalogue.source.cache_clear()
    with pytest.raises(CatsError, match=r"source plain: .* has sha256 .*, expected 0{64}"):
        resolved(plan(candidates=[["scratch", "test_resnet"], ["plain", "test_resnet"]], missing="skip"))


@pytest.mark.parametrize("origin", [{"hub": "lab/net", "revision": COMMIT}, {"mlflow": "models:/net/1"}])
def test_weights_for_all_backbones_are_of_the_backbone_that_the_entry_brings(origin):
    source = Source(name="mine", title="t", backbone="test_vit", weights=Weights(**origin))
    with pytest.raises(NoWeightsError, match="source mine has no weights for test_resnet: it has weights for test_vit"):
        start_of((source,), "test_resnet", 0, {}, "sqlite:///none.db")
    if "hub" in origin:
        assert start_of((source,), "test_vit", 0, {}, "").weights == f"lab/net@{COMMIT}"
        free = source.model_copy(update={"backbone": None})
        assert start_of((free,), "test_resnet", 0, {}, "").weights == f"lab/net@{COMMIT}"


def test_what_timm_does_not_have_names_source_backbone_and_others():
    source = Source(name="mine", title="t", weights=Weights(timm=["lvd142m"]))
    with pytest.raises(NoWeightsError) as caught:
        start_of((source,), "resnet50", 0, {}, "")
    assert str(caught.value).startswith(
        "source mine has no weights for resnet50: timm has no weights for resnet50 with the tag "
    )
    assert "timm has such weights for " in str(caught.value)


@pytest.mark.parametrize("command", ["plan", "run", "score"])
def test_a_backbone_of_an_entry_that_timm_does_not_know_is_refused_with_the_entry(place, cats, command):
    entry(place / "entries", "wrong", "file: wrong", "test_vti")
    (place / "plan.yaml").write_text("sources: [wrong]\ntargets: [ihc]\nrecipe: {size: 160, epochs: 0}\nseeds: 1\n")
    code, _, err = cats(command, "plan.yaml")
    assert code == 2
    assert "the backbone of the source wrong: timm has no backbone 'test_vti'; did you mean 'test_vit" in err
