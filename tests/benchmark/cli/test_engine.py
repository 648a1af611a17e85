"""The options of `cats run` that choose an engine."""

import pytest

from benchmark.answers.engines import pretrains
from benchmark.specs.plan import load_plan

PLAN = "experiment: x\nsources: [{}]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {{base: finetune, size: 16}}\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--workers", "2"], "--workers needs --engine dask"),
        (["--scheduler", "tcp://h:1"], "--scheduler needs --engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://h:1", "--workers", "2"], "--workers starts workers here"),
    ],
)
def test_options_that_contradict_each_other_are_refused(cats, tmp_path, options, sentence):
    (tmp_path / "plan.yaml").write_text(PLAN.format("scratch"))
    code, _, err = cats("run", "plan.yaml", *options)
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize(("sources", "answer"), [("scratch", False), ("scratch, digits", True)])
def test_a_plan_pretrains_if_one_of_its_sources_is_pretrained(tmp_path, sources, answer):
    (tmp_path / "plan.yaml").write_text(PLAN.format(sources))
    assert pretrains(load_plan(str(tmp_path / "plan.yaml"))) is answer
