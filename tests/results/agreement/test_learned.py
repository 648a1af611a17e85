"""A ranker that is learned: what it finds, what it does not find, and what it must not look at."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from results.agreement import learned
from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.learned import LEAST, NAME, order, rows_of
from results.agreement.learned_text import basis, first_places
from results.agreement.pools import Pool, judged_pools, places, scored_pools
from results.agreement.scores import PairScore, read_scores
from results.board.request import RunQuery
from results.error import CatsError
from results.statistics.rank_agreement import weighted_tau
from tests.support.judged import SOURCES, judged, ran, scored

N = 8


def pool(number, rng, seen, family=None, measures=6):
    """A pool whose measures hold the truth with the weight `seen` of each, and noise; the measure m0 holds none of it."""
    truth = rng.standard_normal(N)
    scores = {f"m{k}": (0 if k == 0 else seen) * truth + rng.standard_normal(N) for k in range(measures)}
    sources = tuple(f"s{i}" for i in range(N))
    errors = {name: np.zeros(N) for name in scores}
    return Pool(f"t{number}", "net", family or f"t{number}", sources, scores, errors, places(truth))


def pools(count=LEAST + 1, seen=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return [pool(number, rng, seen) for number in range(count)]


def tau(made):
    return float(weighted_tau(made.pool.truth[None], made.values[None])[0])


def changed(one, truth):
    return Pool(one.target, one.backbone, one.family, one.sources, one.scores, one.errors, places(truth))


def test_places_are_ranks_of_mean_0_and_variance_1_and_of_what_is_known():
    assert places(np.array([3.0, 1e9, -2.0, 3.0])) == pytest.approx(np.array([0, 1.5, -1.5, 0]) / np.sqrt(1.125))
    given = places(np.array([np.nan, 5.0, 7.0]))
    assert np.isnan(given[0])
    assert given[1:].tolist() == [-1, 1]
    assert np.isnan(places(np.array([4.0, 4.0, np.nan]))).all()


def test_a_planted_relation_is_found_and_the_measure_that_knows_nothing_weighs_least():
    every = pools(10, seen=1.2)
    made = order(every, every)
    best_part = max(np.mean([weighted_tau(p.truth[None], p.scores[f"m{k}"][None])[0] for p in every]) for k in range(6))
    assert np.mean([tau(each) for each in made]) > best_part + 0.05
    weights = {name: abs(np.mean([each.weights[name] for each in made])) for name in made[0].weights}
    assert min(weights, key=weights.get) in {"m0", learned.ELSEWHERE}
    assert (made[0].families, made[0].targets) == (9, 9)


def test_of_noise_nothing_is_said_no_source_is_first_and_chance_is_inside():
    boards = [pools(9, seen=0.0, seed=seed) for seed in range(4)]
    every = [each for board in boards for each in order(board, board)]
    taus = np.array([tau(each) for each in every])
    assert abs(taus.mean()) < 1.96 * taus.std() / np.sqrt(len(taus) / 2)  # results of one board hang together
    assert np.mean([len(each.tied) == N for each in every]) > 0.9
    assert all(sentence.startswith(f"{NAME}, t") and "no first source" in sentence for sentence in first_places(every[:9]))


def test_a_clear_first_source_is_named():
    rng = np.random.default_rng(1)
    every = [pool(number, rng, 30.0) for number in range(9)]
    said = list(first_places(order(every[:1], every)))
    best = every[0].sources[int(np.argmax(every[0].truth))]
    assert said == [f"{NAME}, t0: {best} comes first (95 %)"]


@pytest.mark.parametrize("relative", [False, True], ids=["the target itself", "a relative of it"])
def test_no_result_of_a_target_or_its_family_changes_what_is_said_of_it(relative):
    every = pools(LEAST + 2)
    if relative:
        every[1] = Pool("t1", "net", "t0", *(getattr(every[1], k) for k in ("sources", "scores", "errors", "truth")))
    other = list(every)
    other[int(relative)] = changed(every[int(relative)], np.arange(N))
    before, after = (order([one[0]], one)[0] for one in (every, other))
    assert before.values.tolist() == after.values.tolist()
    assert (before.wrong, before.apart, before.weights) == (after.wrong, after.apart, after.weights)
    stranger = order([other[0]], [changed(each, np.arange(N)) for each in other])[0]
    assert stranger.values.tolist() != after.values.tolist()  # results of other targets do change it


def test_the_weights_are_those_of_scikit_learn():
    every = pools()
    names = sorted(every[0].scores)
    found = learned._fit(every, names, [0.5, 20.0])
    inputs = np.concatenate([np.nan_to_num(learned._columns(each, every, names)) for each in every])
    truth = np.concatenate([each.truth for each in every])
    for weights, penalty in zip(found, (0.5, 20.0), strict=True):
        theirs = Ridge(alpha=penalty, fit_intercept=False).fit(inputs, truth, np.full(len(truth), 1 / N))
        assert weights == pytest.approx(theirs.coef_, rel=1e-9)


def test_the_stored_score_static_rank_is_no_input_because_it_was_made_of_the_cells_of_all_targets():
    rows = [PairScore("t", s, "net", m, v, None, None, None, None) for m in ("static_rank", "lp") for v, s in enumerate("abc")]
    assert set(scored_pools(rows, {})[0].scores) == {"lp"}


def test_a_missing_score_counts_as_the_mean_of_its_target():
    every = pools()
    first = every[0]
    without = {name: np.where(np.arange(N) == 0, np.nan, scores) for name, scores in first.scores.items()}
    made = order([Pool("new", "net", "new", first.sources, without, first.errors)], every)[0]
    assert made.missing == pytest.approx(6 / 7 / N)
    elsewhere = np.mean([each.truth[0] for each in every])
    assert made.values[0] == pytest.approx(made.weights[learned.ELSEWHERE] * elsewhere)


def test_a_measure_that_few_of_the_teachers_have_is_no_input():
    every = pools()
    for each in every[1:3]:
        del each.scores["m1"]
    made = order([every[0]], every)[0]
    assert set(made.weights) == {"m0", "m2", "m3", "m4", "m5", learned.ELSEWHERE}


def test_errors_of_the_scores_reach_the_prediction_and_its_interval_is_wider():
    every = pools()
    first = every[0]
    rough = Pool("new", "net", "new", first.sources, first.scores, {name: np.full(N, 0.5) for name in first.scores})
    sure, unsure = order([Pool("new", "net", "new", first.sources, first.scores, first.errors), rough], every)
    assert sure.errors == pytest.approx(np.zeros(N), abs=1e-12)
    assert (unsure.errors > 0.05).all()
    table, judgement = rows_of([unsure], prediction=True), rows_of([unsure], prediction=False)
    assert all(a.low < b.low < b.value < b.high < a.high for a, b in zip(table, judgement, strict=True))


def test_too_few_families_are_refused_and_a_target_among_its_own_family_says_why():
    with pytest.raises(CatsError, match=rf"learned rests on {LEAST - 1} families of other targets .* and needs {LEAST}"):
        order(every := pools(LEAST), every)
    several = pools(LEAST + 2)
    several[1:3] = [Pool(p.target, "net", "one", p.sources, p.scores, p.errors, p.truth) for p in several[1:3]]
    made = order(several, several)
    assert [each.reason is None for each in made] == [True] * (LEAST + 2)
    stranger = Pool("new", "net", "new", several[0].sources, several[0].scores, several[0].errors)
    made = order([stranger, *several[:2]], several[:-1])
    assert [each.reason is None for each in made] == [True, False, False]
    assert basis(made)[-1].startswith(f"t0, t1: {NAME} rests on {LEAST - 1} families of other targets")
    with pytest.raises(CatsError, match="there is a measure 'learned' already"):
        order([Pool("t", "net", "t", ("a", "b"), {NAME: np.arange(2.0)}, {})], several)


def board(change=lambda target, values: values):
    """Runs and scores of LEAST + 2 targets with four sources; `good` says the truth."""
    rng, rows = np.random.default_rng(3), []
    for target in "abcdefghijk"[: LEAST + 2]:
        values = rng.uniform(0.5, 0.9, 4)
        rows += ran(target, change(target, values).tolist()) + scored("good", target, values.tolist(), width=0.01)
        rows += scored("odd", target, rng.standard_normal(4).tolist())
    return rows


def test_it_is_judged_beside_its_parts_and_the_results_of_a_target_do_not_reach_its_own_row():
    def said(rows):
        frame = pd.DataFrame(rows)
        decisions = decisions_of(frame, RunQuery("toy"))
        scores = scores_for(decisions, read_scores(frame, "toy"))
        asked = judged_pools(decisions, scores, {})
        return decisions, scores, rows_of(order(asked, asked), prediction=False)

    decisions, scores, rows = said(board())
    made = {row.name: row for row in judge_measures(decisions, [*scores, *rows], "toy", "auc").rows}
    assert made[NAME].mean["weighted_tau"].value > made["odd"].mean["weighted_tau"].value
    assert made[NAME].judged == LEAST + 2
    turned = said(board(lambda target, values: values[::-1] if target == "a" else values))[2]
    by = [{r.source: r.value for r in each if r.target == "a"} for each in (rows, turned)]
    assert by[0] == by[1]
    assert set(by[0]) == set(SOURCES)
    assert judged(board())[1].keys() >= {"good", "odd"}
