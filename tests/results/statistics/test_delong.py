"""DeLong's test against figures that others printed, on data that others published.

113 patients after a subarachnoid haemorrhage: Turck et al., Intensive Care Medicine 36, 2010, as data set aSAH of pROC
1.19.0.1 (GPL-3; the figures below are facts). The results are those to which pROC's own tests hold it (test-auc, test-var,
test-cov, test-ci.auc, test-roc.test).
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics

from results.board.board import judged_runs
from results.board.compare import compare
from results.board.request import RunQuery
from results.metrics import METRICS
from results.statistics.influence import parse_predictions, shares_of_target
from tests.support.runs import run

# Poor outcome, WFNS grade, S100B in µg/l, NDKA in µg/l
PATIENTS = """
0,1,0.13,3.01 0,1,0.14,8.54 0,1,0.1,8.09 0,1,0.04,10.42 1,3,0.13,17.4 1,2,0.1,12.75 0,5,0.47,6 1,4,0.16,13.2
0,1,0.18,15.54 0,2,0.1,6.01 1,5,0.12,15.96 0,2,0.1,17.86 1,5,0.44,5.18 1,5,0.71,8.9 0,1,0.04,13.41 0,2,0.08,20.75
1,5,0.49,11.6 0,2,0.04,16.11 1,2,0.07,32.37 1,5,0.33,54.82 1,2,0.09,32.41 0,1,0.09,49.94 1,1,0.07,40.34 0,1,0.11,9.47
0,1,0.07,6.29 0,2,0.17,12.53 0,1,0.07,6.54 0,2,0.11,6.3 0,1,0.13,80.3 0,1,0.19,12.8 0,3,0.05,9.8 0,4,0.16,9.81
1,2,0.41,9.85 0,1,0.14,18.21 0,4,0.34,5.03 1,5,0.35,14.04 1,4,0.48,21.93 0,1,0.09,8.02 1,4,0.96,7.42 1,2,0.25,8.38
0,5,0.5,6.59 0,5,0.46,9.63 0,1,0.16,13.12 0,1,0.07,7.96 0,2,0.43,14.34 0,4,0.45,41.43 0,1,0.11,7.63 0,1,0.08,7.06
0,2,0.09,12.59 1,5,0.86,13.56 1,5,0.52,3.87 0,2,0.08,9.44 0,1,0.06,7.66 0,2,0.13,12.98 1,5,2.07,419.19 0,1,0.1,27.19
0,2,0.14,22.27 0,2,0.15,9.95 1,2,0.07,21.22 0,1,0.06,11.73 1,5,0.77,10.4 0,1,0.05,58.83 0,1,0.09,6.39 1,2,0.3,11.09
1,5,0.03,12.22 1,2,0.09,13.67 0,1,0.04,17.21 1,4,0.23,22.63 1,5,0.7,12.9 0,2,0.09,9.7 1,4,0.27,21.57 1,4,0.71,8.23
1,1,0.08,72.57 1,4,0.26,15.54 0,1,0.08,10.51 0,2,0.16,10.6 0,1,0.09,14.57 1,4,0.13,5.19 1,2,0.1,9.63 0,1,0.08,4.61
1,2,0.11,21.48 0,3,0.33,17.3 0,2,0.11,12.71 0,4,0.28,9.44 0,2,0.07,11.07 0,1,0.1,19.46 0,4,0.32,10.83 1,5,0.22,5.37
0,1,0.07,11.97 0,1,0.05,7.75 0,5,0.24,9.83 0,4,0.38,10.55 0,2,0.1,28.49 0,2,0.15,8.53 0,1,0.08,12.57 0,1,0.14,12.9
0,1,0.1,46.83 0,3,0.07,11.68 0,1,0.04,12.67 0,2,0.19,9.01 1,5,0.56,9.57 1,2,0.14,34.06 1,2,0.58,11.72 1,5,0.32,14.26
1,5,0.82,47.61 1,5,0.74,11.67 0,2,0.15,24.58 0,4,0.47,10.33 0,4,0.17,13.87 1,5,0.44,15.89 0,1,0.15,22.43 0,1,0.5,6.79
0,1,0.48,13.45
"""
MARKERS = ("wfns", "s100b", "ndka")
AUC = {"wfns": 0.823678861788618, "ndka": 0.611957994579946}
VARIANCE = {"wfns": 0.00146991470882363, "s100b": 0.00266868245717244, "ndka": 0.0031908105493913}
COVARIANCE = {
    ("wfns", "ndka"): -0.000532967856762438, ("ndka", "s100b"): -0.000756164938056579, ("s100b", "wfns"): 0.00119615567376754,
}  # fmt: skip
NDKA_ENDS = (0.501244999271703, 0.722670989888189)
PAIRS = {  # z, p, 95 % interval of the difference
    ("wfns", "s100b"): (2.20898359144091, 0.0271757822291882, 0.0104061769564846, 0.174214419249478),
    ("wfns", "ndka"): (2.79777591868904, 0.00514557970691098, 0.0634011709339876, 0.3600405634833566),
    ("ndka", "s100b"): (-1.39077002573558, 0.164295175223054, -0.2876917446341914, 0.0488706064228094),
}


@pytest.fixture(scope="module")
def tables():
    """Predictions of three 'sources': each marker as if it were the output of a network."""
    poor, *markers = np.array([[float(v) for v in patient.split(",")] for patient in PATIENTS.split()]).T
    shared = {"sample": [f"p{i}" for i in range(len(poor))], "group": "", "label": poor.astype(int)}
    return {
        name: pd.DataFrame(shared | {"probability_0": -values, "probability_1": values})
        for name, values in zip(MARKERS, markers, strict=True)
    }


def auc(table):
    return metrics.roc_auc_score(table["label"], table["probability_1"])


def test_the_typed_patients_are_those_of_the_data_set(tables):
    labels = tables["wfns"]["label"]
    assert (len(labels), labels.sum()) == (113, 41)
    for name, value in AUC.items():
        assert auc(tables[name]) == pytest.approx(value, rel=1e-12)


def test_variances_and_covariances_of_three_aucs_are_those_of_proc(tables):
    images, why = shares_of_target("auc", METRICS["auc"].influence_of, {name: [name] for name in MARKERS}, tables.get)
    expected = np.diag([VARIANCE[name] for name in MARKERS])
    for (one, other), value in COVARIANCE.items():
        i, j = MARKERS.index(one), MARKERS.index(other)
        expected[i, j] = expected[j, i] = value
    assert why is None
    np.testing.assert_allclose(images.T @ images, expected, rtol=1e-9)


def test_the_normal_interval_of_one_auc_is_that_of_proc(tables):
    error = np.sqrt((METRICS["auc"].influence_of(parse_predictions(tables["ndka"])) ** 2).sum()) / 113
    assert stats.norm.interval(0.95, auc(tables["ndka"]), error) == pytest.approx(NDKA_ENDS, rel=1e-9)


@pytest.mark.parametrize("pair", PAIRS)
def test_comparing_two_sources_is_the_paired_test_of_proc_but_for_students_t(tables, pair):
    """pROC takes the normal distribution; ours has the 112 degrees of freedom of 113 patients, and so is never surer."""
    z, p, low, high = PAIRS[pair]
    frame = pd.DataFrame([run(name, "a", 0, auc(tables[name]), run_id=name) for name in pair])
    found = compare(judged_runs(frame, RunQuery("toy")), "auc", pair, "a", tables.get)
    error = (found.high - found.low) / 2 / stats.t.ppf(0.975, 112)
    assert found.difference == pytest.approx((low + high) / 2, rel=1e-9)
    assert found.difference / error == pytest.approx(z, rel=1e-9)
    assert 2 * stats.norm.sf(abs(found.difference / error)) == pytest.approx(p, rel=1e-9)
    assert stats.norm.interval(0.95, found.difference, error) == pytest.approx((low, high), rel=1e-9)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(z), 112), rel=1e-9)
    assert p < found.p < p + 0.003
    assert "113 test images, DeLong" in found.method
