"""From a table to the best k-means partition found: canonical rows, draws, threads.

Rows are sorted by value and identical rows become one with their weights added, rows without weight drop out.
So row order cannot reach the result, weight 3 is the same computation as three rows, and weight 0 as no row.
Every start is a task of its own with draws made here, and the best is chosen in the order of the starts:
the number of threads cannot reach the result either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from regso_cluster.clustering._rows import canonical_order
from regso_cluster.kernels import kmeans as kernels
from regso_cluster.kernels import kmeans_layout as by_parts
from regso_cluster.kernels.kmeans_groups import (
    Groups,
    Rows,
    Work,
    exact_centres,
    explained,
    make_work,
    set_coefficients,
)
from regso_cluster.kernels.kmeans_lloyd import assign_chunks, lloyd, step
from regso_cluster.kernels.kmeans_starts import start
from regso_cluster.parallel import Workers, run_batches

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Item = TypeVar("Item")
Result = TypeVar("Result")

LANES = 64  # rows in a block; the kernel's loops are written for it
CHUNK = 65_536  # rows in a task of a pass over the table; fixed, so that sums have one order
BLOCKS = 128  # blocks whose moves are added up before they reach the groups' sums; fixed for the same reason
PATIENCE = 10.0  # a swap is given up where ten times its last gain would not make it the best
STARTS = 16  # starts in a task; fixed for the same reason


@dataclass(frozen=True)
class Points:
    """Distinct rows in canonical order, laid out for the kernel.

    planes : (blocks, q, 64) values less `shift`, 0 in gaps, then a mask plane for each factor with gaps
    weights : (blocks, 64) effective weights w p / observed; 0 beyond the last row
    squares : (blocks, 64) squared length of each row over what it has
    mask_plane : (p,) plane of each factor's mask, -1 for a complete factor
    cumulative : (n_distinct,) running sum of the effective weights
    shift : (p,) weighted means of what is observed
    first : (n_distinct,) a row of the table that holds each distinct row
    row_weights : (n_distinct,) weights w as given, added over identical rows
    total : the objective with one group, sum of weights times squares
    """

    planes: Floats
    weights: Floats
    squares: Floats
    mask_plane: Integers
    cumulative: Floats
    shift: Floats
    first: Integers
    row_weights: Floats
    total: float

    def rows(self) -> Rows:
        """Give what every search kernel begins with."""
        return Rows(self.planes, self.weights, self.squares, self.mask_plane, self.cumulative)


@dataclass(frozen=True)
class Plan:
    """What is searched for, and with which effort.

    init : "k-means++", "random", or centres (k, p) in the units of the table
    k : number of groups
    n_init : starts, or chains of swaps
    max_iter : Lloyd iterations at most
    n_swaps : random swaps of each chain
    """

    init: str | Floats
    k: int
    n_init: int
    max_iter: int
    n_swaps: int = 0


@dataclass(frozen=True)
class SearchRun:
    """The best of some starts (centres less shift, labels), what each start explains, its iterations."""

    centres: Floats
    labels: Integers
    explained: Floats
    iterations: Integers
    best: int


@dataclass(frozen=True)
class Partition:
    """A partition found.

    centres : (k, p) in the units of the table
    weight : (k,) weight of each group
    iterations : Lloyd iterations of the start that was kept
    kept : swaps that were kept, over all chains
    objectives : (starts,) objective after each start or chain, for the spread of what was found
    """

    centres: Floats
    weight: Floats
    iterations: int
    kept: int
    objectives: Floats


def in_threads(task: Callable[[Item], Result], items: Iterable[Item], n_threads: int) -> list[Result]:
    """Run tasks that release the interpreter lock, results in the order of the items."""
    items = list(items)
    if n_threads == 1 or len(items) <= 1:
        return [task(item) for item in items]
    with ThreadPoolExecutor(min(n_threads, len(items))) as pool:
        return list(pool.map(task, items))


def _share_out(
    task: Callable[[Any, Item], Result], shared: Any, todo: Sequence[Item], n_threads: int, workers: Workers | None
) -> list[Result]:
    """Run `task(shared, item)` for every item, in threads or by workers elsewhere; results in their order."""
    if workers is not None and workers.elsewhere:
        return run_batches(task, shared, todo, workers)
    return in_threads(partial(task, shared), todo, n_threads)


def _distinct(values: Floats, missing: Booleans, weights: Floats) -> tuple[Integers, Floats]:
    """Give a row of the table for each distinct row with weight and any value, and the weights added up."""
    order, begins = canonical_order(values, missing, weights, np.flatnonzero((weights > 0) & ~missing.all(axis=1)))
    return order[begins], np.add.reduceat(weights[order], begins) if len(order) else weights[order]


def prepare(values: Floats, missing: Booleans, weights: Floats, n_threads: int = 1) -> Points:
    """Lay a table out for the kernel.

    Parameters
    ----------
    values : (n, p) float64; where missing, anything
    missing : (n, p) bool
    weights : (n,) float64, >= 0
    """
    p = values.shape[1]
    first, row_weights = _distinct(values, missing, weights)
    gaps, effective = np.zeros(p, dtype=bool), row_weights
    if missing.any():
        gaps = np.asarray(missing[first].any(axis=0))
        effective = row_weights * (p / (p - missing[first].sum(axis=1)))
    mask_plane = np.full(p, -1, dtype=np.int64)
    mask_plane[gaps] = p + np.arange(int(gaps.sum()))
    n, blocks = len(first), -(-len(first) // LANES)
    planes, squares = np.zeros((blocks, p + int(gaps.sum()), LANES)), np.empty((blocks, LANES))
    parts = [slice(begin, min(begin + CHUNK, n)) for begin in range(0, n, CHUNK)]
    places = [slice(part.start // LANES, -(-part.stop // LANES)) for part in parts]
    sums = np.empty((len(parts), 2, p))

    def pack(i: int) -> None:
        part, place = parts[i], planes[places[i]]
        by_parts.pack(values, missing, first[part], effective[part], place, mask_plane, sums[i])

    in_threads(pack, range(len(parts)), n_threads)
    top, bottom = sums.sum(axis=0)  # in the order of the chunks
    shift = np.divide(top, bottom, out=np.zeros(p), where=bottom > 0)

    def centre(i: int) -> None:
        rows = parts[i].stop - parts[i].start
        by_parts.centre(shift, mask_plane, rows, planes[places[i]], squares[places[i]])

    in_threads(centre, range(len(parts)), n_threads)
    padded = np.zeros((blocks, LANES))
    padded.reshape(-1)[:n] = effective
    return Points(
        planes=planes,
        weights=padded,
        squares=squares,
        mask_plane=mask_plane,
        cumulative=np.cumsum(effective),
        shift=shift,
        first=first,
        row_weights=row_weights,
        total=float((padded * squares).sum()),
    )


def _draws(init: str | Floats, n_init: int, k: int, seed: np.random.SeedSequence) -> Floats:
    """Draw (n_init, k, candidates): one at random, 2 + ln k for greedy k-means++, none for given centres."""
    width = {"random": 1, "k-means++": 2 + int(np.log(k))}[init] if isinstance(init, str) else 0
    return np.random.Generator(np.random.PCG64(seed)).random((n_init, k, width))


def _first_centres(points: Points, plan: Plan) -> Floats:
    """Give room for the centres, or the centres that were given, less the shift."""
    return np.zeros((plan.k, len(points.shift))) if isinstance(plan.init, str) else plan.init - points.shift


class _Task(NamedTuple):
    """What all starts share: the rows and how they are searched."""

    points: Points
    plan: Plan


class _ChainDraws(NamedTuple):
    """Uniform draws of one chain: (1, k, candidates) for its start, (n_swaps, 2) for its swaps."""

    start: Floats
    swaps: Floats


def _run_starts(shared: _Task, uniforms: Floats) -> SearchRun:
    """Run some starts one after the other in this thread."""
    points, plan = shared
    found = np.zeros(len(uniforms))
    iterations = np.zeros(len(uniforms), dtype=np.int64)
    centres = _first_centres(points, plan)
    labels = np.zeros(points.weights.shape, dtype=np.int64)
    best = kernels.restarts(points.rows(), uniforms, BLOCKS, plan.max_iter, found, iterations, centres, labels)
    return SearchRun(centres, labels, found, iterations, int(best))


def restarts(
    points: Points, plan: Plan, seed: np.random.SeedSequence, n_threads: int, workers: Workers | None = None
) -> Partition:
    """Run the starts, each with Lloyd's iteration; the best is kept, ties to the lowest start."""
    uniforms = _draws(plan.init, plan.n_init, plan.k, seed)
    if plan.n_init == 1:
        runs = [_run_wide(points, plan, uniforms[0], n_threads)]
    else:
        parts = [uniforms[begin : begin + STARTS] for begin in range(0, plan.n_init, STARTS)]
        runs = _share_out(_run_starts, _Task(points, plan), parts, n_threads, workers)
    best = max(runs, key=lambda run: run.explained[run.best])  # the first of equals
    objectives = points.total - np.concatenate([run.explained for run in runs])
    return _finish(points, best.centres, best.labels, int(best.iterations[best.best]), 0, objectives)


