"""Schools 2000 to 2005 of the R package segregation, converged; Karmel and Maclachlan (1988)."""

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.segregation.change import change_of_information, fit_margins
from regso_cluster.segregation.measures import mutual_information

RACES = ["asian", "black", "hisp", "white", "native"]


def parts(found):
    return found.closed + found.opened + found.groups + found.units + found.structure


def test_karmel_and_maclachlan():
    fitted = fit_margins([[100, 50, 100], [50, 50, 50]], [325, 275], [225, 200, 175])
    assert fitted.round(1).tolist() == [[134.7, 85.5, 104.8], [90.3, 114.5, 70.2]]
    exact = [134.7339, 85.4731, 104.7930, 90.2661, 114.5269, 70.2070]
    assert fitted.ravel() == pytest.approx(exact, abs=5e-5)
    ratio = fitted[0, 0] * fitted[1, 1] / (fitted[0, 1] * fitted[1, 0])
    assert ratio == pytest.approx(100 * 50 / (50 * 50))


def test_schools_2000_to_2005(shared):
    tables = []
    for year in ("00", "05"):
        rows = pd.read_csv(shared / f"data/segregation/schools{year}.csv")
        units = ["state", "district", "school"]
        tables.append(rows.pivot_table(index=units, columns="race", values="n", aggfunc="sum", fill_value=0)[RACES])
    found = change_of_information(*tables)
    assert found.difference == pytest.approx(-0.01215388385675, abs=1e-12)
    assert (found.closed, found.opened) == pytest.approx((-0.01140509311327, -0.00341277632454), abs=1e-12)
    assert found.structure == pytest.approx(0.0031535409701828, abs=1e-9)
    # R fills cells that are empty in one year with small numbers
    assert (found.groups, found.units) == pytest.approx((0.01625044659248, -0.0167399508908), abs=1e-7)
    assert parts(found) == pytest.approx(found.difference, abs=1e-12)
    # README and vignette print -0.0035: the fit stopped at once, and the sign is wrong
    assert found.structure > 0


@pytest.mark.parametrize("seed", range(6))
def test_the_parts_sum_and_likeness_is_found(seed):
    draw = np.random.default_rng(seed)
    before = pd.DataFrame(draw.integers(1, 60, (20, 3)), index=range(20), columns=list("abc"))
    after = pd.DataFrame(draw.integers(1, 60, (20, 3)), index=range(5, 25), columns=list("abc"))
    found = change_of_information(before, after)
    assert parts(found) == pytest.approx(found.difference, abs=1e-12)
    back = change_of_information(after, before)
    assert back.structure == pytest.approx(-found.structure, abs=1e-9)
    assert (back.closed, back.opened) == pytest.approx((-found.opened, -found.closed), abs=1e-12)


def test_only_what_was_changed_is_named():
    draw = np.random.default_rng(3)
    before = pd.DataFrame(draw.integers(5, 60, (12, 2)).astype(float), columns=["a", "b"])
    sizes = before.mul(draw.uniform(0.5, 2, 12), axis=0)  # larger and smaller units, each as before inside
    fitted = fit_margins(before, sizes.sum(axis=1), before.sum() / before.sum().sum() * sizes.to_numpy().sum())
    found = change_of_information(before, pd.DataFrame(fitted, columns=["a", "b"]))
    assert found.structure == pytest.approx(0, abs=1e-9)
    assert found.groups == pytest.approx(0, abs=1e-9)
    assert found.units == pytest.approx(mutual_information(fitted) - mutual_information(before), abs=1e-9)


def test_refusals():
    one = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    with pytest.raises(InputError, match="other groups"):
        change_of_information(one, one.rename(columns={"b": "c"}))
    with pytest.raises(InputError, match="stands twice"):
        change_of_information(one, one.set_axis([0, 0]))
    with pytest.raises(InputError, match="no unit is in both"):
        change_of_information(one, one.set_axis([8, 9]))
    with pytest.raises(InputError, match="different totals"):
        fit_margins([[1, 1], [1, 1]], [1, 1], [3, 3])
    with pytest.raises(InputError, match="has not converged"):
        fit_margins([[1, 0], [0, 1]], [3, 1], [1, 3])


@pytest.mark.parametrize("row", [[np.nan, np.nan], [np.nan, 20], [-20, 5]])
def test_a_unit_with_missing_or_negative_counts_is_no_empty_unit(row):
    before = pd.DataFrame({"a": [30, 10, 20], "b": [10, 30, 20.0]}, index=["x", "y", "z"])
    broken = before.copy()
    broken.loc["z"] = row
    for tables in ((broken, before), (before, broken)):
        with pytest.raises(InputError, match="unit 2, group 0: a count that is no number"):
            change_of_information(*tables)


@pytest.mark.parametrize(
    ("table", "rows", "columns", "message"),
    [
        ([[1, 0], [1, 0]], [2, 2], [2, 2], "group 1: the fit to the margins has not converged"),
        ([[0, 0], [1, 1]], [2, 2], [2, 2], "unit 0: the fit to the margins has not converged"),
        ([[1, np.nan], [1, 1]], [1, 1], [1, 1], "unit 0, group 1: a count that is no number"),
        ([[1, 1], [1, 1]], [1, 1, 1], [1, 2], "rows: a margin that does not fit"),
        ([[1, 1], [1, 1]], [2, 2], [np.nan, 2], "columns: a margin that is no number"),
    ],
)
def test_a_fit_that_cannot_be_names_the_margin(table, rows, columns, message):
    with pytest.raises(InputError, match=message):
        fit_margins(table, rows, columns)
