"""Draws of all rates through limits, index, tiers and nearest centre: what each draw makes of each area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from regso_cluster.certainty.flags import interval_places
from regso_cluster.certainty.priors import Posterior
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.scales import apply_scale
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.problems import limit_of, rule_holds
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.draws import draw_labels, tabulate_quantiles
from regso_cluster.kernels.ranks import order_statistics, rank_draws
from regso_cluster.method import UNIT_FACTOR, Method, Problems, Yardstick

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
MOST_FACTORS = 20  # sets of problems are looked up in a table of 2^factors groups
_BLOCK = 200  # draws that are made at a time
_AREAS = 64  # areas that a thread takes together
_NODES = np.linspace(-4.5, 4.5, 19)  # of a standard normal; a 16-bit number reaches 4.3


@dataclass(frozen=True)
class Simulation:
    """Draws counted.

    Parameters
    ----------
    counts : by name of a column of a release (n_areas, n_labels), draws in which the area had the label; for
        `composite_group` one more, the last: the draw left the group open
    sizes : by name (n_draws, n_labels), areas of each label in each draw
    draws : how many
    rank_low, rank_high : (n_areas,) 0 where there is no index
    drawable : (n_areas, n_factors) figures that were drawn, or seen and taken as exact
    """

    counts: dict[str, Counts]
    sizes: dict[str, Counts]
    draws: int
    rank_low: Counts
    rank_high: Counts
    drawable: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Tables:
    """The posterior at the nodes: (n_rows, n_factors, n_nodes) each; value turned so that high is worse."""

    value: Array
    index_score: Array
    cluster_score: Array
    drawable: npt.NDArray[np.bool_]


def simulate(  # noqa: PLR0913  # what is judged, and by what
    posterior: Posterior, table: FactorTable, used: pd.DataFrame, has_index: npt.NDArray[np.bool_], method: Method,
    yardstick: Yardstick, generator: np.random.Generator, *, draws: int, level: float, n_threads: int | None = None,
) -> Simulation:  # fmt: skip
    """Draw the rates of all areas many times, and count which labels they give.

    The yardstick stays that of the release: limits, scales, cut points and centres are not drawn.

    Parameters
    ----------
    posterior : of the rates
    table : kommun of each area, for counts that a kommun's areas share
    used : (n_areas, n_factors) the values that were classified, NaN where not observed
    has_index : (n_areas,) which areas have an index: the draws keep to them
    method, yardstick : as they gave the release
    generator : one child a block of draws
    draws, level : how many, and which share the interval of a rank holds
    n_threads : never changes the result
    """
    with threads(n_threads):
        tables = _tabulate(posterior, used, method, yardstick)
        return _run(posterior, tables, table, used, has_index, method, yardstick, generator, draws, level)


def _tabulate(posterior: Posterior, used: pd.DataFrame, method: Method, yardstick: Yardstick) -> _Tables:
    """Write the posterior of every factor as values and scores at the nodes."""
    area = np.repeat(np.arange(len(posterior.start) - 1), np.diff(posterior.start))
    rows, p = posterior.first.shape
    value = np.repeat(used.to_numpy(np.float64)[area][:, :, None], len(_NODES), axis=2)
    noisy = posterior.drawn[area] & ~np.isnan(posterior.first)
    events = np.broadcast_to([factor.unit == "per 1000" for factor in method.factors], (rows, p))[noisy]
    unit = np.broadcast_to([UNIT_FACTOR.get(factor.unit, 1.0) for factor in method.factors], (rows, p))[noisy]
    value[noisy] = unit[:, None] * quantile_table(posterior.first[noisy], posterior.second[noisy], events)
    drawable = posterior.drawn | used.notna().to_numpy()
    signs = np.array([factor.sign for factor in method.factors])
    flat = pd.DataFrame(value.transpose(0, 2, 1).reshape(-1, p), columns=list(method.keys))
    scores = {}
    for use, part in (("index", method.index), ("clusters", method.clusters)):
        if part is None:
            scores[use] = np.zeros((1, 1, 1))
            continue
        scaled = apply_scale(flat, part.scale, signs, yardstick.scales[use]).to_numpy()
        shaped = scaled.reshape(rows, len(_NODES), p).transpose(0, 2, 1)
        scores[use] = np.nan_to_num(np.ascontiguousarray(shaped))
    turned = np.nan_to_num(value * signs[:, None])
    whole = {use: one if one.size > 1 else turned for use, one in scores.items()}
    return _Tables(np.ascontiguousarray(turned), whole["index"], whole["clusters"], drawable)


def quantile_table(first: Array, second: Array, events: npt.NDArray[np.bool_]) -> Array:
    """Tabulate Beta and Gamma distributions: (n, n_nodes) their values at the quantiles of a standard normal."""
    out = np.empty((len(first), len(_NODES)))
    work = np.empty((max(1, -(-len(first) // _AREAS)), 2, 100))
    probability = stats.norm.cdf(_NODES)
    a, b = (np.ascontiguousarray(part, dtype=np.float64) for part in (first, second))
    tabulate_quantiles(a, b, np.ascontiguousarray(events), probability, 18.0, _AREAS, work, out)
    return out


def _positions() -> Array:
    """Where each 16-bit number, as a quantile of a standard normal, stands among the nodes."""
    z = stats.norm.ppf((np.arange(65536) + 0.5) / 65536)
    positions: Array = (z - _NODES[0]) / (_NODES[1] - _NODES[0])
    return positions


def _slots(method: Method, sizes: dict[str, int]) -> tuple[Counts, dict[str, slice]]:
    """Lay the labels out in one row: problems, tiers, groups, bands, clusters."""
    parts: list[list[tuple[str, int]]] = [
        [(f"{key}_problem", 1) for key in method.keys] if method.problems else [],
        [(f"{key}_tier", sizes["tier"]) for key in method.keys] if method.tiers else [],
        [("composite_group", sizes["group"])] if sizes["group"] else [],
        [("band", sizes["band"])] if method.bands else [],
        [("cluster", sizes["cluster"])] if method.clusters else [],
    ]
    at, begins, slices = 0, [], {}
    for part in parts:
        begins.append(at if part else -1)
        for name, size in part:
            slices[name] = slice(at, at + size)
            at += size
    return np.array(begins), slices


def groups_by_set(method: Method) -> Counts:
    """Give the composite group, from 0, of each set of problems (bit f is factor f); one 0 where there are no groups.

    Raises
    ------
    InputError  more factors than can be looked up
    """
    if method.composite is None:
        return np.zeros(1, np.int64)
    if len(method.factors) > MOST_FACTORS:
        hint = "Remove [certainty], or use fewer factors."
        got = str(len(method.factors))
        raise InputError(
            Fault("too many factors for the probability of groups", "certainty", f"{MOST_FACTORS}", got, hint)
        )
    sets = np.arange(1 << len(method.factors))
    flags = {key: (sets >> bit) % 2 == 1 for bit, key in enumerate(method.keys)}
    holds = [rule_holds(group.rule, flags) for group in method.composite.groups]
    return np.select(holds, list(range(len(holds))), len(holds)).astype(np.int64)


def strict_limits(method: Method) -> npt.NDArray[np.bool_]:
    """Whether a value on its limit is no problem, one a factor."""
    problems = method.problems or Problems()
    given = [next(iter(limit_of(factor, problems).given)) for factor in method.factors]
    return np.array([comparison in ("sd", "above", "below") for comparison in given])


def _run(  # noqa: PLR0913  # see simulate
    posterior: Posterior, tables: _Tables, table: FactorTable, used: pd.DataFrame, has_index: npt.NDArray[np.bool_],
    method: Method, yardstick: Yardstick, generator: np.random.Generator, draws: int, level: float,
) -> Simulation:  # fmt: skip
    n, p = posterior.drawn.shape
    signs, keys = np.array([factor.sign for factor in method.factors]), method.keys
    group_of = groups_by_set(method)
    tiers = np.array([yardstick.tiers[key] for key in keys]).reshape(p, -1) * signs[:, None] if method.tiers else None
    cuts = np.zeros((p, 0)) if tiers is None else np.ascontiguousarray(tiers)
    centres = np.array(yardstick.centres) if method.clusters else np.zeros((0, p))
    n_groups = int(group_of.max()) + 2 if method.composite else 0
    begins, slices = _slots(method, {"tier": cuts.shape[1] + 1, "group": n_groups, "band": len(yardstick.bands) + 1,
                                     "cluster": len(centres)})  # fmt: skip
    n_labels = max((part.stop for part in slices.values()), default=0)
    limit = np.array([factor.sign * yardstick.limits.get(factor.key, np.inf) for factor in method.factors])
    seen = np.ascontiguousarray(used.notna().to_numpy())
    assessed = tables.drawable.any(axis=1)
    cumulative = np.add.accumulate(posterior.chance)
    before = np.concatenate([[0.0], cumulative])[posterior.start[:-1]]
    cumulative -= np.repeat(before, np.diff(posterior.start))
    weight = np.array([factor.weight for factor in method.factors])
    rescale = method.index is not None and method.index.aggregation == "mean"
    first_of = _first_of_kommun(table)
    shared = [keys.index(key) for key in posterior.shared]
    chunks = -(-n // _AREAS)
    counts, sizes = np.zeros((n, n_labels), np.int64), np.zeros((draws, n_labels), np.int64)
    with_index = np.flatnonzero(has_index)
    rank = np.empty((len(with_index), draws), np.uint16 if n < 65535 else np.uint32)
    positions, work = _positions(), np.empty((chunks, p))
    streams = generator.bit_generator.seed_seq.spawn(-(-draws // _BLOCK))  # type: ignore[attr-defined]
    for block, stream in enumerate(streams):
        begin, size = block * _BLOCK, min(_BLOCK, draws - block * _BLOCK)
        number = np.random.default_rng(stream).integers(0, 65536, (n, size, p + 1), dtype=np.uint16)
        for column in shared:
            number[:, :, column] = number[first_of, :, column]
        part, score = np.zeros((chunks, size, n_labels), np.int64), np.empty((size, n))
        draw_labels(
            number, positions, posterior.start, cumulative, tables.value, tables.index_score, tables.cluster_score,
            tables.drawable, seen, assessed, has_index, limit, strict_limits(method), group_of, cuts, weight, rescale,
            np.array(yardstick.bands, dtype=np.float64), centres, begins, work, counts, part, score,
        )  # fmt: skip
        sizes[begin : begin + size] = part.sum(axis=0)
        if len(with_index):
            rank_into(np.ascontiguousarray(score[:, with_index]), begin, rank)
    low, high = (np.zeros(n, np.int64) for _ in range(2))
    if len(with_index):
        low[with_index], high[with_index] = rank_interval(rank, level)
    return Simulation(
        {name: counts[:, part] for name, part in slices.items()},
        {name: sizes[:, part] for name, part in slices.items()}, draws, low, high, tables.drawable,
    )  # fmt: skip


def _first_of_kommun(table: FactorTable) -> Counts:
    """The first area of each area's kommun: the one whose draw all of them share."""
    if not table.edition:
        return np.arange(len(table.areas))
    _, first, number = np.unique(table.areas["kommun"].to_numpy(str), return_index=True, return_inverse=True)
    return first[number]


def rank_into(score: Array, begin: int, rank: npt.NDArray[np.unsignedinteger]) -> None:
    """Rank the areas of each draw, 1 the highest score, into columns of `rank`.

    Parameters
    ----------
    score : (n_draws, n_areas) float64, finite
    begin : the first column
    rank : (n_areas, all draws), filled
    """
    chunk = 64 // rank.itemsize  # a cache line
    parts = -(-len(score) // chunk)
    key, order = (np.empty((parts, 2, score.shape[1]), np.int32) for _ in range(2))
    rank_draws(score, begin, chunk, key, order, np.empty((parts, 2, 2048), np.int32), rank)


def rank_interval(rank: npt.NDArray[np.unsignedinteger], level: float) -> tuple[Counts, Counts]:
    """Give the ends of each area's interval of ranks, which are ranks that were drawn: (n_areas,) low, high."""
    n, draws = rank.shape
    out = np.empty((n, 2), np.int64)
    count = np.empty((-(-n // _AREAS), n + 1), np.int32)
    order_statistics(rank, np.array(interval_places(draws, level)), _AREAS, count, out)
    return out[:, 0], out[:, 1]
