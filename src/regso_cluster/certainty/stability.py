"""Are groups found again? Bootstrap, prediction strength, consensus over resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from regso_cluster.certainty.resampling import Effort, Fit, Floats, Integers, ResampledRows, fit, nearest, reweighted
from regso_cluster.clustering.agreement import adjusted_rand_to, jaccard_by_group
from regso_cluster.clustering.hierarchies import cut, linkage_from_distances
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import consensus as kernels
from regso_cluster.parallel import Workers, batches, child_seed, run_batches

BATCH = 16  # resamples in a task; fixed, though results do not depend on it
CHAINS = 4  # one chain of swaps can get stuck
BOOTSTRAP, HALVES, BEST = 1, 2, 3  # which stream a seed is of

Verdict = Literal["dissolved", "doubtful", "pattern", "stable", "highly stable"]
# Hennig (2007), section 5, and the documentation of his package: what a mean Jaccard similarity tells of a group
HENNIG: tuple[tuple[float, Verdict], ...] = (
    (0.85, "highly stable"),
    (0.75, "stable"),
    (0.6, "pattern"),
    (0.5, "doubtful"),
)


def judge_jaccard(similarity: float) -> Verdict:
    """Say what the mean Jaccard similarity of a group tells.

    From 0.85 highly stable, from 0.75 stable, from 0.6 a pattern (which areas belong to it is doubtful), from 0.5
    doubtful, below it dissolved: the group is not found again.
    """
    return next((verdict for least, verdict in HENNIG if similarity >= least), "dissolved")


@dataclass(frozen=True)
class Bootstrap:
    """Groups found again on resampled areas.

    Parameters
    ----------
    rand : (n_resamples,) adjusted Rand index between the groups and those of each resample, over all areas that
        take part; 0 where a resample has fewer different areas than groups
    groups : (k,) labels of the groups; jaccard : (n_resamples, k) how well each is found again (Hennig)
    labels : (n_resamples, n_areas) the group of every area by the centres of each resample, in the numbers of that
        resample; -1 where an area takes no part
    """

    rand: Floats
    groups: Integers
    jaccard: Floats
    labels: Integers

    @property
    def stability(self) -> float:
        """Mean adjusted Rand index."""
        return float(self.rand.mean())


def best_labels(
    layout: ResampledRows, k: int, seed: int, effort: Effort | None = None, workers: Workers | None = None
) -> Integers:
    """Find k groups on the table itself, the best of four chains of swaps: (n_areas,), -1 for no part.

    Parameters
    ----------
    layout, k, seed, effort : as for `bootstrap`
    workers : who runs the chains, never changes the result; None: this thread alone

    Raises
    ------
    InputError  fewer different areas than groups
    """
    effort = effort or Effort(starts=2, swaps=60)
    todo = [_Chain(k, seed, effort, number) for number in range(CHAINS)]
    chains = run_batches(_chain, layout, todo, workers or Workers(threads=1))
    found = [one for one in chains if one is not None]
    if not found:
        expected, got = f"at most {len(layout.begins)}", str(k)
        raise InputError(Fault("fewer different areas than groups", "k", expected, got, "Ask for fewer groups."))
    return layout.spread(min(found, key=lambda one: one.objective).labels)  # the first of equals


class _Chain(NamedTuple):
    """One chain of swaps: of k groups, from a seed, with an effort, and which chain of the seed it is."""

    k: int
    seed: int
    effort: Effort
    number: int


class _Batch(NamedTuple):
    """Some resamples or splits: of k groups, from a seed, with an effort, and which of the seed they are."""

    k: int
    seed: int
    effort: Effort
    numbers: range


def _chain(layout: ResampledRows, chain: _Chain) -> Fit | None:
    return fit(layout.points, chain.k, child_seed(chain.seed, BEST, chain.k, chain.number), chain.effort)


def bootstrap(
    layout: ResampledRows,
    labels: Integers,
    k: int,
    *,
    n_resamples: int = 100,
    seed: int = 0,
    effort: Effort | None = None,
    workers: Workers | None = None,
) -> Bootstrap:
    """Refit on areas drawn with replacement and compare how all areas fall.

    A resample is a vector of weights, residents times how often the area was drawn, on the same table: no data are
    copied, and areas that were not drawn get the group of their nearest centre.

    Parameters
    ----------
    layout : the table, see `lay_out`
    labels : (n_areas,) the groups to find again; -1 where an area has none
    k : how many groups each refit looks for
    n_resamples, seed : how many, and what they are drawn from
    effort : of each refit
    workers : never changes the result

    Notes
    -----
    Hennig, C. (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis 52,
    section 3: nonparametric bootstrap, the largest Jaccard similarity for each group. Here areas that were not drawn
    count too.
    """
    effort = effort or Effort()
    todo = [_Batch(k, seed, effort, numbers) for numbers in batches(n_resamples, BATCH)]
    found = np.concatenate(run_batches(_refit, layout, todo, workers))
    rand, jaccard = _compare(labels, found)
    return Bootstrap(rand, np.unique(labels[labels >= 0]), jaccard, found)


def _refit(layout: ResampledRows, batch: _Batch) -> Integers:
    k, seed, effort, numbers = batch
    out = np.full((len(numbers), layout.n_rows), -1, dtype=np.int64)
    for place, number in enumerate(numbers):
        generator = np.random.Generator(np.random.PCG64(child_seed(seed, BOOTSTRAP, k, number, 0)))
        times = np.bincount(generator.integers(0, layout.used, layout.used), minlength=layout.used)
        found = fit(reweighted(layout, times), k, child_seed(seed, BOOTSTRAP, k, number, 1), effort)
        if found is not None:
            out[place] = layout.spread(found.labels)
    return out


def _compare(labels: Integers, found: Integers) -> tuple[Floats, Floats]:
    """Compare with the groups; a resample without groups counts as 0 in both."""
    rand = adjusted_rand_to(labels, found)
    jaccard = jaccard_by_group(labels, found).overlap
    empty = (found < 0).all(axis=1)
    rand[empty], jaccard[empty] = 0.0, 0.0
    return rand, jaccard


@dataclass(frozen=True)
class PredictionStrength:
    """Whether groups found on one half predict those of the other.

    Parameters
    ----------
    strength : (n_splits,) the least share, over the groups of a half, of their pairs of areas that the other half's
        centres put together; the mean of the two directions
    """

    strength: Floats

    @property
    def mean(self) -> float:
        """The prediction strength."""
        return float(self.strength.mean())

    @property
    def standard_error(self) -> float:
        """Its standard error over splits; NaN with one split."""
        n = len(self.strength)
        return float(self.strength.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


def prediction_strength(
    layout: ResampledRows,
    k: int,
    *,
    n_splits: int = 10,
    seed: int = 0,
    effort: Effort | None = None,
    workers: Workers | None = None,
) -> PredictionStrength:
    """Split areas in two halves, find groups on both, and see whether those of one are in the other.

    Parameters
    ----------
    layout, k, seed, effort, workers : as for `bootstrap`
    n_splits : random splits; each is used in both directions

    Notes
    -----
    Tibshirani, R. and Walther, G. (2005), "Cluster validation by prediction strength", Journal of Computational and
    Graphical Statistics 14, section 2: two-fold cross-validation; 0.8 to 0.9 and above speaks for k groups. Pairs are
    pairs of areas, not of residents. A group of one area has no pair: it counts as not predicted.
    """
    effort = effort or Effort()
    todo = [_Batch(k, seed, effort, numbers) for numbers in batches(n_splits, 2)]
    return PredictionStrength(np.concatenate(run_batches(_split, layout, todo, workers)))


def _split(layout: ResampledRows, batch: _Batch) -> Floats:
    k, seed, effort, numbers = batch
    strength = np.zeros(len(numbers))
    for place, number in enumerate(numbers):
        generator = np.random.Generator(np.random.PCG64(child_seed(seed, HALVES, k, number, 0)))
        first = np.zeros(layout.used, dtype=np.int64)
        first[generator.permutation(layout.used)[: layout.used // 2]] = 1
        halves = [first, 1 - first]
        points = [reweighted(layout, half) for half in halves]
        fits = [fit(one, k, child_seed(seed, HALVES, k, number, 1 + side), effort) for side, one in enumerate(points)]
        if fits[0] is None or fits[1] is None:
            continue  # a half with fewer different areas than groups predicts nothing
        n = len(layout.begins)
        pairs = [
            (one.labels, nearest(points[0], other.centres).reshape(-1)[:n], half)
            for one, other, half in ((fits[0], fits[1], halves[0]), (fits[1], fits[0], halves[1]))
        ]
        repeat = np.diff(layout.begins, append=layout.used)
        both = [
            least_pair_share(np.repeat(own, repeat)[half > 0], np.repeat(other, repeat)[half > 0], k)
            for own, other, half in pairs
        ]
        strength[place] = (both[0] + both[1]) / 2
    return strength


def least_pair_share(own: Integers, predicted: Integers, k: int) -> float:
    """Give the least share, over groups, of the pairs of a group that are predicted to be together.

    Parameters
    ----------
    own, predicted : (n,) groups 0 to k - 1 of the same areas
    """
    table = np.bincount(own * k + predicted, minlength=k * k).reshape(k, k)
    size = table.sum(axis=1)
    together = (table * (table - 1)).sum(axis=1)
    pairs = size * (size - 1)
    return float(np.divide(together, pairs, out=np.zeros(k), where=pairs > 0).min())


@dataclass(frozen=True)
class Consensus:
    """Groups on which many partitions agree.

    Parameters
    ----------
    labels : (n_areas,) groups from 0, the largest first; -1 where an area takes no part
    together : (n_areas,) mean share of partitions in which an area is with the others of its group; NaN for no part
        or an area alone
    runner_up : (n_areas,) the other group with whose areas it is together most often; -1 for no part, and where it is
        with no other ever
    with_runner_up : (n_areas,) mean share of partitions in which it is with the areas of that group
    ambiguous : share of pairs of areas that are together in more than a tenth and less than nine tenths of them
    """

    labels: Integers
    together: Floats
    runner_up: Integers
    with_runner_up: Floats
    ambiguous: float


LARGEST_CONSENSUS = 12_000  # areas; a matrix of pairs takes 1.2 GB there


def refuse_too_many(n_areas: int) -> None:
    """Refuse a consensus of more areas than a matrix of pairs has room for.

    Raises
    ------
    InputError  more than 12,000 areas
    """
    if n_areas > LARGEST_CONSENSUS:
        hint = "Leave --consensus out, or take a part of the areas."
        got = f"{n_areas:,}, which would take {8 * n_areas**2 / 1e9:.1f} GB for the pairs of areas"
        raise InputError(
            Fault("too many areas for a consensus", "--consensus", f"at most {LARGEST_CONSENSUS:,}", got, hint)
        )


def consensus(partitions: npt.ArrayLike, k: int, *, weights: npt.ArrayLike | None = None) -> Consensus:
    """Join many partitions: the share of them in which two areas are together, then average linkage on 1 - share.

    Parameters
    ----------
    partitions : (n_partitions, n_areas) int, >= 0, or -1; from resamples, other methods, other numbers of groups
    k : how many groups to cut the hierarchy to
    weights : (n_areas,) > 0, residents, in the mean distances; None weighs areas equally

    Raises
    ------
    InputError  labels that are none; more groups than areas; more than 12,000 areas

    Notes
    -----
    Monti, S., Tamayo, P., Mesirov, J. and Golub, T. (2003), "Consensus clustering", Machine Learning 52, section 2.
    `ambiguous` is the proportion of ambiguous clustering of Senbabaoglu, Michailidis and Li (2014), Scientific
    Reports 4:6207. Pairs of areas: n^2 memory.
    """
    given = np.ascontiguousarray(partitions, dtype=np.int32)
    if given.ndim != 2 or given.size == 0 or given.min() < -1:
        raise InputError(
            Fault("no partitions", "partitions", "(n_partitions, n_areas), -1 or above", f"shape {given.shape}")
        )
    part = np.flatnonzero((given >= 0).any(axis=0))
    if not k <= len(part) <= LARGEST_CONSENSUS:
        expected = f"{k} to {LARGEST_CONSENSUS} areas"
        raise InputError(
            Fault("wrong number of areas", "partitions", expected, str(len(part)), "Ask for other groups.")
        )
    n = len(part)
    share = np.empty((n, n))
    scratch = [np.empty((kernels.CHUNKS, n), dtype=np.int32) for _ in range(2)]
    kernels.count_together(np.ascontiguousarray(given[:, part]), *scratch, share)
    ambiguous = int(((share > 0.1) & (share < 0.9)).sum()) / (n * (n - 1)) if n > 1 else 0.0
    apart = np.subtract(1.0, share, out=share)  # in place: the matrix is large
    np.fill_diagonal(apart, 0.0)
    weighing = None if weights is None else np.asarray(weights, dtype=np.float64)[part]
    found = _largest_first(cut(linkage_from_distances(apart, "average", weights=weighing), k))
    labels, runner_up = (np.full(given.shape[1], -1, dtype=np.int64) for _ in range(2))
    together, with_runner_up = (np.full(given.shape[1], np.nan) for _ in range(2))
    labels[part] = found
    own, with_groups = _memberships(apart, found, k)
    together[part], with_runner_up[part] = own, with_groups.max(axis=1)
    runner_up[part] = np.where(with_groups.max(axis=1) > 0, with_groups.argmax(axis=1), -1)
    return Consensus(labels, together, runner_up, with_runner_up, ambiguous)


def _memberships(apart: Floats, labels: Integers, k: int) -> tuple[Floats, Floats]:
    """Give how often each area is with the others of its group, (n,), and with those of each other group, (n, k)."""
    n = len(labels)
    own, others = np.full(n, np.nan), np.zeros((n, k))
    for group in range(k):
        inside = labels == group
        size = int(inside.sum())
        far = apart[:, inside].sum(axis=1)
        others[~inside, group] = np.maximum(1.0 - far[~inside] / size, 0.0)
        if size > 1:
            own[inside] = 1.0 - far[inside] / (size - 1)
    return own, others


def _largest_first(labels: Integers) -> Integers:
    size = np.bincount(labels)
    place = np.empty(len(size), dtype=np.int64)
    place[np.argsort(-size, kind="stable")] = np.arange(len(size))
    return place[labels]
