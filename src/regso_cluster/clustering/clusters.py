"""Estimators of groups of areas with alike profiles, under scikit-learn's contract."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from regso_cluster.clustering import kmeans_search as search
from regso_cluster.clustering._estimators import Grouper, check_counts, check_threads, checked_weights, seed_sequence
from regso_cluster.clustering._numbers import LARGEST, refuse_extremes
from regso_cluster.errors import Fault, InputError
from regso_cluster.parallel import Workers, count_threads

Floats = npt.NDArray[np.float64]


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Grouper):  # type: ignore[misc]
    """k-means that looks for the best partition, takes weights and gaps, and gives the same bits everywhere.

    It minimises, over rows i of weight w with observed factors O(i) out of p, in group g(i):

        sum_i w[i] (p / |O(i)|) sum_{j in O(i)} (X[i, j] - centre[g(i), j])^2

    that is, the squared *partial distance* (over the observed factors, scaled up to all p). With complete
    rows this is the usual objective. nan in X means not observed; nothing is filled in. A centre is the
    mean of what its members have, weighted by w p / |O|; where no member has a factor, the centre holds
    that factor's overall weighted mean. A row with nothing observed takes no part and gets label -1.

    Parameters
    ----------
    n_clusters : number of groups, >= 1
    init : "k-means++" (greedy), "random" (rows drawn by weight) or an array (k, p) of centres to start from
    n_init : chains of swaps, or restarts; "auto", as scikit-learn's users write, is 8. An array without swaps is
        always one run
    n_swaps : swaps tried in each chain: one centre at a time moves to a drawn row, and what is better is kept
        (Fränti 2018). 0: restarts, independent starts of which the best is kept. Groups found are numbered by
        falling weight; an array without swaps is Lloyd's iteration from it, and keeps its numbering
    max_iter : Lloyd iterations at most, per start and per swap
    random_state : int, numpy RandomState or Generator, or None; an int seeds a numpy SeedSequence
    n_threads : threads; None means one for each processor. It never changes the result
    workers : `ensemble.Workers` that run the chains or restarts elsewhere, as on a Dask cluster; None runs them here

    Attributes
    ----------
    labels_ : (n,) int32, group of each row, -1 for a row with nothing observed
    second_ : (n,) int32, the runner-up: the group with the second nearest centre; -1 with one group
    cluster_centers_ : (k, p) float64, in the units of X
    inertia_ : the objective
    n_iter_ : Lloyd iterations of the start kept, before its swaps
    objectives_ : (n_init,) the objective each restart or chain ended at
    n_features_in_, feature_names_in_ : as in scikit-learn

    Notes
    -----
    The result does not depend on the order of the rows or the number of threads: rows are sorted and
    identical rows merged before anything is drawn. Fränti, P. (2018), "Efficiency of random swap
    clustering", Journal of Big Data 5:13, section 3. Arthur, D. and Vassilvitskii, S. (2007), "k-means++",
    SODA, section 2. Chi, J. T., Chi, E. C. and Baraniuk, R. G. (2016), "k-POD", The American Statistician
    70(1), section 2.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> KMeans(n_clusters=2, random_state=1).fit(X).cluster_centers_.ravel().tolist()
    [0.5, 10.5]
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | Floats = "k-means++",
        n_init: int | str = 8,
        n_swaps: int = 200,
        max_iter: int = 300,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        n_threads: int | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.n_swaps = n_swaps
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_threads = n_threads
        self.workers = workers

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that gaps are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Find the groups.

        Parameters
        ----------
        X : (n, p) table or array of numbers; nan where not observed, no infinity
        y : not used
        sample_weight : (n,) weights >= 0, e.g. residents; None weighs rows equally

        Raises
        ------
        ValueError : an argument out of range, fewer rows than groups, a negative weight
        """
        X = self._table(X, reset=True)
        self._check_arguments(X)
        weights = checked_weights(sample_weight, len(X))
        missing = np.isnan(X)
        self._refuse_unseen(missing, weights)
        points = search.prepare(X, missing, weights, count_threads(self.n_threads))
        if len(points.first) == 0:
            raise ValueError("no row has both a weight above 0 and an observed factor")
        k = min(self.n_clusters, len(points.first))
        if k < self.n_clusters:
            warnings.warn(
                f"number of distinct rows ({k}) is smaller than n_clusters ({self.n_clusters}); "
                "the groups beyond it are empty",
                ConvergenceWarning,
                stacklevel=2,
            )
        found = self._search(points, k)
        self._keep(X, missing, points, found)
        return self

    def _refuse_unseen(self, missing: npt.NDArray[np.bool_], weights: Floats) -> None:
        """Refuse a factor that no row with weight has: a centre would hold a made-up value."""
        if not missing.any():
            return
        unseen = np.flatnonzero(missing[weights > 0].all(axis=0))
        if 0 < len(unseen) < missing.shape[1]:
            column = int(unseen[0])
            names = getattr(self, "feature_names_in_", None)
            where = f"X, column {column}" if names is None else f"X, column {names[column]}"
            raise InputError(Fault("no row with weight has a value", where, hint="Drop the factor"))

    def _search(self, points: search.Points, k: int) -> search.Partition:
        """Run chains of swaps, or restarts."""
        init = self.init if isinstance(self.init, str) else np.asarray(self.init, dtype=np.float64)[:k]
        seed = seed_sequence(self.random_state)
        n_threads = count_threads(self.n_threads)
        swaps = self.n_swaps > 0
        n_init = self._n_starts if swaps or isinstance(init, str) else 1
        plan = search.Plan(init, k, n_init, self.max_iter, self.n_swaps)
        run = search.swaps if swaps else search.restarts
        return run(points, plan, seed, n_threads, self.workers)

    def _keep(self, X: Floats, missing: npt.NDArray[np.bool_], points: search.Points, found: search.Partition) -> None:
        """Set the attributes: groups numbered, rows labelled by their nearest centre, the objective."""
        centres = found.centres
        if isinstance(self.init, str) or self.n_swaps > 0:
            centres = centres[np.lexsort((*centres.T[::-1], -found.weight))]
        if len(centres) < self.n_clusters:  # centres of empty groups: the last one again; ties go to the lowest
            centres = np.vstack([centres, np.repeat(centres[-1:], self.n_clusters - len(centres), axis=0)])
        self.cluster_centers_ = np.ascontiguousarray(centres)
        labels, second, squared = search.nearest(X, missing, self.cluster_centers_, count_threads(self.n_threads))
        self.labels_ = labels.astype(np.int32)
        self.second_ = second.astype(np.int32)
        self.inertia_ = float((points.row_weights * squared[points.first]).sum())
        self.n_iter_ = found.iterations
        self.objectives_ = found.objectives

    def predict(self, X: Any) -> npt.NDArray[np.int32]:
        """Give the nearest group (n,), ties to the lowest; -1 for a row with nothing observed."""
        check_is_fitted(self)
        X = self._table(X, reset=False)
        labels = search.nearest(X, np.isnan(X), self.cluster_centers_, count_threads(self.n_threads))[0]
        return labels.astype(np.int32)

    def transform(self, X: Any) -> Floats:
        """Give the partial distance to each centre (n, k); nan for a row with nothing observed."""
        check_is_fitted(self)
        X = self._table(X, reset=False)
        return search.distances(X, np.isnan(X), self.cluster_centers_, count_threads(self.n_threads))

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Floats:
        """Fit and give the distances to the centres."""
        return self.fit(X, y, sample_weight=sample_weight).transform(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: ARG002
        """Give minus the objective of X with the centres found."""
        check_is_fitted(self)
        X = self._table(X, reset=False)
        weights = checked_weights(sample_weight, len(X))
        squared = search.nearest(X, np.isnan(X), self.cluster_centers_, count_threads(self.n_threads))[2]
        return -float((weights * squared).sum())

    @property
    def _n_starts(self) -> Any:
        """Give `n_init` as a number."""
        return 8 if isinstance(self.n_init, str) and self.n_init == "auto" else self.n_init

    @property
    def _n_features_out(self) -> int:
        """Tell how many columns `transform` has."""
        return int(self.cluster_centers_.shape[0])

    def _table(self, X: Any, *, reset: bool) -> Floats:
        """Check a table; nan is allowed, infinity is not."""
        checked: Floats = validate_data(
            self, X, reset=reset, dtype=np.float64, order="C", ensure_all_finite="allow-nan"
        )
        refuse_extremes(checked, fitted=reset)
        return checked

    def _check_arguments(self, X: Floats) -> None:
        """Refuse arguments out of range, in scikit-learn's words."""
        check_counts(n_clusters=self.n_clusters, n_init=self._n_starts, max_iter=self.max_iter)
        check_counts(0, n_swaps=self.n_swaps)
        check_threads(self.n_threads)
        if len(X) < self.n_clusters:
            raise ValueError(f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}")
        self._check_init(X.shape[1])

    def _check_init(self, p: int) -> None:
        """Refuse starts that are neither a known name nor finite centres of the right shape."""
        if isinstance(self.init, str):
            if self.init not in {"k-means++", "random"}:
                raise ValueError(f"init must be 'k-means++', 'random' or an array of centres, got {self.init!r}")
            return
        if callable(self.init):
            raise ValueError(
                "init must be 'k-means++', 'random' or an array of centres: call the function and pass those"
            )
        centres = np.asarray(self.init, dtype=np.float64)
        if centres.shape != (self.n_clusters, p):
            raise ValueError(f"init has shape {centres.shape}, expected (n_clusters, n_features) {self.n_clusters, p}")
        if not np.isfinite(centres).all():
            raise ValueError("init holds nan or infinity")
        if np.abs(centres).max() > LARGEST:
            raise ValueError(f"init holds a number beyond {LARGEST}")
