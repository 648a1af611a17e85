"""Scoring the pairs of a plan, on real small data and with real MLflow."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmark.core.trainer_version import TRAINER
from benchmark.data.split import split
from benchmark.execution.engine import Local
from benchmark.execution.watch import Watch
from benchmark.measures.inputs import ChosenImages, MeasureInputs, ScoreSettings
from benchmark.measures.resampling import bootstrap_rows
from benchmark.measures.scoring import measures_of, score_plan
from benchmark.specs import catalogue
from benchmark.specs.measure import Draws, Score
from benchmark.specs.plan import Plan
from results.agreement.scores import ScoresText, read_scores, score_grids, score_reasons
from results.error import CatsError
from results.tracking.cost_columns import unpacked
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.plans import resolved

MEASURES = ["nce", "source_size", "random", "static_rank", "imagenet_always"]


def plan(**changes):
    given = {
        "experiment": "e", "sources": ["scratch", "digits", "textures"], "targets": ["ihc"], "backbones": ["test_resnet"],
        "recipe": {"size": 16, "epochs": 1}, "pretraining": {"size": 16, "epochs": 1}, "seeds": [0], "measures": MEASURES,
        "subsample": {"train": 60},
    }  # fmt: skip
    return Plan(**(given | changes))


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    kept, counts = [], []

    def ended(record, state):
        kept.append(record)
        counts.append((record.kind, state.done + state.made))

    def call(setting):
        tracking = Experiment("sqlite:///mlflow.db", setting.plan.plan.experiment)
        watch = Watch(lambda what: None, ended)
        state = score_plan(setting, Writer(tracking, Outbox(tmp_path / "outbox")), watch)
        return state, tracking.frame()

    call.records, call.counts = kept, counts
    return call


@pytest.mark.slow
def test_every_pair_has_one_run_with_every_measure_and_a_second_call_makes_none(work):
    setting = ScoreSettings(resolved(plan()), "cpu", 40, 20)
    state, frame = work(setting)
    assert (state.cells, state.done, state.made, state.failed) == (3, 0, 3, [])
    assert sorted(frame["kind"]) == ["pretraining", "pretraining", "score", "score", "score"]
    assert work.counts == [("pretraining", 0), ("pretraining", 0), ("score", 1), ("score", 2), ("score", 3)]
    rows = read_scores(frame, "e")
    assert len(rows) == 3 * len(MEASURES)
    by = {(row.source, row.measure): row for row in rows}
    nce = by["digits", "nce"]
    assert -np.log(2) <= nce.value <= 0
    assert nce.low < nce.value < nce.high
    assert nce.seconds > 0
    assert (by["scratch", "nce"].value, by["scratch", "nce"].reason) == (None, "scratch has no classes")
    assert by["digits", "source_size"].value == pytest.approx(np.log1p(1797))
    assert by["digits", "source_size"].low is None
    state, again = work(setting)
    assert (state.done, state.made, len(again)) == (3, 0, len(frame))


@pytest.mark.slow
def test_another_measure_or_option_scores_again_and_nothing_is_pretrained_twice(work):
    work(ScoreSettings(resolved(plan(sources=["digits"])), "cpu", 40, 20))
    state, frame = work(ScoreSettings(resolved(plan(sources=["digits"], measures=["nce"])), "cpu", 40, 20))
    assert (state.made, list(frame["kind"]).count("pretraining")) == (1, 1)
    state, _ = work(ScoreSettings(resolved(plan(sources=["digits"], measures=["nce"])), "cpu", 30, 20))
    assert state.made == 1


def test_scores_cost_something_and_say_of_each_phase_what(work):
    _, frame = work(ScoreSettings(resolved(plan(sources=["scratch"])), "cpu", 40, 20))
    phases = [cost["phase"] for cost in unpacked(frame["costs"]).iloc[0]]
    assert phases[0] == "features"
    assert set(phases[1:]) == {f"measure_{name}" for name in MEASURES if name != "nce"}


@pytest.mark.slow
def test_the_rank_elsewhere_comes_from_the_board(work, tmp_path):
    from benchmark.execution.runner import run

    both = plan(sources=["scratch", "textures"], targets=["ihc", "digits"], measures=["static_rank"], seeds=[0, 1])
    tracking, box = Experiment("sqlite:///mlflow.db", "e"), Outbox(tmp_path / "outbox")
    run(resolved(both), Writer(tracking, box), Local("cpu"), Watch(lambda what: None, lambda record, state: None))
    _, frame = work(ScoreSettings(resolved(both), "cpu", 40, 20))
    found = {(row.source, row.target): row.value for row in read_scores(frame, "e")}
    assert {found["scratch", "ihc"], found["textures", "ihc"]} == {-1.0, -2.0}


def test_every_source_sees_the_same_training_images_and_no_test_image(work, monkeypatch, tmp_path):
    setting = ScoreSettings(resolved(plan()), "cpu", 40, 20)
    target = setting.target("ihc")
    assert len(target.rows) == 40
    parts = split(target.dataset, target.images)
    assert set(target.rows) <= set(parts["train"])
    one, other = (
        MeasureInputs(setting, setting.target("ihc"), setting.plan.starts[s, "test_resnet"][0], {})
        for s in ("scratch", "digits")
    )
    assert one.target.rows.tolist() == other.target.rows.tolist()
    np.testing.assert_array_equal(one.draws.target, other.draws.target)
    assert one.identity(["labels"]) != other.identity(["labels"])


def test_a_trainer_that_gives_other_numbers_makes_every_score_another(work, monkeypatch):
    setting = ScoreSettings(resolved(plan(sources=["scratch"])), "cpu", 40, 20)
    inputs = MeasureInputs(setting, setting.target("ihc"), setting.plan.starts["scratch", "test_resnet"][0], {})
    before = inputs.identity(["features", "labels"])
    assert inputs.identity(["features", "labels"]) == before
    monkeypatch.setattr("benchmark.measures.inputs.TRAINER", TRAINER + 1)
    assert inputs.identity(["features", "labels"]) != before


def test_images_and_networks_for_measures_that_want_them(work):
    setting = ScoreSettings(resolved(plan()), "cpu", 40, 20)
    evidence = MeasureInputs(setting, setting.target("ihc"), setting.plan.starts["scratch", "test_resnet"][0], {})
    images, network = evidence.get("images"), evidence.get("network")
    assert images.shape == (40, 3, 16, 16)
    assert 0 <= images.min() < images.max() <= 1
    np.testing.assert_allclose(network.eval().features(images).detach().numpy(), evidence.features, atol=1e-5)


@pytest.mark.slow
def test_the_classifier_of_a_pretraining_is_kept_with_its_weights(work):
    setting = ScoreSettings(resolved(plan(sources=["digits"])), "cpu", 40, 20)
    work(setting)
    evidence = MeasureInputs(setting, setting.target("ihc"), setting.plan.starts["digits", "test_resnet"][0], {})
    assert evidence.logits.shape == (40, 10)
    np.testing.assert_allclose(evidence.probabilities.sum(axis=1), 1)
    assert len(evidence.source_images.rows) == len(evidence.source_labels) == 40


def test_resamples_keep_every_class_as_large_as_it_is():
    labels = np.array([0, 0, 0, 1, 2, 2])
    rows = bootstrap_rows(labels, 50, "held", np.random.default_rng(0))
    assert all(np.bincount(labels[one]).tolist() == [3, 1, 2] for one in rows)
    assert len({tuple(one) for one in rows.tolist()}) > 5


def test_resamples_that_draw_the_shares_too_lose_no_class():
    labels = np.array([0] * 30 + [1] + [2] * 9)
    rows = bootstrap_rows(labels, 400, "drawn", np.random.default_rng(0))
    counts = np.array([np.bincount(labels[one], minlength=3) for one in rows])
    assert rows.shape == (400, 40)
    assert counts.min() == 1
    assert counts[:, 0].mean() == pytest.approx(30, abs=0.8)
    assert counts[:, 0].std() == pytest.approx(np.sqrt(40 * 0.75 * 0.25), rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["leep", "transrate"])
def test_with_the_shares_drawn_the_interval_holds_the_mean_over_samples_whose_shares_are_drawn(name):
    """Nine classes from 31 % to 2 %, 400 images: with the shares held, leep's interval holds the mean in 46 of 100 samples."""
    shares, made, said = np.geomspace(0.35, 0.02, 9) / np.geomspace(0.35, 0.02, 9).sum(), catalogue.measure(name), {}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        labels = np.concatenate([np.arange(9), rng.choice(9, 391, p=shares)])
        powers = np.exp(rng.standard_normal((400, 12)) + np.eye(9, 12)[labels])
        given = {made.needs[0]: powers / powers.sum(axis=1, keepdims=True), "labels": labels}
        for how in ("held", "drawn"):
            rows = bootstrap_rows(labels, 50, how, rng)
            said.setdefault(how, []).append(made.score(given, Draws(rows, np.zeros((50, 0), dtype=np.int64))))
    mean = np.mean([one.value for one in said["held"]])
    covered = {how: np.mean([one.low <= mean <= one.high for one in scores]) for how, scores in said.items()}
    assert covered["held"] < 0.6 or name != "leep"
    assert covered["drawn"] >= 0.88  # three standard errors below 0.95


