"""What the estimators of groups share: checks of weights, counts and threads, seeds, and their common methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from regso_cluster.clustering._numbers import LARGEST, RANGE, SMALLEST, as_floats, refuse_extremes
from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]


def checked_weights(weights: Any, n_rows: int, name: str = "sample_weight", *, positive: bool = False) -> Floats:
    """Give weights as an array: one for each row.

    Parameters
    ----------
    weights : (n_rows,) >= 0, a single number for all rows, or None for 1
    name : what the caller calls them
    positive : refuse a weight of 0

    Returns
    -------
    (n_rows,) float64, a copy: kernels may change it, and would compile anew for a read-only one

    Raises
    ------
    InputError  a wrong shape; a weight that is missing, negative, infinite, or so large or small that sums lose
        it (which); none above 0; weights more than 1e10 times one another
    """
    if weights is None:
        return np.ones(n_rows)
    given = np.array(as_floats(weights, name))
    if given.ndim == 0:
        given = np.full(n_rows, float(given))
    if given.shape != (n_rows,):
        raise InputError(Fault("weights do not fit the rows", name, f"shape ({n_rows},)", f"shape {given.shape}"))
    right = np.isfinite(given) & ((given > 0) if positive else (given >= 0))
    if not right.all():
        row = int(np.flatnonzero(~right)[0])
        expected = f"a finite number {'above' if positive else '>='} 0"
        hint = f"{'Leave out' if positive else 'Give'} an area without residents{'' if positive else ' the weight 0'}"
        raise InputError(Fault("not a weight", f"{name}[{row}]", expected, str(given[row]), hint))
    extreme = (given > LARGEST) | ((given < SMALLEST) & (given > 0))
    if extreme.any():
        row = int(np.flatnonzero(extreme)[0])
        expected = f"0, or from {SMALLEST} to {LARGEST}"
        hint = "Multiply all weights by a power of ten"
        raise InputError(Fault("not a weight", f"{name}[{row}]", expected, str(given[row]), hint))
    if n_rows and not given.any():
        raise InputError(Fault("all weights are zero", name, hint="Give at least one row a weight above 0"))
    smallest, largest = given.min(initial=np.inf, where=given > 0), given.max(initial=0.0)
    if largest > RANGE * smallest:
        expected, got = f"the largest up to {RANGE} times the smallest", f"{smallest} and {largest}"
        hint = "Give the lightest rows the weight 0; beside the heaviest they are lost in rounding"
        raise InputError(Fault("weights too far apart", name, expected, got, hint))
    return given


def is_count(value: Any, least: int = 1) -> bool:
    """Tell whether a value is a whole number, at least `least`."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least


def check_counts(least: int = 1, **arguments: Any) -> None:
    """Refuse, in scikit-learn's words, an argument that is no whole number or below `least`."""
    for name, value in arguments.items():
        if not is_count(value, least):
            raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Refuse, in scikit-learn's words, what is not one of the names."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {sorted(choices)}, got {value!r}")


def check_threads(n_threads: Any) -> None:
    """Refuse what is no number of threads; None leaves it to the method."""
    if n_threads is not None and not is_count(n_threads):
        raise ValueError(f"n_threads must be an integer >= 1 or None, got {n_threads!r}")


def seed_sequence(random_state: Any) -> np.random.SeedSequence:
    """Make a SeedSequence of an int, of one draw of a RandomState or Generator, or of the system's entropy."""
    if random_state is None or isinstance(random_state, (int, np.integer)):
        return np.random.SeedSequence(random_state)
    return np.random.SeedSequence(int(random_generator(random_state).randint(2**31)))


def random_generator(random_state: Any) -> np.random.RandomState:
    """Make a RandomState of what scikit-learn takes, or of one draw of a Generator."""
    if isinstance(random_state, np.random.Generator):
        return np.random.RandomState(int(random_state.integers(2**31)))
    state: np.random.RandomState = check_random_state(random_state)
    return state


def refuse_undefined(pairs: int, what: str = "pairs without a distance") -> None:
    """Refuse pairs of rows that have nothing in common."""
    if pairs:
        raise InputError(Fault(what=f"{pairs} {what}", hint="Leave out rows with nothing in common."))


class Grouper(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """An estimator of groups with row weights."""

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> npt.NDArray[Any]:
        """Fit and give `labels_`; see `fit`."""
        labels: npt.NDArray[Any] = self.fit(X, y, sample_weight=sample_weight).labels_
        return labels


class DistanceGrouper(Grouper):
    """An estimator of groups by any metric, or by distances given."""

    metric: str
    missing: str

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn about missing values and precomputed distances."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.metric == "gower" or self.missing == "partial"
        tags.input_tags.pairwise = self.metric == "precomputed"
        return tags

    def _table(self, X: Any, *, reset: bool, least: int = 1) -> Floats:
        """Check a table, or on fitting a square of distances."""
        table: Floats = validate_data(
            self, X, dtype=np.float64, order="C", ensure_min_samples=least, ensure_all_finite="allow-nan", reset=reset
        )
        tags = self.__sklearn_tags__().input_tags
        if not tags.allow_nan and np.isnan(table).any():
            row, column = (int(place) for place in np.argwhere(np.isnan(table))[0])
            hint = (
                "A pair with nothing in common has no distance: leave one of the two rows out"
                if tags.pairwise
                else "Use metric='gower', or missing='partial' with euclidean, sqeuclidean or manhattan"
            )
            raise InputError(Fault("X contains NaN", f"X[{row}, {column}]", "a number", "nan", hint))
        if reset and self.metric == "precomputed" and table.shape[0] != table.shape[1]:
            raise ValueError(f"precomputed distances must be square, got {table.shape}")
        refuse_extremes(table, fitted=False)
        return table
