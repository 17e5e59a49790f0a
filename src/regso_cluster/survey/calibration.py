"""Weights that reproduce known totals, as near to the design weights as a distance allows.

The final weight is d g with g = F(x' lambda), and lambda such that the weighted sums of the auxiliaries are the known
totals. `linear` is the regression estimator (GREG), `raking` the one of iterative proportional fitting, `logit` and
`truncated` keep g within bounds.

Sources: Deville and Särndal (1992), JASA 87(418), sections 2 and 3; Deville, Särndal and Sautory (1993), JASA 88(423).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, sparse

from regso_cluster.errors import Fault, InputError
from regso_cluster.survey.design import Auxiliaries, Design

Floats = npt.NDArray[np.float64]
DISTANCES = ("linear", "raking", "logit", "truncated")
MET = 1e-10  # relative to the total: how near the weighted sums must come
_ROUNDS = 100


@dataclass(frozen=True)
class Known:
    """Totals known from registers.

    Parameters
    ----------
    values : (n_rows, n_totals) the auxiliaries of each person, such as indicators of the cells of margins
    totals : (n_totals,)
    names : (n_totals,) how errors and tables call each

    Examples
    --------
    >>> Known(np.eye(2), np.array([60.0, 40.0]), ("sex = f", "sex = m")).totals.sum()
    np.float64(100.0)
    """

    values: Floats
    totals: Floats
    names: tuple[str, ...]


@dataclass(frozen=True)
class Distance:
    """How far final weights may go from the design weights.

    Parameters
    ----------
    form : `linear`, `raking`, `logit` or `truncated`
    low, high : bounds of g, below and above 1; for `logit` and `truncated`

    Examples
    --------
    >>> [part.round(4) for part in Distance("raking").ratio(np.array([0.0, 0.1]))]
    [array([1.    , 1.1052]), array([1.    , 1.1052])]
    """

    form: str = "raking"
    low: float = 0.0
    high: float = np.inf

    def ratio(self, at: Floats) -> tuple[Floats, Floats]:
        """The ratio g = F(u) and its slope."""
        if self.form == "linear":
            return 1 + at, np.ones_like(at)
        if self.form == "raking":
            grown = np.exp(np.minimum(at, 50.0))
            return grown, grown
        if self.form == "truncated":
            raw = 1 + at
            return np.clip(raw, self.low, self.high), ((raw > self.low) & (raw < self.high)).astype(np.float64)
        below, above = 1 - self.low, self.high - 1
        steep = (self.high - self.low) / (below * above)
        grown = np.exp(np.clip(steep * at, -500, 500))
        whole = above + below * grown
        return (self.low * above + self.high * below * grown) / whole, (above + below) ** 2 * grown / whole**2


@dataclass(frozen=True)
class Calibrated:
    """Calibrated weights.

    Parameters
    ----------
    weights, g : (n_rows,) final weights, and their ratio to the design weights
    margins : a row a total: name, before, after, known
    rounds : Newton steps that were needed

    Examples
    --------
    >>> known = Known(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([60.0, 40.0]), ("f", "m"))
    >>> found = calibrate(np.full(3, 20.0), known)
    >>> isinstance(found, Calibrated), found.margins["after"].round(6).tolist()
    (True, [60.0, 40.0])
    """

    weights: Floats
    g: Floats
    margins: pd.DataFrame
    rounds: int


def margin_indicators(margins: pd.DataFrame, totals: dict[str, pd.Series]) -> Known:
    """Indicators of the cells of several margins.

    Parameters
    ----------
    margins : a row a person, a column a margin such as sex or area group
    totals : by margin the known persons of each of its classes

    Returns
    -------
    Known with a column a class, named "margin = class"

    Raises
    ------
    InputError  a person in a class without a total; a class with persons and no answers, which no weights can mend;
        margins that add up to different numbers of persons

    Examples
    --------
    >>> known = margin_indicators(pd.DataFrame({"sex": ["f", "m", "f"]}), {"sex": pd.Series({"f": 60, "m": 40})})
    >>> known.names, known.totals
    (('sex = f', 'sex = m'), array([60., 40.]))
    """
    faults, columns, names, known = [], [], [], []
    sums = {margin: float(classes.sum()) for margin, classes in totals.items()}
    first = next(iter(sums))
    for margin, classes in totals.items():
        seen = set(margins[margin].unique())
        faults += [
            Fault("a class of the answers has no known total", where=f"margin {margin}", got=extra)
            for extra in sorted(map(str, seen - set(classes.index)))
        ]
        for label, total in classes.items():
            if label not in seen and total > 0:
                hint = f"Merge {label} with a class that is alike, in the answers and in the totals."
                faults.append(
                    Fault(f"nobody of {label} answered", where=f"margin {margin}", got=f"{total:g} persons", hint=hint)
                )
            columns.append((margins[margin] == label).to_numpy(dtype=np.float64))
            names.append(f"{margin} = {label}")
            known.append(float(total))
        if abs(sums[margin] - sums[first]) > 1e-9 * sums[first]:
            expected, got = f"{sums[first]:g} as in {first}", f"{sums[margin]:g}"
            faults.append(
                Fault(
                    "margins add up to different numbers of persons",
                    f"margin {margin}",
                    expected,
                    got,
                    "Use totals of one population.",
                )
            )
    if faults:
        raise InputError(faults)
    return Known(np.column_stack(columns), np.array(known), tuple(names))


def calibrate(weights: Floats, known: Known, distance: Distance | None = None) -> Calibrated:
    """Find the weights.

    Parameters
    ----------
    weights : (n_rows,) design weights, > 0
    known : auxiliaries and totals; auxiliaries may depend on each other, as those of several margins do
    distance : None is raking

    Returns
    -------
    Calibrated

    Raises
    ------
    InputError  weights or totals that are not numbers; totals that contradict each other; totals that no g within the
        bounds can reach, with those that are missed and by how much

    Examples
    --------
    >>> known = Known(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([60.0, 40.0]), ("f", "m"))
    >>> calibrate(np.full(3, 20.0), known).weights
    array([30., 30., 40.])
    """
    distance = distance or Distance()
    _refuse_bad(weights, known, distance)
    _refuse_contradictions(known)
    scale = np.maximum(np.abs(known.totals), np.abs(weights @ known.values))
    scale[scale == 0] = 1.0
    x: Floats = known.values / scale
    totals: Floats = known.totals / scale
    prices: Floats = np.zeros(x.shape[1])
    miss: Floats = totals - weights @ x
    rounds = 0
    while np.abs(miss).max() > MET and rounds < _ROUNDS:
        slope = distance.ratio(x @ prices)[1]
        curve = (x * (weights * slope)[:, None]).T @ x
        step = np.asarray(np.linalg.lstsq(curve, miss, rcond=1e-12)[0], dtype=np.float64)
        prices, better = _shortened(prices, step, miss, weights, x, totals, distance)
        if better is None:
            break
        miss, rounds = better, rounds + 1
    if np.abs(miss).max() > MET:
        raise InputError(_diagnose(weights, known, distance))
    g = distance.ratio(x @ prices)[0]
    final = weights * g
    margins = pd.DataFrame(
        {"name": known.names, "before": weights @ known.values, "after": final @ known.values, "known": known.totals}
    )
    return Calibrated(final, g, margins, rounds)


def calibrated_design(design: Design, known: Known, distance: Distance | None = None) -> Design:
    """The design with calibrated weights, so that variances are those of the residuals.

    Parameters
    ----------
    design, known, distance : as in `calibrate`

    Returns
    -------
    Design

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> known = Known(np.array([[1.0], [1.0], [2.0], [2.0]]), np.array([33.0]), ("size",))
    >>> better = calibrated_design(stratified(np.zeros(4, dtype=int), np.array([20.0])), known)
    >>> float(better.covariance_of_totals(known.values)[0, 0].round(9))  # a known total has no variance
    0.0
    """
    found = calibrate(design.weights, known, distance)
    return replace(design, weights=found.weights, auxiliaries=Auxiliaries(known.values, design.weights))


def _shortened(
    prices: Floats, step: Floats, miss: Floats, weights: Floats, x: Floats, totals: Floats, distance: Distance
) -> tuple[Floats, Floats | None]:
    """The step, halved until the totals are missed by less; None where no length helps."""
    before = float(np.linalg.norm(miss))
    for halved in range(40):
        tried = prices + step / 2**halved
        left = totals - (weights * distance.ratio(x @ tried)[0]) @ x
        if np.isfinite(left).all() and float(np.linalg.norm(left)) < before:
            return tried, left
    return prices, None


def _refuse_bad(weights: Floats, known: Known, distance: Distance) -> None:
    faults = []
    if known.values.shape != (len(weights), len(known.totals)) or len(known.names) != len(known.totals):
        expected = f"({len(weights)}, {len(known.totals)}) and a name each"
        faults.append(Fault("auxiliaries do not fit", expected=expected, got=str(known.values.shape)))
    for what, values in (("weight", weights), ("auxiliary", known.values), ("known total", known.totals)):
        bad = ~np.isfinite(values) | ((values <= 0) if what == "weight" else np.zeros(values.shape, dtype=bool))
        if bad.any():
            where = f"position {tuple(map(int, np.argwhere(bad)[0]))}"
            faults.append(Fault(f"a {what} is no number that can be used", where=where, got=f"{values[bad][0]:g}"))
    if distance.form not in DISTANCES:
        faults.append(Fault("no such distance", expected=", ".join(DISTANCES), got=distance.form))
    elif distance.form in ("logit", "truncated") and not distance.low < 1 < distance.high < np.inf:
        got = f"{distance.low:g} and {distance.high:g}"
        faults.append(Fault("bounds of g lie below and above 1", expected="low < 1 < high", got=got))
    if faults:
        raise InputError(faults)


def _refuse_contradictions(known: Known) -> None:
    """Refuse totals of auxiliaries that depend on each other while the totals do not agree."""
    size = np.abs(known.values).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    _, strength, directions = np.linalg.svd((known.values / size).T @ (known.values / size))
    free = directions[strength <= 1e-10 * max(float(strength[0]), 1e-300)]
    totals = known.totals / size
    faults = []
    for direction in free:
        off = float(direction @ totals)
        if abs(off) > 1e-8 * max(float(np.abs(direction * totals).max()), 1e-300):
            involved = [name for name, part in zip(known.names, direction, strict=True) if abs(part) > 1e-8]
            hint = "Use totals of one population, or leave one of them out."
            faults.append(
                Fault(
                    "known totals contradict each other",
                    where=", ".join(involved[:8]),
                    got=f"off by {abs(off):g}",
                    hint=hint,
                )
            )
    if faults:
        raise InputError(faults)


def _diagnose(weights: Floats, known: Known, distance: Distance) -> list[Fault]:
    """Which totals no g within the bounds can reach, by the linear programme that misses them least."""
    rows, count = known.values.shape
    low, high = (distance.low, distance.high) if distance.form in ("logit", "truncated") else (0.0, np.inf)
    size = np.maximum(np.abs(known.totals), 1.0)
    left = sparse.csr_array((known.values * weights[:, None]).T / size[:, None])
    equations = sparse.hstack([left, sparse.eye_array(count), -sparse.eye_array(count)], format="csr")
    cost = np.r_[np.zeros(rows), np.ones(2 * count)]
    lows = np.r_[np.full(rows, low), np.zeros(2 * count)]
    highs = np.r_[np.full(rows, high), np.full(2 * count, np.inf)]
    bounds = [(float(a), float(b)) for a, b in zip(lows, highs, strict=True)]
    found = optimize.linprog(cost, A_eq=equations, b_eq=known.totals / size, bounds=bounds, method="highs")
    missed = np.zeros(count)
    if found.status == 0 and found.x is not None:
        missed = (found.x[rows : rows + count] - found.x[rows + count :]) * size
    hint = "Merge cells of the margins, leave a margin out, or widen the bounds."
    named = np.flatnonzero(np.abs(missed) > 1e-7 * size)
    faults = [
        Fault(
            "no weights within the bounds reach a known total",
            where=known.names[place],
            expected=f"{known.totals[place]:g}",
            got=f"{known.totals[place] - missed[place]:g} at the nearest",
            hint=hint,
        )
        for place in named
    ]
    return faults or [Fault("the calibration did not converge", hint=hint)]