def test_every_source_shows_as_many_images_as_the_target_has(work):
    """The nearest of 1,000 images of one source was nearer than that of 546 of another."""
    setting = ScoreSettings(resolved(plan(targets=["ihc"], sources=["digits", "textures"])), "cpu", 40, 20)
    few = ChosenImages(
        *(getattr(setting.target("ihc"), part) for part in ("dataset", "images")), setting.target("ihc").rows[:25]
    )
    for name in ("digits", "textures"):
        start = setting.plan.starts[name, "test_resnet"][0]
        full, part = (MeasureInputs(setting, chosen, start, {}) for chosen in (setting.target("ihc"), few))
        assert (len(full.source_labels), len(part.source_labels), len(part.get("source_images"))) == (40, 25, 25)
        assert part.draws.source.shape == (20, 25)
        assert set(part.source_images.rows) <= set(full.source_images.rows)
        assert part.noted(Score(1.0), ["source_neutral"]) == Score(1.0)


def test_a_source_with_fewer_images_than_the_target_is_noted(work):
    setting = ScoreSettings(resolved(plan(sources=["digits"])), "cpu", 40, 20)
    inputs = MeasureInputs(setting, setting.target("ihc"), setting.plan.starts["digits", "test_resnet"][0], {})
    pool = inputs.source_pool
    vars(inputs)["source_pool"] = replace(pool, rows=pool.rows[:12])  # as of a source with 12 images
    sentence = "digits has 12 images, and larger sources show 40 here: fewer images can move a score"
    assert inputs.noted(Score(1.0, 0.5, 1.5), ["neutral", "source_neutral"]) == Score(1.0, 0.5, 1.5, sentence)
    assert inputs.noted(Score(1.0), ["features", "labels"]).reason is None
    assert (
        inputs.noted(Score(1.0, reason="no interval: of one"), ["source_labels"]).reason == f"no interval: of one; {sentence}"
    )
    assert np.isnan(inputs.noted(Score(float("nan"), reason="none"), ["source_labels"]).value)