def _run_wide(points: Points, plan: Plan, uniforms: Floats, n_threads: int) -> SearchRun:
    """Run one start with all threads on it: each takes chunks of rows, and their sums are added in order."""
    k, q = plan.k, points.planes.shape[1]
    rows, centres = points.rows(), _first_centres(points, plan)
    start(rows, uniforms, centres)
    groups = Groups(centres, np.full(points.weights.shape, -1, dtype=np.int64), np.zeros((k, q + 2)))
    n_chunks = -(-len(groups.labels) // BLOCKS)
    work = make_work(k, q, n_chunks)
    workers = max(1, min(n_threads, n_chunks // 4))  # below four chunks each, waking threads costs more
    if workers == 1:
        iteration = int(lloyd(rows, groups, work, BLOCKS, plan.max_iter, 0.0, 0.0))
    else:
        iteration = _lloyd_in_threads(rows, groups, work, plan.max_iter, workers)
    found = np.array([explained(points.mask_plane, groups.sums, len(points.shift))])
    return SearchRun(centres, groups.labels, found, np.array([iteration]), 0)


def _lloyd_in_threads(rows: Rows, groups: Groups, work: Work, max_iter: int, workers: int) -> int:
    """Do what the kernel `lloyd` does with the chunks of each iteration shared out; returns the iterations."""
    n_chunks = len(work.change)
    bounds = np.linspace(0, n_chunks, min(4 * workers, n_chunks) + 1).astype(int).tolist()

    def assign(first: int, last: int) -> int:
        own = work._replace(pick=np.empty(LANES, dtype=np.int64))
        return int(assign_chunks(rows, groups.labels, own, BLOCKS, first, last))

    set_coefficients(rows.mask_plane, groups.centres, work.coefficients)
    with ThreadPoolExecutor(workers) as pool:
        for iteration in range(max_iter):
            moved = sum(pool.map(assign, bounds[:-1], bounds[1:]))
            if step(rows, groups, work, moved) == 0:
                return iteration + 1
    return max_iter


def swaps(
    points: Points, plan: Plan, seed: np.random.SeedSequence, n_threads: int, workers: Workers | None = None
) -> Partition:
    """Run the chains: a start, then random swaps; the best chain is kept, ties to the lowest."""
    start_seed, swap_seed = seed.spawn(2)
    uniforms = _draws(plan.init, plan.n_init, plan.k, start_seed)
    swap_uniforms = np.random.Generator(np.random.PCG64(swap_seed)).random((plan.n_init, plan.n_swaps, 2))
    todo = [_ChainDraws(uniforms[chain : chain + 1], swap_uniforms[chain]) for chain in range(plan.n_init)]
    chains = _share_out(_run_chain, _Task(points, plan), todo, n_threads, workers)
    best = max(chains, key=lambda chain: chain[2])[0]  # the first of equals
    kept = sum(chain[1] for chain in chains)
    objectives = points.total - np.array([chain[2] for chain in chains])
    return _finish(points, best.centres, best.labels, int(best.iterations[0]), kept, objectives)


def _run_chain(shared: _Task, draws: _ChainDraws) -> tuple[SearchRun, int, float]:
    """Run one chain in this thread; give what it kept and explains."""
    points, plan = shared
    found = _run_starts(shared, draws.start)
    kept, most = kernels.swaps(points.rows(), draws.swaps, BLOCKS, plan.max_iter, PATIENCE, found.centres, found.labels)
    return found, int(kept), float(most)


def _finish(
    points: Points, centres: Floats, labels: Integers, iterations: int, kept: int, objectives: Floats
) -> Partition:
    """Compute the centres anew from the labels, in the order of the rows, and undo the shift."""
    exact = np.zeros_like(centres)
    sums = np.zeros((len(centres), points.planes.shape[1] + 2))
    exact_centres(points.rows(), Groups(exact, labels, sums))
    exact[sums[:, -1] == 0] = centres[sums[:, -1] == 0]
    return Partition(exact + points.shift, sums[:, -2], iterations, kept, objectives)


def nearest(values: Floats, missing: Booleans, centres: Floats, n_threads: int) -> tuple[Integers, Integers, Floats]:
    """Give each row its nearest centre, the runner-up and the squared distance to the nearest."""
    n = len(values)
    labels, second, squared = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n)
    any_missing = bool(missing.any())

    def run(begin: int) -> None:
        part = slice(begin, begin + CHUNK)
        scratch = np.zeros((2 * values.shape[1] + 4, LANES)), np.empty((2, LANES), dtype=np.int64)
        by_parts.nearest_two(
            values[part],
            missing[part],
            any_missing,
            centres,
            labels[part],
            second[part],
            squared[part],
            *scratch,
        )

    in_threads(run, range(0, n, CHUNK), n_threads)
    return labels, second, squared


def distances(values: Floats, missing: Booleans, centres: Floats, n_threads: int) -> Floats:
    """Give the partial distances (n, k) of each row to each centre; nan for a row with nothing observed."""
    out = np.empty((len(values), len(centres)))

    def run(begin: int) -> None:
        part = slice(begin, begin + CHUNK)
        by_parts.to_centres(values[part], missing[part], centres, out[part])

    in_threads(run, range(0, len(values), CHUNK), n_threads)
    return out
