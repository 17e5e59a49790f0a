"""Draws of all rates through limits, index, tiers and nearest centre: what each draw makes of each area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from regso_cluster.certainty.drawn_ranks import rank_interval, rank_into
from regso_cluster.certainty.priors import Posterior
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import Case, Use, signs_of
from regso_cluster.judging.problems import limit_of, rule_holds
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.draws import Areas, Chances, Counted, Rules, Tables, Work, draw_labels, tabulate_quantiles
from regso_cluster.method import UNIT_FACTOR, Clusters, Index, Method, Problems, Scale, Yardstick
from regso_cluster.parallel import ONE_PARALLEL_KERNEL, Packed, Workers, batches, run_as_done, unpacked
from regso_cluster.scales.kinds import SCALES
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
_Singles = npt.NDArray[np.float32]
MOST_FACTORS = 20  # sets of problems are looked up in a table of 2^factors groups
_BLOCK = 200  # draws that are made at a time, from a seed of their own
_BATCHES, _MOST_BLOCKS = 16, 10  # elsewhere: so many batches, or more where one would have more blocks than that
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
class _Country:
    """What every block of draws needs; `tables`, a score of times as large as the rest, are made where one draws."""

    posterior: Posterior
    case: Case
    first_of: Counts
    has_index: npt.NDArray[np.bool_]
    yardstick: Yardstick
    labels: _Labels

    @cached_property
    def tables(self) -> Tables:
        return _tabulate(self.posterior, self.case, self.yardstick)

    @cached_property
    def drawable(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.posterior.drawn | self.case.used.notna().to_numpy())

    @cached_property
    def areas(self) -> Areas:
        """Which figures and areas take part in the draws."""
        # copies: what pandas lends may not be written to, and the kernel would be compiled anew for that
        seen, has_index = np.array(self.case.used.notna(), order="C"), np.array(self.has_index)
        return Areas(self.drawable, seen, np.asarray(self.drawable.any(axis=1)), has_index)

    @cached_property
    def chances(self) -> Chances:
        """The rows of each area and the components of each row, as numbers to draw from."""
        start, chance = self.posterior.start, self.posterior.chance
        cumulative = np.add.accumulate(chance)
        before = np.concatenate([[0.0], cumulative])[start[:-1]]
        cumulative -= np.repeat(before, np.diff(start))
        return Chances(_positions(), start, cumulative, *_split(self.posterior.weight))


@dataclass(frozen=True)
class _Tally:
    """Draws counted: counts (n_areas, n_labels), sizes (n_draws, n_labels), rank (n_areas with an index, n_draws)."""

    counts: Counts
    sizes: Counts
    rank: npt.NDArray[np.unsignedinteger]


_Small = npt.NDArray[np.unsignedinteger]


class _Block(NamedTuple):
    """Draws that are made together: the first, how many, and what they are drawn from."""

    first: int
    size: int
    seed: np.random.SeedSequence


class _Batch(NamedTuple):
    """Blocks that one call in another process draws, of one country."""

    country: Packed
    blocks: list[_Block]


def simulate(
    posteriors: Sequence[Posterior], case: Case, has_index: npt.NDArray[np.bool_], yardstick: Yardstick,
    generator: np.random.Generator, *, draws: int, level: float,
    workers: Workers | None = None,
) -> Simulation:  # fmt: skip
    """Draw the rates of all areas many times, and count which labels they give.

    The yardstick stays that of the release: limits, scales, cut points and centres are not drawn.

    Parameters
    ----------
    posteriors : of the rates, each for its part of the draws; all draw the same factors
    case : the values that were classified, the method, and the kommun of each area, for counts that its areas share
    has_index : (n_areas,) which areas have an index: the draws keep to them
    yardstick : of the release
    generator : one child a block of draws
    draws, level : how many, and which share the interval of a rank holds
    workers : never changes the result
    """
    workers = workers or Workers()
    first_of, labels = _first_of_kommun(case.table), _labels(case.method, yardstick)
    countries = [_Country(one, case, first_of, has_index, yardstick, labels) for one in posteriors]
    blocks = _cut(draws, len(countries), generator)
    country = countries[0]
    tally = _empty_tally(country, draws)
    n = len(case.used)
    low, high = (np.zeros(n, np.int64) for _ in range(2))
    with threads(workers.threads):
        if workers.elsewhere:
            _gather(countries, blocks, tally, workers)
        else:
            for part in blocks:
                _draw(countries.pop(0), part, tally, 0)  # and forget its tables
        if has_index.any():
            low[has_index], high[has_index] = rank_interval(tally.rank, level)
    slices = country.labels.slices
    return Simulation(
        {name: tally.counts[:, part] for name, part in slices.items()},
        {name: tally.sizes[:, part] for name, part in slices.items()}, draws, low, high, country.drawable,
    )  # fmt: skip


def _tabulate(posterior: Posterior, case: Case, yardstick: Yardstick) -> Tables:
    """Write the posterior of every factor as values and scores at the nodes."""
    method, used, signs = case.method, case.used, case.signs
    n, p, components = posterior.first.shape
    shape = (n, p, components, len(_NODES))
    value = np.broadcast_to(used.to_numpy(np.float64)[:, :, None, None], shape).copy()
    noisy = posterior.drawn[:, :, None] & ~np.isnan(posterior.first)
    events, unit = (
        np.broadcast_to(np.array(of_factor)[None, :, None], noisy.shape)[noisy]
        for of_factor in (
            [factor.unit == "per 1000" for factor in method.factors],
            [UNIT_FACTOR.get(factor.unit, 1.0) for factor in method.factors],
        )
    )
    value[noisy] = unit[:, None] * quantile_table(posterior.first[noisy], posterior.second[noisy], events)
    lines = np.zeros((2, 2, p))
    scores = [np.zeros((1, 1, 1))] * 2
    uses: tuple[tuple[Use, Index | Clusters | None], ...] = (("index", method.index), ("clusters", method.clusters))
    for number, (use, part) in enumerate(uses):
        if part is None:
            continue
        if _is_line(part.scale):
            ends = pd.DataFrame(np.outer([0.0, 1.0], signs), columns=list(method.keys))  # turned: 0 and 1
            at = case.scaled(ends, use, yardstick).to_numpy()
            lines[number] = at[0], at[1] - at[0]
            continue
        flat = pd.DataFrame(value.transpose(0, 2, 3, 1).reshape(-1, p), columns=list(method.keys))
        scaled = case.scaled(flat, use, yardstick).to_numpy()
        shaped = scaled.reshape(n, components, len(_NODES), p).transpose(0, 3, 1, 2)
        scores[number] = np.nan_to_num(np.ascontiguousarray(shaped)).reshape(n, p, -1)
    turned = np.nan_to_num(value * signs[:, None, None]).reshape(n, p, -1)
    return Tables(turned, scores[0], scores[1], lines)


def _is_line(scale: Scale) -> bool:
    """Whether a score is a line in the value, so that it needs no table."""
    plain = scale.winsorise is None and scale.transform == "none" and scale.decimals is None
    return plain and SCALES[scale.kind].line


def quantile_table(first: Array, second: Array, events: npt.NDArray[np.bool_]) -> Array:
    """Tabulate Beta and Gamma distributions: (n, n_nodes) their values at the quantiles of a standard normal."""
    out = np.empty((len(first), len(_NODES)))
    work = np.empty((max(1, -(-len(first) // _AREAS)), 2, 100))
    probability = stats.norm.cdf(_NODES)
    a, b = (np.ascontiguousarray(part, dtype=np.float64) for part in (first, second))
    tabulate_quantiles(a, b, np.ascontiguousarray(events), probability, 18.0, _AREAS, work, out)
    return out


def _positions() -> _Singles:
    """Where each 16-bit number, as a quantile of a standard normal, stands among the nodes."""
    z = stats.norm.ppf((np.arange(65536) + 0.5) / 65536)
    positions: _Singles = ((z - _NODES[0]) / (_NODES[1] - _NODES[0])).astype(np.float32)
    return positions


def _split(weight: Array) -> tuple[_Singles, _Singles]:
    """Part the numbers from 0 to 65536 among components: where each begins, and how its part is stretched to the whole.

    Parameters
    ----------
    weight : (n_rows, n_factors, n_components) summing to 1

    Returns
    -------
    (n_rows, n_factors, n_components) each; a component of weight 0 begins where the next does, the last ones at the end
    """
    ends = np.round(65536 * np.cumsum(weight, axis=2))
    begins = np.concatenate([np.zeros_like(ends[:, :, :1]), ends[:, :, :-1]], axis=2)
    # whole numbers to 65536 and their halves are exact in 32 bits, and no stretched number rounds up to 65536
    return begins.astype(np.float32), (65536 / np.maximum(ends - begins, 1.0)).astype(np.float32)


def _slots(method: Method, sizes: dict[str, int]) -> tuple[Counts, dict[str, slice]]:
    """Lay the labels out in one row: problems, tiers, groups, bands, clusters."""
    parts: list[list[tuple[str, int]]] = [
        [(c.problem_of(key), 1) for key in method.keys] if method.problems else [],
        [(c.tier_of(key), sizes["tier"]) for key in method.keys] if method.tiers else [],
        [(c.COMPOSITE_GROUP, sizes["group"])] if sizes["group"] else [],
        [(c.BAND, sizes[c.BAND])] if method.bands else [],
        [(c.CLUSTER, sizes[c.CLUSTER])] if method.clusters else [],
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


@dataclass(frozen=True)
class _Labels:
    """The rules of all labels as `draw_labels` takes them, and where each grouping's labels are in a row."""

    rules: Rules
    slices: dict[str, slice]

    @property
    def n_labels(self) -> int:
        return max((part.stop for part in self.slices.values()), default=0)


