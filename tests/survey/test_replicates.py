import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.calibration import Known, calibrated_design
from regso_cluster.survey.design import Design, Stage, stratified
from regso_cluster.survey.replicates import jackknife, rao_wu, replicate_variance

Y = np.array([2.8, 4.1, 6.8, 6.8, 9.2, 3.7, 6.6, 4.2])
STRATUM = np.array([0] * 5 + [1] * 3)


def test_jackknife_of_a_ratio():
    """Levy and Lemeshow, data scd of the R package survey."""
    arrests, alive = np.array([120, 78, 185, 228, 670, 530.0]), np.array([25, 24, 30, 49, 80, 70.0])
    draw = Design(np.ones(6), (Stage(np.repeat([0, 1, 2], 2), np.arange(6), np.zeros(6)),))
    found, covariance = replicate_variance(
        draw, jackknife(draw), lambda w: np.array([w @ alive / (w @ arrests), w @ alive]), about_mean=True
    )
    assert found == pytest.approx([0.15350635, 278], abs=1e-8)
    assert np.sqrt(np.diag(covariance)) == pytest.approx([0.0098464572, 21.49419], abs=1e-5)


def test_jackknife_of_clusters_and_calibrated_again(shared):
    rows = pd.read_csv(shared / "data/survey/apiclus1.csv")
    count = len(rows)
    stage = Stage(np.zeros(count, int), pd.factorize(rows["dnum"], sort=True)[0], np.full(count, 15 / 757))
    draw = Design(np.full(count, 33.846996307373), (stage,))
    score, enrolled = rows["api00"].to_numpy(dtype=float), rows["enroll"].to_numpy(dtype=float)

    def estimate(weights):
        return np.array([weights @ score / weights.sum(), weights @ enrolled])

    without = Design(draw.weights, (Stage(stage.stratum, stage.unit, stage.fraction),))
    kinds = rows["stype"].to_numpy()[:, None] == np.array(["E", "H", "M"])
    wide = rows["sch.wide"].to_numpy()[:, None] == np.array(["No", "Yes"])
    known = Known(np.hstack([kinds, wide]).astype(float), np.array([4421, 755, 1018, 1072, 5122.0]), tuple("ehmny"))
    for about_mean, mean in ((True, 26.3293606), (False, 26.3348577)):
        covariance = replicate_variance(without, jackknife(without), estimate, about_mean=about_mean)[1]
        assert np.sqrt(np.diag(covariance)) == pytest.approx([mean, 932235.027], rel=1e-6)
    raked = calibrated_design(draw, known)
    found, covariance = replicate_variance(raked, jackknife(draw), estimate, known, about_mean=True)
    assert found == pytest.approx([641.2303209, 3647280.148], rel=1e-9)
    assert np.sqrt(np.diag(covariance)) == pytest.approx([26.8739804, 463582.186], rel=1e-6)
    with pytest.raises(InputError, match="must be calibrated again"):
        replicate_variance(raked, jackknife(draw), estimate)


def test_two_units_a_stratum_count_twice_or_not_at_all():
    found = rao_wu(stratified(np.array([0, 0, 1, 1]), np.array([9.0, 9.0]), replacement=True), 200, 3)
    assert set(np.unique(found.factors)) == {0.0, 2.0}
    assert (found.factors[::2] + found.factors[1::2] == 2).all()


@pytest.mark.parametrize("replacement", [True, False])
def test_the_bootstrap_has_the_linearised_variance_on_average(replacement):
    draw = stratified(STRATUM, np.array([15.0, 12.0]), replacement=replacement)
    covariance = replicate_variance(draw, rao_wu(draw, 40_000, 1), lambda w: np.array([w @ Y]))[1]
    linearised = draw.covariance_of_totals(Y[:, None])
    assert np.sqrt(covariance[0, 0] / linearised[0, 0]) == pytest.approx(1, abs=0.01)


def test_the_mean_factor_is_one_and_a_stratum_does_not_shift_another():
    draw = stratified(STRATUM, np.array([15.0, 12.0]), replacement=True)
    found = rao_wu(draw, 20_000, 1)
    assert found.factors.mean(axis=1) == pytest.approx(np.ones(8), abs=0.02)
    first = rao_wu(stratified(STRATUM[:5], np.array([15.0]), replacement=True), 20_000, 1)
    assert (found.factors[:5] == first.factors).all()


def test_one_unit_alone_is_refused():
    with pytest.raises(InputError, match="one unit alone"):
        jackknife(stratified(np.array([0, 1, 1]), np.array([9.0, 9.0])))
