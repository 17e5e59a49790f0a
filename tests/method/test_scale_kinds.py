"""Every kind of scale that a method may name has its facts, its arithmetic and its line in the docs."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from regso_cluster.factors.scales import TRANSFORMERS, apply_scale, fit_scale
from regso_cluster.method import Scale
from regso_cluster.method.scale_kinds import SCALES, ScaleKind


def test_a_kind_is_in_every_list(root):
    assert tuple(SCALES) == get_args(ScaleKind) == tuple(TRANSFORMERS)
    text = (root / "docs" / "method.md").read_text("utf-8")
    assert all(f'"{kind}"' in text for kind in SCALES)


@pytest.mark.parametrize("kind", [kind for kind, facts in SCALES.items() if facts.line])
def test_a_scale_that_is_called_a_line_is_one(kind):
    values = pd.DataFrame({"a": [1.0, 4.0, 5.0, 9.0, 30.0]})
    scale, signs = Scale(kind), np.array([-1.0])
    fitted = fit_scale(values, scale, signs, None)
    at = apply_scale(pd.DataFrame({"a": [0.0, 1.0, 17.0]}), scale, signs, fitted)["a"].to_numpy()
    assert at[2] == pytest.approx(at[0] + 17 * (at[1] - at[0]))
