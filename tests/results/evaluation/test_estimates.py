import numpy as np
import pytest
from scipy import stats
from scipy.special import logit

from results.evaluation.estimates import estimate_of
from results.statistics.influence import Predictions, patient_shares
from results.statistics.influence import auc as influence


@pytest.mark.parametrize("patients", [6, 30])
def test_the_interval_of_an_auc_over_few_patients_has_students_quantile(patients):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(patients), 4)
    labels, chance = groups % 2, rng.random(patients * 4)
    given = np.clip(0.2 * labels + 0.8 * chance, 0.01, 0.99)
    of = Predictions(
        groups.astype(object), groups.astype(object), np.eye(2, dtype=int)[labels], np.stack([1 - given, given], axis=1), False
    )
    found = estimate_of("auc", of)
    error = np.sqrt((patient_shares(influence(of)[:, None], of.groups) ** 2).sum()) / (found.value * (1 - found.value))
    quantile = stats.t.ppf(0.975, patients - 1)  # 2.57 for six patients, 2.05 for thirty
    assert (logit(found.high) - logit(found.low)) / 2 == pytest.approx(quantile * error)