def _labels(method: Method, yardstick: Yardstick) -> _Labels:
    p, keys, signs = len(method.factors), method.keys, signs_of(method.factors)
    group_of = groups_by_set(method)
    tiers = np.array([yardstick.tiers[key] for key in keys]).reshape(p, -1) * signs[:, None] if method.tiers else None
    cuts = np.zeros((p, 0)) if tiers is None else np.ascontiguousarray(tiers)
    centres = np.array(yardstick.centres) if method.clusters else np.zeros((0, p))
    n_groups = int(group_of.max()) + 2 if method.composite else 0
    begins, slices = _slots(method, {"tier": cuts.shape[1] + 1, "group": n_groups, c.BAND: len(yardstick.bands) + 1,
                                     c.CLUSTER: len(centres)})  # fmt: skip
    limit = signs * np.array([yardstick.limits.get(key, np.inf) for key in keys])
    weight = np.array([factor.weight for factor in method.factors])
    rescale = method.index is not None and method.index.aggregation == "mean"
    decimals = method.index.decimals if method.index else None
    rounding = 0.0 if decimals is None else 10.0**decimals
    bands = np.array(yardstick.bands, dtype=np.float64)
    rules = Rules(limit, strict_limits(method), group_of, cuts, weight, rescale, rounding, bands, centres, begins)
    return _Labels(rules, slices)


