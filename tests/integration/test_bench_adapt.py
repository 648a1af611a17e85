"""The table that sets protocols side by side."""

import sys

import pandas as pd
import pytest
from scipy import stats

from benchmark.specs.recipe import recipe_points
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "scripts"))
    import bench_adapt

    sys.path.remove(str(ROOT / "scripts"))
    return bench_adapt


def test_a_line_has_means_over_seeds_and_the_interval_of_the_auc(bench):
    frame = pd.DataFrame({"test_auc": [0.7, 0.8, 0.9], "kwh": [1e-3, 2e-3, 3e-3], "step_memory_bytes": [2e6] * 3})
    frame = frame.assign(trained_parameters=50.0, parameters=2000.0)
    half = stats.t.ppf(0.975, 2) * 0.1 / 3**0.5
    expected = ["`mobilenetv2_100`, `imagenet`", "`lora`", "50", "2.50%", "2", "2.000", f"0.800 ± {half:.3f}"]
    assert bench.row("mobilenet", "lora", frame) == expected
    assert bench.row("mobilenet", "probe", frame.drop(columns="step_memory_bytes"))[4] == "none"


def test_the_number_format_of_trainings_is_beside_the_table(bench):
    frames = [pd.DataFrame({"trained_in": each}) for each in (["bfloat16", "bfloat16"], [None], ["float32"])]
    assert bench.formats(frames[:2]) == "trained in bfloat16"
    assert bench.formats(frames) == "trained in bfloat16 and float32"


def test_protocols_of_a_case_differ_in_what_they_train_alone(bench):
    for case in bench.CASES:
        points = {name: recipe_points(bench.plan_of(case, name, 3).recipe, "here")[0] for name in bench.PROTOCOLS}
        assert {name: point.protocol for name, point in points.items()} == {name: name for name in bench.PROTOCOLS}
        assert len({point.size for point in points.values()}) == 1
        trained = [point for point in points.values() if point.trains_backbone]
        assert len({(point.epochs, point.batch_size, point.optimiser, point.augment) for point in trained}) == 1


def test_another_case_is_refused(bench, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_adapt.py", "resnet"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 2
    assert "there is no case 'resnet'; there are mobilenet, vit" in capsys.readouterr().err