@pytest.mark.slow
def test_what_could_not_be_looked_at_is_said_and_tried_again(work, monkeypatch):
    from benchmark.measures import inputs as evidence

    setting = ScoreSettings(resolved(plan(sources=["textures"], measures=["kid", "random"])), "cpu", 40, 20, "digits")
    real = evidence.features_through

    def away(start, *given):
        if start.source == "digits":
            raise CatsError("the weights of digits are on a disk that is away")
        return real(start, *given)

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "features_through", away)
        _, frame = work(setting)
    said_first = {row.measure: row for row in read_scores(frame, "e")}
    assert said_first["kid"].reason == "the weights of digits are on a disk that is away"
    assert said_first["random"].value is not None
    (partial,) = frame[frame["kind"] == "score"].to_dict("records")
    assert partial["key"].split("-")[1] == "incomplete"
    state, frame = work(setting)
    assert state.made == 1
    (whole,) = frame[(frame["kind"] == "score") & (frame["key"] != partial["key"])].to_dict("records")
    assert partial["key"].startswith(whole["key"])
    assert {row.measure: row for row in read_scores(frame, "e")}["kid"].value is not None
    assert work(setting)[0].made == 0


@pytest.mark.slow
def test_the_neutral_network_is_pretrained_where_it_has_to_be(work):
    _, frame = work(ScoreSettings(resolved(plan(sources=["textures"], measures=["kid"])), "cpu", 40, 20, "digits"))
    assert sorted(frame.loc[frame["kind"] == "pretraining", "source"]) == ["digits", "textures"]
    _, frame = work(ScoreSettings(resolved(plan(sources=["textures"], measures=["logme"])), "cpu", 40, 20, "fractal"))
    assert "fractal" not in set(frame["source"])