def _empty_tally(country: _Country, draws: int) -> _Tally:
    n, n_labels = len(country.case.used), country.labels.n_labels
    rank = np.empty((int(country.has_index.sum()), draws), np.uint16 if n < 65535 else np.uint32)
    return _Tally(np.zeros((n, n_labels), np.int64), np.zeros((draws, n_labels), np.int64), rank)


def _cut(draws: int, parts: int, generator: np.random.Generator) -> list[list[_Block]]:
    """Cut the draws into even parts, and each part into blocks."""
    ends = [draws * number // parts for number in range(parts + 1)]
    cut = [[(at, min(_BLOCK, end - at)) for at in range(begin, end, _BLOCK)] for begin, end in pairwise(ends)]
    streams = iter(generator.bit_generator.seed_seq.spawn(sum(map(len, cut))))  # type: ignore[attr-defined]
    return [[_Block(at, size, next(streams)) for at, size in part] for part in cut]


def _draw(country: _Country, blocks: list[_Block], tally: _Tally, offset: int) -> None:
    """Draw blocks one after the other, with the threads that are set, and add them to a tally from draw `offset` on."""
    n, p = country.posterior.drawn.shape
    chunks = -(-n // _AREAS)
    shared = [country.case.method.keys.index(key) for key in country.posterior.shared]
    with_index = np.flatnonzero(country.has_index)
    for first, size, stream in blocks:
        begin = first - offset
        number = np.random.default_rng(stream).integers(0, 65536, (n, size, p + 1), dtype=np.uint16)
        for column in shared:
            number[:, :, column] = number[country.first_of, :, column]
        # a chunk has few areas, and the small numbers stay in the cache
        part, score = np.zeros((chunks, country.labels.n_labels, size), np.uint16), np.empty((size, n))
        numbers, places = np.empty((chunks, p + 5, size)), np.empty((chunks, 3, size), np.int64)
        work = Work(numbers, places, np.empty((chunks, size), np.uint16))
        out = Counted(tally.counts, part, score)
        draw_labels(number, country.chances, country.tables, country.areas, country.labels.rules, work, out)
        tally.sizes[begin : begin + size] = part.sum(axis=0, dtype=np.int64).T
        if len(with_index):
            rank_into(np.ascontiguousarray(score[:, with_index]), begin, tally.rank)


def _gather(countries: list[_Country], blocks: list[list[_Block]], tally: _Tally, workers: Workers) -> None:
    """Have blocks drawn elsewhere, and put them together: whole numbers, so that no order can be seen."""
    size = min(_MOST_BLOCKS, -(-sum(map(len, blocks)) // _BATCHES))
    # a batch is of one country, and brings it: all of them are many times as much
    todo = [
        _Batch(packed, [part[at] for at in batch])
        for packed, part in zip(map(Packed.of, countries), blocks, strict=True)
        for batch in batches(len(part), size)
    ]
    for at, (counts, sizes, rank) in run_as_done(_draw_batch, None, todo, workers):
        begin = todo[at].blocks[0].first
        here = slice(begin, begin + len(sizes))
        tally.counts[:] += counts
        tally.sizes[here], tally.rank[:, here] = sizes, rank


def _draw_batch(_: None, batch: _Batch) -> tuple[_Small, _Small, _Small]:
    """Draw some blocks of one country in another process; the tally in few bytes: counts, sizes, rank."""
    country, blocks = unpacked(batch.country), batch.blocks
    tally = _empty_tally(country, sum(block.size for block in blocks))
    with ONE_PARALLEL_KERNEL:
        _draw(country, blocks, tally, blocks[0].first)
    # at most _MOST_BLOCKS * _BLOCK draws of an area, at most n areas of a label
    return tally.counts.astype(np.uint16), tally.sizes.astype(tally.rank.dtype), tally.rank


def _first_of_kommun(table: FactorTable) -> Counts:
    """The first area of each area's kommun: the one whose draw all of them share."""
    if not table.edition:
        return np.arange(len(table.areas))
    _, first, number = np.unique(table.areas[c.KOMMUN].to_numpy(str), return_index=True, return_inverse=True)
    return first[number]
