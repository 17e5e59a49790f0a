"""Variances that textbooks and the R package survey print."""

import numpy as np
import pytest

from regso_cluster.errors import InputError
from regso_cluster.survey.design import Design, SecondPhase, Stage, stratified
from regso_cluster.survey.estimates import linearise_mean, linearise_ratio

# data(fpc) of survey: two strata of 15 and 12
Y = np.array([2.8, 4.1, 6.8, 6.8, 9.2, 3.7, 6.6, 4.2])
STRATUM = np.array([0] * 5 + [1] * 3)


def error_of(design, linearised):
    return float(np.sqrt(design.covariance_of_totals(linearised[:, None])[0, 0]))


@pytest.mark.parametrize(("replacement", "mean", "total"), [(False, 0.616041, 16.633099), (True, 0.741268, 20.014245)])
def test_eight_units_of_two_strata(replacement, mean, total):
    draw = stratified(STRATUM, np.array([15.0, 12.0]), replacement=replacement)
    value, linearised = linearise_mean(draw.weights, Y)
    assert value == pytest.approx(5.448148, abs=1e-6)
    assert error_of(draw, linearised) == pytest.approx(mean, abs=1e-6)
    assert float(draw.weights @ Y) == pytest.approx(147.1)
    assert error_of(draw, Y) == pytest.approx(total, abs=1e-6)


def test_two_domains_and_their_covariance():
    draw = stratified(STRATUM, np.array([15.0, 12.0]), replacement=True)
    parts = [linearise_mean(draw.weights, Y, rows) for rows in (Y > 4, Y <= 4)]
    assert [value for value, _ in parts] == pytest.approx([6.195, 3.314286], abs=1e-6)
    covariance = draw.covariance_of_totals(np.column_stack([linearised for _, linearised in parts]))
    assert np.sqrt(np.diag(covariance)) == pytest.approx([0.755513, 0.311704], abs=1e-6)
    assert covariance[0, 1] == pytest.approx(0.05256736, abs=2e-8)


def test_two_stages():
    """Särndal, Swensson and Wretman (1992), page 143: five of 50 clusters, three units of each."""
    cluster = np.repeat(np.arange(5), 3)
    values = np.array([41, 49, 49, 49, 49, 45, 31, 31, 35, 39, 41, 61, 49, 51, 33.0])
    size = np.repeat([5.0, 8, 5, 9, 7], 3)
    stages = (Stage(np.zeros(15, int), cluster, np.full(15, 0.1)), Stage(cluster, np.arange(15), 3 / size))
    draw = Design(10 * size / 3, stages)
    assert float(draw.weights @ values) == pytest.approx(15080)
    assert error_of(draw, values) ** 2 == pytest.approx(5172234.44444, abs=1e-4)
    mean, linearised = linearise_mean(draw.weights, values)
    assert (mean, error_of(draw, linearised)) == pytest.approx((44.352941, 2.273653), abs=1e-6)


def two_phases():
    """Särndal, Swensson and Wretman (1992), (9.4.14): 20 of 300, of them 5 of 12 and 3 of 8."""
    values = np.arange(1, 9.0)
    stratum = np.array([0] * 5 + [1] * 3)
    kept = np.where(stratum == 0, 5 / 12, 3 / 8)
    first = Stage(np.zeros(8, int), np.arange(8), np.full(8, 20 / 300))
    return values, Design(15 / kept, (first,), phase=SecondPhase(stratum, kept, np.array([20.0])))


def test_two_phases():
    values, draw = two_phases()
    assert float(draw.weights @ values) == pytest.approx(1380)
    assert error_of(draw, values) ** 2 == pytest.approx(36522.63158, abs=1e-5)


def test_a_domain_of_two_phases():
    values, draw = two_phases()
    inside = np.where(values > 3, values, 0.0)
    assert float(draw.weights @ inside) == pytest.approx(1164)
    assert error_of(draw, inside) ** 2 == pytest.approx(70761.47368, abs=1e-5)
    mean, linearised = linearise_mean(draw.weights, values, values > 3)
    assert mean == pytest.approx(6.0625)
    assert error_of(draw, linearised) ** 2 == pytest.approx(0.3292258, abs=1e-7)


def test_a_ratio_of_paired_strata():
    """Levy and Lemeshow, data scd of survey."""
    arrests, alive = np.array([120, 78, 185, 228, 670, 530.0]), np.array([25, 24, 30, 49, 80, 70.0])
    draw = Design(np.ones(6), (Stage(np.repeat([0, 1, 2], 2), np.arange(6), np.zeros(6)),))
    ratio, linearised = linearise_ratio(draw.weights, alive, arrests)
    assert (ratio, error_of(draw, linearised)) == pytest.approx((0.15350635, 0.0098073036), abs=1e-8)
    assert error_of(draw, alive) == pytest.approx(21.49419, abs=1e-5)


def test_unequal_weights_with_replacement():
    """Tests of survey, deff.R."""
    values = np.array([15, 143, 21, 51, 337, 50, 274, 145, 15, 86.0])
    weights = np.array([20, 200, 11, 25, 550, 30, 250, 100, 10, 55.0])
    for used, mean, error, total, total_error in (
        (weights, 243.914, 48.752, 305136, 184965),
        (np.full(10, 100.0), 113.700, 31.0, 113700, 0.0),
    ):
        draw = Design(used, (Stage(np.zeros(10, int), np.arange(10), np.zeros(10)),))
        value, linearised = linearise_mean(draw.weights, values)
        assert value == pytest.approx(mean, abs=5e-4)
        assert float(used @ values) == pytest.approx(total, abs=0.5)
        if total_error:
            assert error_of(draw, linearised) == pytest.approx(error, abs=5e-4)
            assert error_of(draw, values) == pytest.approx(total_error, abs=0.5)


def test_everybody_drawn_has_no_variance_and_one_alone_is_refused():
    certain = stratified(np.array([0, 1, 1]), np.array([1.0, 5.0]))
    assert len(certain.lonely) == 0  # the stratum of one person was drawn whole
    alone = stratified(np.array([0, 1, 1]), np.array([9.0, 5.0]))
    with pytest.raises(InputError, match="one unit alone"):
        alone.covariance_of_totals(np.ones((3, 1)))
    with pytest.raises(InputError, match="more units drawn"):
        stratified(np.array([0, 0]), np.array([1.0]))


def test_degrees_of_freedom_are_counted_in_the_domain():
    draw = stratified(STRATUM, np.array([15.0, 12.0]))
    assert draw.freedom() == 6
    assert draw.freedom(STRATUM == 1) == 2
