"""Worked examples of Reardon (2009); the rank-order index of OasisR's example with the weights of Reardon (2011)."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from regso_cluster.errors import InputError
from regso_cluster.segregation.ordered import ordinal_segregation, rank_order_segregation

INCOMES = [
    [10, 10, 10, 20, 30, 40, 50],
    [0, 20, 10, 10, 10, 20, 20],
    [10, 20, 10, 10, 10, 0, 0],
    [30, 30, 20, 10, 10, 0, 0],
]


@pytest.mark.parametrize("form", ["information", "variance", "square root", "absolute"])
def test_classes_in_order(form):
    assert ordinal_segregation([[0, 0, 30], [0, 20, 10], [10, 20, 0], [30, 0, 0]], form) == pytest.approx(0.75)
    assert ordinal_segregation([[0, 30, 0], [0, 10, 20], [10, 0, 20], [30, 0, 0]], form) == pytest.approx(0.625)


@pytest.mark.parametrize(
    ("form", "value", "without_weights"),
    [
        ("information", 0.20556639953529565, 0.205307358064),
        ("variance", 0.21824920427777417, 0.218050934231),
        ("square root", 0.1865592920744602, 0.186245002348),
    ],
)
def test_ranks(form, value, without_weights):
    found = rank_order_segregation(INCOMES, form)
    assert found == pytest.approx(value, abs=1e-10)
    assert found != pytest.approx(without_weights, abs=1e-5)  # OasisR fits without weights: not to be reproduced


def test_two_classes_have_one_border_and_order_does_not_matter_then():
    table = np.array([[30, 10], [10, 30]])
    assert ordinal_segregation(table) == pytest.approx(ordinal_segregation(table[:, ::-1]))


def test_finer_classes_of_the_same_ranks_change_little():
    draw = np.random.default_rng(3)
    rank = np.clip(draw.normal(0.5, 0.2, (30, 400)) + draw.normal(0, 0.15, (30, 1)), 0, 0.999)
    found = [
        rank_order_segregation([np.bincount((np.sort(row) * classes).astype(int), minlength=classes) for row in rank])
        for classes in (10, 20)
    ]
    assert found[0] == pytest.approx(found[1], abs=0.01)


def test_refusals():
    with pytest.raises(InputError, match="no such form"):
        ordinal_segregation(INCOMES, "gini")
    with pytest.raises(InputError, match="everybody is in one class"):
        ordinal_segregation([[5, 0], [7, 0]])
    with pytest.raises(InputError, match="no such degree"):
        rank_order_segregation(INCOMES, degree=6)


@pytest.mark.parametrize("cell", [np.nan, -30])
def test_a_count_that_is_none_is_refused_with_its_place(cell):
    table = np.array([[10, 0, 5, 2], [3, 0, 9, 4], [1, 0, 2, cell]], dtype=float)  # a class may be empty
    with pytest.raises(InputError, match="unit 2, group 3: a count that is no number"):
        ordinal_segregation(table)
    with pytest.raises(InputError, match="unit 2, group 3: a count that is no number"):
        rank_order_segregation(table, degree=1)


@pytest.mark.parametrize("function", [ordinal_segregation, rank_order_segregation])
def test_many_units_give_the_same_bytes_with_one_and_more_threads(function):
    table = np.random.default_rng(5).integers(1, 500, (100_000, 7))
    with threadpool_limits(1):
        alone = function(table)
    with threadpool_limits(2):
        assert function(table).hex() == alone.hex()
