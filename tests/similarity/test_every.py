"""What must hold of every measure that takes arrays. Found by file, so that a new one is tested as it is added."""

import numpy as np
import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from benchmark.specs.needs import NEEDS, OF_TARGET, Undefined
from results.error import CatsError
from tests.support.drawn import draws
from tests.support.measures import COUNT, MEASURES, all_inputs, of

# by default: a tail of few images; maps, classifiers, mixtures, couplings and spectra whose randomness no resample holds, and
# scores whose subsets and effects to first order spread more widely than fresh images do
WITHOUT_INTERVAL = {"alpha_req", "energy", "lead", "lp", "nleep", "otce", "pactran", "ped", "rankme", "s_otdd"}
every = pytest.mark.parametrize("asked", MEASURES.values(), ids=MEASURES.keys())
labelled = pytest.mark.parametrize("asked", [m for m in MEASURES.values() if "labels" in m.needs], ids=lambda m: m.name)
featured = pytest.mark.parametrize("asked", [m for m in MEASURES.values() if "features" in m.needs], ids=lambda m: m.name)


def scored(asked, given):
    """The score, or nothing where it is Undefined. Any other exception, and any warning, fails the test."""
    try:
        value = asked(**of(asked, given))
    except Undefined:
        return None
    assert np.isfinite(value)
    return value


def same(one, other, **tolerance):
    assert (one is None) == (other is None)
    if one is not None:
        assert one == pytest.approx(other, **tolerance)


def test_measures_are_found():
    assert {"nce", "logme"} <= MEASURES.keys()


@every
def test_it_scores_many_images_of_few_features(asked):
    assert scored(asked, all_inputs()) is not None


@every
def test_few_images_of_many_features_score_or_are_undefined(asked):
    scored(asked, all_inputs(count=30, dims=60))


@every
def test_the_order_of_images_does_not_matter(asked):
    given, rng = all_inputs(), np.random.default_rng(5)
    target, source = rng.permutation(COUNT), rng.permutation(80)
    moved = {need: values[target if need in OF_TARGET else source] for need, values in given.items()}
    same(scored(asked, moved), scored(asked, given), rel=1e-6, abs=1e-9)


@labelled
def test_the_names_of_classes_do_not_matter(asked):
    given = all_inputs()
    renamed = {**given, "labels": np.array([40, -3, 7])[given["labels"]]}
    same(scored(asked, renamed), scored(asked, given), rel=1e-6, abs=1e-9)


@labelled
def test_classes_without_images_do_not_matter(asked):
    given = all_inputs()
    same(scored(asked, {**given, "labels": given["labels"] * 5 + 2}), scored(asked, given), rel=1e-9, abs=1e-12)


@every
def test_input_is_not_changed(asked):
    given = all_inputs()
    before = {need: values.copy() for need, values in given.items()}
    scored(asked, given)
    asked.score(of(asked, given), draws(given["labels"], 3, of_source=80))
    for need, values in before.items():
        np.testing.assert_array_equal(given[need], values)


@every
def test_global_random_state_is_neither_read_nor_changed(asked):
    given = all_inputs()
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    once = scored(asked, given)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert scored(asked, given) == once


@every
def test_single_precision_agrees(asked):
    given = all_inputs()
    single = {need: values if values.dtype == np.int64 else values.astype(np.float32) for need, values in given.items()}
    same(scored(asked, single), scored(asked, given), rel=1e-4, abs=1e-4)


@labelled
def test_a_class_of_one_image_scores_or_is_undefined(asked):
    given = all_inputs()
    labels = np.minimum(given["labels"], 1)
    labels[0] = 2
    scored(asked, {**given, "labels": labels})


@featured
def test_constant_features_score_or_are_undefined(asked):
    given = all_inputs()
    features = given["features"].copy()
    features[:, 2:4] = [0.0, 3.0]
    scored(asked, {**given, "features": features})


@featured
def test_the_same_feature_twice_scores_or_is_undefined(asked):
    given = all_inputs()
    scored(asked, {**given, "features": given["features"][:, [0, 0, 1, 2, 3, 4, 5, 6, 6]]})


@featured
def test_features_of_any_size_score_or_are_undefined(asked):
    given = all_inputs()
    for size in (1e-6, 1e6):
        scored(asked, {**given, "features": given["features"] * size})


@every
def test_one_image_is_undefined(asked):
    given = all_inputs()
    with pytest.raises(Undefined, match="one image"):
        asked(**of(asked, {need: values[:1] for need, values in given.items()}))


@every
def test_two_images_score_or_are_undefined(asked):
    given = all_inputs()
    scored(asked, {need: values[:2] for need, values in given.items()})


@every
def test_a_number_that_is_missing_is_named_with_its_image(asked):
    given = all_inputs()
    for need in asked.needs:
        if given[need].dtype == np.float64:
            broken = given[need].copy()
            broken[3, 0] = np.nan
            said = asked.score(of(asked, {**given, need: broken}), draws(given["labels"], 2, of_source=80))
            assert np.isnan(said.value)
            assert f"{need} of image 3 is not finite" in said.reason


@every
def test_its_interval_holds_the_score(asked):
    given = all_inputs()
    said = asked.score(of(asked, given), draws(given["labels"], 20, of_source=80))
    assert np.isfinite(said.value), said.reason
    if asked.name in WITHOUT_INTERVAL:
        assert said.low is None
        assert said.reason.startswith("no interval: ")
        return
    assert said.low is not None, said.reason
    assert said.low <= said.value <= said.high
    assert said.high - said.low < 10 * abs(said.value) + 10