@pytest.mark.slow
def test_new_cells_on_the_board_change_one_score_and_the_others_are_read(work, tmp_path):
    from benchmark.execution.runner import run

    both = plan(sources=["scratch"], targets=["ihc", "digits"], measures=["static_rank", "knn"], seeds=[0])
    work(ScoreSettings(resolved(both), "cpu", 40, 20))
    box = Outbox(tmp_path / "outbox")
    run(
        resolved(both),
        Writer(Experiment("sqlite:///mlflow.db", "e"), box),
        Local("cpu"),
        Watch(lambda what: None, lambda record, state: None),
    )
    state, _ = work(ScoreSettings(resolved(both), "cpu", 40, 20))
    assert state.made == 2
    assert [cost.phase for cost in work.records[-1].costs] == ["features", "measure_static_rank"]
    assert work.records[-1].validation["seconds_measure_knn"] > 0


@pytest.mark.slow
def test_a_measure_that_breaks_takes_no_other_with_it(work, monkeypatch):
    from similarity.knn import knn

    monkeypatch.setattr(knn, "function", lambda *_, **__: 1 / 0)
    state, frame = work(ScoreSettings(resolved(plan(sources=["scratch"], measures=["knn", "nearest_mean"])), "cpu", 40, 20))
    rows = {row.measure: row for row in read_scores(frame, "e")}
    assert (state.made, rows["nearest_mean"].value is not None) == (1, True)
    assert rows["knn"].reason == "failed: ZeroDivisionError('division by zero')"


def test_sources_of_one_start_have_scores_of_their_own(work, home):
    (home / "entries" / "sources").mkdir(parents=True)
    entry = "title: t\nlicence: l\ncitation: c\nimages: 7\n"
    (home / "entries" / "sources" / "mine.yaml").write_text(entry)
    work(ScoreSettings(resolved(plan(sources=["scratch"], measures=["random"])), "cpu", 40, 20))
    state, frame = work(ScoreSettings(resolved(plan(sources=["mine"], measures=["random"])), "cpu", 40, 20))
    assert state.made == 1
    assert len({row.value for row in read_scores(frame, "e")}) == 2


@pytest.mark.slow
def test_pairs_that_share_images_are_not_scored_unless_allowed(work):
    asked = plan(sources=["scratch", "digits"], targets=["digits"], measures=["random"])
    assert work(ScoreSettings(resolved(asked), "cpu", 40, 20))[0].cells == 1
    allowed = asked.model_copy(update={"allow_leakage": True})
    state, frame = work(ScoreSettings(resolved(allowed), "cpu", 40, 20))
    assert state.cells == 2
    assert frame.loc[frame["source"] == "digits", "leak"].tolist()[-1] == "they are the same images"


def test_measures_with_options_have_names_that_mlflow_takes(work):
    state, frame = work(
        ScoreSettings(resolved(plan(sources=["scratch"], measures=["knn[k=3]", "knn[k=5,seed=1]", "knn"])), "cpu", 40, 20)
    )
    assert (state.made, state.waiting) == (1, 0)
    rows = read_scores(frame, "e")
    assert [row.measure for row in rows] == ["knn[k=3]", "knn[k=5,seed=1]", "knn"]
    assert all(row.value is not None and row.low < row.high and row.seconds > 0 for row in rows)
    assert rows[0].value != rows[2].value


def test_a_plan_without_measures_takes_all():
    assert set(MEASURES) < set(measures_of(plan(measures=[])))


@pytest.mark.slow
def test_what_measures_said_reads_as_text(work):
    _, frame = work(ScoreSettings(resolved(plan()), "cpu", 40, 20))
    rows = read_scores(frame, "e")
    head, lines = score_grids(rows)["ihc"]
    assert head == ["measure", "scratch", "digits", "textures"]
    assert [line[0] for line in lines] == MEASURES
    assert lines[0][1] == "–"
    assert " ± " in lines[0][2]
    assert "nce: scratch has no classes" in score_reasons(rows)
    assert "| nce | – |" in ScoresText(rows).markdown()
    assert (
        ScoresText(rows)
        .csv()
        .startswith("target,source,backbone,measure,value,low,high,seconds,reason\nihc,scratch,test_resnet,nce,,")
    )
    assert json.dumps(score_grids(rows))
