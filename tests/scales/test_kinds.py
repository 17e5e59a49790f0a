"""A kind of scale is one row: its arithmetic, what follows from its form, and its line in the docs."""

from __future__ import annotations

import runpy

import numpy as np
import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.scales import apply_scale, fit_scale
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Scale
from regso_cluster.scales.kinds import SCALES, ScaleKind
from regso_cluster.scales.transformers import ColumnScale
from tests.tables import METHOD, method, rows, write


class Doubled(ColumnScale):
    """Twice the distance to the lowest value."""

    fitted = ("lowest",)

    def _measure(self, values, weights):  # noqa: ARG002
        self.lowest_ = np.nanmin(values, axis=0)

    def _scale(self, values):
        return 2 * (values - self.lowest_)


def test_a_new_kind_is_one_row(tmp_path, monkeypatch):
    """It is accepted by a method, measured, applied, written into the yardstick and drawn from."""
    text = METHOD.replace('{ kind = "z" }', '{ kind = "doubled" }')
    with pytest.raises(InputError, match="expected 'none', 'z'"):
        method(text)
    monkeypatch.setitem(SCALES, "doubled", ScaleKind(lambda _: Doubled(), "twice the distance to the lowest value"))
    chosen = method(text)
    table = read_factors(write(rows(), tmp_path / "t.csv"), chosen, edition=2025)
    found = classify(table, chosen, year=2024)
    value = table.value * [1, -1]  # a low turnout is worse
    expected = (2 * (value - value.min())).mean(axis=1)
    index = found.areas["index"]
    pd.testing.assert_series_equal(index.dropna(), expected[index.notna()], check_names=False)
    assert index.notna().sum() >= 4
    measured = found.method.measured.scales["index"]
    assert measured["poor"] == {"lowest": table.value["poor"].min()}


def test_the_docs_have_a_line_for_each_kind(root):
    describe = runpy.run_path(str(root / "docs" / "scales.py"))["describe"]
    text = (root / "docs" / "method.md").read_text("utf-8")
    assert describe() in text, "run `make docs`"
    assert all(f'`"{kind}"`' in describe() for kind in SCALES)


@pytest.mark.parametrize("kind", [kind for kind, facts in SCALES.items() if facts.line])
def test_a_scale_that_is_called_a_line_is_one(kind):
    values = pd.DataFrame({"a": [1.0, 4.0, 5.0, 9.0, 30.0]})
    scale, signs = Scale(kind), np.array([-1.0])
    fitted = fit_scale(values, scale, signs, None)
    at = apply_scale(pd.DataFrame({"a": [0.0, 1.0, 17.0]}), scale, signs, fitted)["a"].to_numpy()
    assert at[2] == pytest.approx(at[0] + 17 * (at[1] - at[0]))


@pytest.mark.parametrize("kind", SCALES)
def test_a_kind_takes_the_settings_that_it_names_and_no_other(kind):
    """A setting that a kind does not name changes no score."""
    values, weights = pd.DataFrame({"a": [1.0, 4.0, 5.0, 9.0, 30.0]}), np.array([1.0, 3, 2, 2, 2])
    signs, plain = np.array([1.0]), Scale(kind)

    def scores(scale):
        return apply_scale(values, scale, signs, fit_scale(values, scale, signs, weights))["a"].tolist()

    for setting, other in (("weighting", "residents"), ("ddof", 1), ("constant", 5.0)):
        changed = scores(Scale(kind, **{setting: other})) != scores(plain)
        assert changed == (setting in SCALES[kind].takes), setting