@every
def test_no_draw_that_changes_anything_leaves_the_score(asked):
    if asked.name in WITHOUT_INTERVAL:
        return
    given = all_inputs()
    plain = draws(given["labels"], 4, of_source=80)
    plain.target[:], plain.source[:] = np.arange(COUNT), np.arange(80)
    drawn = asked.resample({**of(asked, given)}, plain)
    assert drawn.shape == (4,)
    assert drawn[:2] == pytest.approx(drawn[2:], rel=1e-12, abs=1e-12)  # two draws together may seed subsets


@every
def test_what_it_says_of_itself(asked):
    assert asked.__doc__
    assert asked.grows
    assert any(str(year) in asked.citation for year in range(1900, 2100)), "a citation has a year"
    assert set(asked.needs) <= NEEDS.keys()


# Whatever a study may come to: few images, a class of one, features that are dead, twice there or huge, images twice there.
CASES = st.fixed_dictionaries(
    {
        "count": st.integers(2, 40),
        "source_count": st.integers(2, 40),
        "dims": st.integers(1, 50),
        "classes": st.integers(2, 6),
        "seed": st.integers(0, 999),
        "dead": st.sampled_from([None, 0.0, 3.0]),
        "features_twice": st.booleans(),
        "images_twice": st.booleans(),
        "size": st.integers(-3, 3),
        "sure": st.booleans(),
    }
)


def built(case):
    rng, made, classes, dims = np.random.default_rng(case["seed"]), {}, case["classes"], case["dims"]
    for own, count in (("", case["count"]), ("source_", case["source_count"])):
        labels = rng.integers(0, classes, count)
        features = np.maximum(rng.standard_normal((count, dims)) + 2 * rng.standard_normal((classes, dims))[labels], -0.5)
        if case["dead"] is not None:
            features[:, rng.integers(dims)] = case["dead"]
        if case["features_twice"]:
            features[:, rng.integers(dims)] = features[:, 0]
        if case["images_twice"]:
            again = rng.integers(0, count, count // 2)
            features[: count // 2], labels[: count // 2] = features[again], labels[again]
        labels[:2] = 0, 1
        features *= 10.0 ** case["size"]
        logits = rng.standard_normal((count, 4)) * (300 if case["sure"] else 3)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        made |= {own + "features": features, own + "labels": labels * 3 + 1, own + "neutral": np.tanh(features[:, ::-1])}
        made |= {} if own else {"untrained": np.maximum(features[:, ::-1], 0), "trained": features**2 - features}
        made |= {own + "logits": logits, own + "probabilities": powers / powers.sum(axis=1, keepdims=True)}
    return made


@pytest.mark.slow
@every
@settings(max_examples=25, deadline=None, derandomize=True)
@any_of(case=CASES, seed=st.integers(0, 99))
def test_any_input_scores_the_same_in_any_order_and_under_any_names_or_is_undefined(asked, case, seed):
    given = built(case)
    rng = np.random.default_rng(seed)
    before = {need: values.copy() for need, values in given.items()}
    first = scored_or_wrong(asked, given)
    target, source = rng.permutation(len(given["labels"])), rng.permutation(len(given["source_labels"]))
    moved = {need: values[target if need in OF_TARGET else source] for need, values in given.items()}
    names = rng.permutation(20)
    moved = {need: names[values] if need.endswith("labels") else values for need, values in moved.items()}
    # a covariance shrunk by 1e-10 leaves few digits; and PACTran counts the doubts about images that leave next to none
    same(scored_or_wrong(asked, moved), first, rel=1e-2 if asked.name == "pactran" else 1e-5, abs=1e-8)
    for need, values in before.items():
        np.testing.assert_array_equal(given[need], values)


@pytest.mark.slow
@pytest.mark.parametrize("asked", MEASURES.values(), ids=MEASURES.keys())
@settings(max_examples=12, deadline=None, derandomize=True)
@any_of(case=CASES)
def test_any_input_has_an_interval_or_a_reason(asked, case):
    given = built(case)
    said = asked.score(of(asked, given), draws(given["labels"], 4, of_source=len(given["source_labels"])))
    assert np.isfinite(said.value) or said.reason
    assert (said.low is None) == (said.high is None)
    if said.low is not None:
        assert said.low <= said.value <= said.high


@pytest.mark.slow
@every
@settings(max_examples=12, deadline=None, derandomize=True)
@any_of(case=CASES)
def test_any_input_twice_over_scores_or_is_undefined(asked, case):
    given = built(case)
    twice = {need: np.concatenate([values, values]) for need, values in given.items()}
    scored_or_wrong(asked, twice)


def scored_or_wrong(asked, given):
    """The score, or nothing where it is Undefined or the input is refused, as features that never differ are."""
    try:
        return scored(asked, given)
    except CatsError as error:
        if "is the same for every image" in str(error) or "hold only one class" in str(error):
            return None
        raise


@pytest.mark.parametrize(
    ("name", "option", "sentence"),
    [
        ("knn", {"k": 0}, "knn: k is 0; it must be 1 or more"),
        ("tmi", {"k": 0}, "tmi: k is 0; it must be 1 or more"),
        ("lp", {"components": 0}, "lp: k is 5 and components is 0; both must be 1 or more"),
        ("s_otdd", {"moments": 0}, "moments is 0; both must be 1 or more"),
        ("lead", {"time": -1.0}, "lead: time is -1.0 and per_class is 64; they must be at least 0 and 1"),
        ("ped", {"step": -0.1}, "step is -0.1 and stop is .*; none may be below 0"),
    ],
)
def test_an_option_that_has_no_meaning_is_named_with_what_is_allowed(name, option, sentence):
    with pytest.raises(Undefined, match=sentence):
        MEASURES[name].with_options(option)(**of(MEASURES[name], all_inputs()))
