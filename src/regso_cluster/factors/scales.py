"""The transformers of `scales` chained as a method's `Scale` says; missing stays missing.

The fitted numbers are plain data, so that a frozen method can apply last year's scale to this year's values.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.method import Scale
from regso_cluster.scales.kinds import SCALES
from regso_cluster.scales.transformers import (
    Asinh,
    ColumnScale,
    Log,
    RankScale,
    WeightedScale,
    Winsorise,
    read_reference,
    write_reference,
)

Array = npt.NDArray[np.float64]


def _steps(scale: Scale) -> tuple[list[ColumnScale], ColumnScale | None]:
    """Give the transformers before the turn to "high is worse", and the one after it."""
    before: list[ColumnScale] = []
    if scale.winsorise:
        before.append(Winsorise(*scale.winsorise))
    if scale.transform != "none":
        before.append(Log() if scale.transform == "log" else Asinh())
    make = SCALES[scale.kind].make
    return before, make(scale) if make else None


Parameters = dict[str, dict[str, float | str]]


def fit_scale(values: pd.DataFrame, scale: Scale, signs: Array, weights: Array | None) -> Parameters:
    """Measure a scale on the observed values; what comes back is the part of the yardstick that it needs.

    Parameters
    ----------
    values : (n_areas, n_factors), in the units of the factors, NaN where not observed
    scale : the choices of the method
    signs : (n_factors,), 1 where high is worse, -1 where low is worse
    weights : (n_areas,) residents; used where `scale.weighting` is "residents"

    Returns
    -------
    for each factor its fitted numbers (`low`, `high`, `centre`, `spread`); for ranks the `reference` distribution

    Raises
    ------
    InputError  a factor without spread, or a logarithm of 0 or below
    """
    before, last = _steps(scale)
    used = weights if scale.weighting == "residents" else None
    parameters: Parameters = {key: {} for key in values.columns}
    for step in [*before, *([last] if last else [])]:
        if step is last:
            values = values * signs
        if isinstance(step, WeightedScale):
            step.fit(values, sample_weight=used)
        else:
            step.fit(values)
        for name in step.fitted:
            for key, number in zip(values.columns, getattr(step, f"{name}_"), strict=True):
                parameters[key][name] = float(number)
        if isinstance(step, RankScale):
            for key, reference in zip(values.columns, step.reference_, strict=True):
                parameters[key] |= write_reference(reference)
        values = pd.DataFrame(step.transform(values), index=values.index, columns=values.columns)
    return parameters


def apply_scale(values: pd.DataFrame, scale: Scale, signs: Array, parameters: Parameters) -> pd.DataFrame:
    """Scale values by measured parameters: high is worse, NaN stays NaN; ranks are taken within their reference."""
    before, last = _steps(scale)
    columns, index = values.columns, values.index
    for step in [*before, *([last] if last else [])]:
        if step is last:
            values = values * signs
        if isinstance(step, RankScale):
            step.reference_ = [read_reference(parameters[key]) for key in columns]
        for name in step.fitted:
            setattr(step, f"{name}_", np.array([parameters[key][name] for key in columns]))
        values = pd.DataFrame(step.apply(values.to_numpy(np.float64)), index=index, columns=columns)
    if last is None:
        values = values * signs
    return values if scale.decimals is None else values.round(scale.decimals)
